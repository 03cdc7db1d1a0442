"""Every record lies in every store: what one missed waits here until it answers, and the watch copies what nobody waited for."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.errors import AlreadyExistsError, DamagedError, JagadataError
from jagadata.findings import Problem
from jagadata.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jagadata.evidence.envelope import Seals
    from jagadata.ports.store import Store

QUIET_SECONDS = 30.0
"""For how long a store that did not answer is not asked again for a copy: nobody waits for it line by line."""


@dataclass
class Backlog:
    """What each store missed, in the order in which it was written. Shared by the threads of one workplace."""

    clock: Callable[[], float] = time.monotonic
    _missed: dict[str, deque[tuple[str, bytes]]] = field(default_factory=dict)
    _silent_until: dict[str, float] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def waiting(self, store: Store) -> int:
        """How many records this store still misses."""
        return len(self._missed.get(store.name, ()))

    def add(self, store: Store, key: str, data: bytes) -> None:
        """Let this store have a copy later, behind what it missed before."""
        with self._lock:
            self._missed.setdefault(store.name, deque()).append((key, data))

    def try_copying(self, store: Store) -> None:
        """As `catch_up`, but a store that was silent a moment ago is not asked again."""
        if self.waiting(store) and self.clock() >= self._silent_until.get(store.name, 0):
            self.catch_up(store)

    def catch_up(self, store: Store) -> bool:
        """Copy what this store missed, the oldest first; whether nothing is left."""
        with self._lock:
            missed = self._missed.get(store.name, deque())
            while missed:
                key, data = missed[0]
                try:
                    store.put(key, data)
                except AlreadyExistsError:
                    pass
                except JagadataError:
                    self._silent_until[store.name] = self.clock() + QUIET_SECONDS
                    return False
                missed.popleft()
            self._silent_until.pop(store.name, None)
            return True


def copy_missing(stores: Sequence[Store], seals: Seals) -> list[Problem]:
    """Copy each record that one store holds and another misses; what is not signed as it should be is named, never copied.

    Raises the first fault if a store does not answer: nothing is known of what it misses.
    """
    held = {store.name: _record_keys(store) for store in stores}
    problems: list[Problem] = []
    for key in sorted(set().union(*held.values())):
        sources = [store for store in stores if key in held[store.name]]
        targets = [store for store in stores if key not in held[store.name]]
        if targets:
            problems += _copy(key, sources, targets, seals)
    return problems


def _record_keys(store: Store) -> set[str]:
    keys = {stored.key for prefix in layout.RECORDS for stored in store.list(prefix)}
    receipts = (
        stored.key
        for stored in store.list(layout.SYSTEMS)
        if layout.parse_backup_key(stored.key).what == "receipt"
    )
    return keys.union(receipts)


def _copy(key: str, sources: Iterable[Store], targets: Iterable[Store], seals: Seals) -> list[Problem]:
    problems = []
    for source in sources:
        try:
            data = source.get(key)
            if key.endswith(".json"):
                seals.open(data, _kind(data), where=f"{key} di {source.name}")
        except JagadataError as error:
            problems.append(Problem(where=f"{key} di {source.name}", what=error.message))
            continue
        for target in targets:
            try:
                target.put(key, data)
            except AlreadyExistsError:
                continue
            except JagadataError as error:
                problems.append(Problem(where=f"{key} di {target.name}", what=error.message))
        return problems
    return problems


def _kind(envelope: bytes) -> str:
    """What the envelope itself says that it holds. Raises DamagedError."""
    try:
        return str(json.loads(envelope)["payloadType"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError("Bukan amplop bertanda tangan.", "Jangan dipakai.") from error
