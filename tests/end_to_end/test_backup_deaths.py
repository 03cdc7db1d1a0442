"""The worker of a backup dies in step 1: the run goes on by itself, nothing asks a person, and nothing is dumped twice."""

from __future__ import annotations

import signal
import time

import psycopg
import pytest

from jagadata.backup.run import BackupOrder, BackupRun
from tests.lab.deaths import kill, processes_of
from tests.lab.waiting import wait_until

WITHIN_SECONDS = 120


@pytest.mark.whole
def test_a_backup_whose_worker_and_process_are_killed_is_taken_up_within_two_minutes(fresh):
    office = fresh.office
    with psycopg.connect(office.postgres.dsn(office.application.database)) as session:
        session.execute("LOCK TABLE aplikasi.surat IN ACCESS EXCLUSIVE MODE")
        run = fresh.api.run("SOP Back Up Data/bulanan", {})
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename LIKE 'jagadata%'"
        wait_until(lambda: office.postgres.sql(waiting), 90)
        fresh.worker.process.send_signal(signal.SIGKILL)
        kill(*processes_of(run))
        begun = time.monotonic()
    fresh.restart_worker()
    fresh.api.wait(run, ("Crashed",), WITHIN_SECONDS)
    fresh.api.wait(run, ("Pending", "Submitting", "Running"), WITHIN_SECONDS)
    seconds = time.monotonic() - begun
    print(f"\nMATI back up: another process has it after {seconds:.0f} s")
    assert seconds < WITHIN_SECONDS, fresh.log()
    fresh.sign(run, "Diterima", "bambang", "sesuai")
    assert fresh.end(run).state == "Diterima", fresh.log()
    with office.place() as place:
        assert BackupRun(place, run, BackupOrder()).failures() == []
        own = [backup for backup in place.catalog().backups if backup.manifest.run == run]
        assert len(own) == 1
