"""The parts of an XLSB (MS-XLSB): records of a number, a length and bytes, read as a stream like the XML of an XLSX."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.sheet_scan import COLUMNS, SheetScan, too_wide
from jagadata.adapters.spreadsheets.workbook_parts import formats_by_style
from jagadata.collection.tables.number_formats import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jagadata.collection.tables.number_formats import NumberFormat

_ROW, _BLANK, _ERROR, _FORMULA_ERROR = 0, 1, 3, 11
_NUMBERS = {2, 5, 9}  # RK, real, formula with a number
_LAST_CELL = 11
_FORMULAS = {8, 9, 10, 11}
_FORMAT, _CELL_STYLE, _COLUMNS = 44, 47, 60
_SHEET, _LINK, _STYLES_BEGIN, _STYLES_END = 156, 360, 617, 618
_LONGEST = 1 << 24
"""Bytes of one record: a cell's text has at most 32,767 letters."""


class RecordError(ValueError):
    """No records of an XLSB."""


def read_records(pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of every record. Raises RecordError."""
    data, at = b"", 0
    for piece in pieces:
        data, at = data[at:] + piece, 0
        while found := _record(data, at):
            number, start, end = found
            yield number, data[start:end]
            at = end
    if at < len(data):
        raise RecordError


def _record(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Number, start and end of the record at this place; None where it is not whole."""
    limit = len(data)
    if at >= limit:
        return None
    number = data[at]
    at += 1
    if number & 0x80:
        if at >= limit:
            return None
        number = (number & 0x7F) | (data[at] & 0x7F) << 7
        at += 1
    size = shift = 0
    for _byte in range(4):
        if at >= limit:
            return None
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if size > _LONGEST:
        raise RecordError
    return (number, at, at + size) if at + size <= limit else None


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A wide string and where it ends. Raises RecordError."""
    if at + 4 > len(data):
        raise RecordError
    (length,) = struct.unpack_from("<I", data, at)
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    if end > len(data):
        raise RecordError
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def read_binary_titles(pieces: Iterator[bytes]) -> dict[str, str]:
    """The sheets' names by their relations' ids. Raises RecordError."""
    found = {}
    for number, data in read_records(pieces):
        if number == _SHEET:
            key, end = _text(data, 8)
            found[key] = _text(data, end)[0]
    return found


def read_binary_styles(pieces: Iterator[bytes]) -> dict[str, NumberFormat]:
    """By the number of a cell style, its format where that shows something else than the number. Raises RecordError."""
    codes, used, within = dict(BUILT_IN), [], False
    for number, data in read_records(pieces):
        if number == _FORMAT and len(data) > 2:
            codes[str(int.from_bytes(data[:2], "little"))] = _text(data, 2)[0]
        elif number in (_STYLES_BEGIN, _STYLES_END):
            within = number == _STYLES_BEGIN
        elif number == _CELL_STYLE and within:
            used.append(str(int.from_bytes(data[2:4], "little")))
    return formats_by_style(codes, used)


def calls_program(pieces: Iterator[bytes]) -> bool:
    """A link of the kind DDE. Raises RecordError."""
    return any(number == _LINK and data[:2] == b"\x01\x00" for number, data in read_records(pieces))


def scan_binary_sheet(pieces: Iterator[bytes], styles: Mapping[str, NumberFormat]) -> SheetScan:
    """Raises RecordError, UnfitError. A formula always has its value there."""
    scan = SheetScan()
    by_number = {int(key): form for key, form in styles.items()}
    row = 0
    for number, data in read_records(pieces):
        if number == _ROW and len(data) >= 12:
            row = int.from_bytes(data[:4], "little")
            scan.hidden_rows += data[11] >> 4 & 1
        elif _BLANK < number <= _LAST_CELL and len(data) >= 8:
            column = int.from_bytes(data[:4], "little")
            if column >= COLUMNS:
                raise too_wide()
            scan.last_row = row + 1
            scan.formulas += number in _FORMULAS
            scan.errors += number in (_ERROR, _FORMULA_ERROR)
            if number in _NUMBERS and (form := by_number.get(int.from_bytes(data[4:7], "little"))):
                scan.marks.note_format(row, column, form)
        elif number == _COLUMNS and len(data) >= 18 and data[16] & 1:
            first, last = struct.unpack_from("<II", data)
            scan.hide_columns(first + 1, last + 1)
    return scan
