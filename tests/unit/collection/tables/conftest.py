"""A table as an OPD sends it, and what was read of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pyarrow import parquet

from tests.collection_parts import examine
from tests.corpus.makers import book, text

TEXT = {"name": "Kecamatan", "type": "text", "key": True}
COUNT = {"name": "Jumlah", "type": "integer"}
FIVE = ("Panggul", "Munjungan", "Watulimo", "Kampak", "Dongko")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """`rows` of the table in the office file's columns; codes of the findings."""

    complete: bool
    rows: list[list[object]]
    faults: set[str]
    found: set[str]
    texts: str

    def column(self, number: int = -1) -> list[object]:
        return [row[number] for row in self.rows]


def number(name="Jumlah", kind="integer", **more):
    return {"name": name, "type": kind, **more}


def words(name="Kecamatan", **more):
    return {"name": name, "type": "text", **more}


def pairs(values=(100, 101, 102, 103, 104), names=FIVE):
    return [list(pair) for pair in zip(names, values, strict=True)]


@pytest.fixture
def read(tmp_path):
    """Reads a file of one sheet, or of `sheets` (name, rows); `merge`: areas of the first sheet."""

    def ask(
        rows=(),
        columns=(TEXT, COUNT),
        *,
        merge=(),
        file="data.xlsx",
        sheets=None,
        delimiter=";",
        form=None,
        **dataset,
    ):
        def change(made):
            first = made.worksheets[0]
            for area in merge:
                first.merge_cells(area)
            if form:
                form(first)

        path = tmp_path / file
        if path.suffix == ".csv":
            path.write_bytes(text(rows, delimiter))
        else:
            path.write_bytes(book(*(sheets or [("Data", rows)]), change=change))
        found = examine(path, list(columns), **{"covers_year": False, "unit": "-", **dataset})
        tables = [parquet.read_table(tmp_path / one.file).to_pylist() for one in found.tables]
        return Seen(
            complete=found.is_complete("x"),
            rows=[list(row.values()) for table in tables for row in table],
            faults={one.code for one in found.faults},
            found={one.code for one in found.findings},
            texts=" ".join(f"{one.where} {one.text} {one.action}" for one in found.findings),
        )

    return ask
