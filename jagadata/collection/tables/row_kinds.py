"""What a cell or a row is by its looks: an amount, a year, a row of column numbers. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from jagadata.collection.tables.numerals import parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.grid import Cell


def is_amount(cell: Cell) -> bool:
    return isinstance(cell, float | int) or (isinstance(cell, str) and parse_number(cell) is not None)


def is_lone_year(cell: Cell) -> bool:
    """2026, and not 'Sumber: BPS, 2026'."""
    if isinstance(cell, str):
        return re.fullmatch(r"\s*(19|20)\d\d\s*", cell) is not None
    return isinstance(cell, float | int) and 1900 <= cell <= 2100


def is_number(cell: Cell) -> bool:
    return isinstance(cell, float | int) or (isinstance(cell, str) and cell.strip(" .").isdecimal())


_NUMBERED = re.compile(
    r"(?:kolom|kol|column|col)?[\s.:]*[(\[]?\s*(-?\d{1,3})\s*[)\]]?(?:\s*[=(:].*)?", re.IGNORECASE
)
_FIRST = re.compile(r"\s*([(\[]|kol|col|\d+\s*\))", re.IGNORECASE)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


def is_numbering(row: Sequence[Cell], *, plain: bool = False) -> bool:
    """A row '(1) (2) (3)' or 'Kolom 1, Kolom 2' or 'a b c' under the headings; `plain`: one of '1 2 3', which may be data.

    A spreadsheet keeps '(1)' as -1 where nobody told it not to.
    """
    filled = [
        " ".join(str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).split())
        for cell in row
        if cell != ""
    ]
    if len(filled) < 2:
        return False
    matches = [_NUMBERED.fullmatch(text) for text in filled]
    if all(matches):
        numbers = [int(match[1]) for match in matches if match]
        negative = all(number <= 0 for number in numbers) and numbers[-1] < 0
        numbers = [abs(number) for number in numbers] if negative else numbers
        rising = all(one < other for one, other in pairwise(numbers))
        close = 0 <= numbers[0] <= 1 and numbers[-1] <= len(numbers) + 3
        sign = negative or any(_FIRST.match(text) for text in filled)
        if plain:
            return (
                not sign and numbers[0] <= 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            )
        return rising and close and sign
    bare = [text.strip("() ").lower() for text in filled]
    if not plain and len(bare) > 2 and tuple(bare) == _ROMAN[: len(bare)]:
        return True
    return (
        not plain
        and len(filled) > 2
        and all(len(text) == 1 and text == chr(97 + number) for number, text in enumerate(bare))
    )
