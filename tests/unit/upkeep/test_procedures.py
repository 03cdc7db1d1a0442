"""What keeps watch loops over what each SOP offers: a small one is known to all of it by one value."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jagadata.collection.gates import CLOSING, PROPOSAL
from jagadata.findings import Concern, Leftover, ok
from jagadata.procedure import OpenRun, Procedure
from jagadata.signoff.gates import Gate, find_gate, is_reminder_due, note_asked
from jagadata.upkeep import procedures
from jagadata.upkeep.doctor import examine
from jagadata.upkeep.procedures import PROCEDURES, find_procedure
from jagadata.upkeep.sweep import sweep
from jagadata.upkeep.watch import inspect
from tests.lab.backup_runs import DRAFT, NAMED, run_that_did
from tests.lab.small_office import Stores, make_place

STAMP = Gate(
    name="stamp", sop="archive", role="kadis", title="Cap arsip", yes="Ya", no="Tidak", numbered=True
)
CLEANED, REMINDED = [], []
ARCHIVE = Procedure(
    name="archive",
    tag="arsip",
    deployments=("SOP Arsip/tahunan",),
    look_back=timedelta(days=7),
    known_by="shelf",
    gates=(STAMP,),
    remind=lambda _place, run, gate: REMINDED.append((run, gate.name)) or True,
    concerns=lambda _place, runs: [
        (
            "arsip",
            lambda: [Concern(key=f"arsip {one.run}", text="Rak penuh.", action="Kosongkan.") for one in runs],
        )
    ],
    leftovers=lambda _place, by: [
        (
            "rak",
            lambda: [
                Leftover(
                    where="rak", name="map", what="kosong", action="dibuang", clean=lambda: CLEANED.append(by)
                )
            ],
        )
    ],
    checks=lambda _place: [("Arsip", "rak", lambda: [ok("kosong")])],
)


@pytest.fixture
def place(monkeypatch):
    """An office whose applications have no service of their own, so that no host is asked."""
    with make_place(monkeypatch, change=lambda raw: raw["systems"][0].pop("services")) as opened:
        yield opened


def test_a_small_sop_is_watched_swept_checked_and_reminded_of(place):
    mine = OpenRun(run="a-1", procedure="archive", state="running")
    other = OpenRun(run="b-1", procedure="backup", state="waiting")
    assert [one.key for one in inspect(place, [mine, other], [ARCHIVE])] == ["arsip a-1"]
    report = sweep(place, dry_run=False, by="uji", procedures=[ARCHIVE])
    assert (report.cleaned, report.problems, CLEANED) == (("map",), (), ["uji"])
    assert ("Arsip", "rak", "OK") in [
        (one.group, one.subject, one.state) for one in examine(place, [ARCHIVE])
    ]
    journal = place.journal("a-1")
    journal.note("open", "done", shelf=3)
    assert find_procedure(journal, [*PROCEDURES, ARCHIVE]) is ARCHIVE
    note_asked(journal, "stamp-2", STAMP, due=place.clock() + timedelta(days=2), signer="Hadi [hadi]")
    gate = procedures.find_gate(journal, [*PROCEDURES, ARCHIVE])
    assert (gate.name, gate.gate) == ("stamp-2", STAMP)
    assert procedures.remind(place, "a-1", gate, [*PROCEDURES, ARCHIVE])
    assert REMINDED == [("a-1", "stamp-2")]


def test_a_look_that_fails_is_a_finding_of_its_own_and_hides_no_other(place):
    def fail():
        from jagadata.errors import RefusedError

        raise RefusedError("Rak terkunci.", "Cari kuncinya.")

    broken = Procedure(
        name="broken",
        tag="rusak",
        deployments=(),
        look_back=timedelta(days=1),
        known_by="-",
        gates=(),
        remind=lambda *_about: True,
        concerns=lambda _place, _runs: [("rak", fail)],
        leftovers=lambda _place, _by: [("rak", fail)],
        checks=lambda _place: [("Arsip", "rak", fail)],
    )
    keys = [
        one.key
        for one in inspect(place, [OpenRun(run="a", procedure="archive", state="running")], [broken, ARCHIVE])
    ]
    assert keys == ["periksa rak", "arsip a"]
    report = sweep(place, dry_run=True, by="uji", procedures=[broken, ARCHIVE])
    assert ([one.name for one in report.found], [one.where for one in report.problems]) == (["map"], ["rak"])
    assert ("MASALAH", "Rak terkunci.") in [(one.state, one.finding) for one in examine(place, [broken])]


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("backup", {"systems": ["simpeg"], "kind": "Manual"}, {"procedure": "backup"}),
        ("restore", {"request": {}, "number": "1"}, {"procedure": "restore", "request": {}}),
        ("collection", {"round": "2026-s2"}, {"procedure": "collection"}),
    ],
)
def test_a_run_is_known_by_the_kind_in_its_journal_or_by_what_older_ones_hold(place, kind, old, new):
    for name, opened in (("lama", old), ("baru", new)):
        journal = place.journal(f"{kind}-{name}")
        assert find_procedure(journal) is None
        journal.note("open", "begin")
        assert find_procedure(journal) is None
        journal.note("open", "done", **opened)
        assert find_procedure(journal).name == kind


def test_a_run_of_an_sop_that_is_not_known_here_is_none_of_ours(place):
    journal = place.journal("asing")
    journal.note("open", "done", procedure="arsip", systems=[], request={})
    assert find_procedure(journal) is None


def test_each_gate_is_registered_once_under_its_own_sop():
    gates = [(procedure.name, gate) for procedure in PROCEDURES for gate in procedure.gates]
    assert len({gate.name for _, gate in gates}) == len(gates) == 8
    assert all(gate.sop == name for name, gate in gates)
    assert all({gate.yes, gate.no} == {gate.yes, gate.no} - {"", "Kedaluwarsa"} for _, gate in gates)


def test_a_numbered_gate_owns_its_numbers_and_nothing_else():
    assert CLOSING.owns("closing-12")
    assert not any(
        CLOSING.owns(step) for step in ("closing", "closing-", "closing-x", "closing-1-2", "proposal-1")
    )
    assert PROPOSAL.numbered_name(3) == "proposal-3"


def test_a_gate_that_an_earlier_version_asked_is_found_with_the_step_that_decides_it(place):
    journal = place.journal("lama")
    due = place.clock() + timedelta(days=3)
    journal.note("review", "asked", due=due.isoformat(), signer="Bambang [bambang]")
    found = procedures.find_gate(journal)
    assert (found.name, found.due, found.gate.decides) == ("review", due, "6")
    assert not is_reminder_due(found, found.asked + timedelta(days=1))
    assert is_reminder_due(found, found.asked + timedelta(days=2))
    journal.note("6", "done", review="Diterima")
    assert procedures.find_gate(journal) is None
    assert find_gate(journal, ()) is None


def test_a_reminder_leads_to_the_run_at_the_address_that_staff_open(monkeypatch):
    connections = Stores()

    def with_ui(raw):
        raw["prefect"] = {"ui": "https://jaga.example.id/"}
        raw["officials"][1] |= {"email": "rina@example.id", "duties": [{"role": "kasi_aplikasi"}]}

    with make_place(monkeypatch, connections, change=with_ui) as place:
        run = run_that_did(place, {"draft": DRAFT}, {"draft": DRAFT}, NAMED)
        run.fill_form()
        due = place.clock() + timedelta(days=3)
        run.journal.note("review", "asked", due=due.isoformat(), signer="Rina [rina]")
        assert procedures.remind(place, run.run, procedures.find_gate(run.journal))
    assert [message.to for message in connections.channel.sent] == [("rina@example.id",)]
    assert "https://jaga.example.id/runs/flow-run/putus" in connections.channel.sent[0].text
