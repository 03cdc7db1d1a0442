"""One column's cells brought to the office file's type. What can't be is kept as it stands, for the findings. Pure."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.cell_doubts import DATED_TEXT, CellDoubts, is_dated_text
from jagadata.collection.tables.footnotes import strip_raised
from jagadata.collection.tables.number_formats import Shown
from jagadata.collection.tables.numerals import (
    Mark,
    date_of_serial,
    is_dash,
    is_empty,
    other_reading,
    parse_date,
    parse_number,
    parse_year,
    plain_date,
)
from jagadata.collection.tables.plain_numbers import read_plain
from jagadata.collection.tables.words import unit_of, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.grid import Cell
    from jagadata.office.collection import ColumnEntry

TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "region": pa.string(),
    "integer": pa.int64(),
    "year": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
}
"""What each type of the office file is in Arrow and Parquet."""

KEPT = 20_000
"""Cells of one column that could not be read and are kept for the findings; later ones count as empty."""

_BLANK = frozenset({"", "-", "--", "–", "—", "n/a", "#n/a"})
"""Empty in a column of text, where 'kosong' may be a value."""

_UNTIDY = r"  |^ | $|^(?:-|--|–|—|[nN]/[aA]|#[nN]/[aA])$|[¹²³\x{2070}-\x{207f}]"
"""A cell that `_text` would change, in RE2's words."""

_SLASHED = re.compile(r"\s*(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*\d{2,4}\b")

_LARGEST = 2**53


class Conversion:
    """The cells of one column, taken chunk by chunk; `finish` gives the whole.

    `bad` is what could not be read, by row (from 0). A number such as '1.234' is read as 1234 until the column, or else the
    table, shows that '.' is the decimal mark (`evidence`).
    """

    def __init__(self, entry: ColumnEntry, unit: str = "") -> None:
        """`unit`: the data set's, for columns without one of their own."""
        self.entry = entry
        self.doubts = CellDoubts(entry, unit)
        self.bad: dict[int, Cell] = {}
        self.overflow = 0
        self.evidence: Counter[str] = Counter()
        self._unsure: dict[Mark, array[int]] = {"?.": array("l"), "?,": array("l")}
        self._chunks: list[pa.Array] = []
        self._rows = 0
        self._known = {words_of(value): value for value in entry.values}
        self._memo: dict[Any, tuple[float | None, Mark]] = {}
        self.dashes = array("l")  # rows of numbers with a dash, which BPS prints for nought
        self._month_first = False  # some date can be read in no other way
        self._either = array("l")  # rows whose date may be read both ways

    @property
    def unsure(self) -> int:
        return sum(map(len, self._unsure.values()))

    @property
    def unsure_commas(self) -> int:
        """Numbers such as '1,234', which is no more 1.234 than 1234."""
        return len(self._unsure["?,"])

    def take(self, cells: Sequence[Cell]) -> None:
        chunk = self._at_once(cells)
        if chunk is None:
            kind = self.entry.type
            read = self._number if kind in ("number", "integer") else getattr(self, f"_{kind}")
            chunk = pa.array([read(cell, self._rows + row) for row, cell in enumerate(cells)], TYPES[kind])
        self._chunks.append(chunk)
        self._rows += len(cells)

    def _at_once(self, cells: Sequence[Cell]) -> pa.Array | None:
        """The cells where nothing needs a second look: most columns of most tables."""
        kind, kinds = self.entry.type, set(map(type, cells))
        if kinds == {float} and kind in ("number", "integer", "year"):
            try:
                whole = pa.array(cells, pa.float64())
                return whole.cast(TYPES[kind]) if pc.all(pc.is_finite(whole)).as_py() else None
            except pa.ArrowInvalid:  # a fraction among whole numbers
                return None
        if kinds == {str} and kind in ("number", "integer", "year"):
            return self._written(cells)  # type: ignore[arg-type]  # all str: `kinds` says so
        if kinds == {str} and kind in ("text", "region"):
            return self._tidy(cells)  # type: ignore[arg-type]  # all str: `kinds` says so
        return None

    def _tidy(self, cells: Sequence[str]) -> pa.Array | None:
        """Texts as they stand; None where one needs a second look."""
        whole = "".join(cells)
        if not whole.isprintable():
            return None
        texts = pa.array(cells, pa.string())
        if pc.any(pc.match_substring_regex(texts, _UNTIDY)).as_py():
            return None
        if self.entry.type == "region":
            if " " in whole or "'" in whole:
                return None
        elif not self.doubts.may_be_time and pc.any(pc.match_substring_regex(texts, DATED_TEXT)).as_py():
            return None
        elif self._known:
            known = {cell: self._known.get(words_of(cell), cell) or None for cell in set(cells)}
            return pa.array([known[cell] for cell in cells], pa.string())
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)

    def _written(self, cells: Sequence[str]) -> pa.Array | None:
        """Numbers as texts: those that are plain at once, the rest one by one."""
        kind = self.entry.type
        plain = read_plain(cells, TYPES[kind], year=kind == "year")
        if plain is None:
            return None
        self.evidence[","] += plain.commas
        self.evidence["."] += plain.points
        self.evidence += Counter()  # without zeros: it counts as empty then
        if not plain.rest:
            return plain.values
        values = plain.values.to_pylist()
        read = self._year if kind == "year" else self._number
        for row in plain.rest:
            values[row] = read(cells[row], self._rows + row)
        return pa.array(values, TYPES[kind])

    def finish(self, *, decimal_point: bool) -> pa.ChunkedArray:
        """The column; `decimal_point`: what the table as a whole shows, where the column itself shows nothing."""
        whole = pa.chunked_array(self._chunks, TYPES[self.entry.type])
        if self._month_first and self._either:
            return self._refuse_either(whole)
        own = self.evidence["."] - self.evidence[","]
        if not self.unsure or not (own > 0 if own else decimal_point):
            return whole
        values = whole.to_pylist()
        for mark, rows in self._unsure.items():
            for row in rows:
                values[row] = other_reading(values[row], mark)
        return pa.chunked_array([pa.array(values, TYPES[self.entry.type])])

    def _refuse_either(self, whole: pa.ChunkedArray) -> pa.ChunkedArray:
        """Beside dates with the month first, '02/03/2026' is 2 March or 3 February: nobody here can tell."""
        values = whole.to_pylist()
        for row in self._either:
            self._refuse(f"{values[row]:%d/%m/%Y}", row)
            values[row] = None
        return pa.chunked_array([pa.array(values, TYPES[self.entry.type])])

    def _refuse(self, cell: Cell, row: int) -> None:
        """Kept for the findings; empty in the table."""
        if len(self.bad) < KEPT:
            self.bad[row] = cell
        else:
            self.overflow += 1

    def _number(self, cell: Cell, row: int) -> float | int | None:
        kind = type(cell)
        mark: Mark = ""
        if kind is float or kind is int:
            value = float(cell)  # type: ignore[arg-type]
        elif isinstance(cell, Shown):
            value = self.doubts.read(cell, row)
        elif kind is str:
            if not cell:
                return None
            text = str(cell)
            known = (float(text), "") if text.isdecimal() and len(text) < 16 else self._memo.get(cell)
            if known is None:
                known = self._read_number(str(cell))
                if len(self._memo) < 20_000:
                    self._memo[cell] = known
            number, mark = known
            if number is None:
                if not is_empty(str(cell)):
                    self._refuse(cell, row)
                elif is_dash(str(cell)):
                    self.dashes.append(row)
                return None
            value = number
        else:
            self._refuse(cell, row)
            return None
        if not math.isfinite(value):
            self._refuse(str(cell), row)
            return None
        if mark in ("?.", "?,"):
            if self.entry.type == "integer":
                self.evidence["." if mark == "?," else ","] += 1  # the mark can't be the decimal one
                return round(other_reading(value, "?,")) if mark == "?," else int(value)
            self._unsure[mark].append(row)
        elif mark:
            self.evidence[mark] += 1
        if self.entry.type == "number":
            return value
        if value.is_integer() and abs(value) < _LARGEST:
            return int(value)
        self._refuse(cell, row)
        return None

    def _read_number(self, text: str) -> tuple[float | None, Mark]:
        text = " ".join(text.split())
        if is_empty(text):
            return None, ""
        if found := parse_number(text) or parse_number(strip_raised(text)):
            return found
        if (match := re.fullmatch(r"([\d.,]+)\s*([^\d.,]+)", text)) and self.entry.unit:
            found = parse_number(match[1])
            if found and unit_of(match[2]) == unit_of(self.entry.unit):
                return found
        return None, ""

    def _year(self, cell: Cell, row: int) -> int | None:
        if isinstance(cell, float | int) and not isinstance(cell, bool) and float(cell).is_integer():
            if abs(cell) < _LARGEST:
                return int(cell)
        elif isinstance(cell, date):
            return cell.year
        elif isinstance(cell, str):
            if is_empty(cell):
                return None
            if (year := parse_year(cell)) is not None:
                return year
        self._refuse(cell, row)
        return None

    def _date(self, cell: Cell, row: int) -> date | None:
        if isinstance(cell, date):
            return plain_date(cell)
        if isinstance(cell, str):
            if is_empty(cell):
                return None
            if (day := parse_date(" ".join(cell.split()))) is not None:
                if match := _SLASHED.match(cell):
                    first, second = int(match[1]), int(match[2])
                    self._month_first |= first <= 12 < second
                    if first <= 12 >= second != first:
                        self._either.append(row)
                return day
        elif isinstance(cell, float | int) and (day := date_of_serial(float(cell))) is not None:
            return day
        self._refuse(cell, row)
        return None

    def _text(self, cell: Cell, row: int) -> str | None:
        if type(cell) is str:
            if (
                cell.isascii()
                and cell.isprintable()
                and cell[:1] != " "
                and cell[-1:] != " "
                and "  " not in cell
            ):
                text = cell
            else:
                text = " ".join("".join(sign if sign.isprintable() else " " for sign in cell).split())
                text = strip_raised(text)
        else:
            text = plain_text(cell)
            self._doubt(cell, text, row)
        if type(cell) is str and not self.doubts.may_be_time and is_dated_text(text):
            self.doubts.note("date", row, text)
        if text.lower() in _BLANK:
            return None
        if self._known:
            return self._known.get(words_of(text), text)
        return text

    def _doubt(self, cell: Cell, text: str, row: int) -> None:
        """Whether a cell of a text column lost what was typed."""
        if isinstance(cell, date | time | timedelta) and not self.doubts.may_be_time:
            self.doubts.note("date", row, text)
        elif isinstance(cell, Shown) and cell.section.hides:
            self.doubts.note("hidden", row, "", float(cell))

    def _region(self, cell: Cell, row: int) -> str | None:
        if isinstance(cell, float) and not cell.is_integer():
            self.doubts.note("fraction", row, plain_text(cell))
        text = plain_text(cell).strip().lstrip("'").replace(" ", "")
        return None if text.lower() in _BLANK else text


def plain_text(cell: Cell) -> str:
    """A cell as people see it: 3.0 as '3', a date as '2026-12-31', yes and no in Indonesian."""
    match cell:
        case str():
            return cell
        case bool():
            return "ya" if cell else "tidak"
        case Shown():
            return str(cell)
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e18 else repr(cell)
        case datetime():
            return cell.isoformat(" ") if cell.time() != time() else cell.date().isoformat()
        case timedelta():
            return str(cell)
        case int():
            return str(cell)
        case _:
            return cell.isoformat()
