"""A store in memory: a working fake that keeps every promise of ports.Store, with locks if asked."""

from __future__ import annotations

import contextlib
import io
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Self

from jagadata.errors import AlreadyExistsError, NotFoundError, RefusedError
from jagadata.ports.store import StoredObject, StoreFeatures
from jagadata.stores.layout import check_key, check_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from jagadata.ports.store import Tampering


class MemoryStore:
    """Implements ports.Store; gone with the process. `lock` gives it retention locks. Safe to use from several threads."""

    def __init__(
        self, name: str, *, lock: bool = False, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.name = name
        self.clock = clock
        self._lock = lock
        self._mutex = threading.Lock()
        self._objects: dict[str, tuple[StoredObject, bytes]] = {}
        self._locks: dict[str, datetime] = {}
        self._uploads: dict[int, tuple[str, datetime]] = {}

    def features(self) -> StoreFeatures:
        return StoreFeatures(lock=self._lock, where=f"memori '{self.name}'", device=f"memory:{id(self)}")

    def create(self, key: str) -> _MemoryUpload:
        if self.find(key) is not None:
            raise self._taken(key)
        return _MemoryUpload(self, key)

    def put(self, key: str, data: bytes) -> StoredObject:
        stored = StoredObject(key=check_key(key), size=len(data), modified=self.clock())
        with self._mutex:
            if key in self._objects:
                raise self._taken(key)
            self._objects[key] = (stored, bytes(data))
        return stored

    def _taken(self, key: str) -> AlreadyExistsError:
        return AlreadyExistsError(
            f"Objek {key} sudah ada di penyimpanan '{self.name}'.",
            "Isi penyimpanan tidak pernah ditimpa; pakai kunci lain.",
        )

    @contextlib.contextmanager
    def open(self, key: str, *, version: str | None = None) -> Iterator[BinaryIO]:
        with io.BytesIO(self.get(key, version=version)) as stream:
            yield stream

    def get(self, key: str, *, version: str | None = None) -> bytes:
        del version  # it has none
        found = self._objects.get(check_key(key))
        if found is None:
            raise NotFoundError(
                f"Objek {key} tidak ada di penyimpanan '{self.name}'.", "Periksa dengan `jaga backups`."
            )
        return found[1]

    def find(self, key: str) -> StoredObject | None:
        found = self._objects.get(check_key(key))
        return found[0] if found else None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        check_prefix(prefix)
        with self._mutex:
            found = [stored for key, (stored, _) in sorted(self._objects.items()) if key.startswith(prefix)]
        yield from found

    def tampering(self, prefix: str) -> Iterator[Tampering]:
        check_prefix(prefix)
        yield from ()

    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        if not self._lock:
            return None
        self.get(stored.key)
        with self._mutex:
            held = self._locks.get(stored.key)
            self._locks[stored.key] = max(until, held) if held else until
            return self._locks[stored.key]

    def locked_until(self, stored: StoredObject) -> datetime | None:
        return self._locks.get(stored.key)

    def remove(self, stored: StoredObject) -> None:
        check_key(stored.key)
        with self._mutex:
            until = self._locks.get(stored.key)
            if until and until > datetime.now(UTC):
                raise RefusedError(
                    f"Objek {stored.key} di penyimpanan '{self.name}' dikunci sampai {until:%Y-%m-%d}.",
                    "Tunggu sampai kuncinya berakhir.",
                )
            self._objects.pop(stored.key, None)
            self._locks.pop(stored.key, None)

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        limit = datetime.now(UTC) - older_than
        return sorted(key for key, since in list(self._uploads.values()) if since < limit)

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        limit = datetime.now(UTC) - older_than
        old = {number: key for number, (key, since) in list(self._uploads.items()) if since < limit}
        for number in old:
            self._uploads.pop(number, None)
        return sorted(old.values())


class _MemoryUpload:
    def __init__(self, store: MemoryStore, key: str) -> None:
        self._store = store
        self._key = key
        self._buffer = bytearray()
        self._store._uploads[id(self)] = (key, datetime.now(UTC))  # noqa: SLF001 - one module, one noun

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store._uploads.pop(id(self), None)  # noqa: SLF001 - as above

    def write(self, data: bytes, /) -> int:
        self._buffer += data
        return len(data)

    def commit(self) -> StoredObject:
        return self._store.put(self._key, bytes(self._buffer))
