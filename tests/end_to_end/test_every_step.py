"""At every step of both SOPs: kill -9 of the run's process, of the worker, of both, of the Prefect server, of a session of PostgreSQL, of sshd; Cancel and Retry.

`make faults` runs it; with `-s` it prints for how long the service was off after each.
"""

from __future__ import annotations

import base64
import json
import signal
import time
from datetime import UTC, datetime
from itertools import count

import pytest

from jagadata.errors import RefusedError
from jagadata.evidence.journal import now
from jagadata.restore.run import RestoreRun
from jagadata.text.periods import period_of
from jagadata.vault.verification import read_back
from tests.end_to_end.conftest import ENDED
from tests.end_to_end.test_both_sops import wait_until
from tests.end_to_end.test_deaths import SWITCH_SECONDS, kill, kill_a_session, processes_of
from tests.faults.test_two_at_once import slow_dump, wait_until_locked
from tests.lab.faults.strikes import Clock

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
REPORT_SECONDS = 12
"""A worker reports a death twice, seconds apart, and the second report would end a run that was retried in between."""
FORM_SECONDS = 60
"""How long the watch lets a gate be without its form (tasks/watch.py)."""
SIGNERS = {"Menyetujui": "rina", "Diterima pemohon": "agus", "Diterima": "bambang"}
"""Who gives the first answer of each gate."""
ENDINGS = ("selesai", "gagal", "ditolak")
"""Of the subjects that tell the requester what became of it."""
numbers = count()


@pytest.fixture(scope="module")
def office(deployed):
    """A short switch, and nothing slow that another module left."""
    lab = deployed.office
    lab.change(
        lambda value: value["policy"].setdefault("restore", {}).update(switch_minutes=SWITCH_SECONDS / 60)
    )
    lab.sql("DROP TABLE IF EXISTS aplikasi.lambat_sekali, aplikasi.pelan_sekali")
    return lab


@pytest.fixture
def fresh(deployed, office):
    """200 letters, a backup of them, no mail."""
    office.fill()
    with office.place() as place:
        assert office.back_up(place, f"awal-{next(numbers)}").failures() == []
    for path in office.mail.folder.glob("*.eml"):
        path.unlink()
    return deployed


def lines(office, run):
    """(step, event) of the run's journal as the primary store holds it."""
    found = []
    for path in sorted((office.folder / "simpanan-utama" / "runs" / run / "journal").glob("*.json")):
        value = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
        found.append((value["step"], value["event"]))
    return found


def answer(deployed, run):
    """The gate's first choice, by whom it is for."""
    gate = deployed.api.gate(run, 30)
    who = SIGNERS[gate.decisions[0]]
    signer = next(one for one in gate.signers if f"[{who}]" in one)
    deployed.api.answer(run, gate.decisions[0], signer, "telepon 08.30 WIB")
    deployed.api.wait(run, ("Resuming", "Pending", "Submitting", "Running", *ENDED), 30)


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


def settle(deployed, run, seconds=180):
    """As the office would: answer what is asked until the run is over.

    What in life the server's automation does after three minutes without a heartbeat is done here after some seconds.
    """
    end, alive = time.monotonic() + seconds, time.monotonic()
    while True:
        found = deployed.api.read(run)
        if found.kind in ENDED:
            return found
        if found.state == "Suspended":
            try:
                answer(deployed, run)
            except (
                RefusedError
            ):  # killed before its form was saved: nobody can answer, until the watch comes by
                time.sleep(FORM_SECONDS)
                deployed.watch()
        if processes_of(run) or found.kind not in ("RUNNING", "PENDING"):
            alive = time.monotonic()
        if time.monotonic() - alive > 8:
            force(deployed, run, "CRASHED", "Crashed")
        assert time.monotonic() < end, (found, lines(deployed.office, run), deployed.log())
        time.sleep(0.5)


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


def force(deployed, run, kind, name):
    state = {"state": {"type": kind, "name": name}, "force": True}
    deployed.api.call("POST", f"/flow_runs/{run}/set_state", state)


def tell_the_end(deployed, run):
    """The truth about a restore, once the watch had its turn; every promise is held against it."""
    office = deployed.office

    def told():
        with office.place() as place:
            return RestoreRun(place, run).journal.outcome("5") is not None

    wait_until(told, 120)
    wait_until(office.is_up, 60)
    with office.place() as place:
        restore = RestoreRun(place, run)
        assert place.services(office.application.system).switch().state != "armed"
        status = restore.status
    assert office.letters() == (200 if status == "Selesai" else 150), status
    told_about = [str(mail["subject"]) for mail in office.mail.messages() if mail["to"] == "dewi@example.id"]
    assert len([one for one in told_about if one.split(",")[0].endswith(ENDINGS)]) == 1, told_about
    return status


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


def check_copies(place, backup):
    for store in place.stores:
        if store.name in backup.stores:
            versions = backup.versions_in(store.name)
            read_back(
                place.server(backup.manifest.system), place.identity(), backup.manifest.data, store, versions
            )


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
