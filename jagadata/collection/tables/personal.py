"""Personal data in what OPD send: NIK, NIP, NPWP, telephone numbers and mail addresses, found and masked. Pure.

NIK: 16 digits, region, DDMMYY of birth (women: day + 40), serial (Permendagri 102/2019). NIP: 18 digits, birth YYYYMMDD, start of
service YYYYMM (PPPK: other months), sex, serial (BKN 22/2007).
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from jagadata.collection.tables.numerals import make_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NIK, NIP, NPWP, PHONE, MAIL = "NIK", "NIP", "NPWP", "Nomor telepon", "Alamat surel"

_SIGNS = r" \t\r\n\u00a0\u2007\u2009\u200b-\u200d\u202f\u2060\ufeff.\-'"
_GAP = rf"[{_SIGNS}]{{0,3}}"
"""What may stand between the digits of one number."""
_WIDE_GAP = rf"[{_SIGNS}/:_]{{0,3}}"
_CELL_GAP = rf"[{_SIGNS}/:_,]{{0,3}}"
"""The same for NIK and NIP, whose digits prove themselves; commas only within a cell: findings list the numbers of rows."""

SUSPECT = re.compile(
    rf"@|(?:62|0)[ \u00a0.\-()]{{0,3}}8[1235789](?:[)]?{_GAP}\d){{7}}|\d(?:{_CELL_GAP}\d){{14}}|\(0\d\d|(?i:tel|tlp|fa[kx])"
)
"""Whatever holds personal data matches here: one quick look at many cells before the exact one."""
QUICK = r"@|\(0[0-9][0-9]|(?i:tel|tlp|fa[kx])|(?:62|0)[ .\-()]{0,3}8[1235789](?:[ \t\r\n.\-'()]{0,4}[0-9]){7}|[0-9](?:[ \t\r\n.\-'/:_,]{0,3}[0-9]){14}"
"""The same for ASCII alone, in RE2's words, and a little wider: it looks at ten thousand cells in a few milliseconds."""

_RUN = re.compile(rf"\d(?:{_CELL_GAP}\d){{14,}}")
_WIDE_RUN = re.compile(rf"\d(?:{_WIDE_GAP}\d){{14,}}")
_GROUP = re.compile(r"\d+")
_NO_DIGITS = re.compile(r"\D+")
_PHONE = re.compile(
    rf"(?<!\d)(?<!\d[.,])(?:\+?62[ \u00a0.\-]?\(?0?\)?|\(?0)8[1235789](?:[)]?{_GAP}\d){{7,10}}(?!\d)"
)
_BARE_PHONE = re.compile(rf"(?<!\d)8[1235789](?:{_GAP}\d){{7,10}}(?!\d)")
_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,8}")
_LANDLINE = re.compile(
    r"(?<!\d)\(0[2-79]\d{1,2}\)[ .\-]{0,2}\d{3,4}[ .\-]?\d{2,4}(?!\d)"
    r"|(?:telepon|telp?|tlp|fax|faks|faksimile|phone)\W{1,4}(0[2-79]\d{1,2}[ .\-/]{0,3}\d{3,4}[ .\-]?\d{2,4})(?!\d)",
    re.IGNORECASE,
)
_NPWP = re.compile(r"(?<!\d)\d{2}\.\d{3}\.\d{3}\.\d[-.]\d{3}\.\d{3}(?!\d)")
_DECIMAL = re.compile(
    r"(?<![\d.,])(\d{1,14}|\d{1,3}(?:\.\d{3}){1,4}(?=,)|\d{1,3}(?:,\d{3}){1,4}(?=\.))[.,](\d+)(?![.,]?\d|[eE][+\-]?\d)"
)
_COORDINATES = re.compile(
    r"(?<![\d.,])\d{1,2}[.,]\d{3,}[°\s]*[,;/|\s]\s*(?:9[5-9]|1[0-4]\d)[.,]\d{3,}"
    r"|(?<![\d.,])(?:9[5-9]|1[0-4]\d)[.,]\d{3,}[°\s]*[,;/|\s]\s*-?\d{1,2}[.,]\d{3,}"
)
"""Latitude and longitude in Indonesia, in one cell."""
_SCIENTIFIC = re.compile(r"(?<![\d.,])\d[.,]\d{13,16}[eE]\+?15(?!\d)")
_FIELDS = {2, 4, 6, 8, 10, 12}
"""Where dots may part a NIK: province, regency, district, day, month, year of birth."""
_LONG = re.compile(rf"(?<!\d)\+?\d(?:{_GAP}\d){{10,}}(?!\d)")
_PROVINCES = {11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 31, 32, 33, 34, 35, 36, 51, 52, 53, 61, 62, 63, 64, 65, 71, 72, 73,
              74, 75, 76, 81, 82, 91, 92, 93, 94, 95, 96, 97}  # fmt: skip


def is_nik(digits: str) -> bool:
    """`digits`: exactly 16. The last digit is 0 where a spreadsheet cut the number."""
    if len(digits) != 16 or not digits.isdecimal() or int(digits[:2]) not in _PROVINCES:
        return False
    day, month = int(digits[6:8]), int(digits[8:10])
    day -= 40 if day > 40 else 0
    return digits[2:4] != "00" and digits[4:6] != "00" and make_day(2000, month, day) is not None


def is_nip(digits: str) -> bool:
    """`digits`: 18; of a number that a spreadsheet cut, only the first 15 count."""
    if len(digits) != 18 or not digits.isdecimal():
        return False
    born, began = int(digits[:4]), int(digits[8:12])
    if make_day(born, int(digits[4:6]), int(digits[6:8])) is None or not 1940 <= born <= 2015:
        return False
    return born + 15 <= began <= 2100 and 1 <= int(digits[12:14]) <= 21 and digits[14] in "12"


def find_personal(text: str) -> Iterator[tuple[str, str]]:
    """Every (kind, value as written) in a text. A number with a decimal mark is a measure, and two of them may be a position."""
    for match in _RUN.finditer(_without_measures(text)):
        yield from _find_in_run(match[0])
    for match in _NPWP.finditer(text):
        yield NPWP, match[0]
    for match in _SCIENTIFIC.finditer(text):
        if is_nik(digits := str(int(Decimal(match[0].replace(",", "."))))):
            yield NIK, digits
    for match in _PHONE.finditer(text):
        yield PHONE, match[0]
    for match in _LANDLINE.finditer(text):
        yield PHONE, match[1] or match[0]
    if "@" in text:
        for match in _MAIL.finditer(text):
            yield MAIL, match[0]


def _without_measures(text: str) -> str:
    if "." not in text and "," not in text:
        return text
    text = _COORDINATES.sub("x", text)
    return _DECIMAL.sub(lambda match: match[0] if len(match[1]) + len(match[2]) < 12 else "x", text)


def is_measure(text: str) -> bool:
    """A number with one decimal mark, long enough to be taken for a NIK."""
    match = _DECIMAL.fullmatch(text.strip().lstrip("-"))
    return match is not None and len(match[1]) + len(match[2]) >= 12


def _may_be_parted(sizes: Sequence[int]) -> bool:
    """Whether dots stand where they may in a NIK or NIP: an account code has them elsewhere."""
    ends = list(accumulate(sizes))[:-1]
    return (
        set(ends) <= _FIELDS
        or set(sizes[:-1]) == {4}
        or (sizes[0] < 4 and set(sizes[1:]) == {3})
        or sum(sizes) == 18
    )


def _find_in_run(run: str) -> Iterator[tuple[str, str]]:
    """Groups of digits with gaps: each run of whole groups that makes up 16 or 18 digits, for a neighbour may be another number."""
    groups = list(_GROUP.finditer(run))
    after = 0
    for first, begin in enumerate(groups):
        if first < after:
            continue
        digits = ""
        for last in range(first, len(groups)):
            digits += groups[last][0]
            if len(digits) > 18:
                break
            kind = NIK if is_nik(digits) else NIP if is_nip(digits) else ""
            span = run[begin.start() : groups[last].end()]
            if kind and (
                set(_NO_DIGITS.findall(span)) != {"."}
                or _may_be_parted([len(one[0]) for one in groups[first : last + 1]])
            ):
                yield kind, span
                after = last + 1
                break


def find_bare_phones(text: str) -> Iterator[str]:
    """Mobile numbers without their leading 0, as a spreadsheet leaves them; only for columns of telephone numbers."""
    return (match[0] for match in _BARE_PHONE.finditer(text))


def find_personal_number(value: float, *, phone: bool) -> tuple[str, str] | None:
    """What a number of a spreadsheet is. `phone`: its column is one for telephone numbers (the leading 0 is lost there)."""
    if not 1e9 <= value < 1e19 or value != int(value):  # NaN and infinity neither
        return None
    digits = str(int(value))
    if is_nik(digits):
        return NIK, digits
    if is_nip(digits):
        return NIP, digits
    if phone and re.fullmatch(r"(62)?8[1235789]\d{7,10}", digits):
        return PHONE, digits
    return None


def mask_value(kind: str, value: str) -> str:
    """'3503********0001', '0812******90', 'b***@contoh.id'."""
    if kind == MAIL:
        name, _, domain = value.partition("@")
        return f"{name[:1]}***@{domain}"
    digits = re.sub(r"\D", "", value)
    return _starred(digits, 4 if kind == NIK else 2)


def mask(text: str) -> str:
    """The text with everything in it that is or may be personal data masked: any number of 11 digits or more, too."""
    text = _MAIL.sub(lambda match: mask_value(MAIL, match[0]), text)
    text = _WIDE_RUN.sub(lambda match: _mask_run(match[0]), text)
    text = _PHONE.sub(lambda match: mask_value(PHONE, match[0]), text)
    text = _LANDLINE.sub(lambda match: mask_value(PHONE, match[0]), text)
    return _LONG.sub(lambda match: _starred(re.sub(r"\D", "", match[0]), 2), text)


def mask_cell(text: str) -> str:
    """The same for one cell's text, where '3,503,011,501,900,001' is a NIK that a spreadsheet cut into thousands."""
    return mask(_RUN.sub(lambda match: _mask_run(match[0]), text))


def _mask_run(run: str) -> str:
    shown, start = [], 0
    for _kind, value in _find_in_run(run):
        at = run.index(value, start)
        shown += [run[start:at], _starred(re.sub(r"\D", "", value), 2)]
        start = at + len(value)
    return "".join([*shown, run[start:]])


def _starred(digits: str, last: int) -> str:
    return f"{digits[:4]}{'*' * (len(digits) - 4 - last)}{digits[-last:]}"
