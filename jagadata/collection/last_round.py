"""What the inventory says of the last round, beside the list of requested data that step 1 proposes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.collection.round import parse_round
from jagadata.errors import JagadataError
from jagadata.text.formats import format_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagadata.collection.ports import InventoryBook, RequestedDataset
    from jagadata.collection.run import RoundRun
    from jagadata.office.collection import DatasetEntry


@dataclass(frozen=True, kw_only=True)
class LastRound:
    """`name` is '' where there was none before. `states`: by code. `gone`: data sets that the office file no longer has."""

    name: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    fault: str = ""  # why nothing is known

    def state(self, code: str) -> str:
        return self.states.get(code, "tidak diminta")


def find_last_round(run: RoundRun) -> LastRound:
    """An inventory that does not answer holds up no proposal: the fault stands in the form."""
    try:
        book: InventoryBook = run.place.inventory(run.policy)
        book.migrate()
        return make_last_round(book.requested(run.round), run.policy.datasets)
    except JagadataError as error:
        return LastRound(fault=error.message)


def make_last_round(found: Sequence[RequestedDataset], datasets: Sequence[DatasetEntry]) -> LastRound:
    if not found:
        return LastRound()
    known = {one.code for one in datasets}
    return LastRound(
        name=parse_round(found[0].round).text,
        states={one.code: _state(one) for one in found},
        gone=tuple(one.name for one in found if one.code not in known),
    )


def _state(one: RequestedDataset) -> str:
    """'Terpublikasi, 14 baris, tahun 2025 dan 2026'; 'Diminta' where nothing came."""
    parts: list[str] = [one.status]
    if one.rows is not None:
        parts.append(f"{format_number(one.rows)} baris")
    if one.years:
        first, last = min(one.years), max(one.years)
        parts.append(f"tahun {first}" if first == last else f"tahun {first} sampai {last}")
    return ", ".join(parts)
