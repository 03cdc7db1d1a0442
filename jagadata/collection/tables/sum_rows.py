"""Which rows of a table sum up others, by their labels, their numbers and what they lack. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.sum_labels import find_labels
from jagadata.collection.tables.totals import Sums, judge_sums

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagadata.collection.tables.regions import Region
    from jagadata.office.collection import ColumnEntry

_FEW = 3
"""Rows that may lack what all others have, or a tenth of them."""

_CODE = r"^\d{5,}[1-9]$|^\d{4,}[1-9]0$"
"""A region code that is not filled up with noughts."""


def find_sums(
    table: pa.Table,
    entries: Sequence[ColumnEntry],
    region: Region,
    headings: Mapping[str, str],
    *,
    before: Mapping[int, str],
    unnumbered: set[int],
) -> Sums:
    """`before`: by row, a label left of all texts that were asked for; `unnumbered`: rows without a running number."""
    labels = find_labels(table, entries, region, headings, before)
    counts = [one for one in entries if one.type in ("number", "integer")]
    few = max(_FEW, table.num_rows // 10)
    signs = unnumbered if len(unnumbered) <= few else set()
    for entry in entries:
        if entry.type in ("text", "region", "year") and 0 < table[entry.name].null_count <= few:
            signs |= set(pc.indices_nonzero(pc.is_null(table[entry.name])).to_pylist())
    return judge_sums(table, counts, labels, frozenset(signs), _singular(table, entries))


def _singular(table: pa.Table, entries: Sequence[ColumnEntry]) -> frozenset[int]:
    """The first and the last row, where they have a year, a day or a code that no other row has, and most rows have their own."""
    found: set[int] = set()
    rows = table.num_rows
    for entry in entries:
        if entry.type not in ("year", "date", "region") or rows < 2:
            continue
        column = table[entry.name]
        if entry.type == "region":
            codes = pc.replace_substring(column, ".", "")
            column = pc.if_else(pc.match_substring_regex(codes, _CODE), codes, None)
        if 2 * pc.count_distinct(column).as_py() <= rows:
            continue
        for row in (0, rows - 1):
            if column[row].is_valid and pc.sum(pc.equal(column, column[row])).as_py() == 1:
                found.add(row)
    return frozenset(found)
