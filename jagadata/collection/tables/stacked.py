"""Rows that part a sheet's table into several: headings that stand there again, titles of their own, names of groups. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from jagadata.collection.tables.words import FOOTER, is_unit, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from jagadata.collection.tables.grid import Cell
    from jagadata.collection.tables.regions import Region

_PAGES = re.compile(
    r"\W*(halaman|hal\.?|page|lanjutan|sambungan|bersambung|lanjutan tabel|continued)\b.*", re.IGNORECASE
)
_FEW = 200
"""Lone texts: more are a list of names."""

Named = tuple[int, str]
"""A line of the sheet and what stands there."""


@dataclass(frozen=True, kw_only=True)
class Parting:
    """`tables`: headings that stand there again below a title of their own; `groups`: names that stand above some of the rows."""

    tables: tuple[Named, ...] = ()
    groups: tuple[Named, ...] = ()
    again: tuple[int, ...] = ()  # lines where the headings stand again, without any title
    drop: frozenset[int] = frozenset()  # rows that are such titles and names


@dataclass(kw_only=True)
class Interruptions:
    """What was seen between the rows, as they are read; `row`: how many rows stood above it."""

    heads: list[tuple[int, int]] = field(default_factory=list)  # line, row
    banners: list[tuple[int, int, str]] = field(
        default_factory=list
    )  # line, row, text: merged over the columns
    lone: dict[int, str] = field(default_factory=dict)  # row that holds but one text

    def note_lone(self, row: int, text: str) -> None:
        if len(self.lone) <= _FEW:
            self.lone[row] = text

    def judge(
        self, lines: Sequence[int], labels: Sequence[str | None], known: Collection[str], region: Region
    ) -> Parting:
        """`lines` of the rows above what stands below the table, and their `labels`; `known`: words of title, headings and data set."""
        end = len(lines)
        lone = (
            {row: text for row, text in self.lone.items() if row < end and not FOOTER.match(text)}
            if len(self.lone) <= _FEW
            else {}
        )
        tables: list[Named] = []
        again: list[int] = []
        drop: set[int] = set()
        titles: set[int] = set()  # lines of banners that are titles
        for line, row in self.heads:
            if row >= end and not any(one >= row for one in range(end)):
                continue
            above = row
            while above - 1 in lone:
                above -= 1
            own = [(lines[one], lone[one]) for one in range(above, row)]
            own += [
                (at, text)
                for at, number, text in self.banners
                if number == row and at < line and (not above or at > lines[above - 1])
            ]
            drop |= set(range(above, row))
            titles |= {at for at, _text in own}
            if own := [
                (at, text) for at, text in sorted(own) if not _is_plain(text, known, region, pages=True)
            ]:
                tables.append(own[0])
            elif row:
                again.append(line)
        if len(self.banners) == 1 and not self.banners[0][1]:  # of all rows
            known = {*known, "tahun", *re.findall(r"\b(?:19|20)\d\d\b", self.banners[0][2])}
        groups = [
            (line, text)
            for line, _row, text in self.banners
            if line not in titles and not _is_plain(text, known, region)
        ]
        rest = {row: text for row, text in lone.items() if row not in drop}
        if _are_groups(rest, labels):
            groups += [(lines[row], text) for row, text in rest.items()]
            drop |= set(rest)
        return Parting(
            tables=tuple(tables), groups=tuple(sorted(groups)), again=tuple(again), drop=frozenset(drop)
        )


def _is_plain(text: str, known: Collection[str], region: Region, *, pages: bool = False) -> bool:
    """It says nothing that the title, the headings or the name of the data set do not: a unit, the region, their words."""
    if pages and _PAGES.fullmatch(text):
        return True
    words = [word for word in words_of(text) if len(word) > 1]
    if is_unit(text.strip("()[] ")) or region.kind_of(text):
        return True
    return all(word in known for word in words)


def _are_groups(lone: dict[int, str], labels: Sequence[str | None]) -> bool:
    """Two names at least, each above rows: the same labels come again below the next, or the names alone are in capitals."""
    starts = sorted(lone)
    if (
        len(starts) < 2
        or starts[-1] >= len(labels) - 1
        or any(one + 1 == other for one, other in pairwise(starts))
    ):
        return False
    blocks = [
        {label.casefold() for label in labels[start + 1 : end] if label}
        for start, end in zip(starts, [*starts[1:], len(labels)], strict=True)
    ]
    if any(one & other for one, other in pairwise(blocks)):
        return True
    others = [label for row, label in enumerate(labels) if row not in lone and label]
    return all(text.isupper() for text in lone.values()) and not any(label.isupper() for label in others)


def name_of_groups(parting: Parting, missing: Sequence[str]) -> str:
    """The column among the `missing` that the names of the groups are: 'KECAMATAN PANGGUL' fills 'Kecamatan'; '' where none is."""
    kinds = {words_of(text)[:1] for _line, text in parting.groups}
    found = [name for name in missing if len(kinds) == 1 and words_of(name)[-1:] in kinds]
    return found[0] if len(found) == 1 else ""


def groups_of(parting: Parting, lines: Sequence[int]) -> list[Cell]:
    """For each line of a table, the name of the group that it stands in, without its kind; '' above them all."""
    starts = [line for line, _text in parting.groups]
    names = [text.split(maxsplit=1)[-1].strip(" :") for _line, text in parting.groups]
    return [names[at - 1] if (at := bisect_left(starts, line)) else "" for line in lines]
