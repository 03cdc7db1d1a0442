"""A round that is taken over, killed between two lines, or closed at a bad moment: nothing is lost, nobody is left untold."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from jagadata.collection.closing import steps
from jagadata.collection.intake import reminders
from jagadata.collection.intake.receipts import list_receipts
from jagadata.collection.intake.run import (
    SETTLING_SECONDS,
    close_intake,
    list_deliveries,
    take_in_round,
    tell_extension,
)
from jagadata.collection.inventory.run import carry_in, fill_inventory
from jagadata.collection.run import RoundOrder, RoundRun
from jagadata.demo.agencies import broken_file, good_file, mended_file
from jagadata.errors import UnreachableError
from tests.lab.round import body, drop, invited, mails_to, no, opened, yes


def collecting(office, place):
    run = invited(opened(office, place), office.clock)
    run.decide("attendance", yes("wahyu", office.clock, hadir=[], notulen=""))
    run.meet()
    return run


def take_over(place, run):
    return RoundRun(place, f"{run.run}-lanjut", RoundOrder(round=str(run.round), take_over=True))


def test_what_came_while_prefect_was_gone_belongs_to_the_run_that_takes_over(office, place):
    run = collecting(office, place)
    drop(office, "bkpsdm", "asn.xlsx", good_file(run.round.year))
    office.clock.pass_days(2)
    heir = take_over(place, run)
    heir.open()
    assert heir.open().at == run.open().at
    assert take_in_round(heir).files == 1


def test_a_take_over_that_is_killed_while_it_copies_goes_on_and_doubles_nothing(office, place):
    run = opened(office, place)
    run.decide("proposal-1", yes("wahyu", office.clock, **_form(run)))
    run.decide("confirmation-1", no("endang", office.clock, note="ganti ruang"))
    run.journal.note("mail:proposal-2", "done", how="terkirim")
    run.decide("proposal-2", yes("wahyu", office.clock, **_form(run)))
    assert run.attempt == 2
    heir = take_over(place, run)
    note, left = heir.journal.note, [2]

    def die(*words, **values):
        if words[1] == "done":
            left[0] -= 1
            if left[0] < 0:
                raise SystemExit("kill -9")
        note(*words, **values)

    heir.journal.note = die
    with pytest.raises(SystemExit):
        heir.open()
    del heir.journal.note
    again = take_over(place, run)
    again.open()
    assert (again.attempt, again.decision("proposal-2").signer) == (2, "wahyu")
    assert again.journal.outcome("mail:proposal-2") is None, "the signer gets a link to this run"


def _form(run):
    from tests.lab.round import form_of

    return form_of(run.propose())


def test_the_newest_file_counts_in_whatever_order_the_places_were_read(office, place):
    run = collecting(office, place)
    drop(office, "dinkes", "b-lama.xlsx", broken_file(run.round.year))
    office.clock.pass_days(1)
    take_in_round(run)
    first, second = list_receipts(place, run.round), None
    drop(office, "dinkes", "a-baru.xlsx", mended_file(run.round.year))
    office.clock.pass_days(1)
    take_in_round(run)
    second = [one for one in list_receipts(place, run.round) if one not in first]
    assert second[0].arrived > first[0].arrived
    (found,) = [one for one in list_deliveries(run) if one.dataset.code == "puskesmas"]
    assert found.received.number == second[0].number


def test_a_file_dropped_at_the_last_moment_is_waited_for(office, place):
    run = collecting(office, place)
    office.clock.now = datetime.now(office.clock.now.tzinfo)
    drop(office, "bkpsdm", "asn.xlsx", good_file(run.round.year))
    run.decide("closing-1", yes("wahyu", office.clock))
    with pytest.raises(UnreachableError, match="baru saja berubah"):
        close_intake(run, wait=lambda _seconds: None)
    waited = []

    def wait(seconds):
        waited.append(seconds)
        office.clock.now += timedelta(seconds=seconds)

    found = close_intake(run, wait=wait)
    assert (found[0].status, waited) == ("Lengkap", [SETTLING_SECONDS])


def test_what_keeps_nothing_from_being_read_does_not_keep_a_round_open(office, place):
    run = collecting(office, place)
    drop(office, "bkpsdm", "asn.xlsx", good_file(run.round.year))
    office.clock.pass_days(1)
    second = office.lab.folder / "simpanan-kedua"
    second.rename(second.with_name("kedua-lepas"))
    try:
        run.decide("closing-1", yes("wahyu", office.clock))
        assert close_intake(run, wait=pytest.fail)[0].status == "Lengkap"
        fill_inventory(run)
        assert any("salinan di kedua" in note for note in steps.finish(run).notes)
    finally:
        second.with_name("kedua-lepas").rename(second)


def test_an_extension_is_told_to_everybody_although_the_run_was_killed_on_the_way(office, place):
    run = collecting(office, place)
    new = run.deadline + timedelta(days=14)
    run.decide("closing-1", no("wahyu", office.clock, batas_waktu=new.isoformat()))
    found = list_deliveries(run)
    agency = run.agencies[0]
    reminders.remind(
        run, f"diperpanjang-{run.deadline}", agency, [one for one in found if one.dataset.agency == agency.id]
    )
    again = RoundRun(place, run.run)
    for _twice in range(2):
        tell_extension(again)
    for agency in run.agencies:
        told = [
            mail
            for mail in mails_to(office, agency.email[0], run)
            if "perpanjang" in mail["subject"].lower() + body(mail).lower()
        ]
        assert len(told) == 1, agency.id


def test_personal_data_in_a_file_s_name_is_masked_where_it_is_shown(office, place):
    run = collecting(office, place)
    drop(office, "bkpsdm", "KTP 3503011501900001.xlsx", good_file(run.round.year))
    office.clock.pass_days(1)
    take_in_round(run)
    (receipt,) = list_receipts(place, run.round)
    assert (receipt.name, receipt.sent_name) == ("KTP 3503**********01.xlsx", "KTP 3503011501900001.xlsx")
    mails = mails_to(office, "bkpsdm@example.id", run)
    assert all("3503011501900001" not in mail["subject"] + body(mail) for mail in mails)
    assert len(mails) == 3


def test_the_same_bytes_under_another_name_are_examined_by_themselves(office, place):
    run = collecting(office, place)
    content = good_file(run.round.year)
    for name in ("asn.xlsx", "asn perbaikan.xlsx"):
        drop(office, "bkpsdm", name, content)
        office.clock.pass_days(1)
        take_in_round(run)
    first, second = list_receipts(place, run.round)
    assert (second.duplicate_of, second.stream) == ("", first.stream)
    run.decide("closing-1", yes("wahyu", office.clock))
    close_intake(run)
    assert carry_in(run) == {}
