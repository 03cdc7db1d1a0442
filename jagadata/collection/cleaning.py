"""A table taken out of its sheet: titles, numbering, totals, blank rows and the signature block left out, columns typed. Pure."""

from __future__ import annotations

import re
from array import array
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa

from jagadata.collection.conversion import Conversion
from jagadata.collection.grid import CHUNK
from jagadata.collection.words import FOOTER, TOTAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.grid import Cell, Grid, Rows
    from jagadata.collection.headings import Layout
    from jagadata.collection.sightings import Sightings


@dataclass(frozen=True, kw_only=True)
class Part:
    """One sheet's table. `lines` are the sheet's own row numbers (from 1), one for each row of `table`."""

    sheet: str
    layout: Layout
    table: pa.Table  # the columns that the sheet has, named as in the office file
    lines: array[int]
    bad: dict[str, dict[int, Cell]]  # what could not be read, by column and row of `table` (from 0)
    overflow: int = 0  # more of it
    left_out: dict[str, int] = field(
        default_factory=dict
    )  # 'kosong', 'jumlah', 'judul', 'penomoran', 'kelompok'
    first_left_out: dict[str, int] = field(default_factory=dict)  # line
    tail: int = 0  # the line at which the signature block begins; 0: none
    tail_sure: bool = False  # it begins as signature blocks and notes do
    notes: tuple[
        int, ...
    ] = ()  # lines inside the table that read like signatures and notes, and were left out
    lost: tuple[int, ...] = ()  # lines left out, there or below the table, that hold a number of a column
    unsure: dict[str, int] = field(
        default_factory=dict
    )  # numbers such as '1.234' where nothing tells what they are
    mixed: tuple[str, ...] = ()  # columns with both decimal marks
    unit_values: dict[str, int] = field(default_factory=dict)  # of a column 'Satuan'


def read_part(grid: Grid, layout: Layout, seen: Sightings) -> Part:
    """Every row below the headings, read and judged; `seen` sees the whole sheet."""
    reading = _Reading(grid, layout)
    line = 0
    for rows in grid.chunks(CHUNK):
        seen.take(rows)
        skip = max(0, layout.last + 1 - line)
        if skip < len(rows):
            reading.take(rows[skip:], line + skip)
        line += len(rows)
    return reading.finish()


class _Reading:
    def __init__(self, grid: Grid, layout: Layout) -> None:
        self._sheet, self._layout = grid.sheet, layout
        self._places = list(layout.columns.values())
        self._columns = [
            Conversion(next(one for one in layout.dataset.columns if one.name == name))
            for name in layout.columns
        ]
        self._required = [
            place for place, column in zip(self._places, self._columns, strict=True) if column.entry.required
        ]
        self._texts = [
            place
            for place, column in zip(self._places, self._columns, strict=True)
            if column.entry.type in ("text", "region", "date")
        ]
        self._down = [
            merge
            for merge in grid.merges
            if merge.bottom > merge.top > layout.last and merge.left in self._places
        ]
        self._across = {
            merge.top for merge in grid.merges if merge.right - merge.left >= 2 and merge.top == merge.bottom
        }
        self._starts = {text.rpartition(" ")[2] for text in layout.headings.values()} | set(
            layout.headings.values()
        )
        self._fill: dict[tuple[int, int], Cell] = {}
        self._lines: array[int] = array("l")
        self._sparse: array[int] = array(
            "l"
        )  # rows with at most half of their columns filled, and not all required ones
        self._footers: set[int] = set()
        self._blank: array[int] = array("l")  # lines
        self._left_out: Counter[str] = Counter()
        self._first: dict[str, int] = {}
        self._units: Counter[str] = Counter()
        self._began = False

    def take(self, rows: Rows, start: int) -> None:
        """`start`: the first row's number in the sheet, from 0."""
        if self._down:
            self._fill_down(rows, start)
        places, half = self._places, len(self._places) / 2
        kept: Rows = []
        for number, row in enumerate(rows, start):
            filled = 0
            for place in places:
                if row[place] != "":
                    filled += 1
            if not filled and all(
                cell == "" or _is_number(cell) for cell in row
            ):  # at most its running number
                self._blank.append(number + 1)
                continue
            reason = self._reason(row, number, filled)
            if reason:
                self._drop(reason, number)
                continue
            self._began = True
            if filled <= half and not (self._required and all(row[place] != "" for place in self._required)):
                here = len(self._lines)
                self._sparse.append(here)
                if any(isinstance(cell, str) and cell and FOOTER.match(cell) for cell in row):
                    self._footers.add(here)
            self._lines.append(number + 1)
            kept.append(row)
        if not kept:
            return
        for place, column in zip(places, self._columns, strict=True):
            column.take([row[place] for row in kept])
        if self._layout.unit_column is not None:
            self._units.update(
                str(row[self._layout.unit_column]).strip()
                for row in kept
                if row[self._layout.unit_column] != ""
            )

    def _reason(self, row: Sequence[Cell], number: int, filled: int) -> str:
        """Why a row is no data; '' where it is."""
        if not self._began and _is_numbering(row, {row[place] for place in self._texts}):
            return "penomoran"
        first: Cell = ""
        for first in row:
            if first != "":
                break
        if type(first) is str and first[:1] in "JjTtGgSsRr" and TOTAL.fullmatch(first.strip()):
            return "jumlah"
        for place in self._texts[:1]:
            cell = row[place]
            if type(cell) is str and cell[:1] in "JjTtGgSsRr" and TOTAL.fullmatch(cell.strip()):
                return "jumlah"
        if first in self._starts and filled > 1:
            headings = self._layout.headings
            texts = [" ".join(str(row[place]).split()) for place in self._places[:3]]
            if all(
                text and headings[place].endswith(text)
                for place, text in zip(self._places, texts, strict=False)
            ):
                return "judul"
        if filled == 1 and number in self._across and type(first) is str and not FOOTER.match(first):
            return "kelompok"
        return ""

    def _drop(self, reason: str, number: int) -> None:
        self._left_out[reason] += 1
        self._first.setdefault(reason, number + 1)

    def _fill_down(self, rows: Rows, start: int) -> None:
        for merge in self._down:
            if merge.bottom < start or merge.top >= start + len(rows):
                continue
            if merge.top >= start:
                self._fill[merge.top, merge.left] = rows[merge.top - start][merge.left]
            value = self._fill[merge.top, merge.left]
            for number in range(max(merge.top, start), min(merge.bottom + 1, start + len(rows))):
                if rows[number - start][merge.left] == "":
                    rows[number - start][merge.left] = value

    def finish(self) -> Part:
        cut = self._tail()
        drop = {row for row in self._footers if row < cut}
        evidence: Counter[str] = Counter()
        for column in self._columns:
            evidence += column.evidence
        point = evidence["."] > 0 and not evidence[","]
        table = pa.table({column.entry.name: column.finish(decimal_point=point) for column in self._columns})
        tail = self._lines[cut] if cut < len(self._lines) else 0
        lost = _with_numbers(
            table,
            [column.entry.name for column in self._columns if column.entry.type in ("number", "integer")],
            [*sorted(drop), *range(cut, len(self._lines))],
        )
        keep = [row for row in range(cut) if row not in drop] if drop else range(cut)
        table = table.take(pa.array(keep, pa.int64())) if drop else table.slice(0, cut)
        moved = {row: place for place, row in enumerate(keep)} if drop else None
        numbers = [column for column in self._columns if column.entry.type == "number"]
        if len(keep) and (blank := self._blank[bisect(self._blank, self._lines[0]) :]):
            inside = bisect(blank, self._lines[keep[-1]])
            self._left_out["kosong"] = inside
            self._first["kosong"] = blank[0]
        return Part(
            sheet=self._sheet,
            layout=self._layout,
            table=table,
            lines=array("l", (self._lines[row] for row in keep)),
            bad={
                column.entry.name: {
                    (moved[row] if moved is not None else row): cell
                    for row, cell in column.bad.items()
                    if row < cut and row not in drop
                }
                for column in self._columns
                if column.bad
            },
            overflow=sum(column.overflow for column in self._columns),
            left_out={reason: count for reason, count in self._left_out.items() if count},
            first_left_out=self._first,
            tail=tail,
            tail_sure=cut in self._footers,
            notes=tuple(self._lines[row] for row in sorted(drop)),
            lost=tuple(self._lines[row] for row in lost),
            unsure={
                column.entry.name: column.unsure
                for column in numbers
                if column.unsure and not column.evidence and evidence["."]
            },
            mixed=tuple(
                column.entry.name for column in numbers if column.evidence["."] and column.evidence[","]
            ),
            unit_values=dict(self._units.most_common(20)),
        )

    def _tail(self) -> int:
        """The row at which what stands below the table begins; the number of rows where nothing does.

        It is a run of sparse rows up to the end, from the first that begins like a signature block or follows a gap.
        """
        end = len(self._lines)
        first = end
        for row in reversed(self._sparse):
            if row != first - 1:
                break
            first = row
        for row in range(first, end):
            if row in self._footers or (row and self._lines[row] - self._lines[row - 1] > 1):
                return row
        return end


def _with_numbers(table: pa.Table, numbers: Sequence[str], rows: Sequence[int]) -> list[int]:
    """Those of the rows that hold a number where one was asked for (a year is no sign of data)."""
    found = table.select(numbers).take(pa.array(rows, pa.int64())).to_pylist() if rows else []
    return [
        row
        for row, values in zip(rows, found, strict=True)
        if any(one is not None for one in values.values())
    ]


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, float | int) or (isinstance(cell, str) and cell.strip(" .").isdecimal())


def _is_numbering(row: Sequence[Cell], texts: set[Cell]) -> bool:
    """A row '(1) (2) (3)' or '1 2 3' or 'a b c' under the headings; `texts`: its cells in columns that hold no numbers."""
    filled = [
        " ".join(str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).split())
        for cell in row
        if cell != ""
    ]
    if len(filled) < 2:
        return False
    bare = [
        re.sub(r"\s*[=(].*$", "", text) if not text.startswith("(") else text.strip("() ") for text in filled
    ]
    numbers = [int(text) for text in bare if text.isdecimal() and len(text) <= 3]
    if len(numbers) == len(filled):
        rising = all(one < other for one, other in pairwise(numbers))
        close = numbers[0] <= 1 and numbers[-1] <= len(numbers) + 3
        return rising and close and (bool(texts - {""}) or filled[0].startswith("("))
    return len(filled) > 2 and all(
        len(text) == 1 and text.lower() == chr(97 + number) for number, text in enumerate(bare)
    )
