"""Where in a sheet personal data stands, and text that would run as a formula; only masked samples are kept. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.formula_text import is_active
from jagadata.collection.tables.grid import CHUNK, column_letter
from jagadata.collection.tables.personal import (
    PHONE,
    QUICK,
    SUSPECT,
    find_bare_phones,
    find_personal,
    find_personal_number,
    mask,
    mask_value,
)
from jagadata.collection.tables.words import words_of
from jagadata.text.template import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.grid import Cell, Grid, Rows

_PHONES = {"telepon", "handphone", "whatsapp", "ponsel", "seluler", "kontak", "narahubung", "cp"}
"""Words in the heading of a column of telephone numbers."""
_SHORTEST = 9
"""Characters of the shortest personal data but a mail address."""
_CUT = 5_000
"""Characters of one cell that are looked at for formula text."""


@dataclass(kw_only=True)
class Sightings:
    """By column (from 0): the lines (from 1) with each kind of personal data, a masked sample, the lines with formula text."""

    personal: dict[tuple[str, int], array[int]] = field(default_factory=dict)
    samples: dict[tuple[str, int], str] = field(default_factory=dict)
    active: dict[int, array[int]] = field(default_factory=dict)
    lines: int = 0  # seen so far
    _phones: set[int] = field(default_factory=set)

    def take(self, rows: Rows) -> None:
        """The next rows of the sheet, whatever they hold."""
        if not self.lines:
            self._phones = {
                column
                for row in rows[:60]
                for column, cell in enumerate(row)
                if isinstance(cell, str) and len(cell) < 60 and _PHONES & set(words_of(cell))
            }
        for column, cells in enumerate(zip(*rows, strict=True)):
            _look(self, column, cells, self.lines + 1, phone=column in self._phones)
        self.lines += len(rows)


def look_over(grid: Grid) -> Sightings:
    """Every cell of a sheet that is not read otherwise."""
    seen = Sightings()
    for rows in grid.chunks(CHUNK):
        seen.take(rows)
    return seen


def _look(seen: Sightings, column: int, cells: Sequence[Cell], line: int, *, phone: bool) -> None:
    kinds = set(map(type, cells))
    if str in kinds:
        _look_at_texts(seen, column, cells, line, only=len(kinds) == 1)
        if phone:
            _look_at_numbers_in_text(seen, column, cells, line)
    if any(issubclass(kind, float | int) and kind is not bool for kind in kinds):
        numbers = (
            cells if kinds <= {float, int} else [cell for cell in cells if isinstance(cell, float | int)]
        )
        if phone or not max(numbers) < 1e15:  # type: ignore[operator]  # NaN at the front hides what follows
            for number, cell in enumerate(cells, line):
                if isinstance(cell, float | int) and (found := find_personal_number(cell, phone=phone)):
                    _note(seen, *found, column, number)


def _look_at_texts(seen: Sightings, column: int, cells: Sequence[Cell], line: int, *, only: bool) -> None:
    """`only`: there is nothing but text among the cells."""
    texts = "\x1f".join(cells if only else [cell for cell in cells if type(cell) is str])  # type: ignore[arg-type] # all str
    if "=" in texts or "|" in texts or "(" in texts or "!" in texts:
        for number, cell in enumerate(cells, line):
            if type(cell) is str and cell and is_active(cell[:_CUT]):
                seen.active.setdefault(column, array("l")).append(number)
    if len(texts) < _SHORTEST + len(cells) or (
        "@" not in texts and max(map(len, texts.split("\x1f"))) < _SHORTEST
    ):
        return
    for number in _suspects(cells, texts):
        cell = cells[number]
        if type(cell) is str and SUSPECT.search(cell):
            for kind, value in find_personal(cell):
                _note(seen, kind, value, column, line + number)


def _suspects(cells: Sequence[Cell], texts: str) -> Sequence[int]:
    """Of the cells (from 0) those that may hold personal data."""
    if not texts.isascii():
        return range(len(cells)) if SUSPECT.search(texts) else ()
    column = pa.array([cell if type(cell) is str else None for cell in cells], pa.string())
    found: list[int] = pc.indices_nonzero(pc.match_substring_regex(column, QUICK)).to_pylist()
    return found


def _look_at_numbers_in_text(seen: Sightings, column: int, cells: Sequence[Cell], line: int) -> None:
    """Telephone numbers of a CSV file whose leading 0 a spreadsheet ate."""
    for number, cell in enumerate(cells, line):
        if type(cell) is str and cell:
            for value in find_bare_phones(cell):
                _note(seen, PHONE, value, column, number)


def _note(seen: Sightings, kind: str, value: str, column: int, line: int) -> None:
    lines = seen.personal.setdefault((kind, column), array("l"))
    if not lines or lines[-1] != line:
        lines.append(line)
    seen.samples.setdefault((kind, column), mask_value(kind, value))


def column_name(headings: dict[int, str], column: int) -> str:
    """Such as "kolom 'NIK' (C)", or 'kolom C' where nothing stands above it."""
    text = one_line(mask(headings.get(column, "")))[:60]
    return f"kolom '{text}' ({column_letter(column)})" if text else f"kolom {column_letter(column)}"
