"""One sheet's table as it was read, with all that is to be said of it. Pure values."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.collection.tables.decimal_marks import NumberMarks
from jagadata.collection.tables.stacked import Parting

if TYPE_CHECKING:
    import pyarrow as pa

    from jagadata.collection.tables.cell_doubts import Doubt, DoubtKind
    from jagadata.collection.tables.grid import Cell
    from jagadata.collection.tables.headings import Layout
    from jagadata.collection.tables.stacked import Named
    from jagadata.collection.tables.sum_gaps import SumGap
    from jagadata.collection.tables.totals import SumDoubt


@dataclass(frozen=True, kw_only=True)
class Part:
    """One sheet's table. `lines` are the sheet's own row numbers (from 1), one for each row of `table`."""

    sheet: str
    layout: Layout
    table: pa.Table  # the columns that the sheet has, named as in the office file
    lines: array[int]
    bad: dict[str, dict[int, Cell]]  # what could not be read, by column and row of `table` (from 0)
    overflow: int = 0  # more of it
    left_out: dict[str, int] = field(
        default_factory=dict
    )  # 'kosong', 'jumlah', 'judul', 'penomoran', 'kelompok'
    first_left_out: dict[str, int] = field(default_factory=dict)  # line
    below: array[int] = field(default_factory=lambda: array("l"))  # lines that stand below the table
    below_sure: bool = False  # they begin as signature blocks and notes do, and none is like a row of data
    notes: tuple[
        int, ...
    ] = ()  # lines inside the table that read like signatures and notes, and were left out
    lost: tuple[
        int, ...
    ] = ()  # lines left out, there or below the table, that hold a number or year of a column
    scaled: frozenset[str] = frozenset()  # columns of percent with cells that held fractions, made whole
    marks: NumberMarks = field(default_factory=NumberMarks)
    overlong: tuple[
        int, ...
    ] = ()  # lines of a CSV with more cells than headings, as decimal commas make them
    unit_values: dict[str, int] = field(default_factory=dict)  # of a column 'Satuan'
    spread: tuple[int, ...] = ()  # lines with a number that is merged over several rows or columns
    twins: tuple[str, ...] = ()  # columns whose heading stands above another filled column as well
    regions: tuple[Named, ...] = ()  # rows of the region and what it lies in, which were left out
    unlabelled: tuple[int, ...] = ()  # lines of sums that no word names, which were left out
    doubts: tuple[tuple[int, SumDoubt], ...] = ()  # lines that may be sums and are none for sure
    parting: Parting = field(default_factory=Parting)
    named: str = ""  # a column that the sheet has not, and the names of its groups are
    parents: tuple[int, ...] = ()  # lines that sum up others of the table
    parent: str = ""  # the label of the first
    zeros: dict[str, int] = field(default_factory=dict)  # dashes read as 0, by column
    gaps: tuple[SumGap, ...] = ()  # of sum rows that were left out
    cell_doubts: dict[str, dict[DoubtKind, Doubt]] = field(
        default_factory=dict
    )  # by column; lines in position of rows
