"""Publishing into a folder: packages ready to upload by hand. Each package is written aside and put in place by one rename."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from jagadata.adapters.directory.folder import explain
from jagadata.adapters.spreadsheets.data_files import check_files
from jagadata.collection.inventory.package import check_publishable
from jagadata.collection.inventory.publishing import Published
from jagadata.errors import DamagedError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jagadata.collection.inventory.package import DataPackage

_PART, _LOCK = ".part-", ".kunci"


class FolderPublisher:
    """Implements Publisher. `PATH/DATASET/ROUND.NUMBER` is a package; one that differs from it becomes `ROUND.NUMBER-2`, and so on."""

    def __init__(self, path: Path) -> None:
        self.name = f"folder '{path}'"
        self._path = path

    def check(self) -> None:
        if not self._path.is_dir():  # an empty mount point must not be filled
            raise RefusedError(
                f"Folder publikasi {self._path} tidak ada.",
                "Buat folder itu atau pasang sharenya, lalu ulangi.",
            )
        if not os.access(self._path, os.W_OK):
            raise RefusedError(
                f"Folder publikasi {self._path} tidak dapat ditulis.",
                "Berikan hak tulis kepada pengguna yang menjalankan Jagadata.",
            )

    def publish(self, package: DataPackage) -> Published:
        check_publishable(package.dataset, package.version)
        self.check()
        check_files(package)
        try:
            return self._publish(package)
        except OSError as error:
            raise explain(error, f"folder publikasi {self._path}") from error

    def _publish(self, package: DataPackage) -> Published:
        parent = self._path / package.dataset.code
        parent.mkdir(mode=0o755, exist_ok=True)
        with _alone(parent):
            for leftover in parent.glob(f"{_PART}*"):  # nobody else is writing: of a run that was interrupted
                shutil.rmtree(leftover)
            last, final = self._places(parent, package.version.label)
            if last and _holds(last, package):
                return Published(changed=False, where=str(last))
            part = parent / f"{_PART}{secrets.token_hex(8)}"
            part.mkdir(mode=0o755)
            try:
                for file in package.contents:
                    _copy(package.folder / file.name, part / file.name)
                check_files(package, part)
                _sync(part)
                part.rename(final)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            _sync(parent)
        notes = (f"{last.name} tetap tersimpan.",) if last else ()
        return Published(changed=True, where=str(final), notes=notes)

    @staticmethod
    def _places(parent: Path, label: str) -> tuple[Path | None, Path]:
        """The newest package of this version, and the place of the next one."""
        last, final, number = None, parent / label, 1
        while os.path.lexists(final):
            number += 1
            last, final = final, parent / f"{label}-{number}"
        return last, final


def _holds(folder: Path, package: DataPackage) -> bool:
    """Every file is there, byte for byte."""
    try:
        check_files(package, folder)
    except DamagedError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o644)
    with target.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One publisher at a time; the lock goes with its process. Where the file system has no locks, the rename still decides."""
    with (folder / _LOCK).open("ab") as file:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)
