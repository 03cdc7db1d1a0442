"""Rows that sum up those above them, told by their numbers where their words do not suffice. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SumDoubt = Literal["", "label", "numbers", "region"]
"""Why the last row may be a sum: only its label says so, or only its numbers; or it was left out, by its numbers and as a region."""

FEWEST = 2
"""Rows that a sum must be of: one row below its like proves nothing."""

MOST = 1_000
"""Rows that begin as sums do."""


def judge_sums(
    table: pa.Table, columns: Sequence[str], labelled: Sequence[int], regions: Sequence[int]
) -> tuple[list[int], SumDoubt]:
    """The rows that are sums by word and number; and what is to be said of the last one.

    `labelled` begin as sums do, `regions` as the name of a regency. Where half of the rows begin so, that is what the table is about.
    """
    last = table.num_rows - 1
    if not columns or last < FEWEST:
        return [], ""
    named = [row for row in labelled if row <= last]
    if len(named) > min(MOST, table.num_rows // 2):
        named = []
    found = find_totals(table, columns, sorted({*named, last}))
    totals = [row for row in found if row in named]
    if last in named:
        return totals, "" if last in totals else "label"
    if last not in found:
        return totals, ""
    if list(regions) == [last]:
        return [*totals, last], "region"
    return totals, "numbers" if last > FEWEST else ""


def find_totals(table: pa.Table, columns: Iterable[str], rows: Sequence[int]) -> list[int]:
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
