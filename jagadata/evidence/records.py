"""Records: small signed facts (journals, forms, number claims, receipts) in the primary store, else in the second.

They never live in a worker's home only: any worker, and someone with the store alone, finds them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.errors import (
    AlreadyExistsError,
    JagadataError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from jagadata.evidence.envelope import digest
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


@dataclass(frozen=True)
class Records:
    """Read and write records over the office's stores, the first of which is the primary."""

    stores: Sequence[Store]
    signer: Signer | None
    seals: Seals

    def write(self, key: str, kind: str, value: JsonObject) -> Record:
        """Seal a fact (`value['at']` is an ISO time with zone) and write it under `key`, in the first store that answers.

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
        store = self.put(key, envelope)
        return Record(key=key, store=store, value=value, digest=digest(envelope))

    def put(self, key: str, data: bytes) -> str:
        """Write bytes once, in the first store that answers; returns its name. Raises as `write`."""
        last: JagadataError | None = None
        for store in self.stores:
            try:
                store.put(key, data)
            except AlreadyExistsError:
                raise
            except JagadataError as error:
                last = error
                continue
            return store.name
        raise UnreachableError(
            f"Catatan {key} tidak dapat disimpan di penyimpanan mana pun: {last.message if last else '-'}",
            "Periksa penyimpanan dengan `jaga doctor`.",
            transient=True,
        ) from last

    def read(self, key: str, kind: str) -> Record:
        """The fact under `key` from the first store that holds it. Raises NotFoundError, DamagedError, UnreachableError."""
        missing = NotFoundError(
            f"Catatan {key} tidak ada di penyimpanan mana pun.", "Periksa nomornya dengan `jaga backups`."
        )
        found = from_first_good(self.stores, lambda store: store.get(key), missing=missing)
        value = self.seals.open(found.value, kind, where=f"{key} di {found.store.name}")
        return Record(key=key, store=found.store.name, value=value, digest=digest(found.value))

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
                yield self.read(key, kind)
            except JagadataError as error:
                problems.append(Problem(where=key, what=error.message))
