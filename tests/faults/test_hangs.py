"""What neither fails nor ends: pg_restore, or a session of its, stands still; our own machine is frozen, and wakes up after the switch fired."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from tests.lab.faults.kills import SWITCH_SECONDS
from tests.lab.faults.scenario import RestoreScenario
from tests.lab.office import open_office

pytestmark = pytest.mark.whole

NEVER_ENDS = """
    SET ROLE {owner};
    CREATE FUNCTION aplikasi.diam(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
    BEGIN IF current_database() LIKE '%\\_\\_baru\\_%' THEN PERFORM pg_sleep(1000); END IF; RETURN $1; END $$;
    CREATE TABLE aplikasi.diam_sekali (x int);
    INSERT INTO aplikasi.diam_sekali VALUES (1);
    CREATE INDEX ON aplikasi.diam_sekali (aplikasi.diam(x));
"""
FREEZES = {
    "while pg_restore begins": ("CREATE DATABASE", "process pg_restore$"),
    "when the swap begins": ("CREATE DATABASE", "SET LOCAL lock_timeout"),
    "between the names": ("SET LOCAL lock_timeout", "ALTER DATABASE"),
    "before the commit": ("SET LOCAL lock_timeout", "commit COMMIT"),
}
"""Where the process is frozen: at the second call, once the first was seen."""


def restorers(system):
    """Process ids of pg_restore at work in a side database of this system."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes()
            if b"pg_restore\0" in line and f"{system}__baru_".encode() in line:
                yield int(path.parent.name)


def descendants(process):
    """What this process started, and what that started: nobody else's is ever touched."""
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for number in map(int, path.read_text().split()):
                yield number
                yield from descendants(number)


def stop_restorers(system, over):
    while not over.wait(0.2):
        for number in {*restorers(system)} & {*descendants(os.getpid())}:
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGSTOP)


@pytest.mark.parametrize("stopped", [False, True], ids=["session", "program"])
def test_a_restore_that_stands_still_ends_by_name_and_the_service_is_back(office_lab, stopped):
    system = office_lab.application.system
    owner = f"app_{system}".replace("-", "_")
    office_lab.sql(NEVER_ENDS.format(owner=owner))
    office_lab.change(
        lambda value: value["policy"].setdefault("restore", {}).update(switch_minutes=SWITCH_SECONDS / 60)
    )
    plain, over = office_lab.databases(), threading.Event()
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
        restore = office_lab.received(place)
        recovery = restore.recovery()
        recovery.shown = replace(recovery.shown, minutes_total=0)
        if stopped:
            threading.Thread(target=stop_restorers, args=(system, over), daemon=True).start()
        begun = time.monotonic()
        with recovery:
            for step in ("prepare", "stop", "restore", "start"):
                getattr(recovery, step)()
        over.set()
    print(f"\nDIAM {stopped}: {time.monotonic() - begun:.0f} s, {restore.result.downtime_seconds} s off")
    assert restore.result.status == "Gagal"
    assert "tidak maju lagi" in restore.result.reason
    assert office_lab.is_up()
    assert office_lab.letters() == 5
    assert office_lab.databases() == plain
    assert list(restorers(system)) == []


@pytest.fixture(scope="module")
def scenario(lab, postgres, ssh_server):
    with contextlib.ExitStack() as stack:
        system = f"sisurat-{token_hex(3)}"
        yield RestoreScenario(open_office(stack, lab / system, postgres, ssh_server, system))


def is_stopped(process):
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("where", FREEZES)
def test_a_machine_that_wakes_up_after_the_switch_fired_swaps_nothing(scenario, where):
    office, after = scenario.lab, []
    code = "import sys; from tests.lab.faults import frozen; frozen.freeze(*sys.argv[1:])"

    def play(run):
        process = subprocess.Popen([sys.executable, "-c", code, str(office.path), run, *FREEZES[where]])
        try:
            while not is_stopped(process):
                assert process.poll() is None
                time.sleep(0.05)
            end = time.monotonic() + 60
            while not office.is_up():
                assert time.monotonic() < end
                time.sleep(0.05)
            office.sql(
                "INSERT INTO aplikasi.surat (nomor, perihal, tanggal) VALUES ('999', 'sesudah', '2026-11-01')"
            )
        finally:
            process.send_signal(signal.SIGCONT)
            process.wait(120)
        after.extend(office.sql("SELECT perihal FROM aplikasi.surat WHERE nomor = '999'"))
        office.sql("DELETE FROM aplikasi.surat WHERE nomor = '999'")

    verdict = scenario.check(None, play=play)
    assert after == [("sesudah",)]
    assert (verdict.status, verdict.broken) == ("Gagal", [])
