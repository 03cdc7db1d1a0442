"""Numbers, years and dates as Indonesians write them. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal

Mark = Literal["", ",", ".", "?,", "?."]
"""The decimal mark that a written number proves; '?.' and '?,' where it could be either: '1.234', '1,234'."""

EMPTY = frozenset({"", "-", "--", "---", "–", "—", "\u2212", "n/a", "na", "n.a", "n.a.", "#n/a", "nihil", "kosong", "tidak ada",
                   "tidak ada data", "belum ada", "tad", "..", "...", "…", "*", "null", "none", "nan", "x"})  # fmt: skip
"""What is written, in small letters, where nothing is known."""

DASHES = frozenset({"-", "--", "–", "—", "\u2212", "nihil"})
"""Of them: what may be nought."""

_MONTHS = ("jan", "feb", "mar", "apr", "mei", "jun", "jul", "agu", "sep", "okt", "nov", "des")
_OTHER_MONTHS = {"peb": 2, "may": 5, "ags": 8, "agt": 8, "aug": 8, "oct": 10, "nop": 11, "dec": 12}

_PLAIN = re.compile(r"[+-]?\d{1,15}")
_ID = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_EN = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?([eE][+-]?\d{1,3})?")
_AROUND = re.compile(
    r"^\s*(rp\.?|idr)?\s*|\s*(,-|,00-|%|\*+\)?|r\)|x\)|(?<=\s)(x{1,3}|r|e))?\s*$", re.IGNORECASE
)
_GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))|(?<!\d) | (?!\d)")
"""Spaces that stand for nothing: '1 234 567', 'Rp 5', '( 5 )'; not the one of '10 20', which is two numbers."""
_EPOCH = date(1899, 12, 30)


def is_empty(text: str) -> bool:
    return text.strip().lower() in EMPTY


def is_dash(text: str) -> bool:
    """Nought, by BPS's legend; '…' is what it prints for what is not known."""
    return text.strip().lower() in DASHES


def parse_number(text: str) -> tuple[float, Mark] | None:
    """A written number and the decimal mark that it proves; None where it is none.

    '1.234,5' and '12,5' prove ',' and '1,234.5' and '12.5' prove '.'; '1.234' is read as 1234 and '1,234' as 1.234, both
    marked as unsure. '(1.000)' is negative; 'Rp 1.000,-', '12,5%' and '12*' lose what surrounds them.
    """
    if _PLAIN.fullmatch(text):
        return float(text), ""
    if not _ID.fullmatch(text):
        text = _GAP.sub("", _AROUND.sub("", text.replace("\u00a0", " ").replace("\u2212", "-")))
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1]
    if not text or len(text) > 40:
        return None
    mark: Mark = ""
    if _PLAIN.fullmatch(text):
        value = float(text)
    elif _ID.fullmatch(text):
        value = float(text.replace(".", "").replace(",", "."))
        if "," in text:
            mark = "?," if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text) else ","
        elif "." in text:
            mark = "?." if re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", text) else ","
            if re.fullmatch(r"[+-]?0\.\d{3}", text):
                value, mark = float(text), "."
    elif _EN.fullmatch(text):
        value, mark = float(text.replace(",", "")), "."
    else:
        return None
    if value in (float("inf"), float("-inf")):
        return None
    return (-value if negative else value), mark


def other_reading(value: float, mark: Mark) -> float:
    """What an unsure number is where '.' is the decimal mark: '1.234' -> 1.234, '1,234' -> 1234."""
    return value / 1000 if mark == "?." else round(value * 1000) * 1.0


def parse_year(text: str) -> int | None:
    """2026 from '2026', 'Tahun 2026', '2026*)'; None for anything with more than one number."""
    found = re.findall(r"\d+", text)
    return int(found[0]) if len(found) == 1 and len(found[0]) == 4 else None


def years_in(text: str) -> list[int]:
    """Years that a title or name speaks of, each once. ('2024-2026' is 2024, 2025, 2026.)"""
    years: list[int] = []
    for first, last in re.findall(
        r"(?<![\d.,/])((?:19|20)\d{2})(?:\s*(?:-|–|s\.?d\.?|sampai)\s*((?:19|20)\d{2}))?(?![\d]|[.,]\d)", text
    ):
        end = int(last or first)
        years += range(int(first), end + 1) if int(first) <= end <= int(first) + 30 else [int(first), end]
    return list(dict.fromkeys(years))


def parse_date(text: str) -> date | None:
    """'31 Desember 2026', 'Kamis, 31-Des-26', '31/12/2026', '31.12.2026', '2026-12-31'; day before month unless that is no date."""
    text = text.strip().lower().partition(" 00:00")[0]
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ][\d:.]+z?)?", text):
        return make_day(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})(?:\s+[\d:.]+)?", text):
        day, month, year = int(match[1]), int(match[2]), _full_year(match[3])
        return make_day(year, month, day) or make_day(year, day, month)
    if match := re.fullmatch(r"(?:[a-z']+,?\s+)?(\d{1,2})[\s.-]*([a-z]+)[\s.,-]*(\d{4}|\d{2})", text):
        short = match[2][:3]
        month = _MONTHS.index(short) + 1 if short in _MONTHS else _OTHER_MONTHS.get(short, 0)
        return make_day(_full_year(match[3]), month, int(match[1]))
    return None


def date_of_serial(number: float) -> date | None:
    """The date of a spreadsheet's day number (1900 system), between 1930 and 2100; else None."""
    return _EPOCH + timedelta(days=int(number)) if 10959 <= number <= 73415 else None


def plain_date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _full_year(text: str) -> int:
    year = int(text)
    return year if year > 99 else 2000 + year if year < 70 else 1900 + year


def make_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
