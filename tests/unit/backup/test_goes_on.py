"""A backup run goes on: after the death of its worker, behind a restore of its system, and with whatever is left to do."""

from __future__ import annotations

import threading

import pytest

from jagadata.backup.attempts import (
    MOST_ATTEMPTS,
    count_attempts,
    describe_end,
    may_be_taken_up,
    note_attempt,
)
from jagadata.backup.gates import REVIEW_GATE
from jagadata.backup.run import BackupOrder, BackupRun
from tests.lab.memory_office import TABLES, MemoryOffice
from tests.lab.small_office import make_place

SYSTEMS = [
    {"id": name, "name": name, "owner": "OPD", "server": "pg1", "data": [{"database": name}]}
    for name in ("absensi", "arsip")
]
NAMES = ["simpeg", "absensi", "arsip"]


@pytest.fixture
def office():
    made = MemoryOffice()
    for name in NAMES[1:]:
        made.memory.make(name, TABLES)
    return made


@pytest.fixture
def place(monkeypatch, office):
    with make_place(monkeypatch, office, systems=SYSTEMS) as opened:
        yield opened


def test_a_run_is_begun_three_times_and_then_ended_by_name(place):
    run = BackupRun(place, "r1", BackupOrder())
    run.open()
    for number in range(1, MOST_ATTEMPTS + 1):
        assert note_attempt(run.journal, "w1") == number
        assert may_be_taken_up(run.journal)
    assert note_attempt(run.journal, "w2") == MOST_ATTEMPTS + 1
    assert not may_be_taken_up(run.journal)
    assert "4 kali" in describe_end(run.journal)


def test_a_run_that_came_further_is_counted_anew(place):
    run = BackupRun(place, "r1", BackupOrder())
    run.open()
    for _attempt in range(MOST_ATTEMPTS):
        note_attempt(run.journal, "w1")
    run.carry_on()
    assert count_attempts(run.journal) == 0
    note_attempt(run.journal, "w1")
    run.journal.note(REVIEW_GATE.name, "begin")
    assert count_attempts(run.journal) == 0


def test_whoever_goes_on_dumps_nothing_twice(place, monkeypatch, office):
    run = BackupRun(place, "r1", BackupOrder())
    run.dump("simpeg")
    run.verify("simpeg")
    draft = run.result("simpeg").draft.backup
    with make_place(monkeypatch, office, systems=SYSTEMS) as other:
        again = BackupRun(other, "r1", BackupOrder())
        again.make_backups()
        assert again.failures() == []
        assert again.result("simpeg").made_backup().backup == draft
        assert len(other.catalog().backups) == len(NAMES)


class LeftOffice(MemoryOffice):
    """Its server vanishes after so many systems."""

    left = 1

    def server(self, entry, *through):
        found = super().server(entry, *through)
        dump = found.dump

        def once(name, sink):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            return dump(name, sink)

        found.dump = once
        return found


def test_a_system_that_is_through_is_a_valid_backup_though_the_run_dies(monkeypatch):
    office = LeftOffice()
    for name in NAMES[1:]:
        office.memory.make(name, TABLES)
    with make_place(monkeypatch, office, systems=SYSTEMS) as place:
        with pytest.raises(KeyboardInterrupt):
            BackupRun(place, "r1", BackupOrder()).make_backups()
        [made] = place.catalog().backups
        assert (made.manifest.system, made.stores) == ("simpeg", ("utama", "kedua"))


def test_a_backup_waits_for_the_restore_of_its_system(place, office):
    run = BackupRun(place, "r1", BackupOrder())
    run.open()
    held, done = threading.Event(), threading.Event()

    def restore():
        with place.server("simpeg").exclusive("simpeg", restoring=True):
            held.set()
            done.wait(30)

    other = threading.Thread(target=restore)
    other.start()
    assert held.wait(30)
    backup = threading.Thread(target=run.dump, args=("simpeg",))
    backup.start()
    assert run.dump("arsip").ok  # others of the same server need not wait
    assert run.journal.outcome("1", "simpeg") is None
    done.set()
    other.join(30)
    backup.join(30)
    assert run.result("simpeg").draft is not None
    assert run.journal.outcome("1", "simpeg")["ok"]


def test_a_restore_without_end_is_named_with_what_to_do(place):
    run = BackupRun(place, "r1", BackupOrder())
    run.open()
    run.lock_timeout = 0
    with place.server("simpeg").exclusive("simpeg", restoring=True):
        result = run.dump("simpeg")
    assert "sedang dipakai" in result.failure.reason
    assert "Ulangi back up sistem ini" in result.failure.hint
