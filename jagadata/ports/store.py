"""What a store must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from types import TracebackType


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One object as the store holds it. `version` is None where the store has no versions."""

    key: str
    size: int
    modified: datetime
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoreFeatures:
    """What this store really has, as it says itself (never assumed)."""

    versions: bool = False
    lock: bool = False
    conditional: bool = True
    where: str = ""
    """For people: 's3://bucket/prefix di https://…' or the directory; printed on the form."""
    device: str = ""
    """Equal for two stores that share a disk or a server and bucket: then one loss takes both copies."""


@dataclass(frozen=True, kw_only=True)
class Tampering:
    """A key with later versions or a delete marker: the first version still counts."""

    key: str
    what: str


class Upload(Protocol):
    """One object being written. Leaving the `with` block without `commit()` aborts it; nothing is left to be listed."""

    def write(self, data: bytes, /) -> int: ...
    def commit(self) -> StoredObject:
        """Make the object exist, whole. Raises AlreadyExistsError if the key is taken meanwhile."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Store(Protocol):
    """A place for objects that are written once. Keys are relative, `/`-separated, `[a-z0-9._/-]`; never `..`.

    On versioned buckets every key stands for its *first* version; later versions and delete markers are ignored and reported.
    All methods raise UnreachableError (transient) when the store does not answer, JagadataError for refusals of credentials.
    """

    name: str

    def features(self) -> StoreFeatures: ...
    def create(self, key: str) -> Upload: ...
    def put(self, key: str, data: bytes) -> StoredObject:
        """Write a small object in one request. Raises AlreadyExistsError."""
        ...

    def open(self, key: str, *, version: str | None = None) -> AbstractContextManager[BinaryIO]:
        """Read the object as a stream; broken transfers go on where they stopped. Raises NotFoundError."""
        ...

    def get(self, key: str, *, version: str | None = None) -> bytes: ...
    def find(self, key: str) -> StoredObject | None: ...
    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Objects whose key starts with `prefix`, in key order."""
        ...

    def tampering(self, prefix: str) -> Iterator[Tampering]: ...
    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        """Set a retention lock where the store has it; the date that the store then reports, or None if it has no lock."""
        ...

    def locked_until(self, stored: StoredObject) -> datetime | None: ...
    def remove(self, stored: StoredObject) -> None:
        """Remove exactly this version. Raises RefusedError while it is locked."""
        ...

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        """Names of uploads that began before and never ended."""
        ...

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        """Abort them; returns what was aborted."""
        ...
