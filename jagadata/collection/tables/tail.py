"""Signature blocks, sources and notes: what stands below a table, or in the midst of it. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.numerals import is_empty
from jagadata.collection.tables.row_kinds import is_amount, is_lone_year
from jagadata.collection.tables.words import FOOTER, FOOTNOTE, NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.grid import Cell
    from jagadata.office.collection import ColumnEntry


@dataclass(kw_only=True)
class Tail:
    """`required`, `years`, `counted`: positions in the sheet of the columns that must be filled, of years, and of numbers."""

    required: Sequence[int]
    only_text: bool  # nothing but text is required
    years: Sequence[int]
    counted: Sequence[int]
    sparse: array[int] = field(default_factory=lambda: array("l"))  # rows of which little is filled
    full: set[int] = field(default_factory=set)  # of them: rows with all that is required, which is one text
    dated: set[int] = field(default_factory=set)  # of the footers: rows with a year in a column of years
    footers: set[int] = field(default_factory=set)
    footnotes: set[int] = field(default_factory=set)  # of the sparse ones: rows that begin with a sign
    wordy: set[int] = field(default_factory=set)  # of the sparse ones: filled with words where numbers belong

    def weigh(self, row: Sequence[Cell], here: int, *, filled: int, half: float) -> None:
        """Notes what a row looks like: one with all that is required is data.

        Only a lone text, or two that both begin like signatures, prove nothing where nothing but text is required.
        """
        if filled > half:
            self._weigh_filled(row, here)
            return
        footers = _count_footers(row)
        if self.required and all(row[position] != "" for position in self.required):
            if not self.only_text or (filled > 1 and footers < 2):
                self._weigh_filled(row, here)
                return
            self.full.add(here)
        self.sparse.append(here)
        self._note_sign(row, here)
        if footers:
            self._note(row, here)

    def _weigh_filled(self, row: Sequence[Cell], here: int) -> None:
        """A note may be written over all columns: 'Sumber:' beside 'Dinas Pertanian'."""
        words = missing = False
        for position in self.counted:
            cell = row[position]
            if cell == "":
                missing |= position in self.required
                continue
            if type(cell) is not str or is_amount(cell) or is_empty(cell):
                words = missing = False
                break
            words = True
        first = next((cell for cell in row if cell != ""), "")
        if (
            type(first) is str
            and ":" in first
            and NOTE.match(first)
            and not (words is False and not self.counted)
        ):
            self.sparse.append(here)
            self._note(row, here)
        elif words or missing:
            self.sparse.append(here)
            self.wordy.add(here)
            self._note_sign(row, here)
            if _count_footers(row):
                self._note(row, here)

    def _note_sign(self, row: Sequence[Cell], here: int) -> None:
        first = next((cell for cell in row if cell != ""), "")
        if type(first) is str and FOOTNOTE.match(first):
            self.footnotes.add(here)

    def _note(self, row: Sequence[Cell], here: int) -> None:
        self.footers.add(here)
        if any(is_lone_year(row[position]) for position in self.years):
            self.dated.add(here)

    def begins(self, lines: Sequence[int], start: str) -> int:
        """The row at which what stands below the table begins; the number of rows where nothing does.

        It is a run of sparse rows up to the end, from the first that begins like a signature block or follows a gap;
        one with all that is required, from the first that does both; one filled with words, from the first that begins so.
        `start`: the first cell of the first row; where it begins with a sign, the others may too.
        """
        notes = self.footers if FOOTNOTE.match(start) else self.footers | self.footnotes
        end = len(lines)
        first = end
        for row in reversed(self.sparse):
            if row != first - 1:
                break
            first = row
        for row in range(first, end):
            footer = row in notes
            signs = footer + bool(row and lines[row] - lines[row - 1] > 1)
            if signs > (row in self.full) and (footer or row not in self.wordy):
                return row
        return end

    def notes(self, cut: int) -> set[int]:
        """Rows above `cut` that read like notes."""
        return {row for row in self.footers - self.full - self.wordy if row < cut}


def _count_footers(row: Sequence[Cell]) -> int:
    return sum(1 for cell in row if isinstance(cell, str) and cell and FOOTER.match(cell))


def with_numbers(
    table: pa.Table, columns: Sequence[ColumnEntry], rows: Sequence[int], dated: set[int]
) -> list[int]:
    """Those of the rows that hold a number where one was asked for; the NIP of who signs is none."""
    part = table.take(pa.array(rows, pa.int64()))
    found = {row for row in rows if row in dated}
    for column in columns:
        if column.type in ("number", "integer"):
            small = pc.less(pc.abs(part[column.name]), 1e15)
            found.update(rows[number] for number in pc.indices_nonzero(small).to_pylist())
    return sorted(found)


def has_likeness(table: pa.Table, columns: Sequence[ColumnEntry]) -> bool:
    """Whether some of the rows could be data: more than half of what is required was read in it."""
    wanted = [table[column.name] for column in columns if column.required]
    filled = [pc.is_valid(column).cast(pa.int64()) for column in wanted]
    return bool(filled and table.num_rows) and 2 * pc.max(reduce(pc.add, filled)).as_py() > len(filled)
