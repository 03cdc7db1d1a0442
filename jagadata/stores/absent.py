"""A store that this worker cannot open, for want of a secret for example: the others are read without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from jagadata.errors import JagadataError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from typing import BinaryIO

    from jagadata.ports.store import StoredObject, StoreFeatures, Tampering, Upload


class AbsentStore:
    """Implements ports.Store: every method raises UnreachableError with the reason why it could not be opened."""

    def __init__(self, name: str, fault: JagadataError) -> None:
        self.name = name
        self.fault = fault

    def _refuse(self) -> NoReturn:
        raise UnreachableError(f"Penyimpanan '{self.name}': {self.fault.message}", self.fault.hint)

    def features(self) -> StoreFeatures:
        self._refuse()

    def create(self, key: str) -> Upload:
        del key
        self._refuse()

    def put(self, key: str, data: bytes) -> StoredObject:
        del key, data
        self._refuse()

    def open(self, key: str, *, version: str | None = None) -> AbstractContextManager[BinaryIO]:
        del key, version
        self._refuse()

    def get(self, key: str, *, version: str | None = None) -> bytes:
        del key, version
        self._refuse()

    def find(self, key: str) -> StoredObject | None:
        del key
        self._refuse()

    def list(self, prefix: str) -> Iterator[StoredObject]:
        del prefix
        self._refuse()

    def tampering(self, prefix: str) -> Iterator[Tampering]:
        del prefix
        self._refuse()

    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        del stored, until
        self._refuse()

    def locked_until(self, stored: StoredObject) -> datetime | None:
        del stored
        self._refuse()

    def remove(self, stored: StoredObject) -> None:
        del stored
        self._refuse()

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        del older_than
        self._refuse()

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        del older_than
        self._refuse()
