"""Cells whose value may not be what the OPD meant: the spreadsheet shows another number, or made a date of a text. Pure."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from jagadata.collection.tables.words import UNIT_NAMES, unit_of, words_of

if TYPE_CHECKING:
    from jagadata.collection.tables.number_formats import Shown
    from jagadata.office.collection import ColumnEntry

DoubtKind = Literal["hidden", "altered", "scaled", "percent", "unit", "date", "fraction"]

_SCALES = ("", "ribu", "juta", "miliar", "triliun")
_SHORT_SCALES = {"k": "ribu", "rb": "ribu", "jt": "juta", "jta": "juta", "m": "miliar", "mil": "miliar", "milyar": "miliar",
                 "t": "triliun", "tr": "triliun"}  # fmt: skip
_TIMES = {"tanggal", "waktu", "hari", "bulan", "tahun", "periode", "tmt", "lahir", "tgllahir", "jam", "pukul", "masa", "terbit",
          "mulai", "selesai", "jadwal", "durasi", "berlaku", "berdiri", "pelaksanaan", "date", "time"}  # fmt: skip
"""Words of headings of texts that may be dates or times."""
_NO_TIMES = {"umur", "usia", "kelompok", "golongan", "rentang", "rt", "rw", "nomor", "kode", "rasio"}
"""Words of headings of texts that are none, whatever else stands there: 'Kelompok Umur (Tahun)'."""
_SHARES = {"rasio", "indeks", "proporsi", "pecahan", "koefisien"}
"""Units in which 12,5% is 0.125."""
_MONTH = r"(?:jan|feb|peb|mar|apr|mei|may|jun|jul|agu|ags|agt|aug|sep|okt|oct|nov|nop|des|dec)"
DATED_TEXT = rf"(?i)^\s*(?:\d{{1,2}}[-/ ]{_MONTH}|{_MONTH}[-/ ]\d{{2}})\s*$"
"""What a CSV holds after a spreadsheet took '5-9' for a day; in words that RE2 knows as well."""
_DATED = re.compile(DATED_TEXT)


def is_dated_text(text: str) -> bool:
    return _DATED.match(text) is not None


@dataclass(kw_only=True)
class Doubt:
    """Rows (from 0) with one kind of doubt, and what the first of them shows and holds."""

    shown: str
    held: float | None = None
    rows: array[int] = field(default_factory=lambda: array("l"))


class CellDoubts:
    """Of one column. `unit`: the data set's, for columns without one of their own."""

    def __init__(self, entry: ColumnEntry, unit: str) -> None:
        self.found: dict[DoubtKind, Doubt] = {}
        self.percents = False  # some cell showed 12,5% and was read as 12.5
        words = set(words_of(entry.name))
        self.may_be_time = bool(_TIMES & words) and not _NO_TIMES & words
        self._entry = entry
        self._own = unit_of(entry.unit or "")
        self._unit = self._own or unit_of(unit)

    def note(self, kind: DoubtKind, row: int, shown: str, held: float | None = None) -> None:
        self.found.setdefault(kind, Doubt(shown=shown, held=held)).rows.append(row)

    def read(self, cell: Shown, row: int) -> float:
        """The number that is meant; what can't be told is noted."""
        section, value = cell.section, float(cell)
        if section.hides:
            self.note("hidden", row, "", value)
        elif section.alters:
            self.note("altered", row, str(cell), value)
        elif section.thousands:
            if self._unit.split(" ")[0] != _SCALES[min(section.thousands, 4)]:
                self.note("scaled", row, str(cell), value)
            return cell.scaled
        elif section.percent:
            return self._percent(cell, row)
        elif said := _scale_or_unit(section.words):
            asked = self._unit if said in _SCALES else self._own
            if asked != said and asked.split(" ")[0] != said and (asked or said in _SCALES):
                self.note("unit", row, str(cell), value)
        return value

    def _percent(self, cell: Shown, row: int) -> float:
        asks_shares = self._entry.maximum is not None and self._entry.maximum <= 1
        if self._own in _SHARES or (asks_shares and not self._own):
            return float(cell)
        if self._own not in ("", "persen"):
            self.note("percent", row, str(cell), float(cell))
            return float(cell)
        self.percents = True
        return cell.scaled


def _scale_or_unit(words: str) -> str:
    """'juta' for '0.0" jt"', 'kilogram' for '0" kg"'; '' for what is no unit."""
    first = words_of(words)[:1]
    if first and first[0] in (*_SCALES, *_SHORT_SCALES):
        return _SHORT_SCALES.get(first[0], first[0])
    unit = unit_of(words)
    return unit if unit in UNIT_NAMES else ""
