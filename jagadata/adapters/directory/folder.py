"""An open folder of a directory store, and what the file system's refusals mean."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Self

from jagadata.errors import AlreadyExistsError, JagadataError, RefusedError, UnreachableError
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PART = ".part-"
"""How the name of a file on its way in begins; hidden names are never objects."""
CLAIM = ".claim-"
"""How the name of a claim begins, where the file system has no hard links."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_STRANGE = {errno.ELOOP, errno.ENOTDIR}


def explain(error: OSError, where: str) -> JagadataError:
    """The error to raise for what the system said. `place` names store and directory."""
    if error.errno in _FULL:
        return RefusedError(
            f"Ruang {where} habis: {explain_os_error(error)}.",
            "Kosongkan ruang atau naikkan kuota, atau terapkan retensi (`jaga prune`).",
        )
    if error.errno in _DENIED:
        return RefusedError(
            f"Akses ke {where} ditolak: {explain_os_error(error)}.",
            "Berikan hak baca dan tulis kepada pengguna yang menjalankan Jagadata.",
        )
    if error.errno in _STRANGE:
        return RefusedError(
            f"Di dalam {where} ada tautan simbolik atau berkas pada tempat sebuah folder.",
            "Hapus tautan itu; isi penyimpanan hanya ditulis oleh Jagadata.",
        )
    return UnreachableError(
        f"Sistem berkas {where} tidak menjawab: {explain_os_error(error)}.",
        "Periksa share atau disknya.",
        transient=True,
    )


def taken(key: str, where: str) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"Objek {key} sudah ada di {where}.", "Isi penyimpanan tidak pernah ditimpa; pakai kunci lain."
    )


class Folder:
    """An open folder; all names are looked up in it and in nothing else. Raises OSError; the store explains."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def root(cls, path: Path) -> Self:
        """The store's own folder, which may be reached by a link."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def below(self, names: Sequence[str], *, make: bool = False) -> Folder:
        """The folder some steps down, never through a link; `make` makes what is missing (0700), durably."""
        here = Folder(os.dup(self.fd))
        try:
            for name in names:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=here.fd)
                        here.sync()
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                there = Folder(os.open(name, flags, dir_fd=here.fd))
                here.close()
                here = there
        except BaseException:
            here.close()
            raise
        return here

    def make(self, name: str) -> int:
        """A new private file, open for writing. Raises FileExistsError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o600, dir_fd=self.fd)

    def open(self, name: str) -> int:
        """A regular file, open for reading. Raises FileNotFoundError for anything else."""
        # O_NONBLOCK: a pipe put there by somebody must not make us wait.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(name, flags, dir_fd=self.fd)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return fd

    def look(self, name: str) -> os.stat_result | None:
        """What has this name, itself and not what it points to."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[tuple[str, bool]]:
        """Each name, and whether it is a folder."""
        with os.scandir(self.fd) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]

    def link(self, name: str, final: str) -> None:
        os.link(name, final, src_dir_fd=self.fd, dst_dir_fd=self.fd, follow_symlinks=False)

    def rename(self, name: str, final: str) -> None:
        os.rename(name, final, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.fd)

    def sync(self) -> None:
        """Make names durable, where the file system can (SMB can't)."""
        try:
            os.fsync(self.fd)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
