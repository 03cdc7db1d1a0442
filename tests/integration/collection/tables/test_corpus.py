"""The corpus: files as offices send them, and what becomes of each. The report of it is docs/corpus.md."""

from __future__ import annotations

import pyarrow.parquet
import pytest

from jagadata.collection.tables.conversion import TYPES
from tests.lab.corpus.asked import DATASETS
from tests.lab.corpus.report import CASES, PAGE, examine_all, render_report, without_seconds


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return folder, examine_all(folder)


@pytest.mark.parametrize(
    "number",
    range(len(CASES)),
    ids=[case.name.strip("./")[:30].encode("ascii", "replace").decode() for case in CASES],
)
def test_a_file_is_recognised_and_judged_as_expected(examined, number):
    folder, done = examined
    case, found = done[number]
    if not case.ignore:
        assert ", ".join(sorted(table.dataset for table in found.tables)) == case.dataset
        assert sum(table.rows for table in found.tables) == case.rows
        assert {one.code for one in found.findings} == set(case.findings)
        assert tuple(sorted({one.kind for one in found.personal})) == case.personal
        assert any(table.held for table in found.tables) == case.held
    assert all(one.text and one.action for one in found.findings)
    assert found.name.isprintable()
    for table in found.tables:
        dataset = next(one for one in DATASETS if one.code == table.dataset)
        written = pyarrow.parquet.read_table(folder / table.file)
        assert written.schema.names == [one.name for one in dataset.columns]
        assert written.schema.types == [TYPES[one.type] for one in dataset.columns]
        assert written.num_rows == table.rows
    if not found.tables:
        assert found.faults


def test_there_are_enough_files_and_no_two_have_one_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 30


def test_the_page_is_what_the_corpus_says_today(examined):
    _folder, done = examined
    assert without_seconds(PAGE.read_text(encoding="utf-8")) == without_seconds(render_report(done)), (
        "run `python -m tests.lab.corpus --write`"
    )
