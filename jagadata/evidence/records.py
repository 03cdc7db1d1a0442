"""Records: small signed facts (journals, forms, number claims, receipts) in the primary store, else in the second.

They never live in a worker's home only: any worker, and someone with the store alone, finds them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jagadata.errors import (
    AlreadyExistsError,
    DamagedError,
    JagadataError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from jagadata.evidence.envelope import digest
from jagadata.evidence.numbers import NUMBER_KIND
from jagadata.findings import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jagadata.evidence.envelope import Seals, Signer
    from jagadata.ports.store import Store


@dataclass(frozen=True, kw_only=True)
class Record:
    """One fact as found: its key, the store that held it, its value, and the hash of its envelope."""

    key: str
    store: str
    value: dict[str, Any]
    digest: str


@dataclass(frozen=True)
class Records:
    """Read and write records over the office's stores, the first of which is the primary."""

    stores: Sequence[Store]
    signer: Signer | None
    seals: Seals

    def write(self, key: str, kind: str, value: dict[str, Any]) -> Record:
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
        last: JagadataError | None = None
        for store in self.stores:
            try:
                envelope = store.get(key)
            except NotFoundError:
                continue
            except JagadataError as error:
                last = error
                continue
            value = self.seals.open(envelope, kind, where=f"{key} di {store.name}")
            return Record(key=key, store=store.name, value=value, digest=digest(envelope))
        if last:
            raise last
        raise NotFoundError(
            f"Catatan {key} tidak ada di penyimpanan mana pun.", "Periksa nomornya dengan `jaga backups`."
        )

    def keys(self, prefix: str) -> set[str]:
        """Keys in any store that answers. Raises UnreachableError if none does."""
        found: set[str] = set()
        answered, last = False, None
        for store in self.stores:
            try:
                found.update(stored.key for stored in store.list(prefix))
                answered = True
            except JagadataError as error:
                last = error
        if not answered and last:
            raise last
        return found

    def list(self, prefix: str, kind: str, problems: list[Problem]) -> Iterator[Record]:
        """Every readable fact below `prefix`, in key order; what can't be read is added to `problems`."""
        for key in sorted(self.keys(prefix)):
            if not key.endswith(".json"):
                continue
            try:
                yield self.read(key, kind)
            except JagadataError as error:
                problems.append(Problem(where=key, what=error.message))

    def claim_number(self, series: str, year: int, *, run: str, at: str) -> str:
        """The next number of a series, claimed for ever by a conditional put: '12', or '12-C' when only the second store answered.

        A run that asks again gets the number that it holds. Numbers start at 1 each year.
        """
        prefix = f"numbers/{series}/{year}/"
        taken: dict[str, str] = {}
        for key in sorted(self.keys(prefix)):
            sequence = key.removeprefix(prefix).removesuffix(".json")
            try:
                taken[sequence] = str(self.read(key, NUMBER_KIND).value.get("run"))
            except DamagedError:
                taken[sequence] = ""
        for sequence, holder in taken.items():
            if holder == run:
                return sequence.lstrip("0")
        value = {"at": at, "run": run, "series": series, "year": year}
        for store in self.stores:
            suffix = "" if store is self.stores[0] else "-c"
            number = 1 + max(
                (
                    int(key.partition("-")[0])
                    for key in taken
                    if key.endswith(suffix) and key.split("-")[0].isdigit()
                ),
                default=0,
            )
            for sequence in (f"{number + step:06}{suffix}" for step in range(1000)):
                try:
                    Records([store], self.signer, self.seals).write(
                        f"{prefix}{sequence}.json", NUMBER_KIND, value
                    )
                except AlreadyExistsError:
                    continue
                except UnreachableError:
                    break
                return sequence.lstrip("0").upper()
        raise UnreachableError(
            "Nomor formulir tidak dapat diambil: tidak ada penyimpanan yang menjawab.",
            "Periksa dengan `jaga doctor`.",
            transient=True,
        )
