"""Sum rows that were left out and do not say what the rows above them come to: a number of theirs, or of a row, is wrong. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.columns import is_share
from jagadata.collection.tables.conversion import Conversion
from jagadata.collection.tables.sum_labels import MOST
from jagadata.collection.tables.totals import FEWEST
from jagadata.collection.tables.words import AVERAGE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jagadata.collection.tables.grid import Cell
    from jagadata.office.collection import ColumnEntry

_ROUNDED = 1e-3
"""What rounding may come to in a column of decimals, as a share of the sum."""


SumRow = tuple[int, int, "Mapping[str, Any]"]
"""One that was left out: its line, the row (from 0) before which it stood, its values by column."""


@dataclass
class WordedSums:
    """Rows that are sums by their words, which never became rows of the table."""

    _rows: list[tuple[int, int, Sequence[Cell]]] = field(default_factory=list)

    def add(self, row: Sequence[Cell], line: int, before: int) -> None:
        if len(self._rows) < MOST and not AVERAGE.search(" ".join(map(str, row))):
            self._rows.append((line, before, row))

    def read(self, columns: Mapping[int, Conversion], *, decimal_point: bool) -> list[SumRow]:
        """`columns` of numbers by their position in the sheet; written as the column is."""
        values: list[dict[str, Any]] = [{} for _ in self._rows]
        for position, column in columns.items():
            own, other = column.evidence, Conversion(column.entry)
            other.take([cells[position] for _, _, cells in self._rows])
            read = other.finish(decimal_point=own["."] > own[","] if own else decimal_point)
            for known, value in zip(values, read.to_pylist(), strict=True):
                known[column.entry.name] = value
        return [(line, row, known) for (line, row, _), known in zip(self._rows, values, strict=True)]


@dataclass(frozen=True, kw_only=True)
class SumGap:
    """`written` in the sum row; `added`: what the rows above come to."""

    line: int
    column: str
    written: float
    added: float


def find_gaps(
    table: pa.Table,
    columns: Sequence[ColumnEntry],
    sums: Sequence[SumRow],
    kept: Sequence[int],
    regions: Collection[int] = (),
) -> list[SumGap]:
    """Where a sum row differs from the rows above: all of them, or those since the last sum, whichever its other columns are the sum of.

    One that stands on top is held against all rows. A row that agrees in nothing may sum up other rows, unless it is the only one
    and stands above or below all. Shares are no sums, and a column where something is missing is sent back for that.
    `kept`: which rows, as the sums count them, are those of `table`; `regions`: lines with a region's numbers, which may be averages.
    """
    counted = [
        one
        for one in columns
        if sums and not is_share(one) and not (one.required and table[one.name].null_count)
    ]
    running = {
        one.name: pc.cumulative_sum(pc.fill_null(table[one.name].cast(pa.float64()), 0.0)) for one in counted
    }
    found: list[SumGap] = []
    last = 0
    for line, row, values in sorted(sums, key=lambda one: one[0]):
        above, start = bisect_left(kept, row), last
        above, last = (above, above) if above else (table.num_rows, last)
        if above < FEWEST:
            continue
        whole = {
            name: total[above - 1].as_py() for name, total in running.items() if values[name] is not None
        }
        part = (
            {name: value - running[name][start - 1].as_py() for name, value in whole.items()}
            if start
            else whole
        )
        bases = [whole, part] if above - start >= FEWEST else [whole]
        right = [
            {one.name for one in counted if one.name in base and _is_same(one, values[one.name], base[one.name])}
            for base in bases
        ]  # fmt: skip
        best = max(range(len(bases)), key=lambda number: len(right[number]))
        if right[best] or (len(sums) == 1 and above == table.num_rows):
            found += [
                SumGap(line=line, column=name, written=values[name], added=added)
                for name, added in bases[best].items()
                if not any(name in names for names in right)
                and not (line in regions and _is_between(table[name], values[name]))
            ]
    return found


def _is_same(column: ColumnEntry, written: float, added: float) -> bool:
    share = _ROUNDED if column.type == "number" else 1e-9
    return math.isclose(written, added, rel_tol=share, abs_tol=1e-6)


def _is_between(column: pa.ChunkedArray, written: float) -> bool:
    """As an average is."""
    ends = pc.min_max(column).as_py()
    return ends["min"] is not None and bool(ends["min"] <= written <= ends["max"])
