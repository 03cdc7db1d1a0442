"""Restore requests that nobody ends: `jaga restore` died in its terminal, or Prefect no longer knows the run. Found and ended by the sweep.

What Prefect knows to be dead is ended within minutes by the watch (follow_up.py); this needs the store alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from jagadata.errors import DamagedError, RefusedError
from jagadata.evidence.lines import count, read_outcome
from jagadata.restore import follow_up
from jagadata.restore.gates import GATES
from jagadata.restore.letters import inform_requester
from jagadata.restore.record import is_informed, is_restore
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import Opened, PrepareBegun
from jagadata.signoff.gates import find_gate
from jagadata.stores import layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.workplace import Workplace

LOOK_BACK = timedelta(days=60)
BEGUN_AGE, WAITING_AGE = timedelta(days=1), timedelta(days=14)
"""For how long nothing was noted, by a request that was being carried out, and by one that waits for a person."""


def find_abandoned(place: Workplace) -> Iterator[RestoreRun]:
    """Requests whose requester was not informed of what became of them, and on which nobody works. Raises UnreachableError."""
    since = place.clock() - LOOK_BACK
    recent = {
        layout.parse_run(stored.key)
        for store in place.stores
        for stored in store.list(layout.RUNS)
        if stored.modified > since
    }
    for run in sorted(recent):
        try:
            journal = place.journal(run)
            if not is_restore(journal) or is_informed(journal):
                continue
            read_outcome(journal, Opened)
        except (DamagedError, RefusedError):
            continue  # nobody can go on with it, nor end it
        age = BEGUN_AGE if count(journal, PrepareBegun) else WAITING_AGE
        gate = find_gate(journal, GATES)
        since_when = max(journal.entries[-1].at, gate.due) if gate else journal.entries[-1].at
        if place.clock() - since_when >= age:
            yield RestoreRun(place, run)


def end_abandoned(place: Workplace, run: str) -> None:
    """As the watch does: the service runs, the truth is on record, the requester is informed. Who holds the system's lock is left alone."""
    ended = follow_up.finish_dead(place, run)
    if ended is not None:
        inform_requester(ended)
