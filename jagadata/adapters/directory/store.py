"""A store in a directory: a mounted share, a second disk. Written beside, made durable, then linked to its final name.

Every access starts at one open folder and goes down name by name without following symbolic links, so neither a link
inside the store nor a share that is unmounted meanwhile leads a write elsewhere.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, cast

from jagadata.adapters.directory.folder import CLAIM, PART, Folder, explain, taken
from jagadata.adapters.directory.upload import FileUpload
from jagadata.errors import NotFoundError, UnreachableError
from jagadata.ports.store import StoredObject, StoreFeatures
from jagadata.stores.layout import check_key, check_prefix, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from jagadata.ports.store import Tampering

MARKER = "jagadata-store.json"
_NOTHING = (FileNotFoundError, NotADirectoryError)


class DirectoryStore:
    """Implements ports.Store. Without the marker file of `prepare` every call is refused: the share may not be mounted."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    @staticmethod
    def prepare(path: Path) -> None:
        """Make the directory (0700) and its marker. Safe to run again."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            marker = path / MARKER
            if marker.exists():
                return
            fresh = path / f"{PART}{secrets.token_hex(8)}"
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(json.dumps({"id": secrets.token_hex(16)}))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(marker)
        except OSError as error:
            raise explain(error, f"direktori {path}") from error

    def features(self) -> StoreFeatures:
        with self._root() as root:
            return StoreFeatures(where=str(self.path), device=f"disk:{os.fstat(root.fd).st_dev}")

    @property
    def _place(self) -> str:
        return f"penyimpanan '{self.name}' (direktori {self.path})"

    @contextlib.contextmanager
    def _root(self) -> Iterator[Folder]:
        """The open folder, with its marker in it. What the system says inside is explained, except that nothing is there."""
        try:
            try:
                root = Folder.root(self.path)
            except _NOTHING as error:
                raise self._not_mounted("tidak ada") from error
            with root:
                if root.look(MARKER) is None:
                    raise self._not_mounted(f"tidak memuat berkas penanda {MARKER}")
                yield root
        except _NOTHING:
            raise
        except OSError as error:
            raise explain(error, self._place) from error

    def _not_mounted(self, what: str) -> UnreachableError:
        return UnreachableError(
            f"Direktori {self.path} dari penyimpanan '{self.name}' {what}: share atau disknya mungkin tidak terpasang.",
            "Pasang (mount) share atau disk itu. Hanya untuk direktori baru: jalankan `jaga store prepare`.",
        )

    @contextlib.contextmanager
    def _parent(self, key: str) -> Iterator[tuple[Folder, str]]:
        """The folder that holds this key, and its name there. Raises FileNotFoundError where there is no such folder."""
        *above, name = check_key(key).split("/")
        with self._root() as root, root.below(above) as folder:
            if key == MARKER:
                raise FileNotFoundError(key)
            yield folder, name

    # --- writing ---

    def create(self, key: str) -> FileUpload:
        *above, name = check_key(key).split("/")
        if key == MARKER:
            raise taken(key, self._place)
        try:
            with self._root() as root:
                return FileUpload(root.below(above, make=True), name, key=key, where=self._place)
        except _NOTHING as error:
            raise explain(error, self._place) from error

    def put(self, key: str, data: bytes) -> StoredObject:
        with self.create(key) as upload:
            upload.write(data)
            return upload.commit()

    # --- reading ---

    @contextlib.contextmanager
    def open(self, key: str, *, version: str | None = None) -> Iterator[BinaryIO]:
        del version  # a directory has none
        try:
            with self._parent(key) as (folder, name):
                file = _Reader(folder.open(name), self._place)
        except _NOTHING as error:
            raise self._missing(key) from error
        with file:
            yield cast("BinaryIO", file)

    def _missing(self, key: str) -> NotFoundError:
        return NotFoundError(f"Objek {key} tidak ada di {self._place}.", "Periksa dengan `jaga backups`.")

    def get(self, key: str, *, version: str | None = None) -> bytes:
        with self.open(key, version=version) as file:
            return file.read()

    def find(self, key: str) -> StoredObject | None:
        with contextlib.suppress(*_NOTHING), self._parent(key) as (folder, name):
            found = folder.look(name)
            if found is not None and stat.S_ISREG(found.st_mode):
                return _describe(key, found)
        return None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        for key, found, _ in self._files(check_prefix(prefix)):
            if is_key(key) and key != MARKER:
                yield _describe(key, found)

    def _files(self, prefix: str) -> Iterator[tuple[str, os.stat_result, Folder]]:
        """Key order; hidden files too. The folder that holds the file is open until the next one is asked for."""
        above = prefix.rpartition("/")[0]
        names = above.split("/") if above else []
        with contextlib.suppress(*_NOTHING), self._root() as root, root.below(names) as folder:
            yield from _walk(folder, f"{above}/" if above else "", prefix)

    def tampering(self, prefix: str) -> Iterator[Tampering]:
        check_prefix(prefix)
        yield from ()

    # --- locks and removal ---

    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        del stored, until
        return None

    def locked_until(self, stored: StoredObject) -> datetime | None:
        del stored
        return None

    def remove(self, stored: StoredObject) -> None:
        with contextlib.suppress(*_NOTHING), self._parent(stored.key) as (folder, name):
            folder.remove(name)
            folder.sync()

    # --- leftovers ---

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        return [key for key, _ in self._old(older_than)]

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        swept = []
        for key, folder in self._old(older_than):
            folder.remove(key.rpartition("/")[2])
            swept.append(key)
        return swept

    def _old(self, older_than: timedelta) -> Iterator[tuple[str, Folder]]:
        limit = datetime.now(UTC) - older_than
        for key, found, folder in self._files(""):
            hidden = key.rpartition("/")[2].startswith((PART, CLAIM))
            if hidden and datetime.fromtimestamp(found.st_mtime, UTC) < limit:
                yield key, folder


def _describe(key: str, found: os.stat_result) -> StoredObject:
    return StoredObject(key=key, size=found.st_size, modified=datetime.fromtimestamp(found.st_mtime, UTC))


def _walk(folder: Folder, above: str, prefix: str) -> Iterator[tuple[str, os.stat_result, Folder]]:
    for name in sorted(f"{name}/" if is_folder else name for name, is_folder in folder.names()):
        key = above + name
        if not key.startswith(prefix) and not prefix.startswith(key):
            continue
        with contextlib.suppress(*_NOTHING):  # removed meanwhile
            if name.endswith("/"):
                with folder.below([name.rstrip("/")]) as below:
                    yield from _walk(below, key, prefix)
            else:
                found = folder.look(name)
                if found is not None and stat.S_ISREG(found.st_mode):
                    yield key, found, folder


class _Reader(io.FileIO):
    """A file whose faults are told as the store's."""

    def __init__(self, fd: int, where: str) -> None:
        super().__init__(fd, "rb")
        self._place = where

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return super().read(-1 if size is None else size) or b""
        except OSError as error:
            raise explain(error, self._place) from error

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            raise explain(error, self._place) from error
