"""Dashes in columns of numbers: nought, as BPS prints it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.conversion import Conversion


def fill_zeros(
    table: pa.Table, columns: Sequence[Conversion], rows: Sequence[int]
) -> tuple[pa.Table, dict[str, int]]:
    """The table with 0 for every dash in a column that must be filled, and how many there were by column.

    `rows`: which of those that the columns read are the table's. A column of nothing but dashes is one that nobody filled in.
    """
    zeros: dict[str, int] = {}
    for column in columns:
        name = column.entry.name
        if not column.dashes or not column.entry.required:
            continue
        dashed = pc.is_in(pa.array(rows, pa.int64()), pa.array(column.dashes, pa.int64()))
        count = pc.sum(dashed).as_py() or 0
        if 0 < count < table.num_rows:
            values = pc.if_else(dashed, pa.scalar(0, table[name].type), table[name])
            table = table.set_column(table.column_names.index(name), name, values)
            zeros[name] = count
    return table, zeros
