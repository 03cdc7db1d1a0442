"""Records: small signed facts (journals, forms, number claims, receipts), in every store.

They never live in a worker's home only: any worker, and someone with the store alone, finds them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jagadata.errors import (
    AlreadyExistsError,
    DamagedError,
    JagadataError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from jagadata.evidence.envelope import digest
from jagadata.evidence.mirror import Backlog
from jagadata.findings import Problem
from jagadata.stores.copies import from_all, from_first_good

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jagadata.evidence.envelope import JsonObject, Seals, Signer
    from jagadata.ports.store import Store


@dataclass(frozen=True, kw_only=True)
class Record:
    """One fact as found: its key, the store that held it, its value, and the hash of its envelope."""

    key: str
    store: str
    value: JsonObject
    digest: str
    damaged: Sequence[str] = ()  # what is wrong with copies that gave way to this one


@dataclass(frozen=True)
class Records:
    """Read and write records over the office's stores, the first of which is the primary.

    The first that answers decides whether a key is free; the others get a copy, now or when they answer (`backlog`).
    """

    stores: Sequence[Store]
    signer: Signer | None
    seals: Seals
    backlog: Backlog = field(default_factory=Backlog)

    def write(
        self, key: str, kind: str, value: JsonObject, *, first: Store | None = None, copy: bool = True
    ) -> Record:
        """Seal a fact (`value['at']` is an ISO time with zone) and write it under `key`.

        `first`: the store that decides. `copy` False leaves the other stores to `settle`.

        Raises:
            AlreadyExistsError: the key is taken.
            UnreachableError: no store answered.
            RefusedError: this worker has no signing key.
        """
        if self.signer is None:
            raise RefusedError(
                "Kunci tanda tangan tidak tersedia.", "Isi keys.signing di berkas kantor pada worker ini."
            )
        envelope = self.signer.seal(kind, value)
        store = self.put(key, envelope, first=first, copy=copy)
        return Record(key=key, store=store, value=value, digest=digest(envelope))

    def put(self, key: str, data: bytes, *, first: Store | None = None, copy: bool = True) -> str:
        """Write bytes once; returns the name of the store that decided. Raises as `write`."""
        last: JagadataError | None = None
        for store in [first] if first else self.stores:
            try:
                self._put(store, key, data)
            except AlreadyExistsError:
                raise
            except JagadataError as error:
                last = error
                continue
            for other in self.stores:
                if other is not store:
                    self.backlog.add(other, key, data)
                    if copy:
                        self.backlog.try_copying(other)
            return store.name
        raise UnreachableError(
            f"Catatan {key} tidak dapat disimpan di penyimpanan mana pun: {last.message if last else '-'}",
            "Periksa penyimpanan dengan `jaga doctor`.",
            transient=True,
        ) from last

    def _put(self, store: Store, key: str, data: bytes) -> None:
        """Behind what this store missed: a journal has no gaps in any store."""
        if self.backlog.waiting(store) and not self.backlog.catch_up(store):
            raise UnreachableError(f"Penyimpanan '{store.name}' tidak menjawab.", transient=True)
        store.put(key, data)

    def settle(self) -> int:
        """Copy what stores missed; returns how many records are still missing somewhere."""
        return sum(
            0 if self.backlog.catch_up(store) else self.backlog.waiting(store) for store in self.stores
        )

    def read(self, key: str, kind: str) -> Record:
        """The fact under `key` from the first store whose copy is good. Raises NotFoundError, DamagedError, UnreachableError."""
        missing = NotFoundError(
            f"Catatan {key} tidak ada di penyimpanan mana pun.", "Periksa nomornya dengan `jaga backups`."
        )

        def read(store: Store) -> Record:
            envelope = store.get(key)
            value = self.seals.open(envelope, kind, where=f"{key} di {store.name}")
            return Record(key=key, store=store.name, value=value, digest=digest(envelope))

        found = from_first_good(self.stores, read, missing=missing)
        damaged = [fault.message for fault in found.faults if isinstance(fault, DamagedError)]
        return replace(found.value, damaged=tuple(damaged))

    def keys(self, prefix: str) -> set[str]:
        """Keys in any store that answers. Raises UnreachableError if none does."""
        answers = from_all(self.stores, lambda store: [stored.key for stored in store.list(prefix)])
        return set().union(*answers.values)

    def list(self, prefix: str, kind: str, problems: list[Problem]) -> Iterator[Record]:
        """Every readable fact below `prefix`, in key order; what can't be read is added to `problems`."""
        for key in sorted(self.keys(prefix)):
            if not key.endswith(".json"):
                continue
            try:
                record = self.read(key, kind)
            except JagadataError as error:
                problems.append(Problem(where=key, what=error.message))
                continue
            problems += [Problem(where=key, what=words) for words in record.damaged]
            yield record
