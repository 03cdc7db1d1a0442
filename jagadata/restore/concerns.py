"""What of running restores needs a person's look."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from jagadata.errors import (
    BusyError,
    DamagedError,
    RefusedError,
)
from jagadata.findings import Concern
from jagadata.restore.recovery.steps import RECOVERY
from jagadata.restore.run import RestoreRun
from jagadata.text.formats import format_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jagadata.workplace import Workplace


def list_journals(place: Workplace, runs: Sequence[str]) -> Iterator[Concern]:
    """Runs that nobody can go on with, because their memory is not whole or of another version."""
    for run_id in runs:
        try:
            place.journal(run_id)
        except (DamagedError, RefusedError) as error:
            yield Concern(key=f"jurnal {run_id}", text=error.message, action=error.hint)


def find_long_restores(place: Workplace, running: Sequence[str]) -> Iterator[Concern]:
    """Restores that take much longer than their plan said."""
    for run_id in running:
        try:
            journal = place.journal(run_id)
        except (DamagedError, RefusedError):
            continue  # told by list_journals
        begun = journal.last("prepare", "begin")
        if begun is None or journal.outcome(RECOVERY) is not None:
            continue
        run = RestoreRun(place, run_id)
        limit = timedelta(minutes=max(30.0, 4 * run.impact.minutes_total))
        if place.clock() - begun.at < limit:
            continue
        try:
            with place.server(run.system).exclusive(run.system):
                continue  # nobody works on it: the watch ends it (follow_up.is_abandoned)
        except BusyError:
            since = format_moment(begun.at, place.timezone)
            yield Concern(
                key=f"restore {run_id}",
                text=f"Restore {run.number()} sistem '{run.system}' berjalan sejak {since}, jauh lebih lama daripada rencananya.",
                action="Lihat kemajuannya di Prefect; sakelar pengaman mengaktifkan layanan bila tidak ada kemajuan lagi.",
            )
