"""Merged cells below the headings of a table: values that hold for several rows, numbers that would be counted for each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.tables.row_kinds import is_amount

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from jagadata.collection.tables.grid import Cell, Merge, Rows


class MergedCells:
    """`positions` in the sheet of the columns that are read, `counted` those of numbers.

    `across`: rows (from 0) with a cell merged over most of the columns; `spread`: lines with a number that is merged.
    """

    def __init__(self, merges: Sequence[Merge], positions: Sequence[int], counted: Collection[int]) -> None:
        self._down = [
            merge
            for merge in merges
            if merge.bottom > merge.top and merge.left in positions and merge.left not in counted
        ]
        self._over = {
            (merge.top, merge.left)
            for merge in merges
            if any(merge.left <= position <= merge.right for position in counted)
        }
        self._values: dict[tuple[int, int], Cell] = {}
        self.spread: list[int] = []
        self.across = {
            merge.top
            for merge in merges
            if merge.top == merge.bottom
            and merge.right > merge.left
            and 2 * sum(merge.left <= position <= merge.right for position in positions) > len(positions)
        }

    def take(self, rows: Rows, start: int) -> None:
        """Repeat down the rows what is merged over them. `start`: the first row's number in the sheet, from 0."""
        end = start + len(rows)
        for top, left in self._over:
            if start <= top < end and is_amount(rows[top - start][left]):
                self.spread.append(top + 1)
        for merge in self._down:
            if merge.bottom < start or merge.top >= end:
                continue
            if merge.top >= start:
                self._values[merge.top, merge.left] = rows[merge.top - start][merge.left]
            value = self._values[merge.top, merge.left]
            for number in range(max(merge.top, start), min(merge.bottom + 1, end)):
                if rows[number - start][merge.left] == "":
                    rows[number - start][merge.left] = value
