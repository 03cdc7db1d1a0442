"""The clocks of worker, database and store. One that was wrong once must not decide for ever which backup is the newest."""

from __future__ import annotations

import contextlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict

from jagadata.errors import JagadataError, RefusedError
from jagadata.stores import layout
from jagadata.text.formats import format_duration

if TYPE_CHECKING:
    from datetime import datetime

    from jagadata.ports.store import Store

TOLERANCE = timedelta(minutes=10)
"""Clocks further apart than this are told, and no time counts that lies further ahead than this."""


class Clocks(BaseModel):
    """What three clocks said at the same moment; None: not known. A store on a disk has the clock of its machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    worker: AwareDatetime
    database: AwareDatetime | None = None
    store: AwareDatetime | None = None

    @property
    def earliest(self) -> datetime:
        """The moment that all agree has come."""
        return min(moment for moment in (self.worker, self.database, self.store) if moment)

    @property
    def worker_was_ahead(self) -> bool:
        """Both others say so: two that agree are believed, one alone may be the wrong one."""
        others = [moment for moment in (self.database, self.store) if moment]
        return len(others) == 2 and all(self.worker - moment > TOLERANCE for moment in others)

    def gaps(self) -> list[str]:
        """Differences from the worker's clock that are too large, in words."""
        found = []
        for name, moment in (("server basis data", self.database), ("penyimpanan", self.store)):
            if moment and abs(moment - self.worker) > TOLERANCE:
                by = format_duration(abs(moment - self.worker))
                found.append(
                    f"jam {name} {'lebih awal' if moment < self.worker else 'lebih maju'} {by} daripada jam worker"
                )
        return found


def read_store_clock(store: Store) -> datetime | None:
    """What the store says when something is written now; None if it does not answer."""
    with contextlib.suppress(JagadataError):
        key = layout.make_probe_key(secrets.token_hex(8))
        stored = store.put(key, b"jam")
        said = store.find(key) or stored
        with contextlib.suppress(RefusedError):  # a key without the right to delete leaves it to `jaga sweep`
            store.remove(stored)
        return said.modified
    return None
