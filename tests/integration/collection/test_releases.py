"""Personal data that is held back until the Kasi lets it pass: on record, on the papers, for one table."""

from __future__ import annotations

import io
import shutil

import openpyxl
import pytest
from click.testing import CliRunner

from jagadata.cli import main
from jagadata.collection.closing import steps
from jagadata.collection.intake.releases import list_held, release
from jagadata.collection.intake.run import close_intake, list_deliveries, take_in_round
from jagadata.collection.inventory.run import fill_inventory
from jagadata.collection.run import RoundRun
from jagadata.demo.agencies import good_file
from tests.lab.round import drop, invited, opened, yes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:imaplib")


def personal_file(year, nik, first=100):
    """The good file with a column that nobody asked for, and another number in its first row."""
    book = openpyxl.load_workbook(io.BytesIO(good_file(year)))
    for row in book.active.iter_rows(min_row=4, max_row=8):
        book.active.cell(row[0].row, 5, "Keterangan" if row[0].row == 4 else f"NIK {nik}")
    book.active.cell(5, 4, first)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_the_kasi_lets_one_table_with_personal_data_pass_on_record(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", clock, hadir=["bkpsdm"], notulen="Sepakat."))
    run.meet()
    drop(office, "bkpsdm", "asn.xlsx", personal_file(run.round.year, "3503011501900001"))
    clock.pass_days(1)
    take_in_round(run)
    name, code = str(run.round), "asn-golongan"
    shell = CliRunner(env={"JAGADATA_OFFICE": str(office.lab.path)})

    shown = shell.invoke(main, ["round", "show", name])
    assert "NIK pada lembar" in shown.output
    assert "3503011501900001" not in shown.output
    assert {one.dataset.code: one.status for one in list_deliveries(run)}[code] == "Perlu Perbaikan"
    for by, note in (("endang", "perlu"), ("wahyu", " ")):
        assert shell.invoke(main, ["round", "release", name, code, "--by", by, "--note", note]).exit_code == 3
    assert (
        shell.invoke(main, ["round", "release", name, "lain", "--by", "wahyu", "--note", "x"]).exit_code == 5
    )
    done = shell.invoke(
        main, ["round", "release", name, code, "--by", "wahyu", "--note", "Pasal 20 UU 27/2022"]
    )
    assert done.exit_code == 0, done.output
    assert (
        shell.invoke(main, ["round", "release", name, code, "--by", "wahyu", "--note", "lagi"]).exit_code == 3
    )
    run = RoundRun(place, run.run)
    [delivery] = [one for one in list_deliveries(run) if one.dataset.code == code]
    assert delivery.status == "Lengkap", delivery.received.examination.faults

    run.decide("closing-1", yes("wahyu", clock))
    close_intake(run)
    fill_inventory(run)
    report = steps.finish(run)
    assert list(office.folder.glob(f"publikasi/{code}/{run.round}.*/datapackage.json"))
    assert any("Pasal 20 UU 27/2022" in note and "NIK" in note for note in report.notes)
    assert any("dilepas oleh" in what for _name, _rows, what in report.stored)


def test_another_table_than_the_one_that_was_let_pass_does_not_take_its_place(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", clock, hadir=["bkpsdm"], notulen="Sepakat."))
    run.meet()
    for number in (1, 2):
        drop(
            office, "bkpsdm", f"asn {number}.xlsx", personal_file(run.round.year, "3503011501900001", number)
        )
        clock.pass_days(1)
        take_in_round(run)
        if number == 1:
            [held] = list_held(list_deliveries(run))
            release(run, [held], "asn-golongan", place.office.official("wahyu"), "dasar hukum")
    assert list_held(list_deliveries(run)) == []
    [counts] = [one for one in list_deliveries(run) if one.dataset.code == "asn-golongan"]
    assert (counts.is_complete, counts.received.name) == (True, "asn 1.xlsx")
    shutil.rmtree(office.folder / "kiriman" / "bkpsdm")
