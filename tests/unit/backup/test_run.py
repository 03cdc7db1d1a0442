"""A run of SOP Back Up Data as its journal remembers it: what never ended is a failure, and what is signed stays as it was."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jagadata.backup.letters import notify_failures
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.errors import RefusedError
from tests.lab.backup_runs import DRAFT, NAMED, run_that_did
from tests.lab.small_office import OFFICE, Stores, make_place


@pytest.fixture
def place(monkeypatch):
    with make_place(monkeypatch) as opened:
        yield opened


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_step_that_never_ended_is_a_failure_of_the_form_and_of_the_run(place, done):
    run = run_that_did(place, *[{"draft": DRAFT}] * done)
    row = run.fill_form().rows[0]
    assert row.outcome == "Gagal"
    assert "terhenti" in row.reason
    assert [failure.partition(": terhenti")[0] for failure in run.failures()] == [
        f"simpeg: langkah {done + 1}"
    ]


def test_a_copy_that_never_ended_leaves_the_backup_valid_and_the_run_failed(place):
    run = run_that_did(place, {"draft": DRAFT}, {"draft": DRAFT}, NAMED)
    row = run.fill_form().rows[0]
    assert (row.outcome, row.backup, row.second_copy, row.hash_matches) == ("Berhasil", "b", "", None)
    assert "langkah 4: terhenti" in row.obstacles
    assert "langkah 4: terhenti" in run.failures()[0]


def test_who_goes_on_with_a_run_keeps_its_order(place):
    order = BackupOrder(systems=["simpeg"], period="2026-10", note="sebelum pindah server")
    first = BackupRun(place, "putus", order).open()
    again = BackupRun(place, "putus", BackupOrder())  # `jaga resume` knows the run's id only
    assert again.open() == first
    assert (again.fill_form().note, again.fill_form().period) == ("sebelum pindah server", "2026-10")


def test_a_failure_is_told_though_nobody_holds_the_role_that_checks(place):
    run = run_that_did(place)
    run.fill_form()
    with pytest.raises(RefusedError, match="tidak ada yang memegang peran ini"):
        run.reviewers()
    notify_failures(run, link="")
    assert [message.to for message in place.connections.channel.sent] == [("sari@example.id",)]


def test_what_the_form_calls_failed_is_not_dumped_after_all_once_it_is_signed(place):
    run = run_that_did(place)
    assert run.waiting(1, ["simpeg"]) == ["simpeg"]
    assert run.waiting(2, ["simpeg"]) == []
    run.fill_form()
    assert run.waiting(1, ["simpeg"]) == []


class BusyServer:
    """A database server that can't be dumped, and notes how many ask it at the same time. The first three wait for one another."""

    total = most = calls = 0
    lock = threading.Lock()
    first = threading.Barrier(3)

    def __init__(self, name):
        self.name, self.now, self.most = name, 0, 0

    def check_dump(self, _name):
        with BusyServer.lock:
            self.now, BusyServer.total = self.now + 1, BusyServer.total + 1
            self.most, BusyServer.most = max(self.most, self.now), max(BusyServer.most, BusyServer.total)
            BusyServer.calls += 1
            early = BusyServer.calls <= 3
        if early:
            self.first.wait(30)
        time.sleep(0.02)
        with BusyServer.lock:
            self.now, BusyServer.total = self.now - 1, BusyServer.total - 1
        return [RefusedError("penuh", "Tunggu.")]


class Servers(Stores):
    """Stores in memory, and busy database servers."""

    def __init__(self):
        super().__init__()
        self.servers = {}

    def server(self, _system, entry, _host, _stack):
        return self.servers.setdefault(entry.name, BusyServer(entry.name))


def test_several_systems_go_at_once_within_the_limits_of_the_office_and_of_each_server(monkeypatch):
    names = [f"sistem-{number}" for number in range(8)]
    systems = [
        {
            "id": name,
            "name": name,
            "owner": "OPD",
            "server": f"pg{number % 2 + 1}",
            "data": [{"database": name}],
        }
        for number, name in enumerate(names)
    ]
    second = {**OFFICE["servers"][0], "name": "pg2", "parallel_backups": 4}
    found = Servers()
    with make_place(monkeypatch, found, systems=systems, servers=[second], at_once=3) as place:
        run = BackupRun(place, "banyak", BackupOrder(systems=names))
        run.open()
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(run.dump, names))
    assert {result.failure.reason for result in results} == {
        f"Sistem '{name}' belum dapat di-back up:\n  - penuh" for name in names
    }
    assert (found.servers["pg1"].most, BusyServer.most) == (1, 3)
    assert found.servers["pg2"].most >= 2


@pytest.mark.parametrize("kind", ["Terjadwal", "Manual", "Susulan"])
def test_a_month_that_has_passed_is_caught_up_as_susulan_whoever_starts_it(place, kind):
    assert BackupRun(place, "lalu", BackupOrder(period="2026-10", kind=kind)).open().kind == "Susulan"
    assert BackupRun(place, "kini", BackupOrder(period="2026-11", kind=kind)).open().kind == kind
