"""Rows of column numbers below a heading: '(1) (2) (3)', 'Kolom 1, Kolom 2', '1 2 3'. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.grid import Cell
    from jagadata.office.collection import ColumnEntry

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


def is_numbering_among(table: pa.Table, entries: Sequence[ColumnEntry], row: int) -> bool:
    """A row '1 2 3' of the table has a number where the other rows have a name, or a code of more digits."""
    for entry in entries:
        texts = table[entry.name]
        if (
            entry.type not in ("text", "region")
            or not texts[row].is_valid
            or not texts[row].as_py().isdecimal()
        ):
            continue
        short = pc.sum(pc.match_substring_regex(texts, r"^\d{1,2}$")).as_py() or 0
        if 2 * (short - 1) < table.num_rows - 1:
            return True
    return False
