"""Small official tables, and what is read of them without a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jagadata.collection.round import Round
from jagadata.collection.tables.grid import Grid, Merge
from jagadata.collection.tables.reading import Question, read_tables
from jagadata.office.collection import DatasetEntry

FIVE = ("Panggul", "Munjungan", "Watulimo", "Kampak", "Dongko")


def words(name="Kecamatan", **more):
    return {"name": name, "type": "text", **more}


def number(name="Jumlah", kind="integer", **more):
    return {"name": name, "type": kind, **more}


TWO = (words(key=True), number())


def pairs(values=(100, 101, 102, 103, 104), names=FIVE):
    return [list(pair) for pair in zip(names, values, strict=True)]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """`rows` of the table in the office file's columns; codes of the findings, and all that they say."""

    complete: bool
    rows: list[list[object]]
    faults: set[str]
    found: set[str]
    texts: str

    def column(self, number: int = -1) -> list[object]:
        return [row[number] for row in self.rows]


def read(rows=(), columns=TWO, *, merge=(), file="data.xlsx", sheets=None, **dataset):
    """What a file of one sheet is read as, or of `sheets` (name, rows); `merge`: areas of the first, such as 'A1:B2'."""
    is_text = file.endswith(".csv")
    grids = [
        _grid(name, cells, [_merge(area) for area in merge] if not number else [], is_text=is_text)
        for number, (name, cells) in enumerate(sheets or [("" if is_text else "Data", rows)])
    ]
    entry = {
        "code": "x",
        "name": "Data",
        "agency": "a",
        "unit": "-",
        "covers_year": False,
        "columns": columns,
    }
    question = Question(
        name=file,
        datasets=[DatasetEntry.model_validate({**entry, **dataset})],
        round=Round(2026, 2),
        region="3503",
        region_name="Kabupaten Trenggalek",
        previous={},
        is_text=is_text,
    )
    found = read_tables(grids, question)
    faults = {one.code for one in found.findings if one.severity == "kesalahan"}
    return Seen(
        complete=bool(found.tables) and not faults,
        rows=[list(row.values()) for one in found.tables for row in one.table.to_pylist()],
        faults=faults,
        found={one.code for one in found.findings},
        texts=" ".join(f"{one.where} {one.text} {one.action}" for one in found.findings),
    )


def _grid(sheet, rows, merges, *, is_text):
    """As the readers of files give it: numbers of a spreadsheet are floats, cells of a CSV are texts, what a merge covers is empty."""
    width = max(map(len, rows))

    def cell(value):
        if value is None:
            return ""
        return str(value) if is_text else float(value) if isinstance(value, int) else value

    whole = [[cell(value) for value in row] + [""] * (width - len(row)) for row in rows]
    for one in merges:
        for line in range(one.top, one.bottom + 1):
            for column in range(one.left, min(one.right + 1, width)):
                if (line, column) != (one.top, one.left):
                    whole[line][column] = ""
    return Grid(
        sheet=sheet,
        width=width,
        chunks=lambda size: (
            [list(row) for row in whole[at : at + size]] for at in range(0, len(whole), size)
        ),
        merges=tuple(merges),
        knows_merges=bool(merges),
        lengths=[len(row) for row in rows] if is_text else (),
    )


def _merge(area):
    left, top, right, bottom = re.fullmatch(r"([A-Z])(\d+):([A-Z])(\d+)", area).groups()
    return Merge(top=int(top) - 1, left=ord(left) - 65, bottom=int(bottom) - 1, right=ord(right) - 65)
