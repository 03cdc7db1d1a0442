"""What a cell is by its looks: an amount, a year. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jagadata.collection.tables.numerals import parse_number

if TYPE_CHECKING:
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
