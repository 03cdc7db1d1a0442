"""Runs that died or wait too long: the service runs, the truth is on record, and each person is told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jagadata.connections import open_workplace
from jagadata.evidence.journal import now
from jagadata.restore import follow_up
from jagadata.restore.kept import list_kept
from jagadata.restore.letters import inform_requester
from jagadata.restore.run import RestoreRun
from jagadata.signoff import gates
from jagadata.upkeep import procedures
from tests.lab.office import die_after


@pytest.mark.parametrize(
    ("steps", "status", "letters"),
    [
        ((), "Gagal", 5),
        (("prepare",), "Gagal", 5),
        (("prepare", "stop"), "Gagal", 5),
        (("prepare", "stop", "restore"), "Selesai", 200),
    ],
)
def test_a_dead_restore_is_ended_with_the_service_running_and_the_requester_told_once(
    office_lab, steps, status, letters
):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
        run = die_after(office_lab, place, *steps)
        assert not follow_up.is_abandoned(place, run)
        with open_workplace(place.office, clock=lambda: now() + timedelta(hours=1)) as later:
            assert follow_up.is_abandoned(later, run) == ("prepare" in steps)
    with office_lab.place() as place:
        ended = follow_up.finish_dead(place, run)
        assert ended is not None
        inform_requester(ended)
        assert ended.status == status
    assert office_lab.is_up()
    assert office_lab.letters() == letters
    with office_lab.place() as place:
        assert follow_up.finish_dead(place, run) is None
        form = RestoreRun(place, run).form()
        assert form.status == status
    assert [message["to"] for message in office_lab.mail.messages()] == ["dewi@example.id"]


def test_a_swap_that_no_store_took_down_is_told_as_done_by_who_comes_next(office_lab):
    """Both stores are away from step 2 on, and then the process is gone: only the server's OIDs know."""
    stores = [office_lab.folder / name for name in ("simpanan-utama", "simpanan-kedua")]
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
        restore = office_lab.received(place)
        recovery = restore.recovery().__enter__()
        recovery.prepare()
        recovery.stop()
        assert recovery.journal.wait(10)
        for store in stores:
            store.rename(store.with_suffix(".pergi"))
        recovery.restore()
        recovery.vanish()
    for store in stores:
        store.with_suffix(".pergi").rename(store)
    with office_lab.place() as place:
        assert place.journal(restore.run).last("swap", "begin") is None
        ended = follow_up.finish_dead(place, restore.run)
        assert (ended.status, office_lab.letters()) == ("Selesai", 200)
        assert [one.what for one in list_kept(place, office_lab.application.system)] == ["data lama"]
        again = office_lab.carry_out(RestoreRun(place, restore.run))
        assert again.status == "Selesai"


def test_a_gate_is_found_with_its_deadline_and_reminded_of_once(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = RestoreRun(place, "gate-run", office_lab.request())
        restore.receive()
        due = place.clock() + timedelta(hours=72)
        restore.journal.note("approval-gate", "asked", due=due.isoformat(), signer="Rina [rina]")
        gate = procedures.find_gate(restore.journal)
        assert (gate.name, gate.due, gate.signer) == ("approval-gate", due, "Rina [rina]")
        now = datetime.now(UTC)
        assert not gates.is_reminder_due(gate, now + timedelta(hours=1))
        assert gates.is_reminder_due(gate, now + timedelta(hours=40))
        procedures.remind(place, "gate-run", gate)
        restore.journal.note("approval-gate", "reminded")
        assert not gates.is_reminder_due(procedures.find_gate(restore.journal), now + timedelta(hours=40))
    assert [message["to"] for message in office_lab.mail.messages()] == ["rina@example.id"]


def test_a_request_that_was_never_answered_ends_as_refused_and_says_so(office_lab):
    from jagadata.signoff.signers import Decision

    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = RestoreRun(place, "lewat", office_lab.request())
        restore.receive()
        assert not restore.decide(
            Decision(answer="expired", signer="", at=place.clock().isoformat()), restore.plan.hash
        )
        assert restore.status == "Ditolak"
        assert "batas waktu" in restore.reason


def test_acknowledgement_is_due_after_working_days_of_the_office(office_lab):
    office_lab.change(lambda value: value.update(holidays=["2026-11-24"]))
    with office_lab.place() as place:
        friday = open_workplace(place.office, clock=lambda: datetime(2026, 11, 20, 3, tzinfo=UTC))
        with friday:
            restore = RestoreRun(friday, "tanda-terima", office_lab.request())
            restore.record_information("e-mail")
            assert restore.acknowledgement_due().isoformat() == "2026-11-26"
