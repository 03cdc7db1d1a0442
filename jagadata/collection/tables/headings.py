"""Which data set a sheet holds, where its headings stand, and which column is which. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from jagadata.collection.tables.fitting import LEAST, SURE_ENOUGH, fit_of
from jagadata.collection.tables.numerals import years_in
from jagadata.collection.tables.sub_heads import belongs_to_heading
from jagadata.collection.tables.translations import with_indonesian_units
from jagadata.collection.tables.words import is_unit_alone, same_unit, unit_in, unit_of, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.grid import Grid, Merge, Rows
    from jagadata.office.collection import ColumnEntry, DatasetEntry

DEEPEST = 40
"""Rows from the top in which a heading may stand."""

ENOUGH = 0.5
"""The share of a data set's columns (required ones count three times) that makes a table its table."""

_ROWS = 5
"""Rows that one heading may have."""

_OTHER_UNIT = 0.12
"""What a heading with another unit than the one asked for loses against one with it."""

_ALIKE = 0.11
"""A column of numbers whose heading fits so little worse than the best may be the one that was meant."""

_IGNORED = {("nomor",), ("nomor", "urut"), ("nomer",), ()}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a sheet is to be read. Rows and columns counted from 0; `heading` and `last` are the first and last heading row."""

    dataset: DatasetEntry
    score: float  # 1: every column there under its own name
    heading: int
    last: int
    columns: dict[str, int]  # the office file's name -> the sheet's column
    headings: dict[int, str]  # every column's heading as it stands there
    guessed: tuple[str, ...] = ()  # columns whose heading only resembles theirs
    doubtful: tuple[str, ...] = ()  # of them: those whose heading has a word that may make it another column
    twins: tuple[tuple[int, str], ...] = ()  # further columns with the very heading of one that was found
    unknown: tuple[int, ...] = ()
    unit_column: int | None = None
    units: dict[str, str] | None = None  # the office file's name -> the unit in its heading, normalised
    title: str = ""

    @property
    def missing(self) -> list[ColumnEntry]:
        return [one for one in self.dataset.columns if one.name not in self.columns]


@dataclass(frozen=True, kw_only=True)
class _Match:
    score: float
    columns: dict[str, int]
    guessed: tuple[str, ...]
    doubtful: tuple[str, ...] = ()
    twins: tuple[tuple[int, str], ...] = ()


def find_layouts(grid: Grid, head: Rows, datasets: Sequence[DatasetEntry], hints: str) -> list[Layout]:
    """The best reading for each data set that the sheet may hold, best first; empty where none fits.

    `hints`: sheet and file name, which decide between data sets with the same columns.
    """
    grid = replace(grid, merges=tuple(one for one in grid.merges if one.top < DEEPEST + 3))
    best: dict[str, tuple[tuple[float, int, int], Layout]] = {}
    for top in range(min(DEEPEST, len(head))):
        texts = [cell for cell in head[top] if isinstance(cell, str) and cell]
        if not texts or sum(map(len, texts)) > 20_000:
            continue
        for depth in range(1, _ROWS + 1):
            last = top + depth - 1
            if last >= len(head) or (depth > 1 and not _may_be_heading(head[last])):
                break
            names = _names(head, top, last, grid)
            for dataset in datasets:
                found = _match(dataset, names)
                if len(found.columns) < min(2, len(dataset.columns)) or found.score < ENOUGH:
                    continue
                rank = (round(found.score, 6), -depth, -top)
                if dataset.code not in best or rank > best[dataset.code][0]:
                    score = found.score + _resemblance(dataset.name, hints, _title(head, top))
                    best[dataset.code] = rank, _layout(dataset, score, top, last, found, names, head)
    return sorted(
        (_with_sub_heads(layout, head, grid) for _rank, layout in best.values()), key=lambda one: -one.score
    )


def _with_sub_heads(layout: Layout, head: Rows, grid: Grid) -> Layout:
    """The layout with the rows below its heading that belong to it: units, translations, headings of parts."""
    while (row := _next_filled(head, layout.last + 1)) is not None and belongs_to_heading(
        head[row], row, layout.dataset, layout.columns, grid.merges
    ):
        names = _names(head, layout.heading, row, grid)
        found = _match(layout.dataset, names)
        if len(found.columns) < len(layout.columns):
            break
        layout = _layout(layout.dataset, layout.score, layout.heading, row, found, names, head)
    return layout


def _next_filled(head: Rows, row: int) -> int | None:
    """The row, or one of the two below it, if it is blank."""
    return next(
        (one for one in range(row, min(row + 3, len(head))) if any(cell != "" for cell in head[one])), None
    )


def nearest(
    head: Rows, grid: Grid, datasets: Sequence[DatasetEntry]
) -> tuple[DatasetEntry, list[str], int] | None:
    """For a sheet that fits nothing: the data set that comes nearest, its columns that were found, and the row (from 0)."""
    best: tuple[float, DatasetEntry, list[str], int] | None = None
    for top in range(min(DEEPEST, len(head))):
        names = _names(head, top, top, grid)
        for dataset in datasets:
            found = _match(dataset, names)
            if found.columns and (best is None or found.score > best[0]):
                best = (found.score, dataset, list(found.columns), top)
    return best[1:] if best else None


def is_year(heading: object) -> bool:
    """A heading that is only a year: tables with years side by side have them."""
    return re.fullmatch(r"\s*(tahun\s*)?(19|20)\d{2}(\.0)?\s*", str(heading), re.IGNORECASE) is not None


def _may_be_heading(row: Sequence[object]) -> bool:
    """A second heading row holds texts and at most years."""
    filled = [cell for cell in row if cell != ""]
    return (
        bool(filled)
        and all(
            isinstance(cell, str) or (isinstance(cell, (int, float)) and 1900 <= cell <= 2100)
            for cell in filled
        )
        and any(isinstance(cell, str) and not re.fullmatch(r"[\d.,()\s-]*", cell) for cell in filled)
    )


def _names(head: Rows, top: int, last: int, grid: Grid) -> list[tuple[str, ...]]:
    """The texts above each column from top to bottom, merged cells spread."""
    width = max((len(row) for row in head[top : last + 1]), default=0)
    spread = [[_text(cell) for cell in row] + [""] * (width - len(row)) for row in head[top : last + 1]]
    if grid.knows_merges:
        for merge in grid.merges:
            if merge.bottom >= top and merge.top <= last and merge.left < width:
                _spread(spread, merge, top, last, width)
    else:
        for row, below in pairwise(spread):
            for column in range(1, width):
                if not row[column] and below[column]:
                    row[column] = row[column - 1]
    return [tuple(dict.fromkeys(row[column] for row in spread if row[column])) for column in range(width)]


def _spread(rows: list[list[str]], merge: Merge, top: int, last: int, width: int) -> None:
    text = rows[merge.top - top][merge.left] if merge.top >= top else ""
    for row in range(max(merge.top, top), min(merge.bottom, last) + 1):
        for column in range(merge.left, min(merge.right + 1, width)):
            rows[row - top][column] = rows[row - top][column] or text


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "\n".join(filter(None, (" ".join(line.split()) for line in str(cell).split("\n"))))[:300]


def _match(dataset: DatasetEntry, names: list[tuple[str, ...]]) -> _Match:
    """The best column for each of the data set's, every column used once."""
    wanted = [(one, (one.name, *one.aliases)) for one in dataset.columns]
    context = frozenset(words_of(dataset.name))
    known = _known_units(dataset)
    offers: list[tuple[float, int, int]] = []
    for position, texts in enumerate(names):
        if not texts:
            continue
        said = _unit_above(texts, known)
        for number, (one, known_names) in enumerate(wanted):
            fit = max(fit_of(texts, name, context) for name in known_names)
            if fit >= LEAST:
                offers.append(
                    (
                        fit
                        - (
                            _OTHER_UNIT
                            if fit > 0.8 and said and one.unit and not same_unit(said, unit_of(one.unit))
                            else 0
                        ),
                        number,
                        position,
                    )
                )
    offers.sort(key=lambda offer: (-offer[0], offer[2]))
    columns: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for fit, number, position in offers:
        if number not in columns and position not in used:
            columns[number] = (position, fit)
            used.add(position)
    weights = [3 if one.required else 1 for one in dataset.columns]
    unknown = sum(1 for position, texts in enumerate(names) if texts and position not in used)
    score = sum(weights[number] * fit for number, (_place, fit) in columns.items()) / sum(weights)
    counted = {number for number, (one, _names) in enumerate(wanted) if one.type in ("number", "integer")}
    return _Match(
        score=score - min(0.05, 0.002 * unknown),
        columns={wanted[number][0].name: position for number, (position, _fit) in sorted(columns.items())},
        guessed=tuple(
            wanted[number][0].name for number, (_place, fit) in sorted(columns.items()) if fit < 0.8
        ),
        doubtful=tuple(
            wanted[number][0].name for number, (_place, fit) in sorted(columns.items()) if fit < SURE_ENOUGH
        ),
        twins=tuple(
            (position, wanted[number][0].name)
            for fit, number, position in offers
            if position not in used
            and fit >= 0.8
            and fit >= columns[number][1] - (_ALIKE if number in counted else 0)
        ),
    )


def _known_units(dataset: DatasetEntry) -> frozenset[str]:
    return frozenset({unit_of(one.unit) for one in dataset.columns if one.unit} | {unit_of(dataset.unit)})


def _unit_above(texts: Sequence[str], known: frozenset[str]) -> str:
    """The unit in the lowest row of a heading that names one; a row may hold nothing but a unit."""
    for text in reversed(texts):
        if unit := unit_in(with_indonesian_units(text), known) or (
            unit_of(text) if text is not texts[0] and is_unit_alone(text) else ""
        ):
            return unit
    return ""


def _resemblance(name: str, hints: str, title: str) -> float:
    asked = {word for word in words_of(name) if len(word) > 3}
    heard = set(words_of(hints)) | set(words_of(title))
    return 0.05 * len(asked & heard) / len(asked) if asked else 0


def _title(head: Rows, top: int) -> str:
    return " · ".join(" ".join(text.split()) for row in head[:top] for cell in row if (text := _text(cell)))[
        :2000
    ]


def _layout(
    dataset: DatasetEntry,
    score: float,
    top: int,
    last: int,
    found: _Match,
    names: list[tuple[str, ...]],
    head: Rows,
) -> Layout:
    used = set(found.columns.values())
    headings = {position: " ".join(" ".join(texts).split()) for position, texts in enumerate(names) if texts}
    known = _known_units(dataset)
    units = {
        name: unit
        for name, position in found.columns.items()
        if (unit := _unit_above(names[position], known))
    }
    spare = {position: words_of(text) for position, text in headings.items() if position not in used}
    unit_column = next(
        (position for position, words in spare.items() if words in (("satuan",), ("unit",))), None
    )
    return Layout(
        dataset=dataset,
        score=score,
        heading=top,
        last=last,
        columns=found.columns,
        headings=headings,
        guessed=found.guessed,
        doubtful=found.doubtful,
        twins=found.twins,
        unknown=tuple(
            position for position, words in spare.items() if words not in _IGNORED and position != unit_column
        ),
        unit_column=unit_column,
        units=units,
        title=_title(head, top),
    )


def years_of(layout: Layout, names: Sequence[str]) -> list[int]:
    """Years that the title speaks of; else the headings, the sheet's and the file's name (`names`, in this order)."""
    headings = " · ".join(layout.headings[position] for position in layout.columns.values())
    for text in (layout.title, headings, *names):
        if years := years_in(text.replace("_", " ")):
            return years
    return []
