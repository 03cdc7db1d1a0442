"""Journals as earlier versions wrote them are read: the lines of journals/ are theirs, byte for byte."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from jagadata.backup.papers.form import BackupForm
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.backup.steps import FILL, FOR_EACH_SYSTEM, StepResult
from jagadata.collection.gates import CLOSING
from jagadata.collection.inventory.run import read_published
from jagadata.collection.run import RoundRun
from jagadata.collection.steps import DatasetTaken, TakenIn
from jagadata.demo.agencies import make_collection
from jagadata.errors import RefusedError
from jagadata.evidence.lines import read_outcome
from jagadata.papers.values import from_json
from jagadata.upkeep.procedures import find_procedure
from tests.lab.small_office import OFFICE, make_place

SECOND = {
    "id": "sisurat",
    "name": "sisurat",
    "owner": "OPD",
    "server": OFFICE["servers"][0]["name"],
    "data": [{"database": "sisurat"}],
}


def lines(name):
    text = Path(__file__).with_name("journals").joinpath(f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def replay(place, run, name, until=None):
    """The journal of this run as that version left it, up to a step that never ended."""
    journal = place.journal(run)
    for line in lines(name):
        if (line["step"], line["event"]) == (until, "done"):
            break
        journal.note(line["step"], line["event"], line["subject"], **line["data"])
    return journal


@pytest.fixture
def place(monkeypatch):
    with make_place(monkeypatch, systems=[SECOND]) as opened:
        yield opened


def test_a_backup_of_an_earlier_version_is_known_by_its_kind_and_read(place):
    journal = replay(place, "sebagian", "backup")
    assert find_procedure(journal).name == "backup"
    run = BackupRun(place, "sebagian", BackupOrder())
    opened = run.open()
    assert (opened.systems, opened.period, opened.kind) == (("simpeg", "sisurat"), "2026-11", "Terjadwal")
    assert [failure.partition(":")[0] for failure in run.failures()] == ["simpeg"]
    whole = run.result("sisurat")
    assert whole.draft.data[0].rows == {"a.milik": 1}
    assert whole.published.files == (whole.published.files[0],)
    assert (whole.secured.copy, whole.secured.locked_until) == ("kedua", None)
    assert run.reviewed_form().review == "Dikembalikan"
    assert run.waiting(1, opened.systems) == []


def test_the_form_that_this_version_fills_from_an_old_journal_is_the_form_that_was_filled_then(place):
    then = from_json(
        BackupForm,
        next(line["data"] for line in lines("backup") if (line["step"], line["event"]) == ("5", "done")),
    )
    replay(place, "sebagian", "backup", until=FILL)
    now = BackupRun(place, "sebagian", BackupOrder()).fill_form()
    ours = ("outcome", "reason", "verification", "evidence", "files", "hash_matches", "backup", "manifest")
    assert [[getattr(row, name) for name in ours] for row in now.rows] == [
        [getattr(row, name) for name in ours] for row in then.rows
    ]
    assert (now.number, now.period, now.occasion) == (then.number, then.period, then.occasion)
    assert [(row.started, row.finished, row.retained_until) for row in now.rows] == [
        (row.started, row.finished, row.retained_until) for row in then.rows
    ]


def test_what_a_step_writes_now_is_what_it_reads_and_holds_all_that_was_written_before():
    for line in lines("backup"):
        if line["step"] in FOR_EACH_SYSTEM and line["event"] == "done":
            written = StepResult.from_json(line["data"]).to_json()
            assert set(written) >= set(line["data"]) - {"locked_until"}
            assert StepResult.from_json(written) == StepResult.from_json(line["data"])


def test_a_step_that_this_version_cannot_read_is_refused_in_words():
    with pytest.raises(RefusedError, match="versi Jagadata lain"):
        StepResult.from_json({"ok": True, "draft": {"backup": "b"}})


@pytest.fixture
def round_place(monkeypatch, tmp_path):
    def with_round(raw):
        server = SimpleNamespace(sql=lambda _text: None, host="127.0.0.1", port=5432)
        raw["collection"] = make_collection(server, tmp_path)
        raw["officials"] += [
            {"id": name, "name": name.title(), "post": "Pejabat", "duties": [{"role": role}]}
            for name, role in (("wahyu", "kasi_data"), ("endang", "kabid_egov"), ("hadi", "kadis"))
        ]

    with make_place(monkeypatch, change=with_round) as opened:
        yield opened


def test_a_round_of_an_earlier_version_is_known_by_its_kind_and_read(round_place):
    journal = replay(round_place, "lama", "round")
    assert find_procedure(journal).name == "collection"
    run = RoundRun(round_place, "lama")
    assert str(run.round) == "2030-s2"
    assert run.proposal.day == date(2026, 12, 8)
    assert run.meet().present == {"bkpsdm", "dinkes"}
    assert (run.attempt, run.closings, run.status) == (1, 2, "Selesai")
    assert run.decision(CLOSING.numbered_name(1)).signer == "wahyu"
    assert run.number("041", "laporan") == "041/1/406.020/2027"
    assert read_outcome(journal, DatasetTaken, "puskesmas").rows == 4
    assert read_outcome(journal, TakenIn).refusals == {}
    dataset = next(one for one in run.policy.datasets if one.code == "puskesmas")
    assert read_published(run, dataset, "folder '/srv/publikasi'").endswith("puskesmas/2030-s2.1")


def test_what_came_back_in_an_old_round_is_counted_and_named(round_place):
    replay(round_place, "kembali", "round-returned")
    run = RoundRun(round_place, "kembali")
    assert run.attempt == 3
    assert run.returned() == "Dikembalikan oleh Hadi: salah tanggal"
    assert run.proposal.place == "Pendopo"
    assert not run.is_preparing
