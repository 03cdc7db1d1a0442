"""Fetch a backup to be restored: decrypted into a file without a name, so that not even kill -9 leaves plaintext on a disk."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

import zstandard

from jagadata.errors import RefusedError
from jagadata.text.os_errors import explain_os_error
from jagadata.vault.stream import read_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from jagadata.evidence.keys import Identity
    from jagadata.ports.store import Store
    from jagadata.vault.manifest import DataEntry


def spool_free(folder: Path) -> int:
    """Bytes free for us in the spool folder. Raises RefusedError if it does not exist."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        raise RefusedError(
            f"Folder spool {folder} tidak dapat dipakai: {explain_os_error(error)}.",
            "Perbaiki 'spool' di berkas kantor.",
        ) from error
    return found.f_bavail * found.f_frsize


def refuse_small_spool(folder: Path, needed: int) -> None:
    """Raises RefusedError that says how much is missing."""
    free = spool_free(folder)
    if free < needed:
        short = f"{(needed - free) / 2**30:.2f}".replace(".", ",")
        raise RefusedError(
            f"Ruang spool di {folder} kurang {short} GiB untuk menampung back up yang didekripsi.",
            "Kosongkan ruang, atau tunjuk folder lain lewat 'spool' di berkas kantor.",
        )


@contextlib.contextmanager
def unnamed_file(folder: Path) -> Iterator[int]:
    """An open file (read and write) that no folder ever lists; gone when it is closed, however that happens.

    O_TMPFILE (open(2)); where the file system has none, a file unlinked while it is still empty.
    """
    try:
        fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        try:
            fd, name = tempfile.mkstemp(dir=folder)
        except OSError as error:
            raise RefusedError(
                f"Folder spool {folder} tidak dapat ditulisi: {explain_os_error(error)}.",
                "Perbaiki 'spool' di berkas kantor.",
            ) from error
        os.unlink(name)  # noqa: PTH108 - the name came as text
    try:
        yield fd
    finally:
        os.close(fd)


def fetch_archive(
    data: DataEntry,
    store: Store,
    versions: Callable[[str], str | None],
    identities: Sequence[Identity],
    fd: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Decrypt (and decompress) one archive from the store into the open file, all hashes checked; the file is at its start again.

    Raises:
        DamagedError, UnreachableError: nothing in the file may be used.
        RefusedError: the spool is full.
    """
    try:
        with os.fdopen(os.dup(fd), "wb", buffering=2**20) as file:
            if data.codec == "zstd":
                with zstandard.ZstdDecompressor().stream_writer(file, closefd=False) as plain:
                    read_stream(data.archive, store, versions, identities, plain, progress=progress)
            else:
                read_stream(data.archive, store, versions, identities, file, progress=progress)
    except OSError as error:
        raise RefusedError(
            f"Spool tidak dapat ditulisi: {explain_os_error(error)}.",
            "Kosongkan ruang pada folder spool, lalu ulangi.",
        ) from error
    os.lseek(fd, 0, os.SEEK_SET)
