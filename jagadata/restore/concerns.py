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


def find_long_restores(place: Workplace, running: Sequence[str]) -> Iterator[Concern]:
    """Restores that take much longer than their plan said."""
    for run_id in running:
        try:
            journal = place.journal(run_id)
        except (DamagedError, RefusedError):
            continue  # the watch itself names a journal that is not whole
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
