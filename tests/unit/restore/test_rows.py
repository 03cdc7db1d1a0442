"""The table of a restore's papers: rows of each table in the backup against rows as restored."""

from __future__ import annotations

import pytest

from jagadata.restore.papers.filling import make_rows
from jagadata.restore.request import Impact
from jagadata.restore.steps import Received


def received(rows, *databases):
    impact = Impact(
        rows=rows,
        live_size=1,
        needed_space=1,
        free_space=1,
        space_declared=False,
        minutes_off=1,
        minutes_total=1,
    )
    return Received(plan={"databases": [{"name": name} for name in databases]}, hash="0" * 64, impact=impact)


def test_nothing_counted_is_no_table():
    assert make_rows(None, {}) == ()
    assert make_rows(received({"public.a": (1, 2)}, "simpeg"), {}) == ()


def test_tables_that_differ_come_first():
    rows = make_rows(
        received({"public.a": (0, 1), "public.b": (0, 5), "public.c": (9, 2)}, "simpeg"),
        {"simpeg": {"public.a": 1, "public.b": 4, "public.c": 2}},
    )
    assert rows == (("public.b", 5, 4), ("public.a", 1, 1), ("public.c", 2, 2))


def test_a_table_that_only_the_replaced_data_had_is_not_listed():
    assert make_rows(
        received({"public.baru": (3, 0), "public.kosong": (0, 0)}, "simpeg"), {"simpeg": {"public.kosong": 0}}
    ) == (("public.kosong", 0, 0),)


def test_a_table_that_did_not_come_back_has_no_rows():
    assert make_rows(received({"public.a": (0, 3)}, "simpeg"), {"simpeg": {}}) == (("public.a", 3, 0),)


@pytest.mark.parametrize("counted", [["simpeg"], ["simpeg", "arsip"]])
def test_of_several_databases_only_those_that_were_counted_are_listed(counted):
    rows = make_rows(
        received({"simpeg: public.a": (0, 1), "arsip: public.a": (0, 2)}, "simpeg", "arsip"),
        {name: {"public.a": 1} for name in counted},
    )
    expected = [("arsip: public.a", 2, 1)] if "arsip" in counted else []
    assert rows == (*expected, ("simpeg: public.a", 1, 1))
