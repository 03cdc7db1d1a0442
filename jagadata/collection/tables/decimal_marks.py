"""What the columns of a table tell together of their decimal mark, and which numbers nothing explains. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.collection.tables.words import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.conversion import Conversion


@dataclass(frozen=True, kw_only=True)
class NumberMarks:
    """Counts of numbers such as '1.234' by column. `point`: in the table as a whole '.' is the decimal mark."""

    point: bool = False
    unsure: dict[str, int] = field(
        default_factory=dict
    )  # read with '.' as decimal mark, as other columns are
    thousands: dict[str, int] = field(
        default_factory=dict
    )  # read as thousands though no column shows the mark; rupiah have no three decimals
    ambiguous: dict[str, int] = field(default_factory=dict)  # it matters and nothing can tell
    mixed: tuple[str, ...] = ()  # columns with both decimal marks


def judge_marks(columns: Sequence[Conversion]) -> NumberMarks:
    """After every cell was taken."""
    evidence: Counter[str] = Counter()
    for column in columns:
        evidence += column.evidence
    point = evidence["."] > 0 and not evidence[","]
    numbers = [column for column in columns if column.entry.type == "number"]
    return NumberMarks(
        point=point,
        unsure={one.entry.name: one.unsure for one in numbers if one.unsure and not one.evidence and point},
        thousands={
            one.entry.name: one.unsure
            for one in numbers
            if one.unsure
            and not evidence
            and not one.unsure_commas
            and unit_of(one.entry.unit or "") != "rupiah"
        },
        ambiguous={one.entry.name: one.unsure for one in numbers if _is_ambiguous(one, evidence)},
        mixed=tuple(one.entry.name for one in numbers if one.evidence["."] and one.evidence[","]),
    )


def _is_ambiguous(column: Conversion, evidence: Counter[str]) -> bool:
    """Whether nothing tells what its numbers such as '1.234' are: both marks stand there, or none, and a comma is in them."""
    own = column.evidence
    if not column.unsure or (own and not (own["."] and own[","])):
        return False
    if own or (evidence["."] and evidence[","]):
        return True
    return bool(column.unsure_commas) and not (evidence["."] or evidence[","])
