"""The sheets of a file of each kind: workbooks by calamine, CSV, and tables of HTML."""

from __future__ import annotations

import codecs
import csv
import re
from array import array
from html.parser import HTMLParser
from itertools import islice
from typing import TYPE_CHECKING, Any

import charset_normalizer
import python_calamine

from jagadata.adapters.spreadsheets.archive import too_many_rows
from jagadata.adapters.spreadsheets.kinds import ENCRYPTED, MACROS, UnfitError, is_of_machine, looks_wide
from jagadata.adapters.spreadsheets.sheet_scan import COLUMNS
from jagadata.collection.tables.grid import Cell, Grid, Merge, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jagadata.adapters.spreadsheets.sheet_scan import SheetMarks
    from jagadata.office.collection import Limits

_DELIMITERS = ";,\t|"
_LONGEST_CELL = 200_000
_LONG, _LINES = 200, 20
"""Characters and line ends in one cell after which it looks like a quote that was never closed."""
_FEWEST_LINES = 3
"""With something in them, after which one can tell how a text is parted."""
_SHEETS = 100
_MERGES = 20_000
"""Merged cells of a sheet that are looked at."""
_DAMAGED = (
    "berkas-rusak",
    "Berkas terpotong atau rusak.",
    "Buka dan simpan lagi di komputer pengirim, lalu kirim ulang.",
)


def open_workbook(
    path: Path, limits: Limits, marks: Mapping[str, SheetMarks] | None = None
) -> Iterator[Grid]:
    """Every sheet of an XLSX, XLSB, XLS or ODS, one at a time. `marks`: by sheet, what its cells show. Raises UnfitError."""
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            if len(book.sheet_names) > _SHEETS:
                raise UnfitError("terlalu-banyak-lembar", f"Berkas berisi lebih dari {_SHEETS} lembar.")
            for sheet in book.sheets_metadata:
                if sheet.typ in (python_calamine.SheetTypeEnum.MacroSheet, python_calamine.SheetTypeEnum.Vba):
                    raise UnfitError(*MACROS)
                if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
                    yield _grid(
                        book.get_sheet_by_name(sheet.name),
                        limits,
                        (marks or {}).get(sheet.name),
                        hidden=sheet.visible != python_calamine.SheetVisibleEnum.Visible,
                    )
    except python_calamine.PasswordError as error:
        raise UnfitError(*ENCRYPTED) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if is_of_machine(error):
            raise
        raise UnfitError(*_DAMAGED) from error


def _grid(sheet: Any, limits: Limits, marks: SheetMarks | None, *, hidden: bool) -> Grid:
    left = sheet.start[1] if sheet.start else 0
    width = left + sheet.width
    if width > COLUMNS:
        raise UnfitError(
            "terlalu-banyak-kolom",
            f"Lembar '{sheet.name}' selebar {width} kolom; tidak dibaca.",
            "Hapus semua kolom di kanan tabel, simpan, lalu kirim ulang.",
        )
    if sheet.total_height > limits.rows + 100:
        raise too_many_rows(limits.rows)
    pad: list[Cell] = [""] * left

    def chunks(size: int) -> Iterator[Rows]:
        source = sheet.iter_rows()
        start = 0
        while chunk := list(islice(source, size)):
            rows: Rows = [
                pad + ["" if type(cell) is str and cell.isspace() else cell for cell in row] for row in chunk
            ]
            if marks:
                marks.apply(rows, start)
            start += len(rows)
            yield rows

    merges = sheet.merged_cell_ranges
    return Grid(
        sheet=sheet.name,
        width=width,
        chunks=chunks,
        merges=tuple(
            Merge(top=top, left=first, bottom=bottom, right=last)
            for (top, first), (bottom, last) in (merges or ())[:_MERGES]
        ),
        knows_merges=bool(merges),
        hidden=hidden,
    )


def open_csv(path: Path, limits: Limits) -> tuple[Grid, str, str]:
    """A CSV as a grid, its encoding and its delimiter. Raises UnfitError."""
    encoding = _encoding(path)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding=encoding, newline="") as file:
            sample = file.read(65_536)
    except UnicodeDecodeError as error:  # a mark at the start that the rest does not keep to
        raise UnfitError(*_DAMAGED) from error
    delimiter, skip = _delimiter(sample)

    def rows() -> Iterator[list[str]]:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            if skip:
                next(reader, None)
                yield []
            yield from reader

    lengths = _measure(rows(), limits)
    width = max(lengths, default=0)

    def chunks(size: int) -> Iterator[Rows]:
        source = rows()
        while chunk := list(islice(source, size)):
            filled: Rows = []
            for row in chunk:
                cells: list[Cell] = row  # type: ignore[assignment]  # a list of its own, of texts alone
                if any(map(str.isspace, row)):
                    cells = ["" if cell.isspace() else cell for cell in row]
                if len(cells) < width:
                    cells += [""] * (width - len(cells))
                filled.append(cells)
            yield filled

    grid = Grid(sheet="", width=width, chunks=chunks, lengths=lengths, by_commas=delimiter == ",")
    return grid, encoding, delimiter


def is_parted_by_blanks(path: Path, encoding: str) -> bool:
    """Whether the columns of a text stand below each other by blanks alone, as reports of old programs are printed."""
    with path.open(encoding=encoding, errors="replace") as file:
        lines = [line.strip() for line in file.read(65_536).splitlines()[:200] if line.strip(" \t\r-=_+|")]
    if len(lines) < _FEWEST_LINES:
        return False
    wide = sum(1 for line in lines if re.search(r"\S {2,}\S", line))
    numbered = sum(1 for line in lines[1:] if re.fullmatch(r"\S.* [\d.,]+", line))
    return 2 * wide > len(lines) or (" " in lines[0] and 2 * numbered > len(lines))


def _measure(rows: Iterator[list[str]], limits: Limits) -> array[int]:
    """How many cells each line has. Raises UnfitError for a file that is too long or wide, or can't be read to its end."""
    lengths = array("H")
    try:
        for row in rows:
            lengths.append(min(len(row), 2 * COLUMNS))
            if len(row) > COLUMNS:
                raise UnfitError(
                    "terlalu-banyak-kolom",
                    f"Baris {len(lengths)} berisi lebih dari {COLUMNS} kolom; berkas tidak dibaca.",
                )
            if len(lengths) > limits.rows + 100:
                raise too_many_rows(limits.rows)
            if max(map(len, row), default=0) > _LONG and any(
                len(cell) > _LONG and cell.count("\n") > _LINES for cell in row
            ):
                raise UnfitError("kutip-tidak-ditutup", f"Tanda kutip yang dibuka di sekitar baris {len(lengths)} tidak ditutup.",
                                 "Hapus tanda kutip yang berlebih, atau kirim sebagai XLSX.")  # fmt: skip
    except UnicodeDecodeError as error:
        raise UnfitError(*_DAMAGED) from error
    except csv.Error as error:
        raise UnfitError("csv-rusak", f"Baris {len(lengths) + 1} tidak dapat dibaca: sel terlalu panjang atau tanda kutip tidak ditutup.",
                         "Hapus tanda kutip yang berlebih, atau kirim sebagai XLSX.") from error  # fmt: skip
    return lengths


def _encoding(path: Path) -> str:
    """UTF-8 if the whole file is, UTF-16 by its mark or its zeros, else what charset-normalizer finds, Windows-1252 at last."""
    with path.open("rb") as file:
        start = file.read(65_536)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if wide := looks_wide(start):
            return wide
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            piece = start
            while piece:
                decoder.decode(piece)
                piece = file.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8"
    best = charset_normalizer.from_bytes(
        start, cp_isolation=["cp1252", "latin_1", "mac_roman", "cp437"]
    ).best()
    found = best.encoding if best else "cp1252"
    try:  # cp1252 leaves five bytes undefined: a file that has them must not fail half-way
        path.read_bytes().decode(found)
    except UnicodeDecodeError:
        return "latin-1"
    return found


def _delimiter(sample: str) -> tuple[str, bool]:
    """The delimiter that splits most lines into equally many cells; and whether Excel's line 'sep=;' names it."""
    first = sample.split("\n", 1)[0].strip('\ufeff\r" ')
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], True
    lines = sample.splitlines()[:200]
    lines = lines[:-1] if len(lines) > 2 and len(sample) >= 65_536 else lines
    best = (0, 0, ",")
    for delimiter in _DELIMITERS:
        widths: dict[int, int] = {}
        try:
            for row in csv.reader(lines, delimiter=delimiter):
                if sum(1 for cell in row if cell.strip()) > 1:
                    widths[len(row)] = widths.get(len(row), 0) + 1
        except csv.Error:
            continue
        if widths:
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            if (count, width) > best[:2]:
                best = (count, width, delimiter)
    return best[2], False


class _Tables(HTMLParser):
    """The cells of every outermost table; what a span covers is empty, as in a workbook, and the span a merge."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Rows] = []
        self._limits = limits
        self._depth = 0
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self.merges: list[list[Merge]] = []
        self._down: dict[int, int] = {}  # rows that a cell above still covers
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._quiet += 1
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
                self.merges.append([])
                self._down = {}
        if self._depth != 1:
            return
        if tag == "tr":
            self._end_cell()
            self._open_row()
        elif tag in ("td", "th"):
            self._end_cell()
            if not self.tables[-1]:
                self._open_row()
            values = dict(attrs)
            self._span = (_span(values.get("colspan")), _span(values.get("rowspan")))
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style") and self._quiet:
            self._quiet -= 1
        if self._depth == 1 and tag in ("td", "th", "tr", "table"):
            self._end_cell()
            if tag == "tr" and self.tables[-1]:
                self._spread(self.tables[-1][-1])
        if tag == "table" and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._quiet:
            self._cell.append(data)

    def _open_row(self) -> None:
        self.tables[-1].append([])
        if len(self.tables[-1]) > self._limits.rows + 100:
            raise too_many_rows(self._limits.rows)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text = " ".join("".join(self._cell).split())
        row = self.tables[-1][-1]
        self._spread(row)
        across, down = self._span
        top, left = len(self.tables[-1]) - 1, len(row)
        if across * down > 1 and len(self.merges[-1]) < _MERGES:
            self.merges[-1].append(Merge(top=top, left=left, bottom=top + down - 1, right=left + across - 1))
        for number in range(across):
            if down > 1:
                self._down[len(row)] = down - 1
            row.append("" if number else text)
        if len(row) > COLUMNS:
            raise UnfitError("terlalu-banyak-kolom", f"Tabel lebih dari {COLUMNS} kolom; tidak dibaca.")
        self._cell = None

    def _spread(self, row: list[Cell]) -> None:
        while left := self._down.pop(len(row), 0):
            if left > 1:
                self._down[len(row)] = left - 1
            row.append("")


def _span(text: str | None) -> int:
    return min(int(text), COLUMNS) if text and text.isdecimal() and len(text) < 6 and int(text) else 1


def open_html(path: Path, limits: Limits) -> Iterator[Grid]:
    """The tables of a page, as applications write them under the name .xls."""
    parser = _Tables(limits)
    with path.open(encoding=_encoding(path), errors="replace") as file:
        while text := file.read(1 << 20):
            parser.feed(text)
    parser.close()
    for number, (rows, merges) in enumerate(zip(parser.tables, parser.merges, strict=True), 1):
        width = max(map(len, rows), default=0)
        whole: Rows = [row + [""] * (width - len(row)) for row in rows]
        yield Grid(
            sheet=f"Tabel {number}" if len(parser.tables) > 1 else "",
            width=width,
            chunks=lambda size, whole=whole: (  # type: ignore[misc] # mypy infers no lambda with a default
                [list(row) for row in whole[start : start + size]] for start in range(0, len(whole), size)
            ),
            merges=tuple(merges),
            knows_merges=bool(merges),
        )
