"""A table taken out of its sheet: titles, numbering, totals, blank rows and the signature block left out, columns typed. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from jagadata.collection.tables.conversion import Conversion
from jagadata.collection.tables.decimal_marks import judge_marks
from jagadata.collection.tables.grid import CHUNK
from jagadata.collection.tables.levels import find_levels
from jagadata.collection.tables.merged_cells import MergedCells
from jagadata.collection.tables.numbering import is_numbering, is_numbering_among
from jagadata.collection.tables.part import Part
from jagadata.collection.tables.row_kinds import is_amount, is_number
from jagadata.collection.tables.spellings import without_numbering
from jagadata.collection.tables.stacked import Interruptions, Parting, groups_of, name_of_groups
from jagadata.collection.tables.sum_gaps import WordedSums, find_gaps
from jagadata.collection.tables.sum_rows import find_sums
from jagadata.collection.tables.tail import Tail, has_likeness, with_numbers
from jagadata.collection.tables.words import FOOTER, TOTAL, words_of
from jagadata.collection.tables.zeros import fill_zeros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.cell_doubts import Doubt, DoubtKind
    from jagadata.collection.tables.decimal_marks import NumberMarks
    from jagadata.collection.tables.grid import Cell, Grid, Rows
    from jagadata.collection.tables.headings import Layout
    from jagadata.collection.tables.personal_scan import Sightings
    from jagadata.collection.tables.regions import Region
    from jagadata.collection.tables.sum_gaps import SumGap
    from jagadata.collection.tables.totals import Sums


def read_part(grid: Grid, layout: Layout, seen: Sightings, region: Region) -> Part:
    """Every row below the headings, read and judged; `seen` sees the whole sheet."""
    reading = _Reading(grid, layout, region)
    line = 0
    for rows in grid.chunks(CHUNK):
        seen.take(rows)
        skip = max(0, layout.last + 1 - line)
        if skip < len(rows):
            reading.take(rows[skip:], line + skip)
        line += len(rows)
    return reading.finish()


class _Reading:
    def __init__(self, grid: Grid, layout: Layout, region: Region) -> None:
        self._sheet, self._layout, self._region = grid.sheet, layout, region
        self._positions = list(layout.columns.values())
        self._columns = [
            Conversion(next(one for one in layout.dataset.columns if one.name == name), layout.dataset.unit)
            for name in layout.columns
        ]
        self._texts = self._of_type("text", "region", "date")
        counted = self._of_type("number", "integer")
        required = [
            position
            for position, column in zip(self._positions, self._columns, strict=True)
            if column.entry.required
        ]
        self._counted = counted[0] if counted else None
        self._tail = Tail(
            required=required,
            only_text=all(column.entry.type == "text" for column in self._columns if column.entry.required),
            years=self._of_type("year"),
            counted=counted,
        )
        below = [merge for merge in grid.merges if merge.top > layout.last and merge.left < grid.width]
        self._merged = MergedCells(below, self._positions, counted)
        self._twins = dict(layout.twins)
        self._filled_twins: set[str] = set()
        self._totals = WordedSums()
        self._before: dict[int, str] = {}  # rows whose label stands left of all texts that were asked for
        number = next(
            (position for position, text in layout.headings.items() if words_of(text)[:1] == ("nomor",)), None
        )
        self._number = None if number in self._positions else number
        self._unnumbered: array[int] = array("l")
        self._interruptions = Interruptions()
        self._numbering: list[int] = []  # rows '1 2 3' right below a heading, which may be data
        self._lengths = grid.lengths
        self._heads = grid.lengths[layout.last] if grid.lengths else 0
        self._unnamed = [
            position
            for position in range(min(self._positions) + 1, grid.width if grid.by_commas else 0)
            if position not in layout.headings
        ]  # where the halves of numbers with a decimal comma come to lie
        self._overlong: dict[int, bool] = {}  # lines, and whether the cells without a heading hold anything
        self._starts = (
            {text.rpartition(" ")[2] for text in layout.headings.values()}
            | set(layout.headings.values())
            | {word for text in layout.headings.values() for word in text.split(" ")[:1]}
        )
        self._lines: array[int] = array("l")
        self._blank: array[int] = array("l")  # lines
        self._left_out: Counter[str] = Counter()
        self._first: dict[str, int] = {}
        self._units: Counter[str] = Counter()
        self._began = False
        self._start = ""  # the first cell of the first row

    def _of_type(self, *types: str) -> list[int]:
        return [
            position
            for position, column in zip(self._positions, self._columns, strict=True)
            if column.entry.type in types
        ]

    def take(self, rows: Rows, start: int) -> None:
        """`start`: the first row's number in the sheet, from 0."""
        self._merged.take(rows, start)
        positions, half, counted = self._positions, len(self._positions) / 2, self._counted
        label = self._texts[0] if self._texts else None
        kept: Rows = []
        for number, row in enumerate(rows, start):
            filled = 0
            for position in positions:
                if row[position] != "":
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
            if not self._lines and not kept:
                self._start = str(next(cell for cell in row if cell != ""))
            if filled <= half:
                self._tail.weigh(row, len(self._lines), filled=filled, half=half)
                self._note_lone(row)
            elif counted is not None and (
                (type(row[counted]) is str and not str(row[counted])[:1].isdecimal())
                or (label is not None and type(row[label]) is str and ":" in str(row[label]))
            ):
                self._tail.weigh(row, len(self._lines), filled=filled, half=half)
            if self._heads and self._lengths[number] > self._heads:
                self._overlong[number + 1] = any(row[self._heads :])
            elif self._unnamed and any(str(row[position]).isdecimal() for position in self._unnamed):
                self._overlong[number + 1] = True
            if label and row[label] == "":
                self._note_before(row[:label])
            if self._number is not None and row[self._number] == "":
                self._unnumbered.append(len(self._lines))
            self._lines.append(number + 1)
            kept.append(row)
        if not kept:
            return
        for position, name in list(self._twins.items()):
            if any(row[position] != "" for row in kept):
                self._filled_twins.add(name)
                del self._twins[position]
        for position, column in zip(positions, self._columns, strict=True):
            column.take([row[position] for row in kept])
        if self._layout.unit_column is not None:
            self._units.update(
                str(row[self._layout.unit_column]).strip()
                for row in kept
                if row[self._layout.unit_column] != ""
            )

    def _note_before(self, cells: Sequence[Cell]) -> None:
        """A label that is merged over the columns left of the texts."""
        for cell in cells:
            if type(cell) is str and cell and not is_number(cell):
                self._before[len(self._lines)] = cell

    def _note_lone(self, row: Sequence[Cell]) -> None:
        texts = [cell for cell in row if cell != ""]
        if len(texts) == 1 and type(texts[0]) is str and not is_amount(texts[0]):
            self._interruptions.note_lone(len(self._lines), texts[0])

    def _reason(self, row: Sequence[Cell], number: int, filled: int) -> str:
        """Why a row is no data; '' where it is."""
        if not self._began:
            if is_numbering(row):
                return "penomoran"
            if is_numbering(row, plain=True):
                self._numbering.append(len(self._lines))
        first: Cell = ""
        for first in row:
            if first != "":
                break
        if type(first) is str and first[:1] in "JjTtGgSsRr" and TOTAL.fullmatch(first.strip()):
            return "jumlah"
        for position in self._texts[:1]:
            cell = row[position]
            if type(cell) is str and cell[:1] in "JjTtGgSsRr" and TOTAL.fullmatch(cell.strip()):
                return "jumlah"
        if first in self._starts and filled > 1 and self._is_heading(row):
            self._interruptions.heads.append((number + 1, len(self._lines)))
            self._began = False  # its numbering may follow
            return "judul"
        if (
            filled <= 1
            and number in self._merged.across
            and type(first) is str
            and not FOOTER.match(first)
            and not is_amount(first)
        ):
            self._interruptions.banners.append((number + 1, len(self._lines), " ".join(first.split())))
            return "kelompok"
        return ""

    def _is_heading(self, row: Sequence[Cell]) -> bool:
        headings = self._layout.headings
        texts = [
            (headings[position], " ".join(str(row[position]).split())) for position in self._positions[:3]
        ]
        return all(
            text and (heading.endswith(text) or heading.startswith(f"{text} ")) for heading, text in texts
        )

    def _drop(self, reason: str, number: int) -> None:
        self._left_out[reason] += 1
        self._first.setdefault(reason, number + 1)

    def finish(self) -> Part:
        entries = [column.entry for column in self._columns]
        cut = self._tail.begins(self._lines, self._start)
        notes = self._tail.notes(cut)
        marks = judge_marks(self._columns)
        whole = pa.table(
            {column.entry.name: column.finish(decimal_point=marks.point) for column in self._columns}
        )
        below = range(cut, len(self._lines))
        lost = with_numbers(whole, entries, [*sorted(notes), *below], self._tail.dated)
        below_sure = cut in self._tail.footers | self._tail.footnotes and not has_likeness(
            whole.slice(cut), entries
        )
        parting = self._parting(whole, cut)
        above = whole.slice(0, cut)
        numbering = {row for row in self._numbering if row < cut and is_numbering_among(above, entries, row)}
        self._left_out["penomoran"] += len(numbering)
        rows = _without(range(cut), notes | parting.drop | numbering)
        sums = self._sums(_take(whole, rows), rows)
        keep = _without(rows, set(sums.left_out))
        if sums.left_out:
            self._left_out["jumlah"] += len(sums.left_out)
            self._first.setdefault("jumlah", self._lines[sums.left_out[0]])
        table, zeros, gaps = self._with_zeros(whole, _take(whole, keep), sums, keep, marks)
        for column in self._columns[: len(entries)]:
            if column.entry.type == "text":
                position = table.column_names.index(column.entry.name)
                table = table.set_column(
                    position, column.entry.name, without_numbering(table[column.entry.name])
                )
        missing = [one.name for one in self._layout.missing if one.type == "text"]
        if named := name_of_groups(parting, missing) if parting.groups else "":
            groups = groups_of(parting, [self._lines[row] for row in keep])
            column = Conversion(next(one for one in self._layout.dataset.columns if one.name == named))
            column.take(groups)
            table = table.append_column(named, column.finish(decimal_point=False))
        levels = find_levels(table, entries, self._headings()) if not parting.tables else None
        moved = {row: position for position, row in enumerate(keep)} if len(keep) < len(self._lines) else None
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
                    if moved is None or row in moved
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
            cell_doubts=self._cell_doubts(keep),
            marks=marks,
            overlong=self._split([self._lines[row] for row in keep]) if self._overlong else (),
            unit_values=dict(self._units.most_common(20)),
            spread=tuple(sorted({self._lines[row] for row in keep} & set(self._merged.spread)))
            if self._merged.spread
            else (),
            twins=tuple(name for name in self._layout.columns if name in self._filled_twins),
            regions=tuple((self._lines[row], text) for row, text in sums.regions.items()),
            unlabelled=tuple(self._lines[row] for row in sums.unlabelled),
            doubts=tuple((self._lines[row], doubt) for row, doubt in sums.doubts.items()),
            parting=parting,
            named=named,
            parents=tuple(self._lines[keep[row]] for row in levels.parents) if levels else (),
            parent=levels.label if levels else "",
            zeros=zeros,
            gaps=tuple(gaps),
        )

    def _headings(self) -> dict[str, str]:
        return {name: self._layout.headings[position] for name, position in self._layout.columns.items()}

    def _parting(self, whole: pa.Table, cut: int) -> Parting:
        seen = self._interruptions
        if not (seen.heads or seen.banners or seen.lone):
            return Parting()
        name = next(
            (column.entry.name for column in self._columns if column.entry.type in ("text", "region")), None
        )
        labels = whole[name].slice(0, cut).to_pylist() if name else [None] * cut
        known = {
            word
            for text in (self._layout.title, self._layout.dataset.name, *self._layout.headings.values())
            for word in words_of(text)
        }
        return seen.judge(self._lines[:cut], labels, known, self._region)

    def _sums(self, table: pa.Table, rows: Sequence[int]) -> Sums:
        """What is a sum among the rows; they are numbered as in the sheet's table."""
        place_of = (
            {row: position for position, row in enumerate(rows)} if self._before or self._unnumbered else {}
        )
        found = find_sums(
            table,
            [column.entry for column in self._columns],
            self._region,
            self._headings(),
            before={place_of[row]: text for row, text in self._before.items() if row in place_of},
            unnumbered={place_of[row] for row in self._unnumbered if row in place_of},
        )
        return found.at(rows)

    def _with_zeros(
        self, whole: pa.Table, table: pa.Table, sums: Sums, keep: Sequence[int], marks: NumberMarks
    ) -> tuple[pa.Table, dict[str, int], list[SumGap]]:
        """Dashes in required columns of numbers are nought, unless a sum says otherwise; and where sums differ."""
        filled, zeros = fill_zeros(table, self._columns, keep)
        gaps = self._gaps(whole, filled, sums, keep, marks)
        if wrong := {gap.column for gap in gaps} & set(zeros):
            for name in wrong:
                filled = filled.set_column(filled.column_names.index(name), name, table[name])
                del zeros[name]
            gaps = self._gaps(whole, filled, sums, keep, marks)
        return filled, zeros, gaps

    def _gaps(
        self, whole: pa.Table, table: pa.Table, sums: Sums, keep: Sequence[int], marks: NumberMarks
    ) -> list[SumGap]:
        """Where the sum rows that were left out, by their words or their numbers, differ from the rows of the table."""
        counts = {
            position: column
            for position, column in zip(self._positions, self._columns, strict=True)
            if column.entry.type in ("number", "integer")
        }
        found = self._totals.read(counts, decimal_point=marks.point)
        parents = {row for row, text in sums.regions.items() if self._region.kind_of(text) == "parent"}
        found += [
            (self._lines[row], row, whole.slice(row, 1).to_pylist()[0])
            for row in sums.left_out
            if row not in sums.averages and row not in parents
        ]
        regions = {self._lines[row] for row in sums.regions}
        return find_gaps(table, [column.entry for column in counts.values()], found, keep, regions)

    def _cell_doubts(self, keep: Sequence[int]) -> dict[str, dict[DoubtKind, Doubt]]:
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


def _without(rows: Sequence[int], drop: set[int]) -> Sequence[int]:
    return [row for row in rows if row not in drop] if drop else rows


def _take(table: pa.Table, rows: Sequence[int]) -> pa.Table:
    return table.slice(0, len(rows)) if isinstance(rows, range) else table.take(pa.array(rows, pa.int64()))
