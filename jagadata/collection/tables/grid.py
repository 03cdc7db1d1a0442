"""A sheet as it was read, before anyone has understood it: cells in rows, whatever the file's format. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Cell = str | int | float | bool | date | datetime | time | timedelta
"""'' is an empty one."""

Rows = list[list[Cell]]

HEAD = 60
"""Rows at the top in which headings are looked for."""

CHUNK = 10_000
"""Rows that are held as Python values at one time."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Merged cells, counted from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One sheet. `chunks(size)` gives the rows from the top, so many at a time, all as wide as `width`; it may be called again."""

    sheet: str  # '' for a CSV
    width: int
    chunks: Callable[[int], Iterator[Rows]] = field(repr=False)
    merges: tuple[Merge, ...] = ()
    knows_merges: bool = False
    hidden: bool = False
    lengths: Sequence[int] = field(
        default=(), repr=False
    )  # cells of each line of a CSV, before it was filled up
    by_commas: bool = False  # a CSV whose cells commas part, as decimal commas then do too

    def head(self) -> Rows:
        """The rows at the top in which headings are looked for."""
        return next(self.chunks(HEAD), [])


def column_letter(index: int) -> str:
    """'A' for 0, 'AB' for 27."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
