"""Two at once on one system, one run on two workers, and a run that changes hands: exactly one goes on, nothing is lost."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import time
from base64 import b64decode
from contextlib import ExitStack, contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pytest

from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.errors import BusyError, DamagedError, JagadataError, RefusedError
from jagadata.evidence.envelope import canonical_json
from jagadata.restore import follow_up
from jagadata.restore.kept import list_kept
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision
from jagadata.vault.manifest import MANIFEST_KIND, RECEIPT_KIND
from tests.lab.faults.locks import slow_dump, wait_until_locked
from tests.lab.faults.workers import Worker
from tests.lab.office import open_office

if TYPE_CHECKING:
    from collections.abc import Iterator


DIGEST = "SELECT md5(string_agg(surat::text, ',' ORDER BY id)) FROM aplikasi.surat"
STORES = ("simpanan-utama", "simpanan-kedua")
BUSY = r"sedang berjalan \(proses \d+, login {login} dari 127\.0\.0\.1"


# --- another worker: a process with its own HOME, office file and spool ---


# --- what must hold ---


def live(office_lab) -> str:
    return office_lab.sql(DIGEST)[0][0]


def lines_in(office_lab, store: str, run: str) -> dict[str, bytes]:
    """The lines of a run's journal in one store, by the name of their file."""
    folder = office_lab.folder / store / "runs" / run / "journal"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def parse_chain(found: dict[str, bytes]) -> list[dict[str, Any]]:
    """Those lines' values, in order: no number is missing, and each is bound to the one before it (docs/format.md)."""
    assert list(found) == [f"{number:06}.json" for number in range(1, len(found) + 1)]
    lines, previous = [], ""
    for number, (name, envelope) in enumerate(found.items(), 1):
        line = json.loads(b64decode(json.loads(envelope)["payload"]))
        assert line["sequence"] == number, f"{name} is line {line['sequence']}"
        assert line["previous"] == previous, f"{name} does not follow the line before it"
        previous = hashlib.sha256(envelope).hexdigest()
        lines.append(line)
    return lines


def read_chain(office_lab, run: str) -> list[dict[str, Any]]:
    """The lines of a run's journal while nobody writes: each lies in every store, byte for byte the same."""
    first, second = (lines_in(office_lab, store, run) for store in STORES)
    assert list(first) == list(second), "a line lies in one store only"
    different = [name for name in first if first[name] != second[name]]
    assert not different, f"two lines claim one number: {different}"
    return parse_chain(first)


def read_chain_so_far(office_lab, run: str) -> list[dict[str, Any]]:
    """The same while a run is at work: the second store may lack lines that are just being copied, and holds no other."""
    second, first = (lines_in(office_lab, store, run) for store in reversed(STORES))
    assert second.items() <= first.items(), "the second store holds what the first one does not"
    return parse_chain(first)


def hold(office_lab, plain: set[str], *runs: str, good: set[str]) -> None:
    """The service answers, live data is whole, nothing is left beside it but what is on record, no journal lost a line."""
    assert office_lab.is_up()
    assert live(office_lab) in good
    with office_lab.place() as place:
        kept = {one.kept for one in list_kept(place, office_lab.application.system) if not one.dropped}
        assert office_lab.databases() - plain == kept - plain
        assert place.services(office_lab.application.system).switch().state != "armed"
        for run in runs:
            lines = read_chain(office_lab, run)
            assert [entry.sequence for entry in place.journal(run).entries] == [
                line["sequence"] for line in lines
            ]


def count(office_lab, run: str, step: str, event: str) -> int:
    return sum((line["step"], line["event"]) == (step, event) for line in read_chain(office_lab, run))


def count_so_far(office_lab, run: str, step: str, event: str) -> int:
    lines = read_chain_so_far(office_lab, run)
    return sum((line["step"], line["event"]) == (step, event) for line in lines)


@pytest.fixture(scope="module")
def filled(lab, postgres, ssh_server):
    """One `office_lab` with a backup for all of these tests; `new` is the digest of what it brings back."""
    with ExitStack() as stack:
        system = f"sisurat-{token_hex(3)}"
        office_lab = open_office(stack, lab / system, postgres, ssh_server, system)
        with office_lab.place() as place:
            assert office_lab.back_up(place).failures() == []
        office_lab.new = live(office_lab)
        for store in STORES:
            shutil.copytree(office_lab.folder / store / "systems", office_lab.folder / f"utuh-{store}")
        yield office_lab


@pytest.fixture
def damaged(filled):
    """The application has lost most of its rows since its one backup; `old` is the digest of what is left."""
    filled.sql("DELETE FROM aplikasi.surat WHERE id > 50")
    filled.old = live(filled)
    filled.plain = filled.databases()
    for store in STORES:
        shutil.rmtree(filled.folder / store / "systems")
        shutil.copytree(filled.folder / f"utuh-{store}", filled.folder / store / "systems")
    return filled


@pytest.fixture
def names():
    """Three ids for the runs of one test; databases are named by their first part."""
    return [f"{token_hex(4)}-{number}" for number in (1, 2, 3)]


# --- two runs ---


def test_of_two_restores_in_two_threads_one_goes_on(damaged, names):
    runs = names[:2]
    results: dict[str, Any] = {}
    barrier = threading.Barrier(2)

    def work(run):
        with damaged.place() as place:
            restore = RestoreRun(place, run)
            barrier.wait(30)
            results[run] = damaged.carry_out(restore)

    for run in runs:
        with damaged.place() as place:
            damaged.received(place, run)
    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert sorted(result.status for result in results.values()) == ["Gagal", "Selesai"], results
    loser = next(result for result in results.values() if result.status == "Gagal")
    assert "sedang berjalan (proses" in loser.reason
    assert loser.off_at is None
    hold(damaged, damaged.plain, *runs, good={damaged.new})


def test_of_two_restores_in_two_processes_with_their_own_homes_one_goes_on(damaged, names):
    runs = names[:2]
    for run in runs:
        with damaged.place() as place:
            damaged.received(place, run)
    workers = [Worker(damaged, run, "carry_out", run) for run in runs]
    for worker in workers:
        worker.wait_for("ready")
    for worker in workers:
        worker.go_on()
    results = [worker.result() for worker in workers]
    assert sorted(result["status"] for result in results) == ["Gagal", "Selesai"], results
    loser = next(result for result in results if result["status"] == "Gagal")
    assert "sedang berjalan (proses" in loser["reason"]
    hold(damaged, damaged.plain, *runs, good={damaged.new})


@contextmanager
def backup_under_way(office_lab, run: str) -> Iterator[dict[str, Any]]:
    """A backup that dumps for as long as the block lasts; what it came to is in the value afterwards."""
    outcome: dict[str, Any] = {}

    def work():
        with office_lab.place() as place:
            system = office_lab.application.system
            outcome.update(office_lab.back_up(place, run).journal.outcome("4", system) or {})

    thread = threading.Thread(target=work)
    with slow_dump(office_lab):
        thread.start()
        wait_until_locked(office_lab)
        yield outcome
    thread.join(90)


def wait_until_it_waits(office_lab, run: str) -> None:
    for _attempt in range(200):
        lines = read_chain_so_far(office_lab, run)
        if any("Menunggu" in line["data"].get("text", "") for line in lines):
            return
        time.sleep(0.05)
    raise AssertionError("it does not wait")


def wait_until_told(caplog, pattern: str) -> None:
    for _attempt in range(200):
        if any(re.search(f"Menunggu: .*{pattern}", record.getMessage()) for record in caplog.records):
            return
        time.sleep(0.05)
    raise AssertionError("it does not say for whom it waits")


def test_during_a_backup_another_is_refused_after_its_wait_and_a_restore_waits_for_its_end(damaged, names):
    system, run = damaged.application.system, names[0]
    with damaged.place() as place:
        damaged.received(place, run)
    with backup_under_way(damaged, names[1]) as outcome:
        worker = Worker(damaged, "satu", "carry_out", run)
        worker.wait_for("ready")
        worker.go_on()
        wait_until_it_waits(damaged, run)
        with damaged.place() as other:
            impatient = BackupRun(other, names[2], BackupOrder())
            impatient.lock_timeout = 0.5
            impatient.make_backups()
            second = impatient.journal.outcome("1", system)
        assert damaged.is_up()
        assert count_so_far(damaged, run, "2", "begin") == 0
    assert not second["ok"]
    assert re.search(BUSY.format(login="jagadata_dump"), second["reason"]), second
    assert "Ulangi back up sistem ini" in second["hint"], second
    assert worker.result() == {"status": "Selesai", "reason": ""}
    assert outcome["ok"], outcome
    hold(damaged, damaged.plain, *names, good={damaged.new})
    with damaged.place() as place:
        assert [backup.manifest.run for backup in place.catalog(system).backups] == [names[1], "run-backup"]


def test_a_restore_that_waited_long_enough_for_a_backup_is_refused_and_says_who_is_at_work(damaged, names):
    with damaged.place() as place:
        restore = damaged.received(place, names[0])
        with backup_under_way(damaged, names[1]):
            with restore.recovery() as recovery:
                recovery.timeout = 0.5
                recovery.prepare()
            result = restore.result
    assert (result.status, result.exit_code, result.off_at) == ("Gagal", 7, None)
    assert re.search(BUSY.format(login="jagadata_dump"), result.reason), result
    assert "Sudah ditunggu selama" in result.reason
    hold(damaged, damaged.plain, *names[:2], good={damaged.old})


def test_a_run_that_was_begun_before_stays_open_when_it_waited_in_vain_for_a_backup(damaged, names):
    run = names[0]
    with damaged.place() as place:
        damaged.received(place, run).journal.note(
            "prepare", "begin"
        )  # and died: what it came to is not known
        with backup_under_way(damaged, names[1]):
            recovery = RestoreRun(place, run).recovery()
            recovery.timeout = 0.5
            with pytest.raises(BusyError, match=r"sedang berjalan \(proses"), recovery:
                recovery.prepare()
            assert RestoreRun(place, run).status == "Diproses"
        assert damaged.carry_out(RestoreRun(place, run)).status == "Selesai"
    hold(damaged, damaged.plain, *names[:2], good={damaged.new})


def test_a_request_that_was_closed_while_it_waited_for_a_backup_stops_nothing(damaged, names):
    run = names[0]
    with damaged.place() as place:
        damaged.received(place, run)
    with backup_under_way(damaged, names[1]):
        worker = Worker(damaged, "satu", "carry_out", run)
        worker.wait_for("ready")
        worker.go_on()
        wait_until_it_waits(damaged, run)
        with damaged.place() as place:
            RestoreRun(place, run).close("dibatalkan")
    told = worker.result()
    assert (told["status"], "sudah ditutup" in told["reason"]) == ("RefusedError", True)
    assert count(damaged, run, "2", "begin") == 0
    hold(damaged, damaged.plain, *names[:2], good={damaged.old})


@pytest.mark.parametrize("pause", ["stop", "restore"])
def test_during_a_restore_a_backup_waits_for_its_end_and_is_refused_only_after_that_wait(
    damaged, names, pause, caplog
):
    system, run = damaged.application.system, names[0]
    with damaged.place() as place, damaged.place() as other:
        damaged.received(place, run)
        impatient, patient = (
            BackupRun(place, names[1], BackupOrder()),
            BackupRun(other, names[2], BackupOrder()),
        )
        impatient.lock_timeout = 0.5
        worker = Worker(damaged, "satu", "carry_out", run, pause)
        worker.wait_for("ready")
        worker.go_on()
        worker.wait_for(pause)
        impatient.make_backups()
        caplog.clear()
        waiting = threading.Thread(target=patient.make_backups)
        waiting.start()
        try:
            wait_until_told(caplog, BUSY.format(login="jagadata_restore"))
            assert count_so_far(damaged, names[2], "1", "begin") == 1
            assert count_so_far(damaged, names[2], "1", "done") == 0
            assert [backup.manifest.run for backup in place.catalog(system).backups] == ["run-backup"]
        finally:
            worker.go_on()
            waiting.join(90)
        refused = impatient.journal.outcome("1", system)
        assert not refused["ok"]
        assert re.search(BUSY.format(login="jagadata_restore"), refused["reason"]), refused
        assert worker.result()["status"] == "Selesai"
        assert patient.journal.outcome("1", system)["ok"]
        assert [backup.manifest.run for backup in place.catalog(system).backups] == [names[2], "run-backup"]
        rows = [
            backup.manifest.database(damaged.application.database).rows["aplikasi.surat"]
            for backup in place.catalog(system).backups
        ]
        assert rows == [200, 200]  # what came back, not what was left before
    hold(damaged, damaged.plain, run, *names[1:], good={damaged.new})


# --- one run, two workers ---


def test_a_run_that_two_workers_carry_out_at_the_same_moment_restores_once(damaged, names):
    run = names[0]
    with damaged.place() as place:
        damaged.received(place, run)
    workers = [Worker(damaged, name, "carry_out", run) for name in ("satu", "dua")]
    for worker in workers:
        worker.wait_for("ready")
    for worker in workers:
        worker.go_on()
    results = [worker.result() for worker in workers]
    assert [result["status"] for result in results].count("Selesai") == 1, results
    assert count(damaged, run, "swap", "done") == 1
    assert count(damaged, run, "2", "begin") == 1
    assert count(damaged, run, "side", "done") == 1
    hold(damaged, damaged.plain, run, good={damaged.new})
    with damaged.place() as place:
        kept = list_kept(place, damaged.application.system)
        assert [one.what for one in kept if one.run == run] == ["data lama"]
        assert RestoreRun(place, run).status == "Selesai"


def test_a_run_that_is_approved_by_one_worker_is_carried_out_by_another(damaged, names):
    run = names[0]
    asked = {"system": damaged.application.system, "requester": "Dewi Lestari, S.E.", "unit": "BKPSDM"}
    request = json.dumps({**asked, "reason": "Data hilang", "email": "dewi@example.id"})
    approved = Worker(damaged, "satu", "ask_and_approve", run, request).result()
    worker = Worker(damaged, "dua", "carry_out", run)
    worker.wait_for("ready")
    worker.go_on()
    assert worker.result() == {"status": "Selesai", "reason": ""}
    hold(damaged, damaged.plain, run, good={damaged.new})
    third = Worker(damaged, "tiga", "carry_out", run)  # and once more: nothing is left to do
    third.wait_for("ready")
    third.go_on()
    assert third.result()["status"] == "Selesai"
    assert count(damaged, run, "swap", "done") == 1
    with damaged.place() as place:
        restore = RestoreRun(place, run)
        assert (restore.plan.hash, restore.status) == (approved["plan"], "Selesai")
        assert restore.form().plan == approved["plan"]


def test_the_second_worker_of_a_run_does_not_end_it_while_the_first_is_at_work(damaged, names):
    run = names[0]
    with damaged.place() as place, damaged.place() as other, damaged.place() as third:
        with damaged.received(place, run).recovery() as recovery:
            recovery.prepare()
            damaged.carry_out(RestoreRun(other, run))
            meanwhile = RestoreRun(third, run).status
            recovery.stop()
            recovery.restore()
            recovery.start()
        assert recovery.result.status == "Selesai"
        assert meanwhile == "Diproses"


def test_a_first_worker_that_dies_after_the_second_was_refused_is_still_made_safe(damaged, names):
    run = names[0]
    with damaged.place() as place, damaged.place() as other:
        recovery = damaged.received(place, run).recovery().__enter__()
        recovery.prepare()
        recovery.stop()
        damaged.carry_out(RestoreRun(other, run))
        recovery.vanish()  # as if the process had died here: nothing is made safe, the lock is gone
    try:
        with damaged.place() as place:
            follow_up.finish_dead(place, run)
        assert damaged.is_up()
    finally:
        with damaged.place() as place:
            control = place.services(damaged.application.system)
            control.start()
            control.disarm(control.switch().token)


@pytest.mark.parametrize("purpose", ["Produksi", "Uji"])
def test_a_worker_that_read_the_journal_before_the_run_ended_does_not_end_it_again(damaged, names, purpose):
    run = names[0]
    with damaged.place() as place, damaged.place() as other:
        first = damaged.received(place, run, purpose=purpose)
        second = RestoreRun(other, run)
        assert damaged.carry_out(first).status == "Selesai"
        damaged.carry_out(second)
    assert count(damaged, run, "recovery", "done") == 1
    with damaged.place() as place:
        assert RestoreRun(place, run).status == "Selesai"


# --- an upgrade in between ---


def newer(text: bytes, **fields: Any) -> dict[str, Any]:
    """A payload as another version would have written it."""
    return {**json.loads(b64decode(json.loads(text)["payload"])), **fields}


def test_manifests_and_receipts_of_another_format_are_refused_by_name(damaged, names):
    system = damaged.application.system
    with damaged.place() as place:
        damaged.received(place, names[0])
        older = place.catalog(system).newest(system).id
        damaged.back_up(place, names[2])
        backup = place.catalog(system).newest(system).id
        waiting = damaged.received(place, names[1])
        assert waiting.plan.backup == backup
        receipt = next((damaged.folder / STORES[0]).glob(f"systems/{system}/backups/{backup}/receipts/*"))
        text = place.signer.seal(RECEIPT_KIND, newer(receipt.read_bytes(), format=2))
        for store in STORES:
            path = damaged.folder / store / receipt.relative_to(damaged.folder / STORES[0])
            path.unlink()
            path.write_bytes(text)
        problems = place.catalog(system).problems
        assert [receipt.name in problem.where for problem in problems] == [True]
        for store in STORES:
            path = damaged.folder / store / f"systems/{system}/backups/{backup}/manifest.json"
            text = place.signer.seal(MANIFEST_KIND, newer(path.read_bytes(), format=3))
            path.unlink()
            path.write_bytes(text)
        problems = place.catalog(system).problems
        assert sum("berformat 3" in problem.what for problem in problems) == 2
    with (
        damaged.place() as place
    ):  # what was approved before the upgrade is refused, not replaced by another backup
        result = damaged.carry_out(RestoreRun(place, names[1]))
        assert (result.status, backup in result.reason) == ("Gagal", True), result
        assert place.catalog(system).newest(system).id == older
        assert damaged.carry_out(RestoreRun(place, names[0])).status == "Selesai"
    hold(damaged, damaged.plain, names[0], names[1], good={damaged.new})


def rewrite_plan(office_lab, run: str, change) -> None:
    """A run that was received and approved by another version: its plan has other fields."""
    with office_lab.place() as place:
        restore = RestoreRun(place, f"{run}-asal", office_lab.request())
        restore.receive()
        received = json.loads(canonical_json(restore.journal.outcome("1")))
        change(received["plan"])
        journal = place.journal(run)
        journal.note("open", "done", **restore.journal.outcome("open"))
        journal.note("1", "done", **received)
        decision = Decision(answer="yes", signer="rina", at=place.clock().isoformat())
        journal.note("approval", "done", **decision.to_json(), plan=received["hash"])


def test_a_plan_of_a_version_that_lacked_a_field_with_a_known_default_goes_on(damaged, names):
    rewrite_plan(damaged, names[0], lambda plan: plan["request"].pop("rollback"))
    with damaged.place() as place:
        assert damaged.carry_out(RestoreRun(place, names[0])).status == "Selesai"
    hold(damaged, damaged.plain, names[0], good={damaged.new})


def test_a_plan_with_another_content_than_was_approved_is_refused(damaged, names):
    rewrite_plan(damaged, names[0], lambda plan: plan.update(mode="minimal"))
    with damaged.place() as place, pytest.raises(RefusedError, match="belum disetujui"):
        RestoreRun(place, names[0]).recovery()
    hold(damaged, damaged.plain, names[0], good={damaged.old})


CHANGES = {
    "more": lambda plan: plan.update(sejak_versi_9=True),
    "more-in-request": lambda plan: plan["request"].update(sejak_versi_9=True),
    "less": lambda plan: plan.pop("office_entry"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_plan_of_another_version_is_refused_by_name(damaged, names, change):
    rewrite_plan(damaged, names[0], CHANGES[change])
    with damaged.place() as place, pytest.raises(JagadataError):
        RestoreRun(place, names[0]).recovery()


def test_a_journal_that_lacks_a_line_is_refused(damaged, names):
    with damaged.place() as place:
        damaged.received(place, names[0])
    for store in STORES:
        (damaged.folder / store / f"runs/{names[0]}/journal/000003.json").unlink()
    with damaged.place() as place, pytest.raises(DamagedError, match="baris 3 tidak ada"):
        RestoreRun(place, names[0]).recovery()
