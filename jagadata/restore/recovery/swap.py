"""The exchange of names in a restore: what is put in place of what, whether it happened, how it is undone, what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from jagadata.restore.kept import Kept, record_kept
from jagadata.restore.names import make_kept_name, make_side_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jagadata.ports.database import DatabaseServer, Swap
    from jagadata.restore.request import Plan, PlannedDatabase
    from jagadata.workplace import Workplace


@dataclass
class Side:
    """One database being put in place of the live one: `side` becomes the live name, the live one becomes `kept`."""

    planned: PlannedDatabase
    side: str
    kept: str
    oid: int | None = None
    archive: int = -1
    swapped: bool = False


def make_names(run: str, database: str) -> tuple[str, str]:
    """The names that a run gives to what it builds beside this database, and to the data that it replaces."""
    return make_side_name(database, run), make_kept_name(database, run)


def make_intents(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """What the journal keeps before the swap, so that a later attempt can look whether it happened."""
    return [
        {
            "name": side.planned.name,
            "side": side.side,
            "side_oid": side.oid,
            "kept": side.kept,
            "live_oid": side.planned.oid,
        }
        for side in sides
    ]


def find_swapped(
    server: DatabaseServer, run: str, plan: Plan, intents: Sequence[Mapping[str, Any]] | None
) -> list[Side]:
    """The sides of this run's swap if it happened, as the server's OIDs tell; else none.

    `intents` is what the journal holds of it; None: the stores were away, and the journal knows nothing. Then the data
    that was live, under the name that this run would give it, tells.
    """
    planned = {database.name: database for database in plan.databases}
    if intents is None:
        intents = _guess_intents(server, run, plan)
    for item in intents:
        facts = server.database(item["name"])
        if facts is None or facts.oid != item["side_oid"]:
            return []
    return [
        Side(
            planned=planned[item["name"]],
            side=item["side"],
            kept=item["kept"],
            oid=item["side_oid"],
            swapped=True,
        )
        for item in intents
    ]


def _guess_intents(server: DatabaseServer, run: str, plan: Plan) -> list[dict[str, Any]]:
    """What `make_intents` would have noted, if this run swapped: all names were exchanged in one transaction, or none."""
    found = []
    for planned in plan.databases:
        side, kept = make_names(run, planned.name)
        live, old = server.database(planned.name), server.database(kept)
        if planned.oid is None or live is None or old is None or old.oid != planned.oid:
            return []
        found.append({"name": planned.name, "side": side, "side_oid": live.oid, "kept": kept})
    return found


def exchange(
    swap: Swap,
    sides: Sequence[Side],
    *,
    end_sessions: bool,
    before_commit: Callable[[], None] = lambda: None,
    timeout: float = 60,
) -> float:
    """Swap all in one transaction; returns seconds. Raises JagadataError if nothing was swapped. See ports.Swap.swap."""
    expect: dict[str, int | None] = {}
    for side in sides:
        expect |= {side.planned.name: side.planned.oid, side.side: side.oid, side.kept: None}
    renames = [(side.planned.name, side.side, side.kept) for side in sides]
    seconds = swap.swap(
        renames, end_sessions=end_sessions, expect=expect, before_commit=before_commit, timeout=timeout
    )
    for side in sides:
        side.swapped = True
    return seconds


def swap_back(swap: Swap, sides: Sequence[Side]) -> None:
    """Give the old data its name back; only for sides that replaced something."""
    expect: dict[str, int | None] = {}
    for side in sides:
        expect |= {side.planned.name: side.oid, side.kept: side.planned.oid, side.side: None}
    swap.swap([(side.planned.name, side.kept, side.side) for side in sides], end_sessions=True, expect=expect)
    for side in sides:
        side.swapped = False


What = Literal["data lama", "hasil uji", "hasil restore yang dibatalkan"]


def keep_sides(
    place: Workplace, run: str, plan: Plan, sides: Sequence[Side], *, swapped_back: bool
) -> list[str]:
    """Write down what now lies beside the live database, and until when; returns the names."""
    policy, at = place.office.policy.restore, place.clock()
    kept: list[str] = []
    for side in sides:
        what: What
        if side.oid is None:
            continue
        if plan.mode == "uji":
            what, name, oid, days = "hasil uji", side.side, side.oid, policy.test_days
        elif side.swapped and side.planned.oid is not None:
            what, name, oid, days = "data lama", side.kept, side.planned.oid, policy.kept_days
        elif swapped_back:
            what, name, oid, days = "hasil restore yang dibatalkan", side.side, side.oid, policy.kept_days
        else:
            continue
        one = Kept(
            system=plan.request.system,
            run=run,
            name=side.planned.name,
            kept=name,
            oid=oid,
            system_identifier=plan.system_identifier,
            what=what,
            at=at,
            until=at + timedelta(days=days),
            incident=plan.request.cyber_incident,
        )
        record_kept(place, one)
        kept.append(name)
    return kept
