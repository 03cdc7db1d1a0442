"""What a real restore of a backup showed, as values: what could not be made again, and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Weight = Literal["note", "loss", "never"]
"""`note`: the data is whole, an owner has to mend something. `loss`: to be swapped in only if it was named before the approval.

`never`: left out it would open the data to others, or shut its owner out; never swapped in.
"""
BackupState = Literal["terbukti", "terbukti dengan catatan", "terbaca", "gagal diuji"]
WORST_FIRST: tuple[BackupState, ...] = ("gagal diuji", "terbaca", "terbukti dengan catatan", "terbukti")


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """One thing that a restore did not make as it was. `what` names it and says how; `sql` is what its owner may run."""

    weight: Weight
    what: str
    sql: str = ""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came out of one restore: what is missing, and what is there.

    `digests`: by table, of every row's text, whatever their order. `sequences`: last value and whether it was given out.
    """

    shortfalls: Sequence[Shortfall]
    counts: Mapping[str, int]
    digests: Mapping[str, str]
    sequences: Mapping[str, tuple[int, bool]]
    seconds: float = 0


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What step 2 found in the very same archive, to be found again after the real restore. Empty: it was not tested."""

    digests: Mapping[str, str]
    sequences: Mapping[str, tuple[int, bool]]


def judge(shortfalls: Sequence[Shortfall]) -> BackupState:
    """What a restore that went through says about its backup."""
    weights = {one.weight for one in shortfalls}
    if weights & {"loss", "never"}:
        return "gagal diuji"
    return "terbukti dengan catatan" if weights else "terbukti"
