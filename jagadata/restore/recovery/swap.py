"""The exchange of names in a restore: what is put in place of what, whether it happened, how it is undone, what is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from jagadata.ports.data_source import Pair
from jagadata.restore.kept import Kept, record_kept
from jagadata.restore.names import make_kept_name, make_side_name
from jagadata.vault.identity import with_identities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jagadata.ports.data_source import DataSource, Swap
    from jagadata.restore.request import Plan, PlannedDataSet
    from jagadata.workplace import Workplace


@dataclass
class Side:
    """One data set being put in place of the live one: `side` becomes the live name, the live one becomes `kept`."""

    planned: PlannedDataSet
    side: str
    kept: str
    identity: str | None = None  # None: not made yet
    archive: int = -1
    swapped: bool = False

    @property
    def pair(self) -> Pair:
        if self.identity is None:
            raise ValueError(self.side)
        return Pair(
            live=self.planned.name,
            side=self.side,
            kept=self.kept,
            side_identity=self.identity,
            live_identity=self.planned.identity,
        )


def make_names(run: str, database: str) -> tuple[str, str]:
    """The names that a run gives to what it builds beside this database, and to the data that it replaces."""
    return make_side_name(database, run), make_kept_name(database, run)


def make_intents(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """What the journal keeps before the swap, so that a later attempt can look whether it happened."""
    return [
        {
            "name": side.planned.name,
            "side": side.side,
            "side_identity": side.identity,
            "kept": side.kept,
            "live_identity": side.planned.identity,
        }
        for side in sides
    ]


def find_swapped(
    server: DataSource, run: str, plan: Plan, intents: Sequence[Mapping[str, Any]] | None
) -> list[Side]:
    """The sides of this run's swap if it happened, as the source itself tells; else none.

    `intents` is what the journal holds of it; None: the stores were away, and the journal knows nothing. Then the data
    that was live, under the name that this run would give it, tells.
    """
    planned = {one.name: one for one in plan.data}
    known = [
        with_identities(item, plan.system_identifier)
        for item in (_guess_intents(server, run, plan) if intents is None else intents)
    ]
    sides = [
        Side(
            planned=planned[item["name"]],
            side=item["side"],
            kept=item["kept"],
            identity=item["side_identity"],
            swapped=True,
        )
        for item in known
    ]
    return sides if sides and server.ask([side.pair for side in sides]) == "new" else []


def _guess_intents(server: DataSource, run: str, plan: Plan) -> list[dict[str, Any]]:
    """What `make_intents` would have noted, if this run swapped: all names were exchanged in one transaction, or none."""
    found = []
    for planned in plan.data:
        side, kept = make_names(run, planned.name)
        live, old = server.look(planned.name), server.look(kept)
        if planned.identity is None or live is None or old is None or old.identity != planned.identity:
            return []
        found.append({"name": planned.name, "side": side, "side_identity": live.identity, "kept": kept})
    return found


def exchange(
    swap: Swap,
    sides: Sequence[Side],
    *,
    end_sessions: bool,
    before_commit: Callable[[], None] = lambda: None,
    timeout: float = 60,
) -> float:
    """Swap all at once; returns seconds. Raises JagadataError if nothing was swapped. See ports.Swap.prepare."""
    begun = time.monotonic()
    with swap.prepare([side.pair for side in sides], end_sessions=end_sessions, timeout=timeout) as prepared:
        prepared.commit(before_commit)
    for side in sides:
        side.swapped = True
    return time.monotonic() - begun


def swap_back(swap: Swap, sides: Sequence[Side]) -> None:
    """Give the old data its name back; only for sides that replaced something."""
    with swap.prepare([side.pair.reversed for side in sides], end_sessions=True) as prepared:
        prepared.commit()
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
        if side.identity is None:
            continue
        if plan.mode == "uji":
            what, name, identity, days = "hasil uji", side.side, side.identity, policy.test_days
        elif side.swapped and side.planned.identity is not None:
            what, name, identity = "data lama", side.kept, side.planned.identity
            days = policy.kept_days
        elif swapped_back:
            what, name, identity = "hasil restore yang dibatalkan", side.side, side.identity
            days = policy.kept_days
        else:
            continue
        one = Kept(
            system=plan.request.system,
            run=run,
            name=side.planned.name,
            kept=name,
            identity=identity,
            system_identifier=plan.system_identifier,
            what=what,
            at=at,
            until=at + timedelta(days=days),
            incident=plan.request.cyber_incident,
        )
        record_kept(place, one)
        kept.append(name)
    return kept
