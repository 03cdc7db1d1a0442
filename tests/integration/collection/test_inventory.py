"""Step 5 of a round when something is in its way: what failed stops nothing else, is named, and is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from click.testing import CliRunner

from jagadata.cli import main
from jagadata.collection.closing import steps
from jagadata.collection.intake.receipts import list_receipts
from jagadata.collection.intake.run import close_intake, take_in_round
from jagadata.collection.inventory.run import fill_inventory
from jagadata.demo.agencies import good_file, mended_file
from tests.lab.round import drop, invited, opened, yes

FILES = {"bkpsdm": good_file, "dinkes": mended_file}


def closed_run(office, place):
    """A round up to step 5: two complete data sets."""
    run, clock = invited(opened(office, place), office.clock), office.clock
    run.decide("attendance", yes("wahyu", clock, hadir=[], notulen=""))
    run.meet()
    for agency, make in FILES.items():
        drop(office, agency, f"{run.round}.xlsx", make(run.round.year))
    clock.pass_days(1)
    take_in_round(run)
    clock.now = datetime.combine(run.deadline, clock.now.timetz()) + timedelta(days=1)
    run.decide("closing-1", yes("wahyu", clock))
    close_intake(run)
    return run


def jaga(office, *words):
    return CliRunner().invoke(main, words, env={"JAGADATA_OFFICE": str(office.lab.path)})


def packages(office, run):
    return sorted(path.name for path in (office.folder / "publikasi").glob(f"*/{run.round}.*"))


def test_a_publisher_that_was_away_is_tried_again_and_what_it_has_is_not_sent_twice(office, place):
    run = closed_run(office, place)
    there, away = office.folder / "publikasi", office.folder / "publikasi-lepas"
    there.mkdir(exist_ok=True)
    there.rename(away)
    there.write_text("bukan folder")
    fill_inventory(run)
    report = steps.make_report(run)
    assert [rows for _, rows, _ in report.stored] == [4, 4]
    assert all("terpublikasi" not in text and "Folder publikasi" in text for _, _, text in report.stored)
    assert jaga(office, "inventory", "take-in", str(run.round)).exit_code == 3
    there.unlink()
    away.rename(there)
    for _twice in range(2):
        result = jaga(office, "inventory", "take-in", str(run.round))
        assert (result.exit_code, result.output.count("terpublikasi")) == (0, 2), result.output
        assert packages(office, run) == [f"{run.round}.1", f"{run.round}.1"]
    statuses = place.inventory(run.policy).statuses(run.round)
    assert {statuses[code].status for code in ("asn-golongan", "puskesmas")} == {"Terpublikasi"}


def test_a_file_that_is_lost_stops_no_other_data_set_and_the_report_names_it(office, place):
    run = closed_run(office, place)
    (lost,) = [one for one in list_receipts(place, run.round) if one.agency == "bkpsdm"]
    objects = [
        office.lab.folder / f"simpanan-{store}" / each.key
        for store in ("utama", "kedua")
        for each in lost.stream.objects
    ]
    for path in objects:
        path.rename(path.with_name("." + path.name))
    fill_inventory(run)
    report = steps.finish(run)
    texts = {name: text for name, _, text in report.stored}
    assert texts["Jumlah ASN menurut golongan"].startswith("belum masuk inventaris: ")
    assert "terpublikasi" in texts["Jumlah puskesmas menurut kecamatan"]
    assert run.status == "Selesai"
    for path in objects:
        path.with_name("." + path.name).rename(path)
    result = jaga(office, "inventory", "take-in", str(run.round))
    assert (result.exit_code, result.output.count("terpublikasi")) == (0, 2), result.output


def test_a_table_that_the_database_does_not_let_be_changed_stops_no_other_data_set(office, place):
    run = closed_run(office, place)
    book = place.inventory(run.policy)
    book.migrate()
    with book._transaction() as connection:
        connection.execute('DROP TABLE IF EXISTS satu_data_tabel."asn-golongan" CASCADE')
        connection.execute(
            'CREATE TABLE satu_data_tabel."asn-golongan" (versi bigint, nomor bigint, "Tahun" date)'
        )
        connection.execute(
            'CREATE VIEW satu_data_tabel.dipakai AS SELECT "Tahun" FROM satu_data_tabel."asn-golongan"'
        )
    try:
        fill_inventory(run)
        texts = {name: text for name, _, text in steps.make_report(run).stored}
        assert "masih dipakai sebuah view" in texts["Jumlah ASN menurut golongan"]
        assert "terpublikasi" in texts["Jumlah puskesmas menurut kecamatan"]
    finally:
        with book._transaction() as connection:
            connection.execute('DROP TABLE satu_data_tabel."asn-golongan" CASCADE')
    result = jaga(office, "inventory", "take-in", str(run.round))
    assert (result.exit_code, result.output.count("terpublikasi")) == (0, 2), result.output


def test_a_round_that_never_was_is_named_by_the_command_line(office):
    result = jaga(office, "inventory", "take-in", "1999 semester 1")
    assert (result.exit_code, "belum pernah dijalankan" in result.stderr) == (5, True)


def test_nothing_is_taken_in_again_before_the_round_is_closed(office, place):
    run = opened(office, place)
    result = jaga(office, "inventory", "take-in", str(run.round))
    assert (result.exit_code, "belum dijalankan" in result.stderr) == (3, True)
