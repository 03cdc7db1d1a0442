"""The swap of names in a restore: what is put in place of what, whether it happened, how it is undone, what is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from jagadata.ports.data_source import Pair
from jagadata.restore.kept import Kept, record_kept
from jagadata.restore.names import make_kept_name, make_side_name
from jagadata.restore.steps import SwapIntent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.ports.data_source import DataSource, Swap
    from jagadata.restore.request import Plan, PlannedDataSet
    from jagadata.workplace import Workplace


@dataclass
class SideDatabase:
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


def make_intents(sides: Sequence[SideDatabase]) -> tuple[SwapIntent, ...]:
    """What the journal keeps before the swap, so that a later attempt can see whether it happened."""
    return tuple(
        SwapIntent(
            name=side.planned.name,
            side=side.side,
            side_identity=side.identity,
            kept=side.kept,
            live_identity=side.planned.identity,
        )
        for side in sides
    )


def find_swapped(
    server: DataSource, run: str, plan: Plan, intents: Sequence[SwapIntent] | None
) -> list[SideDatabase]:
    """The sides of this run's swap if it happened, as the source itself shows; else none.

    `intents` is what the journal holds of it; None: the stores were away, and the journal knows nothing. Then the data
    that was live, under the name that this run would give it, shows it.
    """
    planned = {data_set.name: data_set for data_set in plan.data}
    sides = [
        SideDatabase(
            planned=planned[intent.name],
            side=intent.side,
            kept=intent.kept,
            identity=intent.side_identity,
            swapped=True,
        )
        for intent in (_guess_intents(server, run, plan) if intents is None else intents)
    ]
    return sides if sides and server.ask([side.pair for side in sides]) == "new" else []


def _guess_intents(server: DataSource, run: str, plan: Plan) -> list[SwapIntent]:
    """What `make_intents` would have noted, if this run swapped: all names were swapped in one transaction, or none."""
    guessed: list[SwapIntent] = []
    for planned in plan.data:
        side, kept = make_names(run, planned.name)
        live, old = server.look(planned.name), server.look(kept)
        if planned.identity is None or live is None or old is None or old.identity != planned.identity:
            return []
        guessed.append(SwapIntent(name=planned.name, side=side, side_identity=live.identity, kept=kept))
    return guessed


def swap_in(
    swap: Swap,
    sides: Sequence[SideDatabase],
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


def swap_back(swap: Swap, sides: Sequence[SideDatabase]) -> None:
    """Give the old data its name back; only for sides that replaced something."""
    with swap.prepare([side.pair.reversed for side in sides], end_sessions=True) as prepared:
        prepared.commit()
    for side in sides:
        side.swapped = False


What = Literal["data lama", "hasil uji", "hasil restore yang dibatalkan"]


def keep_sides(
    place: Workplace, run: str, plan: Plan, sides: Sequence[SideDatabase], *, swapped_back: bool
) -> tuple[str, ...]:
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
        record = Kept(
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
        record_kept(place, record)
        kept.append(name)
    return tuple(kept)
