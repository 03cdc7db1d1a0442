"""What OPD send between the closing of a round and the opening of the next: the newest closed round keeps and answers it, and counts none of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from jagadata.collection.claims import ROUND_KIND, ended, find_holder, find_rounds
from jagadata.collection.intake.receipts import LATE, list_receipts
from jagadata.collection.run import RoundRun
from jagadata.collection.steps import COLLECT
from jagadata.collection.tables.personal import mask
from jagadata.evidence.journal import OPEN
from jagadata.stores import layout
from jagadata.text.formats import format_moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jagadata.collection.round import Round
    from jagadata.workplace import Workplace


def newest_closed(runs: Iterable[RoundRun]) -> RoundRun | None:
    """The round that was closed last: what comes late is its own."""
    closed = [(at, run) for run in runs if (at := ended(run.journal, COLLECT))]
    return max(closed, key=lambda pair: pair[0])[1] if closed else None


def late_until(run: RoundRun, now: datetime) -> datetime:
    """What came from then on is of another round, which was opened and goes on; one that ended without letters has nothing.

    Never after `now`, which is from before the others were looked at: what opens meanwhile takes in what comes from then on.
    """
    opened = [_opened(run.place, one) for one in find_rounds(run.place) if one != run.round]
    return min([now, *(at for at in opened if at)])


def _opened(place: Workplace, round: Round) -> datetime | None:
    """When a round was opened, None where it takes nothing in any more; one that was just claimed: not before its first claim."""
    run = RoundRun(place, find_holder(place, round))
    if run.status or run.is_closed:
        return None
    outcome = run.journal.outcome(OPEN)
    if outcome is None:
        first = min(place.records.keys(layout.make_claims_prefix(str(round))))
        outcome = place.records.read(first, ROUND_KIND).value
    return datetime.fromisoformat(outcome["at"])


def make_late_rows(run: RoundRun) -> list[dict[str, str]]:
    """What came after the closing, as the rows of a table."""
    names = {one.id: one.name for one in run.agencies}
    return [
        {
            "Tanda terima": one.number,
            "OPD": names.get(one.agency, one.agency),
            "Berkas": mask(one.name or one.subject),
            "Datang": format_moment(one.arrived, run.place.timezone),
            "Keterangan": one.reason or "disimpan, tidak diperiksa dan tidak dihitung",
        }
        for one in list_receipts(run.place, run.round)
        if one.state == LATE
    ]
