"""Rows that sum up others: told by their numbers, by their words, or as the region that holds the others. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.columns import is_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.sum_labels import Labels
    from jagadata.office.collection import ColumnEntry

SumDoubt = Literal["label", "numbers", "near", "small", "region"]
"""Why a row may be a sum and is none for sure: only its label says so; only its numbers do, nearly, or as small ones do by chance;
or its name is the region's and a district's."""

FEWEST = 2
"""Rows that a sum must be of: one row below its like proves nothing."""

_STRONG = 2.0
"""Digits of the sums in all columns that agree (decimal logarithms added, twice where they are of many rows): 100 once, 10 in two columns."""

_NEAR = 0.005
"""What rounding may come to, as a share of the sum; and at least 1."""

_ROUGHLY = 0.2
"""How far from the sum a number may be that a region with a mistake in it could have."""

_LARGE = 100
"""A sum of many rows that another number does not come near to by chance; ten times as much of three."""


@dataclass(kw_only=True)
class Sums:
    """Rows from 0. `left_out` are sums; of them `regions` are there as the name of a region, `averages` sum up nothing."""

    left_out: list[int] = field(default_factory=list)
    regions: dict[int, str] = field(default_factory=dict)
    averages: set[int] = field(default_factory=set)
    unlabelled: list[int] = field(default_factory=list)  # of `left_out`: by their numbers, and a sign besides
    doubts: dict[int, SumDoubt] = field(default_factory=dict)

    def at(self, rows: Sequence[int]) -> Sums:
        """The same, each row by its number in `rows`."""
        return Sums(
            left_out=[rows[row] for row in self.left_out],
            regions={rows[row]: text for row, text in self.regions.items()},
            averages={rows[row] for row in self.averages},
            unlabelled=[rows[row] for row in self.unlabelled],
            doubts={rows[row]: doubt for row, doubt in self.doubts.items()},
        )


def judge_sums(
    table: pa.Table,
    columns: Sequence[ColumnEntry],
    labels: Labels,
    signs: frozenset[int],
    singular: frozenset[int],
) -> Sums:
    """The rows that sum up others, and those that may.

    `columns` of numbers; `signs`: rows that lack what all others have (a running number, a key), as sums do; `singular`: rows with
    a year, day or code of their own, as sums have none.
    """
    last = table.num_rows - 1
    names = [one.name for one in columns]
    found = Sums()
    if last < 1 or not columns:
        return found
    worded = sorted(row for row in labels.rows["sum"] if row <= last)
    totals = set(find_totals(table, names, worded)) if last >= FEWEST else set()
    sure = {row for row in labels.rows["sure"] if row <= last}
    found.averages = sure & labels.rows["average"]
    found.regions = {
        row: labels.of[row] for row in sorted(labels.rows["own"]) if row <= last and row not in sure
    }
    ends = _ends(last, labels, {*totals, *sure, *found.regions})
    found.regions |= {row: labels.of[row] for row in ends & labels.rows["parent"]}
    out = totals | sure | set(found.regions)
    _judge_ends(found, table, columns, labels, signs, singular, out)
    if last in labels.rows["sum"] and last not in out:
        found.doubts[last] = "label"
    found.left_out = sorted(out)
    return found


def _ends(last: int, labels: Labels, sums: set[int]) -> set[int]:
    """The first and the last row, and those that only sums and regions part from them."""
    passed = sums | labels.rows["parent"] | labels.rows["bare"]
    ends: set[int] = set()
    for rows in (range(last + 1), range(last, -1, -1)):
        for row in rows:
            ends.add(row)
            if row not in passed:
                break
    return ends


def _judge_ends(
    found: Sums,
    table: pa.Table,
    columns: Sequence[ColumnEntry],
    labels: Labels,
    signs: frozenset[int],
    singular: frozenset[int],
    out: set[int],
) -> None:
    """The first and the last row of those that are left: a sum without a word, a region without its level."""
    for first in (False, True):
        rest = (
            [row for row in range(table.num_rows) if row not in out]
            if table.num_rows < 100_000 or out
            else range(table.num_rows)
        )
        if len(rest) <= FEWEST:
            return
        row = rest[0] if first else rest[-1]
        weighed = _weigh(table, columns, row, rest)
        bare = row in labels.rows["bare"]
        if bare and (weighed.exact or weighed.near or _has_twin(labels, row)):
            found.regions[row] = labels.of[row]
            out.add(row)
        elif row in labels.rows["counted"] and (weighed.roughly or (weighed.between and not weighed.counts)):
            out.add(row)
            found.averages |= {row} & labels.rows["average"]
        elif row in singular:
            continue
        elif weighed.exact and (
            row in signs or row in labels.rows["union"] or labels.rows["regency"] == {row}
        ):
            found.unlabelled.append(row)
            out.add(row)
        elif bare and (weighed.roughly or (weighed.between and not weighed.counts)):
            found.doubts[row] = "region"
        elif weighed.exact >= _STRONG:
            found.doubts[row] = "numbers"
        elif weighed.near and len(rest) > FEWEST + 1:
            found.doubts[row] = "near"
        elif weighed.exact and len(rest) > FEWEST + 1:
            found.doubts[row] = "small"


@dataclass(frozen=True)
class _Weight:
    """One row against all others: digits of the sums that agree, whether all come near, whether every number lies among theirs."""

    exact: float
    near: bool
    roughly: bool  # none is far from the sum
    between: bool
    counts: bool  # there are columns whose numbers add up


def _weigh(table: pa.Table, columns: Sequence[ColumnEntry], row: int, rest: Sequence[int]) -> _Weight:
    agree: list[float] = []
    near: list[bool] = []
    roughly: list[bool] = []
    between, counts, differs = True, False, False
    at_end = row == rest[-1]
    others = None
    if len(rest) != table.num_rows:
        others = pa.array([one for one in rest if one != row], pa.int64())
    for entry in columns:
        column = table[entry.name]
        value = column[row].as_py()
        if value is None:
            continue
        above = (
            column.take(others)
            if others is not None
            else (column.slice(0, row) if at_end else column.slice(row + 1))
        )
        filled = pc.sum(pc.not_equal(above, 0)).as_py() or 0
        counts |= not is_share(entry)
        if not filled:
            continue
        added = pc.sum(above).as_py()
        between &= pc.min(above).as_py() <= value <= pc.max(above).as_py()
        if filled < FEWEST:
            continue
        if value and math.isclose(value, added, rel_tol=1e-9, abs_tol=1e-6):
            agree.append(math.log10(abs(value) + 1) * (2 if filled > FEWEST + 1 else 1))
            counts = True
        elif not is_share(entry):
            differs = True
        if not is_share(entry):
            roughly.append(filled > FEWEST and abs(value - added) <= _ROUGHLY * abs(added))
            large = abs(added) >= (_LARGE if filled > FEWEST + 1 else 10 * _LARGE)
            near.append(large and abs(value - added) <= max(1, _NEAR * abs(added)))
    exact = (
        max(agree, default=0.0) if differs else sum(agree)
    )  # small numbers agree by chance in one of several columns
    return _Weight(exact, bool(near) and all(near), bool(roughly) and all(roughly), between, counts)


def _has_twin(labels: Labels, row: int) -> bool:
    """Another row has the region's name as well: it is the district's."""
    return any(
        other != row and labels.of[other].casefold() == labels.of[row].casefold()
        for other in labels.rows["bare"]
    )


def find_totals(table: pa.Table, columns: Sequence[str], rows: Sequence[int]) -> list[int]:
    """Those of the `rows` (from 0, rising) whose numbers are the sum of the rows above, all of them or those since the last sum.

    A row is one where at least as many of `columns` (of numbers) agree as do not: shares and averages are no sums.
    """
    values = [pc.fill_null(table[name].cast(pa.float64()), 0.0).combine_chunks() for name in columns]
    held = [pc.is_valid(table[name]).combine_chunks() for name in columns]
    running = [pc.cumulative_sum(column) for column in values]
    found: list[int] = []
    taken = [0.0] * len(values)  # what the sums found so far add to the running ones
    for row in rows:
        start = found[-1] + 1 if found else 0
        above = row - len(found)
        if max(row - start, above) < FEWEST:
            continue
        agree = differ = 0
        for number, column in enumerate(values):
            if not held[number][row].as_py():
                continue
            value, all_above = column[row].as_py(), running[number][row].as_py() - column[row].as_py()
            before = running[number][start - 1].as_py() if start else 0.0
            sums = [all_above - taken[number]] if above >= FEWEST else []
            sums += [all_above - before] if row - start >= FEWEST else []
            same = any(math.isclose(value, one, rel_tol=1e-9, abs_tol=1e-6) for one in sums)
            agree += same and value != 0
            differ += not same
        if agree and agree >= differ:
            found.append(row)
            taken = [old + column[row].as_py() for old, column in zip(taken, values, strict=True)]
    return found
