"""Rows below a heading that still belong to it: '(ha)' and '(ton)', 'Subdistrict', 'PNS' and 'Non PNS', years. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.tables.numbering import is_numbering
from jagadata.collection.tables.row_kinds import is_amount, is_lone_year
from jagadata.collection.tables.translations import is_english
from jagadata.collection.tables.words import FOOTER, TOTAL, is_unit_alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagadata.collection.tables.grid import Cell, Merge
    from jagadata.office.collection import DatasetEntry

_NOUNS = frozenset(
    {"subdistrict", "district", "village", "regency", "number", "no", "no.", "name", "year", "month"}
)
"""How the English row of a heading begins."""


def belongs_to_heading(
    row: Sequence[Cell],
    number: int,
    dataset: DatasetEntry,
    columns: Mapping[str, int],
    merges: Sequence[Merge],
) -> bool:
    """The row right below a heading; `number` from 0, `columns` by the office file's name.

    A row with a name of its own, or a number, is data; so is what the columns that were asked for make a row of.
    """
    filled = {position: cell for position, cell in enumerate(row) if cell != ""}
    if not filled or is_numbering(row):
        return False
    types = {columns[one.name]: one.type for one in dataset.columns if one.name in columns}
    counted = [position for position, kind in types.items() if kind in ("number", "integer")]
    named = [position for position, kind in types.items() if kind not in ("number", "integer")]
    texts = [cell for cell in filled.values() if isinstance(cell, str)]
    if len(texts) == len(filled) and all(is_english(text) or is_unit_alone(text) for text in texts):
        translated = len(texts) > 1 and any(is_english(text) for text in texts)
        if not counted:  # a list of texts may hold English ones
            return translated and all(word in _NOUNS for word in str(texts[0]).lower().split())
        return translated or not any(position in filled for position in named)
    if _is_of_units(filled, named, counted):
        return True
    if any(position in filled for position in named) or not named:
        return False
    if _is_of_years(filled, number, named, merges):
        return True
    if len(texts) < len(filled) or any(
        is_amount(text) or FOOTER.match(text) or TOTAL.fullmatch(text.strip())
        for text in texts
        if not is_lone_year(text)
    ):
        return False
    if len(filled) == 1:
        position = next(iter(filled))
        return position > min(named) and not any(
            merge.top == number and merge.left == position and merge.right > position for merge in merges
        )
    return any(position in filled for position in counted) or min(filled) > min(named)


def _is_of_years(
    filled: Mapping[int, Cell], number: int, named: Sequence[int], merges: Sequence[Merge]
) -> bool:
    """'2025' and '2026' beside each other, or one below a heading that is merged down beside it."""
    if not all(is_lone_year(cell) for cell in filled.values()):
        return False
    merged = any(merge.left in named and merge.top < number <= merge.bottom for merge in merges)
    return merged or len({str(cell) for cell in filled.values()}) == len(filled) > 1


def _is_of_units(filled: Mapping[int, Cell], named: Sequence[int], counted: Sequence[int]) -> bool:
    """'Satuan' and the units beside it."""
    labels = [str(filled[position]).strip().lower() for position in named if position in filled]
    units = [str(filled[position]) for position in counted if position in filled]
    return labels in (["satuan"], ["unit"]) and bool(units) and all(map(is_unit_alone, units))
