"""At every step of both SOPs: kill -9 of the run's process, of the worker, of both, of the Prefect server, of a session of PostgreSQL, of sshd; Cancel and Retry.

`make faults` runs it; with `-s` it prints for how long the service was off after each.
"""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime

import pytest

from jagadata.errors import RefusedError
from jagadata.evidence.journal import now
from jagadata.text.periods import period_of
from tests.lab.deaths import SWITCH_SECONDS, kill, kill_a_session, processes_of
from tests.lab.deployed import ENDED
from tests.lab.faults.locks import slow_dump, wait_until_locked
from tests.lab.faults.strikes import Clock
from tests.lab.prefect_runs import (
    FORM_SECONDS,
    REPORT_SECONDS,
    answer,
    check_copies,
    force,
    lines,
    settle,
    tell_the_end,
)
from tests.lab.waiting import wait_until

pytestmark = pytest.mark.whole

VICTIMS = ("run", "worker", "both", "server", "session", "sshd")
RESTORE = {
    "1": ("1", "begin"),
    "gate": ("approval-gate", "asked"),
    "2": ("2", "begin"),
    "3": ("3", "begin"),
    "4": ("4", "begin"),
    "5": ("recovery", "done"),
    "6": ("6", "begin"),
}
"""The line of the journal at which a step is at work."""
BACKUP = {step: (step, "begin") for step in "123456"}
SERVER_AWAY_SECONDS = 5


def reach(deployed, run, mark, seconds=120):
    """Answer what is asked until the run's journal has this line."""
    end = time.monotonic() + seconds
    asked = time.monotonic()
    while mark not in lines(deployed.office, run):
        assert time.monotonic() < end, (mark, lines(deployed.office, run), deployed.log())
        if time.monotonic() - asked > 1:
            if deployed.api.read(run).state == "Suspended":
                answer(deployed, run)
            asked = time.monotonic()
        time.sleep(0.01)


def strike(deployed, run, victim):
    if victim in ("worker", "both"):
        deployed.worker.process.send_signal(signal.SIGKILL)
    if victim in ("run", "both"):
        kill(*processes_of(run))
    if victim == "server":
        deployed.server.server.process.send_signal(signal.SIGKILL)
    if victim == "session":
        kill_a_session(deployed.office.postgres)
    if victim == "sshd":
        deployed.ssh.server.process.send_signal(signal.SIGKILL)


def mend(deployed, victim):
    """What systemd does within seconds."""
    if victim in ("worker", "both"):
        deployed.restart_worker()
    if victim == "sshd":
        deployed.restart_ssh()
    if victim == "server":
        time.sleep(SERVER_AWAY_SECONDS)
        deployed.server.server.stop()
        deployed.server.start()


def test_a_gate_whose_form_was_never_saved_is_asked_again(fresh, office):
    run = fresh.ask_restore()
    fresh.api.wait(run, ("Suspended",), 120)
    fresh.api.gate(run, 30)
    keys = fresh.api.call("GET", f"/flow_runs/{run}")["state"]["state_details"]["run_input_keyset"]
    for key in ("schema", "description"):  # as if the process had died just before
        fresh.api.call("DELETE", f"/flow_runs/{run}/input/{keys[key]}")
    with pytest.raises(RefusedError, match="tidak sedang menunggu"):
        fresh.api.gate(run, 1)
    time.sleep(FORM_SECONDS)
    fresh.watch()
    wait_until(lambda: fresh.api.read(run).state == "Suspended", 60)
    assert settle(fresh, run).state == "Selesai"
    assert tell_the_end(fresh, run) == "Selesai"


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("step", [step for step in RESTORE if step != "3"])
def test_a_death_at_any_step_of_a_restore(fresh, office, step, victim):
    office.sql("DELETE FROM aplikasi.surat WHERE id > 150")
    with Clock(office.is_up) as clock:
        run = fresh.ask_restore()
        reach(fresh, run, RESTORE[step])
        strike(fresh, run, victim)
        begun = time.monotonic()
        mend(fresh, victim)
        found = settle(fresh, run)
        status = tell_the_end(fresh, run)
    print(
        f"\nMATI restore {step} {victim}: {found.state}/{status} off {clock.longest:.1f} s, "
        f"settled after {time.monotonic() - begun:.0f} s"
    )
    assert clock.longest < SWITCH_SECONDS * 2 + 10


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("step", BACKUP)
def test_a_death_at_any_step_of_a_backup(fresh, office, step, victim):
    system = office.application.system
    with Clock(office.is_up) as clock:
        run = fresh.api.run("SOP Back Up Data/bulanan", {})
        reach(fresh, run, BACKUP[step])
        strike(fresh, run, victim)
        begun = time.monotonic()
        mend(fresh, victim)
        found = first = settle(fresh, run)
        with office.place() as place:
            for backup in place.catalog(system).backups:
                check_copies(place, backup)
        if found.kind != "COMPLETED":
            time.sleep(REPORT_SECONDS)
            force(fresh, run, "SCHEDULED", "AwaitingRetry")  # as Retry in the UI
            wait_until(lambda: fresh.api.read(run).kind not in ("SCHEDULED", "CRASHED", "FAILED"), 60)
            found = settle(fresh, run)
    with office.place() as place:
        lost = not place.journal(run).outcome("1", system)["ok"]
    if lost:  # the dump lost its server: run and form say so, and a clean second try succeeds
        assert (victim, step, found.kind) == ("session", "1", "FAILED")
        run = fresh.back_up()
    else:
        assert (found.kind, found.state) == ("COMPLETED", "Diterima"), (found, fresh.log())
    with office.place() as place:
        own = [backup for backup in place.catalog(system).backups if backup.manifest.run == run]
        assert len(own) == 1
        assert own[0].review == "Diterima"
        assert set(own[0].stores) == {"utama", "kedua"}
        check_copies(place, own[0])
    print(
        f"\nMATI back up {step} {victim}: {first.state}, then {found.state}, off {clock.longest:.1f} s, "
        f"settled after {time.monotonic() - begun:.0f} s"
    )
    assert clock.longest < 1


@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [step for step in RESTORE if step != "3"])
def test_cancel_is_pressed_at_any_step_and_then_retry(fresh, office, step):
    office.sql("DELETE FROM aplikasi.surat WHERE id > 150")
    with Clock(office.is_up) as clock:
        run = fresh.ask_restore()
        reach(fresh, run, RESTORE[step])
        if step == "gate":
            fresh.api.wait(run, ("Suspended",), 60)
        if fresh.api.read(run).kind not in ENDED:  # as the UI, which shows the button only then
            force(fresh, run, "CANCELLING", "Cancelling")
        begun = time.monotonic()
        found = settle(
            fresh, run, seconds=420
        )  # at a gate no process is there: Prefect waits for five minutes
        status = tell_the_end(fresh, run)
        print(f"\nBATAL restore {step}: {found.state}/{status} off {clock.longest:.1f} s")
        letters = office.letters()
        force(fresh, run, "SCHEDULED", "AwaitingRetry")
        wait_until(lambda: fresh.api.read(run).kind not in ("SCHEDULED", "PENDING"), 60)
        again = settle(fresh, run)
        assert tell_the_end(fresh, run) == status
    assert (office.letters(), office.is_up()) == (letters, True)  # nothing is done a second time
    print(
        f"\nULANG restore {step}: {again.state}/{status} off {clock.longest:.1f} s, {time.monotonic() - begun:.0f} s"
    )
    assert clock.longest < SWITCH_SECONDS * 2 + 10


def test_while_no_store_answers_the_office_is_told_once_and_once_when_they_do_again(fresh, office):
    def look():
        ended = fresh.end(fresh.api.run("Penjagaan/berkala", {}))
        return ended.state, [
            one["subject"] for one in office.mail.messages() if one["to"] == "rina@example.id"
        ]

    stores = [office.folder / name for name in ("simpanan-utama", "simpanan-kedua")]
    for store in stores:
        store.rename(store.with_suffix(".pergi"))
    try:
        assert look()[0] == "Failed"  # shown in the UI too: this watch could not do its work
        state, told = look()
    finally:
        for store in stores:
            store.with_suffix(".pergi").rename(store)
    assert state == "Failed"
    assert len(told) == 1, told
    assert "masalah baru" in told[0]
    for _tick in range(2):
        state, told = look()
    assert state == "Completed"
    assert told[1:] == ["Jagadata: masalah sudah pulih"]


@pytest.mark.timeout(900)
def test_cancel_is_pressed_while_the_worker_is_dead(fresh, office):
    """Nobody is there to carry it out: Prefect itself does, after five minutes, and then the watch ends the request."""
    office.sql("DELETE FROM aplikasi.surat WHERE id > 150")
    with Clock(office.is_up) as clock:
        run = fresh.ask_restore()
        reach(fresh, run, RESTORE["2"])
        strike(fresh, run, "both")
        force(fresh, run, "CANCELLING", "Cancelling")
        mend(fresh, "both")
        wait_until(lambda: fresh.api.read(run).kind == "CANCELLED", 400)
        status = tell_the_end(fresh, run)
    print(f"\nBATAL tanpa worker: {status} off {clock.longest:.1f} s")
    assert status == "Gagal"
    assert clock.longest < SWITCH_SECONDS * 2 + 10


def test_schedules_that_were_missed_run_once_each_as_susulan_of_their_own_period(fresh, office):
    """As after a downtime of months: Prefect starts all that are late at the same moment."""
    system, present = office.application.system, period_of(now())
    deployment = fresh.api.call("GET", "/deployments/name/SOP%20Back%20Up%20Data/bulanan")["id"]
    missed = [present.plus(-5), present.plus(-4)]
    runs = []
    for period in missed:
        state = {
            "type": "SCHEDULED",
            "state_details": {
                "scheduled_time": datetime(period.year, period.month, 3, tzinfo=UTC).isoformat()
            },
        }
        value = {"state": state, "parameters": {"perintah": {"pelaksanaan": "Terjadwal"}}}
        runs.append(fresh.api.call("POST", f"/deployments/{deployment}/create_flow_run", value)["id"])
    with slow_dump(office):  # the first is not through when the second could begin
        wait_until_locked(office)
        time.sleep(15)
    ended = [settle(fresh, run).state for run in runs]
    with office.place() as place:
        made = [backup.manifest for backup in place.catalog(system).backups if backup.manifest.run in runs]
        found = [(one.period, one.occasion) for one in made]
    assert sorted(found) == sorted((str(period), "Susulan") for period in missed), ended
    assert ended == ["Diterima", "Diterima"]
