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


def is_numbering(row: Sequence[Cell], texts: set[Cell]) -> bool:
    """A row '(1) (2) (3)' or '1 2 3' or 'a b c' under the headings; `texts`: its cells in columns that hold no numbers."""
    filled = [
        " ".join(str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).split())
        for cell in row
        if cell != ""
    ]
    if len(filled) < 2:
        return False
    bare = [
        re.sub(r"\s*[=(].*$", "", text) if not text.startswith("(") else text.strip("() ") for text in filled
    ]
    numbers = [int(text) for text in bare if text.isdecimal() and len(text) <= 3]
    if len(numbers) == len(filled):
        rising = all(one < other for one, other in pairwise(numbers))
        close = numbers[0] <= 1 and numbers[-1] <= len(numbers) + 3
        return rising and close and (bool(texts - {""}) or filled[0].startswith("("))
    return len(filled) > 2 and all(
        len(text) == 1 and text.lower() == chr(97 + number) for number, text in enumerate(bare)
    )
