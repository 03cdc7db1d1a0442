"""A table taken out of its sheet: titles, numbering, totals, blank rows and the signature block left out, columns typed. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.conversion import Conversion
from jagadata.collection.tables.decimal_marks import NumberMarks, judge_marks
from jagadata.collection.tables.grid import CHUNK
from jagadata.collection.tables.row_kinds import is_amount, is_lone_year, is_number, is_numbering
from jagadata.collection.tables.sum_gaps import SumGap, WordedSums, find_gaps
from jagadata.collection.tables.totals import SumDoubt, judge_sums
from jagadata.collection.tables.words import FOOTER, TOTAL, TOTAL_LIKE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.cell_doubts import Doubt, DoubtKind
    from jagadata.collection.tables.grid import Cell, Grid, Rows
    from jagadata.collection.tables.headings import Layout
    from jagadata.collection.tables.personal_scan import Sightings


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
    below: array[int] = field(default_factory=lambda: array("l"))  # lines that stand below the table
    below_sure: bool = False  # they begin as signature blocks and notes do, and none is like a row of data
    notes: tuple[
        int, ...
    ] = ()  # lines inside the table that read like signatures and notes, and were left out
    lost: tuple[
        int, ...
    ] = ()  # lines left out, there or below the table, that hold a number or year of a column
    scaled: frozenset[str] = frozenset()  # columns of percent with cells that held fractions, made whole
    marks: NumberMarks = field(default_factory=NumberMarks)
    overlong: tuple[
        int, ...
    ] = ()  # lines of a CSV with more cells than headings, as decimal commas make them
    unit_values: dict[str, int] = field(default_factory=dict)  # of a column 'Satuan'
    spread: tuple[int, ...] = ()  # lines with a number that is merged over several rows or columns
    twins: tuple[str, ...] = ()  # columns whose heading stands above another filled column as well
    last_sum: SumDoubt = ""  # why the last row may be a sum and is none for sure
    gaps: tuple[SumGap, ...] = ()  # of sum rows that were left out
    doubts: dict[str, dict[DoubtKind, Doubt]] = field(
        default_factory=dict
    )  # by column; lines in place of rows


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
            Conversion(next(one for one in layout.dataset.columns if one.name == name), layout.dataset.unit)
            for name in layout.columns
        ]
        self._required = [
            place for place, column in zip(self._places, self._columns, strict=True) if column.entry.required
        ]
        self._only_text = all(
            column.entry.type == "text" for column in self._columns if column.entry.required
        )
        self._years = [
            place
            for place, column in zip(self._places, self._columns, strict=True)
            if column.entry.type == "year"
        ]
        self._texts = [
            place
            for place, column in zip(self._places, self._columns, strict=True)
            if column.entry.type in ("text", "region", "date")
        ]
        counted = {
            place
            for place, column in zip(self._places, self._columns, strict=True)
            if column.entry.type in ("number", "integer")
        }
        below = [merge for merge in grid.merges if merge.top > layout.last and merge.left < grid.width]
        self._down = [
            merge
            for merge in below
            if merge.bottom > merge.top and merge.left in self._places and merge.left not in counted
        ]
        self._over = {
            (merge.top, merge.left)
            for merge in below
            if any(merge.left <= place <= merge.right for place in counted)
        }
        self._spread: list[int] = []  # lines
        self._twins = dict(layout.twins)
        self._filled_twins: set[str] = set()
        self._sums: array[int] = array("l")  # rows that begin as sums do
        self._totals = WordedSums()
        self._regions: array[int] = array("l")  # rows that begin as the name of a regency
        self._lengths = grid.lengths
        self._heads = grid.lengths[layout.last] if grid.lengths else 0
        self._unnamed = [
            place
            for place in range(min(self._places) + 1, grid.width if grid.by_commas else 0)
            if place not in layout.headings
        ]  # where the halves of numbers with a decimal comma come to lie
        self._overlong: dict[int, bool] = {}  # lines, and whether the cells without a heading hold anything
        self._across = {
            merge.top for merge in grid.merges if merge.right - merge.left >= 2 and merge.top == merge.bottom
        }
        self._starts = {text.rpartition(" ")[2] for text in layout.headings.values()} | set(
            layout.headings.values()
        )
        self._fill: dict[tuple[int, int], Cell] = {}
        self._lines: array[int] = array("l")
        self._sparse: array[int] = array("l")  # rows of which little is filled
        self._full: set[int] = set()  # of them: rows with all that is required, which is one text
        self._dated: set[int] = set()  # of the footers: rows with a year in a column of years
        self._footers: set[int] = set()
        self._blank: array[int] = array("l")  # lines
        self._left_out: Counter[str] = Counter()
        self._first: dict[str, int] = {}
        self._units: Counter[str] = Counter()
        self._began = False

    def take(self, rows: Rows, start: int) -> None:
        """`start`: the first row's number in the sheet, from 0."""
        for top, left in self._over:
            if start <= top < start + len(rows) and is_amount(rows[top - start][left]):
                self._spread.append(top + 1)
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
                cell == "" or is_number(cell) for cell in row
            ):  # at most its running number
                self._blank.append(number + 1)
                continue
            reason = self._reason(row, number, filled)
            if reason:
                self._drop(reason, number)
                if reason == "jumlah":
                    self._totals.add(row, number + 1, len(self._lines))
                continue
            self._began = True
            if filled <= half:
                self._weigh(row, filled)
            if self._heads and self._lengths[number] > self._heads:
                self._overlong[number + 1] = any(row[self._heads :])
            elif self._unnamed and any(str(row[place]).isdecimal() for place in self._unnamed):
                self._overlong[number + 1] = True
            self._note_sum(row)
            self._lines.append(number + 1)
            kept.append(row)
        if not kept:
            return
        for place, name in list(self._twins.items()):
            if any(row[place] != "" for row in kept):
                self._filled_twins.add(name)
                del self._twins[place]
        for place, column in zip(places, self._columns, strict=True):
            column.take([row[place] for row in kept])
        if self._layout.unit_column is not None:
            self._units.update(
                str(row[self._layout.unit_column]).strip()
                for row in kept
                if row[self._layout.unit_column] != ""
            )

    def _note_sum(self, row: Sequence[Cell]) -> None:
        """Notes a row that begins as sums do."""
        first: Cell = next((cell for cell in row if cell != ""), "")
        for cell in (first, *(row[place] for place in self._texts[:1])):
            if type(cell) is str and cell[:1] in " JjTtGgSsKkPp" and (match := TOTAL_LIKE.match(cell)):
                (self._sums if match["sum"] else self._regions).append(len(self._lines))
                break

    def _weigh(self, row: Sequence[Cell], filled: int) -> None:
        """Notes what a row of which little is filled looks like: a row with all that is required is data.

        Only a lone text, or two that both begin like signatures, prove nothing where nothing but text is required.
        """
        footers = sum(1 for cell in row if isinstance(cell, str) and cell and FOOTER.match(cell))
        here = len(self._lines)
        if self._required and all(row[place] != "" for place in self._required):
            if not self._only_text or (filled > 1 and footers < 2):
                return
            self._full.add(here)
        self._sparse.append(here)
        if footers:
            self._footers.add(here)
            if any(is_lone_year(row[place]) for place in self._years):
                self._dated.add(here)

    def _reason(self, row: Sequence[Cell], number: int, filled: int) -> str:
        """Why a row is no data; '' where it is."""
        if not self._began and is_numbering(row, {row[place] for place in self._texts}):
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
        notes = {row for row in self._footers - self._full if row < cut}
        marks = judge_marks(self._columns)
        whole = table = pa.table(
            {column.entry.name: column.finish(decimal_point=marks.point) for column in self._columns}
        )
        below = range(cut, len(self._lines))
        lost = self._with_numbers(table, [*sorted(notes), *below])
        below_sure = cut in self._footers and not self._has_likeness(table.slice(cut))
        counts = [column.entry.name for column in self._columns if column.entry.type in ("number", "integer")]
        totals, last_sum = judge_sums(table.slice(0, cut), counts, self._sums, self._regions)
        if totals:
            self._left_out["jumlah"] += len(totals)
            self._first.setdefault("jumlah", self._lines[totals[0]])
        drop = notes | set(totals)
        keep = [row for row in range(cut) if row not in drop] if drop else range(cut)
        table = table.take(pa.array(keep, pa.int64())) if drop else table.slice(0, cut)
        moved = {row: place for place, row in enumerate(keep)} if drop else None
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
            below=self._lines[cut:],
            below_sure=below_sure,
            notes=tuple(self._lines[row] for row in sorted(notes)),
            lost=tuple(self._lines[row] for row in lost),
            scaled=frozenset(column.entry.name for column in self._columns if column.doubts.percents),
            doubts=self._doubts(keep),
            marks=marks,
            overlong=self._split([self._lines[row] for row in keep]) if self._overlong else (),
            unit_values=dict(self._units.most_common(20)),
            spread=tuple(sorted({self._lines[row] for row in keep} & set(self._spread)))
            if self._spread
            else (),
            twins=tuple(name for name in self._layout.columns if name in self._filled_twins),
            last_sum=last_sum,
            gaps=tuple(self._gaps(whole, table, totals, keep, marks)),
        )

    def _gaps(
        self, whole: pa.Table, table: pa.Table, totals: Sequence[int], keep: Sequence[int], marks: NumberMarks
    ) -> list[SumGap]:
        """Where the sum rows that were left out, by their words or their numbers, differ from the rows of the table."""
        counts = {
            place: column
            for place, column in zip(self._places, self._columns, strict=True)
            if column.entry.type in ("number", "integer")
        }
        found = self._totals.read(counts, decimal_point=marks.point)
        found += [(self._lines[row], row, whole.slice(row, 1).to_pylist()[0]) for row in totals]
        return find_gaps(table, [column.entry for column in counts.values()], found, keep)

    def _doubts(self, keep: Sequence[int]) -> dict[str, dict[DoubtKind, Doubt]]:
        """By column, what was noted in rows of the table, with the sheet's lines for the rows."""
        kept = set(keep)
        found: dict[str, dict[DoubtKind, Doubt]] = {}
        for column in self._columns:
            for kind, doubt in column.doubts.found.items():
                if lines := array("l", (self._lines[row] for row in doubt.rows if row in kept)):
                    found.setdefault(column.entry.name, {})[kind] = replace(doubt, rows=lines)
        return found

    def _split(self, lines: Sequence[int]) -> tuple[int, ...]:
        """Those of the table's lines that are too long; none where an application closes each with one more delimiter."""
        found = tuple(line for line in lines if line in self._overlong)
        return found if len(found) < len(lines) or any(self._overlong[line] for line in found) else ()

    def _tail(self) -> int:
        """The row at which what stands below the table begins; the number of rows where nothing does.

        It is a run of sparse rows up to the end, from the first that begins like a signature block or follows a gap;
        one with all that is required, from the first that does both.
        """
        end = len(self._lines)
        first = end
        for row in reversed(self._sparse):
            if row != first - 1:
                break
            first = row
        for row in range(first, end):
            signs = (row in self._footers) + bool(row and self._lines[row] - self._lines[row - 1] > 1)
            if signs > (row in self._full):
                return row
        return end

    def _with_numbers(self, table: pa.Table, rows: Sequence[int]) -> list[int]:
        """Those of the rows that hold a number where one was asked for; the NIP of who signs is none."""
        part = table.take(pa.array(rows, pa.int64()))
        found = {row for row in rows if row in self._dated}
        for column in self._columns:
            if column.entry.type in ("number", "integer"):
                small = pc.less(pc.abs(part[column.entry.name]), 1e15)
                found.update(rows[number] for number in pc.indices_nonzero(small).to_pylist())
        return sorted(found)

    def _has_likeness(self, table: pa.Table) -> bool:
        """Whether some of the rows could be data: more than half of what is required was read in it."""
        columns = [table[column.entry.name] for column in self._columns if column.entry.required]
        filled = [pc.is_valid(column).cast(pa.int64()) for column in columns]
        return bool(filled and table.num_rows) and 2 * pc.max(reduce(pc.add, filled)).as_py() > len(filled)
