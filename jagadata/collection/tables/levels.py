"""Rows that sum up those below them, as printed lists have them: districts above their villages, accounts above their parts. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from jagadata.collection.tables.columns import is_share
from jagadata.collection.tables.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from jagadata.office.collection import ColumnEntry

_MOST = 50_000
"""Rows: longer tables are lists of things, and no printed ones."""

_STRONG = 3.0
"""Digits of all sums that agree (decimal logarithms added) where neither words nor codes speak of levels."""

_BY_CHANCE = 99
"""Smaller sums agree by chance, where nothing says for sure that rows are above others."""

_NEARLY_ALL = 8
"""Of ten rows."""

_CODE = re.compile(r"\d+(?:\.\d+)*\.?")
_REGION_LEVEL = {2: 0, 4: 1, 6: 2, 7: 2, 8: 3, 10: 3}
_RANKS = {"provinsi": 0, "kabupaten": 1, "kota": 1, "kecamatan": 2, "desa": 3, "kelurahan": 3}
_OFFICES = {
    "instansi",
    "opd",
    "skpd",
    "unit",
    "perangkat",
    "kantor",
    "satuan",
    "kerja",
    "lembaga",
    "organisasi",
}


@dataclass(frozen=True, kw_only=True)
class Levels:
    """`parents`: rows (from 0) that sum up others of the table; `label` of the first."""

    parents: tuple[int, ...]
    label: str


def find_levels(
    table: pa.Table, columns: Sequence[ColumnEntry], headings: Mapping[str, str]
) -> Levels | None:
    """None where all rows are of one level."""
    rows = table.num_rows
    if not 3 <= rows <= _MOST:
        return None
    texts = [one for one in columns if one.type in ("text", "region")][:3]
    counts = [one for one in columns if one.type in ("number", "integer") and not is_share(one)]
    values = [[value or 0 for value in table[one.name].to_pylist()] for one in counts]
    for entry in texts:
        labels = [(label or "").strip() for label in table[entry.name].to_pylist()]
        groups = _by_code(labels, region=entry.type == "region") or {}
        least = 0 if any("." in label for label in labels) else _BY_CHANCE
        if groups and (entry.type == "region" or _some_sum(groups, values, least)):
            return _levels(groups, labels)
        if _OFFICES & set(words_of(headings.get(entry.name, entry.name))):
            continue
        groups, strict = _by_words(labels)
        if groups and (
            _some_sum(groups, values) or (strict and all(_may_be_sums(groups, column) for column in values))
        ):
            return _levels(groups, labels)
        groups = _by_style(labels)
        if groups and _some_sum(groups, values, _BY_CHANCE):
            return _levels(groups, labels)
    labels = [(label or "").strip() for label in table[texts[0].name].to_pylist()] if texts else [""] * rows
    for column in values:
        if parents := _by_numbers(column):
            return Levels(parents=tuple(parents), label=labels[parents[0]])
    return None


def _levels(groups: Mapping[int, Sequence[int]], labels: Sequence[str]) -> Levels:
    parents = sorted(groups)
    return Levels(parents=tuple(parents), label=labels[parents[0]])


def _by_code(labels: Sequence[str], *, region: bool) -> dict[int, list[int]] | None:
    """Rows whose code begins the codes of others, with those of the next level: '5.1' and '5.1.01', 3503010 and 3503010001."""
    codes = {label: row for row, label in enumerate(labels) if _CODE.fullmatch(label)}
    if len(codes) * 5 < len(labels) * 4 or len({(len(code), code.count(".")) for code in codes}) < 2:
        return None
    groups: dict[int, list[int]] = {}
    for code, row in codes.items():
        parent = next((codes[one] for one in _shorter(code, region=region) if one in codes), None)
        if parent is not None:
            groups.setdefault(parent, []).append(row)
    return {row: children for row, children in groups.items() if len(children) > 1 or region}


def _shorter(code: str, *, region: bool) -> Iterator[str]:
    """The codes of what it is part of, nearest first."""
    plain = code.rstrip(".")
    if "." in plain:
        parts = plain.split(".")
        for end in range(len(parts) - 1, 0, -1):
            yield ".".join(parts[:end])
            yield ".".join(parts[:end]) + "."
    elif region:
        for end in range(len(plain) - 1, 1, -1):
            if _REGION_LEVEL.get(end, 9) < _REGION_LEVEL.get(len(plain), -1):
                yield plain[:end]
    else:
        for end in range(len(plain) - 1, 0, -1):
            yield plain[:end]


def _by_words(labels: Sequence[str]) -> tuple[dict[int, list[int]], bool]:
    """Rows that name a level, with those below up to the next of it; and whether every row names its own."""
    ranks = [_RANKS.get(words[0], 9) if (words := words_of(label)) else 9 for label in labels]
    named = len({rank for rank in ranks if rank < 9})
    return _below(ranks), named > 1 and 9 not in ranks


def _below(ranks: Sequence[int]) -> dict[int, list[int]]:
    """Each row with a lower rank right below it, with all of that rank up to the next of its own."""
    groups: dict[int, list[int]] = {}
    for row, (rank, below) in enumerate(pairwise(ranks)):
        if rank < below:
            children = []
            for number in range(row + 1, len(ranks)):
                if ranks[number] <= rank:
                    break
                if ranks[number] == below:
                    children.append(number)
            groups[row] = children
    return groups


def _some_sum(
    groups: Mapping[int, Sequence[int]], values: Sequence[Sequence[float]], least: float = 0
) -> bool:
    """Some row is in some column exactly the sum of its parts, and no smaller than `least`."""
    return any(
        column[row] > least and sum(1 for one in children if column[one]) > 1
        and math.isclose(column[row], sum(column[one] for one in children), rel_tol=1e-9)
        for column in values
        for row, children in groups.items()
    )  # fmt: skip


def _may_be_sums(groups: Mapping[int, Sequence[int]], column: Sequence[float]) -> bool:
    return all(column[row] >= max(column[one] for one in children) for row, children in groups.items())


def _by_style(labels: Sequence[str]) -> dict[int, list[int]]:
    """Rows that are written as headings are ('A. BELANJA', 'PENDAPATAN'), with those below ('1. Gaji', 'Pajak') up to the next."""
    ranks = [_style(label) for label in labels]
    return _below(ranks)


def _style(label: str) -> int:
    for rank, pattern in enumerate((r"[IVXLC]+\.\s|[A-Z]\.\s", r"\d+[.)]\s", r"[a-z][.)]\s", r"[-–•*]\s")):
        if re.match(pattern, label):
            return rank
    return 0 if label.isupper() and len(label) > len("PAUD") else 9


def _by_numbers(column: Sequence[float]) -> list[int]:
    """The rows that are the sum of those below them, level by level, or of those above; empty unless nearly all rows are parts of such."""
    if any(value < 0 for value in column):
        return []
    last = len(column) - 1
    for turned in (False, True):
        parents, covered = _sums_of_next(column[::-1] if turned else column)
        rows = sorted(last - row for row in parents) if turned else parents
        strength = sum(math.log10(column[row] + 1) for row in rows)
        if len(rows) > 1 and strength >= _STRONG and covered * 10 >= len(column) * _NEARLY_ALL:
            return rows
    return []


def _sums_of_next(column: Sequence[float]) -> tuple[list[int], int]:
    """The rows that are the sum of the next ones, each of which may be such a sum itself; and how many rows are in or below one."""
    parents: list[int] = []
    roots: list[tuple[float, int, bool]] = []  # from the last: value, rows, whether it has parts
    for row in range(len(column) - 1, -1, -1):
        value, added, filled, at = column[row], 0.0, 0, len(roots)
        while at and added < value and not math.isclose(added, value, rel_tol=1e-9):
            at -= 1
            added += roots[at][0]
            filled += roots[at][0] > 0
        if value and filled > 1 and math.isclose(added, value, rel_tol=1e-9):
            parents.append(row)
            parts = roots[at:]
            del roots[at:]
            roots.append((value, 1 + sum(rows for _value, rows, _has in parts), True))
        else:
            roots.append((value, 1, False))
    return sorted(parents), sum(rows for _value, rows, has_parts in roots if has_parts)
