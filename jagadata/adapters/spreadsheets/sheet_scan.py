"""A worksheet's XML in one pass: formulas without values, errors, what is hidden, how far it reaches, and cells that show more than they hold."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.kinds import UnfitError
from jagadata.adapters.spreadsheets.rich_texts import RichText
from jagadata.adapters.spreadsheets.xml_parts import Attributes, LocalNames, feed, make_parser
from jagadata.collection.tables.number_formats import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jagadata.collection.tables.grid import Rows
    from jagadata.collection.tables.number_formats import NumberFormat

COLUMNS = 702
"""Up to ZZ: no table of an office is wider."""

_RUNS = 1_000_000
"""Stretches of cells, one below the other in one format, that are kept of a sheet: 16 MB."""
_TEXTS = 200_000
"""Cells with raised footnote signs that are kept of a sheet."""
_TRUE = ("1", "true")
_OF_TEXT = frozenset(("t", "r", "rPr", "vertAlign"))
"""Elements of a text within a cell."""


@dataclass(kw_only=True)
class SheetMarks:
    """What cells of one sheet show beside their values; columns and rows from 0.

    `formats`: by column and format, runs of rows (first, last, first, last ...). `texts`: by row, columns and what stands there
    without its raised footnote signs.
    """

    formats: dict[tuple[int, NumberFormat], array[int]] = field(default_factory=dict)
    texts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    _runs: int = 0
    _texts: int = 0

    def note_format(self, row: int, column: int, form: NumberFormat) -> None:
        """Rows of a column come from the top. Raises UnfitError."""
        rows = self.formats.get((column, form))
        if rows is None:
            rows = self.formats[column, form] = array("l")
        elif rows[-1] == row - 1:
            rows[-1] = row
            return
        self._runs += 1
        if self._runs > _RUNS:
            raise UnfitError(
                "format-terlalu-ragam",
                "Format angka berganti-ganti di terlalu banyak sel; lembar tidak dibaca.",
                "Beri setiap kolom satu format angka saja, lalu kirim ulang.",
            )
        rows.extend((row, row))

    def note_text(self, row: int, column: int, text: str) -> None:
        self._texts += 1
        if self._texts <= _TEXTS:
            self.texts.setdefault(row, []).append((column, text))

    def apply(self, rows: Rows, start: int) -> None:
        """Put into these rows of the sheet, of which the first is `start` (from 0)."""
        for (column, form), runs in self.formats.items():
            place = bisect_left(runs, start)
            for number in range(place - place % 2, len(runs), 2):
                if runs[number] >= start + len(rows):
                    break
                for row in range(max(runs[number], start), min(runs[number + 1] + 1, start + len(rows))):
                    if column >= len(rows[row - start]):
                        continue
                    cell = rows[row - start][column]
                    if type(cell) is float or type(cell) is int:
                        rows[row - start][column] = Shown(cell, form)
        if self.texts:
            for row, cells in enumerate(rows, start):
                for column, text in self.texts.get(row, ()):
                    if column < len(cells) and isinstance(cells[column], str):
                        cells[column] = text


@dataclass(kw_only=True)
class SheetScan:
    """Counts of one sheet, and its marks."""

    formulas: int = 0
    valueless: int = 0
    errors: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    last_row: int = 0  # with something in it, from 1
    marks: SheetMarks = field(default_factory=SheetMarks)

    def hide_columns(self, first: int, last: int) -> None:
        """From 1. Whatever is hidden to the right of every table does not count."""
        if last <= COLUMNS:
            self.hidden_columns += max(0, last - first + 1)


def scan_sheet(
    pieces: Iterator[bytes], styles: Mapping[str, NumberFormat], strings: Mapping[str, str]
) -> SheetScan:
    """`styles`: by the number of a cell style, the format that shows something else; `strings`: shared strings without footnotes.

    Raises XmlError, UnfitError.
    """
    return _Pass(styles, strings).read(pieces)


class _Pass:
    """A cell ends where the next one, or anything that is no part of a cell, begins: that saves a call for each end.

    Sheets have millions of cells, of which nothing is noted of most: only those that are `_odd` are looked at again at their end.
    """

    def __init__(self, styles: Mapping[str, NumberFormat], strings: Mapping[str, str]) -> None:
        self._styles, self._strings = styles, strings
        self._scan = SheetScan()
        self._names = LocalNames()
        self._parser = make_parser()
        self._rich = RichText(self._parser)
        self._c, self._v = "c", "v"  # as they are written here: 'x:c'
        self._row = self._column = 0  # from 1; the column is reckoned where it is asked for
        self._cell: Attributes | None = None  # the open one
        self._odd = self._filled = self._formula = self._listens = self._own_text = False
        self._value = ""

    def read(self, pieces: Iterator[bytes]) -> SheetScan:
        self._parser.StartElementHandler = self._start
        feed(self._parser, pieces)
        if self._odd:
            self._end()
        return self._scan

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == self._v:
            if self._cell is not None:
                self._filled = True
                self._scan.last_row = self._row
                if self._listens:
                    self._parser.CharacterDataHandler = self._hear
        elif name == self._c:
            if self._odd:
                self._end()
            self._filled = False
            place = attributes.get("r")
            if place is None:
                self._count_on()
            elif place[2:3] > "9":  # a third letter
                self._odd = True
            self._cell = attributes
            if len(attributes) > 1 or place is None:
                self._begin(attributes)
        elif name != "t" or self._own_text:
            self._other(self._names[name], name, attributes)

    def _count_on(self) -> None:
        """A cell that does not say its place stands beside the one before."""
        before = (self._cell or {}).get("r")
        self._column = (column_of(before) if before else self._column) + 1
        self._odd = self._column > COLUMNS

    def _begin(self, attributes: Attributes) -> None:
        """A cell with more than its place."""
        kind = attributes.get("t")
        if kind is None or kind == "n":
            if attributes.get("s", "0") in self._styles:
                self._odd = True
        elif kind == "s" and self._strings:
            self._odd = self._listens = True
        elif kind == "e":
            self._scan.errors += 1

    def _other(self, local: str, name: str, attributes: Attributes) -> None:
        if local in _OF_TEXT:
            if local == "r" and self._filled and self._cell is not None:  # formatted piece by piece
                self._odd = self._own_text = True
            if self._own_text:
                self._rich.start(local, attributes)
        elif local == "is" and self._cell is not None:
            self._filled = True
            self._scan.last_row = self._row
        elif local == "f" and self._cell is not None:
            self._scan.formulas += 1
            self._formula = self._odd = self._listens = True
            self._parser.CharacterDataHandler = None
        elif local == "row":
            self._close()
            self._begin_row(attributes)
        elif local == "c" != name:
            self._c = name
            self._start(name, attributes)
        elif local == "v" != name:
            self._v = name
            self._start(name, attributes)
        elif not self._own_text:
            self._close()
            if local == "col" and attributes.get("hidden") in _TRUE:
                first, last = attributes.get("min", ""), attributes.get("max", "")
                if first.isdecimal() and last.isdecimal():
                    self._scan.hide_columns(int(first), int(last))

    def _begin_row(self, attributes: Attributes) -> None:
        number = attributes.get("r", "")
        self._row = int(number) if number.isdecimal() else self._row + 1
        self._column = 0
        if attributes.get("hidden") in _TRUE:
            self._scan.hidden_rows += 1

    def _close(self) -> None:
        """No cell is open any more."""
        if self._odd:
            self._end()
        self._cell = None

    def _hear(self, text: str) -> None:
        if len(self._value) < 40:
            self._value += text.strip()

    def _end(self) -> None:
        """Of a cell of which something is to be noted."""
        cell = self._cell or {}
        self._parser.CharacterDataHandler = None
        if self._filled and (place := cell.get("r")):
            self._column = column_of(place)
        if self._filled and self._column > COLUMNS:
            raise too_wide()
        kind = cell.get("t", "n")
        text = self._rich.end() if self._own_text else self._strings.get(self._value) if kind == "s" else None
        if text is not None:
            self._scan.marks.note_text(self._row - 1, self._column - 1, text)
        if self._formula and not self._value and kind != "str":
            self._scan.valueless += 1
        if self._filled and kind == "n" and (form := self._styles.get(cell.get("s", "0"))):
            self._scan.marks.note_format(self._row - 1, self._column - 1, form)
        self._odd = self._formula = self._listens = self._own_text = False
        self._value = ""


def column_of(at: str) -> int:
    """28 for 'AB7'."""
    column = 0
    for letter in at:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column


def too_wide() -> UnfitError:
    return UnfitError(
        "terlalu-banyak-kolom",
        f"Ada isi jauh di kanan tabel, setelah kolom ke-{COLUMNS} (ZZ); lembar tidak dibaca.",
        "Hapus semua kolom di kanan tabel, simpan, lalu kirim ulang.",
    )
