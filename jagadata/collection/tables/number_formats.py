"""What a spreadsheet shows of a number: its format code (ECMA-376, 18.8.31) read and carried out. Pure.

Only what changes the reading matters here: '%', commas that divide by a thousand, leading zeros, words and digits beside the
number, numbers that are not shown at all. Dates are none of ours: the reader makes days of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Self

from jagadata.collection.tables.numerals import parse_number

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<slot>[0#?])|(?P<sign>[.,%;])|(?P<other>.)',
    re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:[.,]\d+)?)")
_DATE = re.compile(r"[ymdhsb]|a/p|am/pm|general|e[+-]|/", re.IGNORECASE)
_MONEY = re.compile(r"[\s()+\-]*(rp\.?|idr|usd|us|eur|\$|€|£)?[\s()+\-:,.]*", re.IGNORECASE)
"""What may stand before or behind a number without a meaning of its own."""

BUILT_IN = {"9": "0%", "10": "0.00%"}
"""Numbers of formats that no file spells out."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One of up to four parts of a format. `tokens`: ('text', 'x'), ('slot', '0') and ('.', '')."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, float] | None = None
    percent: bool = False
    thousands: int = 0  # times that the number is divided by a thousand
    grouped: bool = False

    @property
    def hides(self) -> bool:
        """Nothing of the number is to be seen."""
        return not self.tokens

    @property
    def zeros(self) -> int:
        """Digits before the decimal mark that are shown in any case."""
        whole = [kind for kind, _text in self.tokens]
        end = whole.index(".") if "." in whole else len(whole)
        return sum(1 for kind, text in self.tokens[:end] if kind == "slot" and text == "0")

    @property
    def words(self) -> str:
        """What stands behind the number: 'juta' in '0.0" juta"'."""
        slots = [position for position, (kind, _text) in enumerate(self.tokens) if kind != "text"]
        if not slots:
            return ""
        return "".join(text for _kind, text in self.tokens[slots[-1] + 1 :]).strip()

    @property
    def inside(self) -> str:
        """What stands between its digits: '.' in '0"."000'."""
        slots = [position for position, (kind, _text) in enumerate(self.tokens) if kind != "text"]
        return (
            "".join(text for kind, text in self.tokens[slots[0] : slots[-1]] if kind == "text")
            if slots
            else ""
        )

    @property
    def alters(self) -> bool:
        """Digits or a mark are added, so that another number is seen than the cell holds: 0"000", 0","0."""
        if any(sign.isdigit() for kind, text in self.tokens if kind == "text" for sign in text):
            return any(kind == "slot" for kind, _text in self.tokens)
        return bool(self.inside.strip()) and not self._groups

    @property
    def _groups(self) -> bool:
        """The texts within only part the thousands, as 0"."000 does; or the number is a code with as many zeros."""
        runs = "".join("x" if kind == "slot" else "|" for kind, _text in self.tokens).strip("|").split("|")
        return all(len(run) == 3 for run in runs[1:]) and set(self.inside) <= {".", ",", " ", "\u00a0"}

    @property
    def plain(self) -> bool:
        """It shows the very number that the cell holds."""
        return not (
            self.percent
            or self.thousands
            or self.zeros > 1
            or self.hides
            or self.inside.strip()
            or not all(_MONEY.fullmatch(part) for part in self._outer)
        )

    @property
    def _outer(self) -> tuple[str, str]:
        slots = [position for position, (kind, _text) in enumerate(self.tokens) if kind != "text"]
        if not slots:
            return "", ""
        return "".join(text for _kind, text in self.tokens[: slots[0]]).strip(), self.words


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """A format that shows something else than the number in the cell, or more."""

    sections: tuple[Section, ...]

    def section(self, value: float) -> Section:
        """The part that is used for this value."""
        for number, one in enumerate(self.sections):
            if one.condition and _holds(value, *one.condition):
                return one
            if one.condition is None and number == 0 and (value > 0 or len(self.sections) == 1):
                return one
            if one.condition is None and number == 1 and value < 0:
                return one
            if one.condition is None and number == 2 and value == 0:
                return one
        return next((one for one in self.sections if one.condition is None), self.sections[0])

    @property
    def percent(self) -> bool:
        return any(one.percent for one in self.sections)


class Shown(float):
    """A number of a spreadsheet whose cell shows something else: '00012' for 12, '85%' for 0.85."""

    __slots__ = ("form",)
    form: NumberFormat

    def __new__(cls, value: float, form: NumberFormat) -> Self:
        self = super().__new__(cls, value)
        self.form = form
        return self

    @property
    def section(self) -> Section:
        return self.form.section(self)

    @property
    def scaled(self) -> float:
        """The number that is seen, in full: not rounded to what is shown."""
        section = self.section
        whole = Decimal(repr(float(self))) * (100 if section.percent else 1)
        return float(whole / 1000**section.thousands)

    def __str__(self) -> str:
        """As the cell shows it, with a comma for decimals."""
        section = self.section
        sign = "-" if self < 0 and section is self.form.sections[0] else ""
        return sign + _render(section, float(self))


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        ">": value > limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[sign]


@lru_cache(maxsize=2_000)
def read_format(code: str) -> NumberFormat | None:
    """None where the format shows nothing but the number, or is one of dates, fractions or texts."""
    sections: list[Section] = []
    for tokens in _split(code):
        section = _section(tokens)
        if section is None:
            return None
        sections.append(section)
    numbers = sections[:3]
    hiding = [one for number, one in enumerate(numbers) if one.hides and number != 2]
    if not numbers or (len(numbers) == len(hiding) == 1):  # an empty code is General
        return None
    return (
        None
        if all(one.plain or (one.hides and one not in hiding) for one in numbers)
        else NumberFormat(sections=tuple(numbers))
    )


def _split(code: str) -> list[list[re.Match[str]]]:
    parts: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(code[:1_000]):
        if token["sign"] == ";":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _section(tokens: list[re.Match[str]]) -> Section | None:
    """None for a format that is none of numbers."""
    if _DATE.search("".join(token["other"] or "" for token in tokens)) or any(
        token["other"] == "@" or re.fullmatch(r"[hms]+", token["bracket"] or "", re.IGNORECASE)
        for token in tokens
    ):
        return None
    found: list[tuple[str, str]] = []
    condition, percent, commas, grouped = None, False, 0, False
    for token in tokens:
        if token["slot"]:
            grouped, commas = grouped or commas > 0, 0
            found.append(("slot", token["slot"]))
        elif token["sign"] == ",":
            commas += any(kind == "slot" for kind, _text in found)
        elif token["sign"] == ".":
            found.append((".", ""))
        elif token["sign"] == "%":
            percent = True
            found.append(("text", "%"))
        elif token["bracket"] is not None:
            if match := _CONDITION.fullmatch(token["bracket"]):
                condition = match[1], float(match[2].replace(",", "."))
            elif token["bracket"].startswith("$"):
                found.append(("text", token["bracket"][1:].rpartition("-")[0] or token["bracket"][1:]))
        else:
            text = (
                token["quoted"] if token["quoted"] is not None else token["escaped"] or token["other"] or ""
            )
            if text:
                found.append(("text", text))
    return Section(
        tokens=tuple(found), condition=condition, percent=percent, thousands=commas, grouped=grouped
    )


def _render(section: Section, value: float) -> str:
    kinds = [kind for kind, _text in section.tokens]
    if "slot" not in kinds:
        return "".join(text for _kind, text in section.tokens)
    end = kinds.index(".") if "." in kinds else len(kinds)
    positions = sum(1 for kind in kinds[end:] if kind == "slot")
    number = abs(Decimal(repr(value))) * (100 if section.percent else 1) / 1000**section.thousands
    number = number.quantize(Decimal(1).scaleb(-positions), ROUND_HALF_UP)
    whole, _, decimals = f"{number:f}".partition(".")
    whole = whole.lstrip("0")
    shown = _whole(section, list(section.tokens[:end]), whole)
    rest = iter(decimals)
    tail = [
        text if kind == "text" else "," if kind == "." else next(rest, "0")
        for kind, text in section.tokens[end:]
    ]
    return shown + "".join(tail)


def _whole(section: Section, tokens: list[tuple[str, str]], digits: str) -> str:
    """The digits before the decimal mark, put into their slots from the right; the first slot takes all that are left."""
    left = [position for position, (kind, _text) in enumerate(tokens) if kind == "slot"]
    parts: list[str] = []
    count = 0
    for position in range(len(tokens) - 1, -1, -1):
        kind, text = tokens[position]
        if kind == "text":
            parts.append(text)
            continue
        taken = digits if position == left[0] else digits[-1:]
        digits = digits[: len(digits) - len(taken)]
        for sign in reversed(taken or ("0" if text == "0" else "")):
            if section.grouped and count and count % 3 == 0:
                parts.append(".")
            parts.append(sign)
            count += 1
    return "".join(reversed(parts))


_PARTED = re.compile(r"([^\d]*?)([+-]?\d[\d.,\s\u00a0\u202f]*)(.*)", re.DOTALL)


@lru_cache(maxsize=20_000)
def format_of_text(value: float, text: str) -> NumberFormat | None:
    """The format that shows `value` as `text`, where a file keeps both (ODF): None where it shows nothing but the number."""
    if not (match := _PARTED.fullmatch(text.strip())):
        return None
    before, number, behind = (part.strip() for part in match.groups())
    digits = re.sub(r"\D", "", number)
    own = f"{abs(value):.0f}"
    if digits.lstrip("0") == own.lstrip("0") and (digits != own or _is_code(number)):
        return read_format("".join("0" if sign.isdigit() else f'"{sign}"' for sign in text.strip()))
    tail = f'"{behind}"' if behind and behind != "%" else behind
    thousands = next((times for times in (1, 2, 3, 4) if _is_scaled(abs(value), number, times)), 0)
    return read_format(f'"{before}"#,##0{"," * thousands}{tail}')


def _is_code(number: str) -> bool:
    """'35.03.10', which parts no thousands."""
    return re.fullmatch(r"[+-]?\d{1,3}([.,\s\u00a0\u202f]\d{3})*", number) is None and not number.isdecimal()


def _is_scaled(value: float, number: str, times: int) -> bool:
    if not value or not (read := parse_number(number)) or abs(read[0]) < 1:
        return False
    return abs(abs(read[0]) * 1000**times - value) <= 0.5 * 1000**times and abs(read[0]) != value
