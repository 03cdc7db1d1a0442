"""A clock that was wrong once decides nothing: its backup is shown, and true ones stay the newest and are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jagadata.backup.concerns import make_periods
from jagadata.backup.prune import prune
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.errors import NotFoundError
from jagadata.lab.memory_store import MemoryStore
from jagadata.restore.planning import find_backup
from jagadata.restore.request import RestoreRequest
from jagadata.vault.clocks import Clocks
from jagadata.workplace import read_clocks
from tests.lab.memory_office import MemoryOffice, back_up
from tests.lab.small_office import NOW, make_place

REQUEST = RestoreRequest(
    system="simpeg", requester="Dewi", unit="BKPSDM", reason="hilang", damage="hilang", email="d@example.id"
)
YEARS = timedelta(days=800)


class Time:
    """What the worker's clock and everyone else's say."""

    def __init__(self):
        self.worker = self.others = NOW


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def place(monkeypatch, time):
    stores = [MemoryStore(name, clock=lambda: time.others) for name in ("utama", "kedua")]
    connections = MemoryOffice(*stores)
    connections.memory.clock = lambda: time.others
    retention = {"keep_last": 1, "minimum_days": 1}
    with make_place(
        monkeypatch, connections, clock=lambda: time.worker, clocks=read_clocks, retention=retention
    ) as opened:
        yield opened


def back_up_at(place, time, worker, others, run):
    time.worker, time.others = worker, others
    return back_up(place, run)


def test_the_three_clocks_are_signed_with_the_backup(place, time):
    made = back_up_at(place, time, NOW, NOW - timedelta(minutes=20), "r1")
    backup = place.catalog().get(made)
    assert backup.manifest.clocks == Clocks(
        worker=NOW, database=NOW - timedelta(minutes=20), store=NOW - timedelta(minutes=20)
    )


def test_a_large_difference_stands_on_the_form_and_a_small_one_does_not(place, time):
    time.others = NOW - timedelta(minutes=20)
    run = BackupRun(place, "r1", BackupOrder())
    run.make_backups()
    remarks = run.fill_form().rows[0].obstacles
    assert "jam server basis data lebih awal 20 menit" in remarks
    assert "jam penyimpanan lebih awal 20 menit" in remarks
    time.others = NOW - timedelta(minutes=5)
    again = BackupRun(place, "r2", BackupOrder())
    again.make_backups()
    assert "jam" not in again.fill_form().rows[0].obstacles


@pytest.mark.parametrize("mended", [False, True])
def test_a_backup_of_2029_is_shown_and_is_never_the_newest(place, time, mended):
    true = back_up_at(place, time, NOW, NOW, "r1")
    wrong = back_up_at(place, time, NOW + YEARS, NOW, "r2")
    if mended:
        time.worker = NOW
    assert [backup.id for backup in place.catalog().backups] == [wrong, true]
    assert find_backup(place, REQUEST).id == true
    assert wrong in next(iter(make_periods(place))).text


@pytest.mark.parametrize("mended", [False, True])
def test_a_backup_of_2029_lets_no_true_one_go(place, time, mended):
    true = [
        back_up_at(place, time, NOW + timedelta(days=day), NOW + timedelta(days=day), f"r{day}")
        for day in range(3)
    ]
    wrong = back_up_at(place, time, NOW + YEARS, NOW + timedelta(days=3), "r9")
    if mended:
        time.worker = time.others
    report = prune(place, dry_run=False, run="p")
    assert set(report.removed) == set(true[:2])
    kept = {one.backup.id: one.reasons for one in report.decisions if one.keep}
    assert set(kept) == {true[2], wrong}
    assert any("jam yang salah" in reason for reason in kept[wrong])


def test_a_worker_whose_clock_runs_ahead_prunes_nothing_before_its_time(place, time):
    made = [
        back_up_at(place, time, NOW, NOW, "r1"),
        back_up_at(place, time, NOW + timedelta(hours=1), NOW, "r2"),
    ]
    time.worker = NOW + YEARS
    report = prune(place, dry_run=False, run="p")
    assert report.removed == ()
    assert {one.backup.id for one in report.decisions} == set(made)


def test_a_database_whose_clock_alone_is_late_costs_no_recovery_point_once_it_has_caught_up(place, time):
    time.others = NOW
    made = back_up(place, "r1")
    place.connections.memory.clock = lambda: NOW - timedelta(hours=1)
    with pytest.raises(NotFoundError, match="bertanggal lebih maju"):
        find_backup(place, REQUEST)
    place.connections.memory.clock = lambda: NOW
    assert find_backup(place, REQUEST).id == made


def test_one_that_is_asked_for_by_its_id_is_restored_whatever_its_time(place, time):
    wrong = back_up_at(place, time, NOW + YEARS, NOW, "r1")
    request = RestoreRequest(**{**vars(REQUEST), "backup": wrong})
    assert find_backup(place, request).id == wrong
