"""Both SOPs through a real Prefect server and worker: back up, destroy, restore, compare; refusals, secrets, and an outage."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from jagadata.connections import open_workplace
from jagadata.errors import RefusedError
from jagadata.evidence.journal import now
from jagadata.restore.run import RestoreRun
from jagadata.text.periods import period_of
from tests.lab.waiting import wait_until


class Overheard(threading.Thread):
    """The argument list of every process of this machine, as any user of it could read them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.lines: set[bytes] = set()
        self._looks: Counter[str] = Counter()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.03):
            for name in (entry.name for entry in os.scandir("/proc")):
                if (
                    name.isdecimal() and self._looks[name] < 20
                ):  # it becomes another program within its first moments
                    self._looks[name] += 1
                    with contextlib.suppress(OSError):
                        self.lines.add(Path(f"/proc/{name}/cmdline").read_bytes())


@pytest.fixture(scope="module", autouse=True)
def overheard():
    ears = Overheard()
    ears.start()
    yield ears
    ears.over.set()
    ears.join()


def test_a_backup_is_made_signed_off_and_a_damaged_application_comes_back(deployed):
    office = deployed.office
    office.fill()
    run = deployed.back_up()
    with office.place() as place:
        backup = place.catalog(office.application.system).newest(office.application.system)
        assert backup.review == "Diterima"
        assert backup.manifest.run == run
        assert {
            key.rpartition("-")[2] for key in place.records.keys("forms/backup/") if key.endswith(".pdf")
        } == {"5.pdf", "6.pdf"}
    office.sql("DELETE FROM aplikasi.surat")
    assert office.letters() == 0
    run = deployed.ask_restore()
    gate = deployed.sign(run, "Menyetujui", "rina")
    assert "Hash rencana" in gate.text
    assert gate.decisions[:2] == ("Menyetujui", "Tidak menyetujui")
    deployed.sign(run, "Diterima pemohon", "agus", "telepon 08.30 WIB, agenda 12")
    ended = deployed.end(run)
    assert ended.state == "Selesai", (ended, deployed.log())
    assert office.letters() == 200
    with office.place() as place:
        form = RestoreRun(place, run).form()
    assert form.off_seconds is not None
    assert form.acknowledged == "Diterima pemohon"
    subjects = [str(message["subject"]) for message in office.mail.messages()]
    assert sum("telah diterima" in subject for subject in subjects) == 1
    assert sum("selesai" in subject for subject in subjects) == 1


def test_a_rejection_stops_nothing_and_the_requester_is_told_why(deployed):
    office = deployed.office
    run = deployed.ask_restore()
    deployed.sign(run, "Tidak menyetujui", "rina", "belum perlu")
    ended = deployed.end(run)
    assert (ended.state, ended.kind) == ("Ditolak", "CANCELLED"), (ended, deployed.log())
    assert office.is_up()
    with office.place() as place:
        restore = RestoreRun(place, run)
        assert restore.status == "Ditolak"
        assert not restore.journal.began("2")
    assert (
        "belum perlu" in office.mail.messages()[-1].as_string()
        or office.mail.messages()[-1]["to"] == "dewi@example.id"
    )


def test_wrong_or_empty_answers_are_refused_by_name_and_the_run_still_waits(deployed):
    run = deployed.ask_restore()
    deployed.api.wait(run, ("Suspended",), 120)
    gate = deployed.api.gate(run, 30)
    with pytest.raises(RefusedError, match="keputusan"):
        deployed.api.answer(run, "", gate.signers[0])
    with pytest.raises(RefusedError):
        deployed.api.answer(run, "Menyetujui", "Orang Lain [lain]")
    assert deployed.api.read(run).state == "Suspended"
    deployed.sign(run, "Kedaluwarsa", "rina")  # before the deadline: not an answer, asked again
    deployed.sign(run, "Tidak menyetujui", "rina")
    assert deployed.end(run).state == "Ditolak"


def test_bad_requests_end_as_refused_with_the_reason_and_a_number(deployed):
    run = deployed.ask_restore(titik_pemulihan="20200101t000000z-tidakada")
    ended = deployed.end(run)
    assert ended.state == "Ditolak", (ended, deployed.log())
    assert "tidak ada" in ended.message
    assert "046/" in ended.message
    assert deployed.office.is_up()
    with pytest.raises(RefusedError):
        deployed.api.run("SOP Restore Data/permohonan", {"permohonan": {"nama_pemohon": "x"}})


def test_jaga_shows_what_waits_and_answers_it(deployed):
    run = deployed.ask_restore()
    deployed.api.wait(run, ("Suspended",), 120)
    deployed.api.gate(run, 30)
    jaga = str(Path(sys.executable).parent / "jaga")
    environment = {**deployed.environment, "COLUMNS": "300"}

    def call(*words):
        return subprocess.run([jaga, *words], env=environment, capture_output=True, text=True, check=False)

    shown = call("pending")
    assert run in shown.stdout, shown
    assert call("reject", run[:8], "--as", "bambang").returncode == 3
    answered = call("reject", run[:8], "--as", "rina", "--note", "lewat perintah")
    assert answered.returncode == 0, answered.stderr
    assert deployed.end(run).state == "Ditolak"
    listed = call("backups")
    assert listed.returncode == 0
    doctor = call("doctor")
    assert "sah" in doctor.stdout, doctor.stderr


@pytest.mark.parametrize("auth", [None, ("jaga", "salah")])
def test_who_does_not_know_the_password_reads_and_starts_nothing(deployed, auth):
    with httpx.Client(base_url=f"{deployed.server.url}/api", auth=auth, trust_env=False) as stranger:
        for path in (
            "/flow_runs/filter",
            "/deployments/filter",
            "/block_documents/filter",
            "/variables/filter",
        ):
            assert stranger.post(path, json={}).status_code == 401, path


def test_no_secret_is_in_any_argument_list_log_record_or_mail_nor_in_the_prefect_database(
    deployed, overheard
):
    deployed.back_up()
    office, keys = deployed.office, deployed.office.folder / "keys"
    planted = [
        line.strip().encode()
        for path in keys.iterdir()
        for line in path.read_text(encoding="ascii").splitlines()
        if len(line.strip()) >= 20 and not line.startswith(("-----", "#"))
    ]
    planted.append(deployed.server.auth.partition(":")[2].encode())
    assert len(planted) > 5
    database = deployed.folder / "prefect" / "home" / "prefect.db"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        dumped = "\n".join(connection.iterdump()).encode()
    lab = office.folder.parent
    places = {
        "prefect.db": dumped,
        "ssh log": (lab / "ssh" / "log").read_bytes(),
        "database log": (lab / "pg17" / "log").read_bytes(),
        "mails": b"".join(
            part.get_payload(decode=True) or b"" for mail in office.mail.messages() for part in mail.walk()
        ),
        **{f"arguments {number}": line for number, line in enumerate(overheard.lines)},
    }
    for path in office.folder.rglob(
        "*"
    ):  # stores, spool, switch, logs of server and worker and of all that they started
        if path.is_file() and keys not in path.parents:
            places[str(path)] = path.read_bytes()
    assert any(b"pg_dump" in line for line in overheard.lines)
    found = [place for place, content in places.items() for secret in planted if secret in content]
    assert not found
    assert b"800/1/406.020/2026" not in b"".join(
        content for place, content in places.items() if "simpanan" in place
    )


def test_a_missed_month_is_made_up_once_as_susulan(deployed):
    office, system = deployed.office, deployed.office.application.system
    present = period_of(now())
    long_ago = datetime(present.plus(-2).year, present.plus(-2).month, 3, tzinfo=UTC)
    with open_workplace(office.place().office, clock=lambda: long_ago) as place:
        assert office.back_up(place, "dua-bulan-lalu").failures() == []
    for _tick in range(2):
        deployed.watch()

    def made_up():
        with office.place() as place:
            return [
                backup.manifest.occasion
                for backup in place.catalog(system).backups
                if backup.manifest.period == str(present.previous)
            ]

    wait_until(lambda: made_up() != [], 60)
    deployed.watch()
    assert made_up() == ["Susulan"]


@pytest.mark.parametrize(
    "seconds", [20, pytest.param(600, marks=[pytest.mark.whole, pytest.mark.timeout(1200)])]
)
def test_with_the_prefect_server_gone_during_step_3_the_restore_finishes(deployed, seconds):
    office = deployed.office
    office.fill()
    slow = f"""
        SET ROLE app_sisurat_e2e;
        CREATE OR REPLACE FUNCTION aplikasi.pelan(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
        BEGIN IF current_database() LIKE '%\\_\\_baru\\_%' THEN PERFORM pg_sleep({seconds / 2}); END IF; RETURN $1; END $$;
        DROP TABLE IF EXISTS aplikasi.pelan_sekali;
        CREATE TABLE aplikasi.pelan_sekali (x int);
        INSERT INTO aplikasi.pelan_sekali VALUES (1);
        CREATE INDEX ON aplikasi.pelan_sekali (aplikasi.pelan(x));
    """  # building this index takes half of the time, ANALYZE the other, but only in the database that is restored beside
    office.sql(slow)
    with office.place() as place:
        assert office.back_up(place, f"pelan-{seconds}").failures() == []
    office.sql("DELETE FROM aplikasi.surat")
    run = deployed.ask_restore()
    deployed.sign(run, "Menyetujui", "rina")
    wait_until(lambda: not office.is_up(), 60)  # step 2 is done
    time.sleep(3)
    deployed.server.stop()
    try:
        begun = time.monotonic()
        wait_until(office.is_up, seconds + 120)
        assert time.monotonic() - begun > seconds / 2
        assert office.letters() == 200
        with office.place() as place:
            wait_until(lambda: RestoreRun(place_again(office), run).journal.outcome("5") is not None, 60)
            result = RestoreRun(place, run).result
        assert result.status == "Selesai", result
    finally:
        deployed.server.start()
        office.sql("DROP TABLE IF EXISTS aplikasi.pelan_sekali")  # the next restores need not be slow


def place_again(office):
    """A fresh workplace: journals are read once per workplace."""
    return office.place()
