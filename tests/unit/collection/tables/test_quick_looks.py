"""What is read or looked at many cells at a time says the same as cell by cell."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jagadata.collection.tables.conversion import Conversion
from jagadata.collection.tables.personal import QUICK, SUSPECT
from jagadata.office.collection import ColumnEntry

CELLS = ["1", "12,5", "1.234", "1,234", "0.125", "0,125", "-5", "+5", "", "-", "1_0", "00012", "12.5", "1.234,5", "1,234.5", "9" * 15,
         "9" * 16, "12,0", "1e5", "2026", "-0", "x", "12 ", "1234.567", "1234,567", "00.5", "007,5", ".5", ",5", "5,", "5.", "5,,1",
         "٣", "1\n", "0.350301150190123", "123456789012345,123456", "1250 x", "Panggul", "Desa  A", "n/a", "05-Sep", "5 km²", "a¹"]  # fmt: skip


class OneByOne(Conversion):
    """Without any quick look."""

    def _at_once(self, cells):
        return None


@pytest.mark.parametrize("kind", ["number", "integer", "year", "text"])
def test_cells_are_read_the_same_at_once_and_one_by_one(kind):
    draw = random.Random(kind)
    for _round in range(400):
        cells = [
            draw.choice(CELLS)
            if draw.random() < 0.7
            else "".join(draw.choices("0123456789.,- ", k=draw.randint(0, 9)))
            for _cell in range(draw.randint(1, 8))
        ]
        entry = ColumnEntry.model_validate({"name": "Nilai", "type": kind})
        quick, slow = Conversion(entry), OneByOne(entry)
        for one in (quick, slow):
            one.take(cells)
        assert (quick.bad, quick.evidence, quick.unsure) == (slow.bad, slow.evidence, slow.unsure), cells
        assert {name: list(doubt.rows) for name, doubt in quick.doubts.found.items()} == {
            name: list(doubt.rows) for name, doubt in slow.doubts.found.items()
        }, cells
        for point in (True, False):
            assert (
                quick.finish(decimal_point=point).to_pylist() == slow.finish(decimal_point=point).to_pylist()
            ), cells


def test_the_quick_look_misses_no_suspect():
    draw = random.Random(7)
    found = 0
    for _round in range(20_000):
        text = "".join(draw.choices("0086211233503 .-/:_,()'\t@telxTLPfa", k=draw.randint(8, 40)))
        if SUSPECT.search(text):
            found += 1
            assert pc.match_substring_regex(pa.array([text]), QUICK)[0].as_py(), text
    assert found > 1_000
