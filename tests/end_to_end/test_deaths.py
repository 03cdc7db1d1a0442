"""Real processes die or are cancelled in step 3, the services being off: they come back, and the requester learns the truth.

`make faults` runs all of it; `make test` the first.
"""

from __future__ import annotations

import signal
import time

import pytest

from jagadata.restore.run import RestoreRun
from tests.lab.deaths import SWITCH_SECONDS, kill, kill_a_session, processes_of
from tests.lab.waiting import wait_until

SLOW_SECONDS = 8
whole = pytest.mark.whole


@pytest.fixture(scope="module")
def slow(deployed):
    """A short switch, and a restore whose step 3 takes its time; the newest backup has 200 letters."""
    office = deployed.office
    office.change(
        lambda value: value["policy"].setdefault("restore", {}).update(switch_minutes=SWITCH_SECONDS / 60)
    )
    office.fill()
    office.sql(
        f"""
        SET ROLE app_sisurat_e2e;
        CREATE FUNCTION aplikasi.lambat(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
        BEGIN IF current_database() LIKE '%\\_\\_baru\\_%' THEN PERFORM pg_sleep({SLOW_SECONDS}); END IF; RETURN $1; END $$;
        CREATE TABLE aplikasi.lambat_sekali (x int);
        INSERT INTO aplikasi.lambat_sekali VALUES (1);
        CREATE INDEX ON aplikasi.lambat_sekali (aplikasi.lambat(x));
        """
    )
    with office.place() as place:
        assert office.back_up(place, "lambat").failures() == []
    yield deployed
    office.sql("DROP TABLE IF EXISTS aplikasi.lambat_sekali")


@pytest.fixture
def in_step_3(slow):
    """A run whose services are off, and when they went off."""
    office = slow.office
    office.sql("DELETE FROM aplikasi.surat WHERE id > 150")
    slow.left = office.letters()
    for path in office.mail.folder.glob("*.eml"):
        path.unlink()
    run = slow.ask_restore()
    slow.sign(run, "Menyetujui", "rina")
    wait_until(lambda: not office.is_up(), 60)
    begun = time.monotonic()
    wait_until(lambda: any("__baru_" in name for name in office.databases()), 30)
    time.sleep(1)
    return run, begun


def comes_back(deployed, begun):
    """Wait for the service; the seconds that it was off."""
    wait_until(deployed.office.is_up, 60)
    seconds = time.monotonic() - begun
    print(f"\nMATI restore 3: off {seconds:.1f} s")
    return seconds


def ends_well(deployed, run, *, status="Gagal"):
    """The truth is on record, the requester knows it, and a clean second try succeeds."""
    office = deployed.office

    def ended():
        with office.place() as place:
            return RestoreRun(place, run).journal.outcome("5") is not None

    wait_until(ended, 150)
    with office.place() as place:
        restore = RestoreRun(place, run)
        assert restore.status == status, restore.reason
        assert place.services(office.application.system).switch().state != "armed"
    assert office.is_up()
    assert office.letters() == deployed.left
    told = [str(mail["subject"]) for mail in office.mail.messages() if mail["to"] == "dewi@example.id"]
    assert len(told) == 2, told  # received, and what became of it
    with office.place() as place:
        again = office.received(place, f"{run[:8]}-ulang")
        result = office.carry_out(again)
        assert result.status == "Selesai", result.reason
    assert office.letters() == 200


def test_the_runs_process_is_killed(slow, in_step_3):
    run, begun = in_step_3
    kill(*processes_of(run))
    assert comes_back(slow, begun) < SWITCH_SECONDS * 2 + 10
    assert slow.end(run).state == "Crashed"
    ends_well(slow, run)  # the automation starts the watch


@whole
def test_run_and_worker_are_killed(slow, in_step_3):
    run, begun = in_step_3
    slow.worker.process.send_signal(signal.SIGKILL)
    kill(*processes_of(run))
    assert comes_back(slow, begun) < SWITCH_SECONDS * 2 + 10
    slow.restart_worker()
    # In life the server does this after three minutes without a heartbeat (deployments/automations.py).
    slow.api.call(
        "POST",
        f"/flow_runs/{run}/set_state",
        {"state": {"type": "CRASHED", "name": "Crashed"}, "force": True},
    )
    ends_well(slow, run)


@whole
def test_the_database_ends_every_session(slow, in_step_3):
    run, begun = in_step_3
    slow.office.postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'jagadata%'"
    )
    assert comes_back(slow, begun) < SLOW_SECONDS + 20
    ends_well(slow, run)


@whole
def test_a_session_of_the_database_is_killed(slow, in_step_3):
    run, begun = in_step_3
    kill_a_session(slow.office.postgres)
    assert comes_back(slow, begun) < SLOW_SECONDS + 20
    ends_well(slow, run)


@whole
def test_sshd_is_killed(slow, in_step_3):
    run, begun = in_step_3
    slow.ssh.server.process.send_signal(signal.SIGKILL)
    slow.restart_ssh()
    assert comes_back(slow, begun) < SLOW_SECONDS + 20
    slow.api.wait(run, ("Suspended",), 60)
    assert slow.office.letters() == 200
    with slow.office.place() as place:
        assert RestoreRun(place, run).result.status == "Selesai"


@whole
def test_the_prefect_server_is_killed(slow, in_step_3):
    run, begun = in_step_3
    slow.server.server.process.send_signal(signal.SIGKILL)
    assert comes_back(slow, begun) < SLOW_SECONDS + 30
    assert slow.office.letters() == 200  # the restore finished
    slow.server.server.stop()
    slow.server.start()
    with slow.office.place() as place:
        assert RestoreRun(place, run).result.status == "Selesai"


@whole
def test_cancel_is_pressed_and_then_retry(slow, in_step_3):
    run, begun = in_step_3
    slow.api.call(
        "POST",
        f"/flow_runs/{run}/set_state",
        {"state": {"type": "CANCELLING", "name": "Cancelling"}, "force": True},  # as the UI
    )
    assert comes_back(slow, begun) < SLOW_SECONDS + 30
    assert slow.end(run).kind == "CANCELLED"
    ends_well(slow, run)
    slow.api.call(
        "POST",
        f"/flow_runs/{run}/set_state",
        {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": True},
    )
    time.sleep(5)
    slow.api.wait(run, ("Suspended",), 60)  # nothing is done again: it waits for the requester's answer
    assert slow.office.letters() == 200
    assert slow.office.is_up()
