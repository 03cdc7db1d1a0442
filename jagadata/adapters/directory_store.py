"""A store in a directory: a mounted share, a second disk. Written beside, made durable, then linked to its final name."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from jagadata.errors import AlreadyExistsError, JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.ports import StoredObject, StoreFeatures
from jagadata.store_keys import check_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from jagadata.ports import Tampering

MARKER = "jagadata-store.json"
_PART = ".part-"


class DirectoryStore:
    """Implements ports.Store. Without the marker file of `prepare` every call is refused: the share may not be mounted."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    @staticmethod
    def prepare(path: Path) -> None:
        """Make the directory (0700) and its marker. Safe to run again."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = path / MARKER
        if not marker.exists():
            marker.write_text(json.dumps({"id": secrets.token_hex(16)}), encoding="utf-8")
            marker.chmod(0o600)

    def features(self) -> StoreFeatures:
        self._check_mounted()
        return StoreFeatures(place=str(self.path), device=f"disk:{self.path.stat().st_dev}")

    def _check_mounted(self) -> None:
        try:
            found = (self.path / MARKER).is_file()
        except OSError as error:
            raise self._unreachable(error) from error
        if not found:
            raise UnreachableError(
                f"Penyimpanan '{self.name}' di {self.path} tidak memuat berkas penanda {MARKER}.",
                "Pastikan share atau disknya terpasang (mount). Untuk folder baru jalankan `jaga store prepare`.",
            )

    def _unreachable(self, error: OSError) -> JagadataError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return RefusedError(
                f"Penyimpanan '{self.name}' di {self.path} penuh.",
                "Kosongkan ruang atau terapkan retensi (`jaga prune`).",
            )
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return RefusedError(
                f"Penyimpanan '{self.name}' di {self.path} tidak dapat ditulisi atau dibaca: {error.strerror}.",
                "Berikan hak kepada pengguna yang menjalankan Jagadata.",
            )
        return UnreachableError(
            f"Penyimpanan '{self.name}' di {self.path} tidak menjawab: {error.strerror}.",
            "Periksa share atau disknya.",
            transient=True,
        )

    def _file(self, key: str) -> Path:
        return self.path / check_key(key)

    def create(self, key: str) -> _FileUpload:
        self._check_mounted()
        try:
            return _FileUpload(self, key, self._file(key))
        except OSError as error:
            raise self._unreachable(error) from error

    def put(self, key: str, data: bytes) -> StoredObject:
        with self.create(key) as upload:
            upload.write(data)
            return upload.commit()

    @contextlib.contextmanager
    def open(self, key: str, *, version: str | None = None) -> Iterator[BinaryIO]:
        del version  # a directory has none
        self._check_mounted()
        path = self._file(key)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"Objek {key} tidak ada di penyimpanan '{self.name}'.", "Periksa dengan `jaga backups`."
            ) from error
        except OSError as error:
            raise self._unreachable(error) from error
        with os.fdopen(fd, "rb", buffering=0) as file:
            yield file

    def get(self, key: str, *, version: str | None = None) -> bytes:
        with self.open(key, version=version) as file:
            return file.read()

    def find(self, key: str) -> StoredObject | None:
        self._check_mounted()
        try:
            return self._describe(key, self._file(key))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unreachable(error) from error

    def _describe(self, key: str, path: Path) -> StoredObject | None:
        found = path.lstat()
        if not path.is_file() or path.is_symlink():
            return None
        return StoredObject(key=key, size=found.st_size, modified=datetime.fromtimestamp(found.st_mtime, UTC))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._check_mounted()
        folder = self.path / prefix.rpartition("/")[0]
        found: list[StoredObject] = []
        for root, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(root, name)
                key = path.relative_to(self.path).as_posix()
                if name.startswith(".") or key == MARKER or not key.startswith(prefix):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    stored = self._describe(key, path)
                    if stored:
                        found.append(stored)
        yield from sorted(found, key=lambda stored: stored.key)

    def tampering(self, prefix: str) -> Iterator[Tampering]:
        del prefix
        yield from ()

    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        del stored, until
        return None

    def locked_until(self, stored: StoredObject) -> datetime | None:
        del stored
        return None

    def remove(self, stored: StoredObject) -> None:
        self._check_mounted()
        path = self._file(stored.key)
        try:
            path.unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            raise self._unreachable(error) from error

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        self._check_mounted()
        limit = datetime.now(UTC) - older_than
        found = []
        for path in self.path.rglob(f"{_PART}*"):
            with contextlib.suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < limit:
                    found.append(path.relative_to(self.path).as_posix())
        return sorted(found)

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        found = self.leftovers(older_than)
        for name in found:
            (self.path / name).unlink(missing_ok=True)
        return found


class _FileUpload:
    """A file beside its final name, hidden from listings until it is whole and on disk."""

    def __init__(self, store: DirectoryStore, key: str, path: Path) -> None:
        self.store = store
        self.key = key
        self.path = path
        if path.exists():
            raise _taken(store, key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.part = path.parent / f"{_PART}{secrets.token_hex(8)}"
        self._file = os.fdopen(
            os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=2**20
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.part.unlink(missing_ok=True)

    def write(self, data: bytes, /) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            raise self.store._unreachable(error) from error  # noqa: SLF001 - one module, one noun

    def commit(self) -> StoredObject:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            try:
                os.link(self.part, self.path)
            except FileExistsError as error:
                raise _taken(self.store, self.key) from error
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                    raise
                self._claim_and_rename()
            self.part.unlink(missing_ok=True)
            _sync_folder(self.path.parent)
            stored = self.store.find(self.key)
        except OSError as error:
            raise self.store._unreachable(error) from error  # noqa: SLF001 - one module, one noun
        if stored is None:
            raise UnreachableError(
                f"Objek {self.key} hilang dari '{self.store.name}' setelah ditulis.",
                "Periksa share atau disknya.",
            )
        return stored

    def _claim_and_rename(self) -> None:
        """Where there are no hard links: O_EXCL claims the name, rename(2) puts the whole file in its place."""
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError as error:
            raise _taken(self.store, self.key) from error
        self.part.replace(self.path)


def _taken(store: DirectoryStore, key: str) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"Objek {key} sudah ada di penyimpanan '{store.name}'.", "Isi penyimpanan tidak pernah ditimpa."
    )


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
