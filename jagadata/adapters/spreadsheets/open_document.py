"""The content of an ODS in one pass. It keeps what each cell shows beside what it holds, and says how often a cell is repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.sheet_scan import COLUMNS, SheetScan
from jagadata.adapters.spreadsheets.xml_parts import Attributes, LocalNames, feed, make_parser
from jagadata.collection.tables.footnotes import without_footnotes
from jagadata.collection.tables.number_formats import BUILT_IN, format_of_text, read_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.collection.tables.number_formats import NumberFormat

_HIDDEN = ("collapse", "filter")
_NUMBERS = ("float", "percentage", "currency")
_LONGEST = 10_000
"""Characters of one cell that are looked at."""


@dataclass(kw_only=True)
class DocumentScan:
    """`sheets`: by name, in the order of the file."""

    sheets: dict[str, SheetScan] = field(default_factory=dict)
    linked: bool = False
    calls: bool = False  # another program (DDE)


def scan_document(pieces: Iterator[bytes]) -> DocumentScan:
    """Raises XmlError, UnfitError."""
    return _Pass().read(pieces)


class _Pass:
    def __init__(self) -> None:
        self._found = DocumentScan()
        self._names = LocalNames()
        self._parser = make_parser()
        self._sheet = SheetScan()
        self._style = ""
        self._raised_styles: set[str] = set()
        self._row = self._column = 0  # from 1, of the present cell
        self._rows = self._columns = 1  # that it stands for
        self._cell: Attributes | None = None
        self._notes = 0  # depth of a comment within a cell
        self._runs: list[tuple[bool, str]] = []
        self._spans: list[bool] = []

    def read(self, pieces: Iterator[bytes]) -> DocumentScan:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        feed(self._parser, pieces)
        return self._found

    def _start(self, name: str, attributes: Attributes) -> None:
        name = self._names[name]
        values = {self._names[key]: value for key, value in attributes.items()}
        match name:
            case "table-cell" | "covered-table-cell":
                self._begin_cell(values)
            case "table-row":
                self._row += self._rows
                self._rows = _times(values, "number-rows-repeated")
                self._column, self._columns = 0, 1
                if values.get("visibility") in _HIDDEN:
                    self._sheet.hidden_rows += self._rows
            case "table-column" if values.get("visibility") in _HIDDEN:
                self._sheet.hide_columns(1, _times(values, "number-columns-repeated"))
            case "table":
                self._sheet = self._found.sheets[values.get("name", "")] = SheetScan()
                self._row, self._rows = 0, 1
            case "annotation":
                self._notes += 1
            case "p" if self._cell is not None and not self._notes:
                self._parser.CharacterDataHandler = self._hear
            case "span":
                self._spans.append(values.get("style-name", "") in self._raised_styles)
            case "style":
                self._style = values.get("name", "")
            case "text-properties" if values.get("text-position", "").startswith("super"):
                self._raised_styles.add(self._style)
            case "dde-link" | "dde-source":
                self._found.calls = True
            case "table-source":
                self._found.linked = True
            case _:
                self._found.calls |= "dde-application" in values

    def _begin_cell(self, values: Attributes) -> None:
        self._column += self._columns
        self._columns = _times(values, "number-columns-repeated")
        self._cell, self._runs = values, []

    def _end(self, name: str) -> None:
        name = self._names[name]
        if name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "annotation":
            self._notes -= 1
        elif name == "span" and self._spans:
            self._spans.pop()
        elif name == "p":
            self._parser.CharacterDataHandler = None

    def _hear(self, text: str) -> None:
        if sum(len(part) for _raised, part in self._runs[-3:]) < _LONGEST:
            self._runs.append((any(self._spans), text))

    def _end_cell(self) -> None:
        values, self._cell = self._cell or {}, None
        kind = values.get("value-type", "")
        text = "".join(part for _raised, part in self._runs)
        self._count(values, kind, text)
        if kind not in (*_NUMBERS, "string") or self._column > COLUMNS:
            return
        bare = without_footnotes(self._runs) if kind == "string" else None
        form = None
        if kind in _NUMBERS:
            form = (
                read_format(BUILT_IN["9"]) if kind == "percentage" else _format(values.get("value", ""), text)
            )
        for column in range(self._column - 1, min(self._column - 1 + self._columns, COLUMNS)):
            for row in range(self._row - 1, self._row - 1 + self._rows) if form or bare else ():
                if form:
                    self._sheet.marks.note_format(row, column, form)
                if bare:
                    self._sheet.marks.note_text(row, column, bare)

    def _count(self, values: Attributes, kind: str, text: str) -> None:
        if "formula" in values:
            self._sheet.formulas += 1
            self._sheet.valueless += not kind
        if values.get("value-type") == "error" or (kind in ("string", "float") and _is_error(values, text)):
            self._sheet.errors += 1


def _is_error(values: Attributes, text: str) -> bool:
    return "formula" in values and text.startswith(
        ("#REF!", "#DIV/0!", "#N/A", "#NAME?", "#VALUE!", "#NULL!", "#NUM!", "Err:5")
    )


def _format(value: str, text: str) -> NumberFormat | None:
    try:
        return format_of_text(float(value), text)
    except ValueError:
        return None


def _times(values: Attributes, name: str) -> int:
    text = values.get(name, "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else 1
