"""A prefix of a store that OPD put files into: one folder for each OPD, named by its id. Nothing there is changed or deleted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from jagadata.collection.intake.arrival import Arrival, ArrivedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jagadata.ports.store import Store, StoredObject


@dataclass(frozen=True, kw_only=True)
class StoreDrop:
    """Implements collection.arrival.Arrivals. An object is there whole or not at all, so nothing has to settle.

    Only keys that every store can hold are seen (`[a-z0-9._/-]`): whoever uploads for an OPD names them so.
    """

    store: Store
    prefix: str
    agencies: frozenset[str]

    @property
    def name(self) -> str:
        return f"kiriman {self.prefix} di penyimpanan '{self.store.name}'"

    def fetch(self, known: Iterable[str]) -> Iterator[Arrival]:
        """New objects, oldest first. Raises UnreachableError."""
        seen = set(known)
        prefix = self.prefix.rstrip("/") + "/"
        found = [
            arrival
            for stored in self.store.list(prefix)
            if (arrival := self._arrival(stored, stored.key.removeprefix(prefix))).key not in seen
        ]
        yield from sorted(found, key=lambda one: (one.at, one.key))

    def check(self) -> None:
        """Raises UnreachableError."""
        next(iter(self.store.list(self.prefix.rstrip("/") + "/")), None)

    def mark(self, arrival: Arrival) -> None:
        """Nothing: objects are never changed."""

    def _arrival(self, stored: StoredObject, path: str) -> Arrival:
        folder, _, name = path.partition("/")
        agency = folder if name and folder in self.agencies else ""
        identity = [stored.key, stored.version, stored.size, stored.modified.isoformat()]
        return Arrival(
            key=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
            source=f"penyimpanan '{self.store.name}', {stored.key.rpartition('/')[0]}",
            sender="",
            at=stored.modified,
            agency=agency,
            doubt="" if agency else "folder ini bukan folder OPD",
            files=(
                ArrivedFile(
                    name=name or path,
                    size=stored.size,
                    open=partial(self.store.open, stored.key, version=stored.version),
                ),
            ),
        )
