"""What OPD send between two rounds: kept and answered once, shown, and counted in neither."""

from __future__ import annotations

from datetime import datetime

from click.testing import CliRunner

from jagadata.cli import main
from jagadata.collection.intake.receipts import list_receipts, open_file
from jagadata.collection.intake.run import close_intake, list_deliveries, list_open_rounds, take_in_round
from jagadata.collection.run import RoundOrder, RoundRun
from jagadata.demo.agencies import good_file
from tests.lab.round import body, drop, invited, mails_to, no, opened, yes


def test_what_comes_after_the_closing_is_kept_answered_once_and_counted_in_no_round(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", clock, hadir=[]))
    run.meet()
    run.decide("closing-1", yes("wahyu", clock))
    close_intake(run)
    content = good_file(run.round.year)
    drop(office, "bkpsdm", "terlambat.xlsx", content)
    drop(office, "bkpsdm", "kosong.xlsx", b"")
    clock.pass_days(1)
    assert [one.run for one in list_open_rounds(place)] == [run.run]
    done = take_in_round(run)
    assert (done.files, done.examined, done.answered, done.problems) == (2, 0, 1, ())
    receipts = {one.name: one for one in list_receipts(place, run.round)}
    assert {one.state for one in receipts.values()} == {"setelah penutupan"}
    with open_file(place, receipts["terlambat.xlsx"]) as path:
        assert path.read_bytes() == content
    told = mails_to(office, "bkpsdm@example.id", run)[-1]
    assert "sudah ditutup" in told["subject"]
    assert run.round.next.text in body(told)
    assert "tidak diterima: berkas kosong" in " ".join(body(told).split())
    assert {one.status for one in list_deliveries(run)} == {"Diminta"}
    again = take_in_round(run)
    assert (again.files, again.examined, again.answered) == (0, 0, 0)
    shown = CliRunner().invoke(
        main, ["round", "show", str(run.round)], env={"JAGADATA_OFFICE": str(office.lab.path)}
    )
    assert "Datang setelah penutupan" in shown.output
    assert "terlambat.xlsx" in shown.output

    clock.now = datetime.now(clock.now.tzinfo)
    following = RoundRun(place, f"{run.run}-berikut", RoundOrder(round=str(run.round.next)))
    following.open()
    drop(office, "dishub", "trayek.xlsx", content)
    clock.pass_days(1)
    assert take_in_round(run).files == 0, "it is the next round's"
    following.decide("proposal-1", no("wahyu", clock, note="ditunda"))
    assert take_in_round(run).files == 1, "a round whose letters never went out takes nothing in"
    later = RoundRun(place, f"{run.run}-lagi", RoundOrder(round=str(run.round.next)))
    later.open()
    assert take_in_round(invited(later, clock)).files == 0
