"""The watch finds what is wrong, repairs what is safe, and tells each thing once, and once when it is over."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

from jagadata.backup.concerns import missing_periods
from jagadata.connections import open_workplace
from jagadata.procedure import OpenRun
from jagadata.restore.follow_up import is_abandoned
from jagadata.restore.run import RestoreRun
from jagadata.upkeep.watch import inspect, notify_once


def subjects(office_lab, to="rina@example.id"):
    return [str(message["subject"]) for message in office_lab.mail.messages() if message["to"] == to]


def running(run):
    return OpenRun(run=run, procedure="restore", state="running")


def test_a_sound_office_hears_nothing(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        assert notify_once(place, inspect(place)) == ([], [])
    assert subjects(office_lab) == []


def stop_for_good(control):
    """Off, and no switch is left that would start them: as if somebody had stopped them by hand."""
    control.arm("uji-penjagaan-1", 600)
    control.stop()
    control.disarm()


def test_each_concern_is_told_once_and_once_when_it_is_over(office_lab):
    control_of = office_lab.application.system
    with office_lab.place() as place:
        office_lab.back_up(place)
        stop_for_good(place.services(control_of))
        shutil.move(office_lab.folder / "simpanan-kedua", office_lab.folder / "pergi")
        for _tick in range(2):
            with office_lab.place() as fresh:
                new, over = notify_once(fresh, inspect(fresh))
                assert over == []
        assert new == []
    assert subjects(office_lab) == ["Jagadata: 3 masalah baru"]
    text = office_lab.mail.messages()[0].as_string()
    assert "kedua" in text
    with office_lab.place() as place:
        place.services(control_of).start()
        shutil.move(office_lab.folder / "pergi", office_lab.folder / "simpanan-kedua")
    for _tick in range(2):
        with office_lab.place() as fresh:
            notify_once(fresh, inspect(fresh))
    assert subjects(office_lab) == ["Jagadata: 3 masalah baru", "Jagadata: masalah sudah pulih"]


def test_what_could_not_be_mailed_is_told_the_next_time(office_lab):
    from jagadata.lab.processes import free_port

    with office_lab.place() as place:
        office_lab.back_up(place)
    shutil.move(office_lab.folder / "simpanan-kedua", office_lab.folder / "pergi")
    good = {}
    office_lab.change(lambda office: (good.update(office["mail"]), office["mail"].update(port=free_port())))
    with office_lab.place() as place:
        notify_once(place, inspect(place))
    assert subjects(office_lab) == []
    office_lab.change(lambda office: office["mail"].update(good))
    for _tick in range(2):
        with office_lab.place() as place:
            notify_once(place, inspect(place))
    assert subjects(office_lab) == ["Jagadata: 1 masalah baru"]


def test_a_journal_that_lost_a_line_is_a_concern_and_hides_no_other(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.received(place, "rusak-1")
        stop_for_good(place.services(office_lab.application.system))
    for store in ("simpanan-utama", "simpanan-kedua"):
        (office_lab.folder / store / "runs/rusak-1/journal/000002.json").unlink()
    with office_lab.place() as place:
        keys = [one.key for one in inspect(place, [running("rusak-1")])]
    assert "jurnal rusak-1" in keys
    assert sum(key.startswith("unit ") for key in keys) > 0


def test_while_a_restore_holds_the_switch_stopped_services_are_no_concern(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place)
        with restore.recovery() as recovery:
            recovery.prepare()
            recovery.stop()
            with office_lab.place() as other:
                assert inspect(other, [running(restore.run)]) == []
            recovery.restore()
            recovery.start()


def test_missed_periods_are_named_from_the_first_backup_on_after_a_day_of_grace(office_lab):
    def at(*moment):
        return open_workplace(office, clock=lambda: datetime(*moment, tzinfo=UTC))

    system = office_lab.application.system
    with office_lab.place() as place:
        office = place.office
    with at(2026, 7, 3, 1) as july:
        office_lab.back_up(july, "juli")
        assert missing_periods(july, july.catalog()) == []
    with at(2026, 8, 1, 17, 59) as early:  # 2 August 00.59 WIB: not yet a day late
        assert missing_periods(early, early.catalog()) == []
    with at(2026, 10, 2, 18, 1) as late:
        assert [(one, str(period)) for one, period in missing_periods(late, late.catalog())] == [
            (system, "2026-08"),
            (system, "2026-09"),
            (system, "2026-10"),
        ]
        office_lab.back_up(late, "susulan", period="2026-09", kind="Susulan")
        assert [str(period) for _, period in missing_periods(late, late.catalog())] == ["2026-08", "2026-10"]


def test_a_restore_that_takes_far_longer_than_planned_is_told(office_lab):
    from datetime import timedelta

    from jagadata.evidence.journal import now

    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place)
        with restore.recovery() as recovery:
            recovery.prepare()
            with open_workplace(place.office, clock=lambda: now() + timedelta(hours=3)) as later:
                assert not is_abandoned(later, restore.run)
                concerns = inspect(later, [running(restore.run)])
                assert [one.key for one in concerns] == [f"restore {restore.run}"]
                assert RestoreRun(later, restore.run).number() in concerns[0].text
            recovery.stop()
            recovery.restore()
            recovery.start()


def test_a_mail_that_could_not_be_sent_is_sent_later_and_once(office_lab):
    from jagadata.lab.processes import free_port
    from jagadata.restore.letters import inform_again, inform_requester

    with office_lab.place() as place:
        office_lab.back_up(place)
    good = {}
    office_lab.change(lambda office: (good.update(office["mail"]), office["mail"].update(port=free_port())))
    with office_lab.place() as place:
        restore = office_lab.received(place, "belum-terkirim")
        assert office_lab.carry_out(restore).status == "Selesai"
        inform_requester(restore)
        assert not inform_again(restore)
        assert "tidak" in restore.form().informed_by
    assert subjects(office_lab, "dewi@example.id") == []
    office_lab.change(lambda office: office["mail"].update(good))
    with office_lab.place() as place:
        restore = RestoreRun(place, "belum-terkirim")
        assert inform_again(restore)
        assert not inform_again(restore)
    assert len(subjects(office_lab, "dewi@example.id")) == 1
