"""A whole round of SOP Pengumpulan Data without Prefect: decisions, letters, intake from folder, inventory, report; and its failures."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from datetime import datetime, timedelta

import openpyxl
import pytest
from click.testing import CliRunner

from jagadata.cli import main
from jagadata.collection.claims import ended, find_holder, find_rounds
from jagadata.collection.closing import steps
from jagadata.collection.gates import ATTENDANCE
from jagadata.collection.intake.receipts import list_receipts, open_file
from jagadata.collection.intake.run import (
    close_intake,
    list_deliveries,
    take_in_round,
    tell_extension,
    work_folder,
)
from jagadata.collection.inventory.run import fill_inventory
from jagadata.collection.last_round import find_last_round
from jagadata.collection.letters import dispatch
from jagadata.collection.run import RoundOrder, RoundRun
from jagadata.connections import open_workplace
from jagadata.demo.agencies import broken_file, good_file, mended_file
from jagadata.errors import DamagedError, RefusedError, UnreachableError
from jagadata.lab.processes import free_port
from jagadata.office.file import load_office
from jagadata.signoff.gates import note_asked
from jagadata.signoff.signers import Decision
from jagadata.stores import layout
from jagadata.upkeep import doctor
from jagadata.upkeep.sweep import sweep
from tests.lab.round import agree, drop, form_of, invited, mails_to, no, opened, yes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:imaplib")


def test_a_round_goes_from_the_meeting_to_the_inventory(office, place):
    clock = office.clock
    run = opened(office, place)
    assert run.is_preparing
    invited(run, clock)
    assert not run.is_preparing
    [mail] = mails_to(office, "bkpsdm@example.id", run)
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == [
        "surat-undangan.pdf",
        "surat-permintaan-data.pdf",
        "undangan.ics",
        "formulir-data-bkpsdm.xlsx",
    ]

    run.decide("attendance", yes("wahyu", clock, hadir=["bkpsdm", "dinkes"], notulen="Sepakat."))
    assert run.meet().present == {"bkpsdm", "dinkes"}
    dispatch.notify_absent(run, dispatch.presence_paper(run))
    assert "tidak hadir" in mails_to(office, "dishub@example.id", run)[-1].get_body().get_content()

    drop(office, "bkpsdm", "asn.xlsx", good_file(run.round.year))
    drop(office, "dinkes", "puskesmas.xlsx", broken_file(run.round.year))
    clock.pass_days(1)
    done = take_in_round(run)
    assert (done.files, done.examined, done.problems) == (2, 2, ())
    states = {one.dataset.code: one.status for one in list_deliveries(run)}
    assert states == {"asn-golongan": "Lengkap", "puskesmas": "Perlu Perbaikan", "trayek": "Diminta"}
    again = take_in_round(run)
    assert (again.files, again.examined, again.answered) == (0, 0, 0)

    drop(office, "dinkes", "puskesmas perbaikan.xlsx", mended_file(run.round.year))
    clock.pass_days(1)
    take_in_round(run)
    clock.now = datetime.combine(run.deadline, clock.now.timetz()) + timedelta(days=1)
    take_in_round(run)
    assert "belum diterima" in mails_to(office, "dishub@example.id", run)[-1]["subject"]
    assert len(mails_to(office, "bkpsdm@example.id", run)) == 3, "letters, receipt, result; no reminder"

    run.decide("closing-1", yes("wahyu", clock))
    assert not run.is_collecting
    close_intake(run)
    fill_inventory(run)
    report = steps.finish(run)
    assert run.status == "Selesai"
    assert report.complete == 2
    assert {name for name, _, _ in report.stored} == {
        "Jumlah ASN menurut golongan",
        "Jumlah puskesmas menurut kecamatan",
    }
    published = office.folder.glob(f"publikasi/*/{run.round}.*/datapackage.json")
    packages = sorted(path.parent.parent.name for path in published)
    assert packages == ["asn-golongan", "puskesmas"]
    book = place.inventory(run.policy)
    assert {code: entry.status for code, entry in book.statuses(run.round).items()} == {
        "asn-golongan": "Terpublikasi",
        "puskesmas": "Terpublikasi",
        "trayek": "Diminta",
    }
    following = RoundRun(place, "putaran-berikutnya", RoundOrder(round=str(run.round.next)))
    following.open()
    last = find_last_round(following)
    assert (last.name, last.fault) == (run.round.text, "")
    assert last.state("asn-golongan").startswith("Terpublikasi, 4 baris")
    assert last.state("trayek") == "Diminta"
    report_mail = mails_to(office, "hadi@example.id", run)[-1]
    assert [part.get_filename() for part in report_mail.iter_attachments()] == [
        "laporan-penutup.pdf",
        "laporan-penutup.xlsx",
    ]
    assert not list(office.folder.glob("jaga-periksa-*"))


def test_what_comes_back_is_asked_again_with_the_note_and_letters_get_new_numbers(office, place):
    clock = office.clock
    run = opened(office, place)
    run.decide("proposal-1", yes("wahyu", clock, **form_of(run.propose())))
    run.decide("confirmation-1", no("endang", clock, note="ganti ruang"))
    assert run.attempt == 2
    assert "ganti ruang" in run.returned()
    assert not run.is_confirmed
    changed = {**form_of(run.propose()), "tempat": "Pendopo"}
    run.decide("proposal-2", yes("wahyu", clock, **changed))
    run.decide("confirmation-2", yes("endang", clock))
    assert run.prepare().place == "Pendopo"
    before = dispatch.numbers(run)
    run.decide("signature-2", no("hadi", clock, note="salah tanggal"))
    assert run.is_preparing
    agree(run, clock)
    assert run.proposal.place == "Pendopo"
    assert set(dispatch.numbers(run)).isdisjoint(before)
    assert not run.is_preparing


def test_nobody_is_invited_to_a_meeting_that_is_over(office, place):
    clock = office.clock
    run = opened(office, place)
    run.decide("proposal-1", yes("wahyu", clock, **form_of(run.propose())))
    assert run.schedule_faults(yes("endang", clock)) == []
    clock.now = datetime.combine(run.completed.day, clock.now.timetz()) + timedelta(days=2)
    (fault,) = run.schedule_faults(yes("hadi", clock))
    assert "sudah lewat; kembalikan" in fault
    assert run.schedule_faults(no("hadi", clock)) == []


def test_one_run_holds_a_round_and_another_takes_over_only_when_told_to(office, place):
    clock = office.clock
    run = opened(office, place)
    invited(run, clock)
    with pytest.raises(RefusedError, match=f"sedang berjalan pada run {run.run}"):
        RoundRun(place, "lain-1", RoundOrder(round=str(run.round))).open()
    assert find_holder(place, run.round) == run.run
    begun, invited_at = run.open().at, ended(run.journal, "2")
    clock.pass_days(5)
    later = RoundRun(place, "lain-2", RoundOrder(round=str(run.round), take_over=True))
    later.open()
    assert (later.open().at, ended(later.journal, "2")) == (begun, invited_at), "Mutu Baku counts from then"
    assert find_holder(place, run.round) == later.run
    assert not later.is_preparing
    sent = len(office.lab.mail.messages())
    assert dispatch.invite(later) == {}
    assert len(office.lab.mail.messages()) == sent, "nobody is invited twice"


def test_a_round_that_was_cancelled_can_begin_anew(office, place):
    clock = office.clock
    run = opened(office, place)
    run.decide("proposal-1", no("wahyu", clock, note="ditunda"))
    assert run.status == "Dibatalkan"
    again = RoundRun(place, "lain-3", RoundOrder(round=str(run.round)))
    again.open()
    assert again.is_preparing
    assert again.attempt == 1


def test_a_round_whose_gate_expired_ends_by_name(office, place):
    run = opened(office, place)
    run.decide("proposal-1", Decision(answer="expired", signer="", at=office.clock().isoformat()))
    assert run.status == "Kedaluwarsa"
    dispatch.notify_end(run)
    assert "Kedaluwarsa" in mails_to(office, "wahyu@example.id", run)[-1]["subject"]


def test_an_undeliverable_invitation_is_named_and_tried_again(office, place):
    run = opened(office, place)
    agree(run, office.clock)
    port = office.lab.mail.port
    office.lab.change(lambda value: value["mail"].update(port=free_port()))
    with open_workplace(load_office(office.lab.path), clock=office.clock) as silent:
        failed = dispatch.invite(RoundRun(silent, run.run))
    office.lab.change(lambda value: value["mail"].update(port=port))
    assert set(failed) == {"bkpsdm", "dinkes", "dishub"}
    assert "tidak menjawab" in failed["dinkes"]
    with open_workplace(load_office(office.lab.path), clock=office.clock) as again:
        later = RoundRun(again, run.run)
        assert dispatch.describe_sending(later, later.agency("dinkes")) == ""
        assert dispatch.invite(later) == {}
        assert dispatch.describe_sending(later, later.agency("dinkes")) == "e-mail ke dinkes@example.id"
    assert len(mails_to(office, "dinkes@example.id", run)) == 1


def test_the_attendance_is_read_from_the_filled_in_workbook(office, place, tmp_path):
    from jagadata.adapters.spreadsheets.workbooks import make_attendance_form, read_attendance

    run = invited_run(office, place)
    path = tmp_path / "daftar hadir.xlsx"
    path.write_bytes(make_attendance_form(run.proposal, run.round, run.agencies))
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet["C5"], sheet["D5"] = "Budi Santoso", "197903122008011002"
    book.save(path)
    run.enter_attendance(read_attendance(path, run.agencies))
    run.decide("attendance", yes("wahyu", office.clock, hadir=[], notulen="Sepakat."))
    found = run.meet()
    assert [(one.agency, one.nip) for one in found.attendees] == [("bkpsdm", "197903122008011002")]
    assert found.source == "berkas XLSX"
    assert sheet["D5"].number_format == sheet["F6"].number_format == "@", "Excel keeps every digit of a text"
    sheet["D5"], sheet["F5"] = 197903122008011002, 81234567890
    book.save(path)
    with pytest.raises(RefusedError, match="NIP pada baris 5"):
        read_attendance(path, run.agencies)
    sheet["D5"] = ""
    book.save(path)
    assert read_attendance(path, run.agencies).attendees[0].phone == "081234567890"
    sheet["B5"], sheet["H5"] = "Dinas Antah Berantah", ""
    book.save(path)
    with pytest.raises(RefusedError, match=r"baris 5 \('Dinas Antah Berantah'\)"):
        read_attendance(path, run.agencies)
    path.write_bytes(b"bukan xlsx")
    with pytest.raises(RefusedError, match="tidak dapat dibaca"):
        read_attendance(path, run.agencies)


def invited_run(office, place):
    run = opened(office, place)
    return invited(run, office.clock)


def test_a_deadline_that_is_extended_reminds_anew_and_the_report_judges_by_it(office, place):
    clock = office.clock
    run = invited_run(office, place)
    run.decide("attendance", yes("wahyu", clock, hadir=["bkpsdm"]))
    run.meet()
    early = no("wahyu", clock, batas_waktu=run.deadline.isoformat())
    assert "batas waktu baru" in run.extension_faults(early)[0]
    later = run.deadline + timedelta(days=14)
    decision = no("wahyu", clock, batas_waktu=later.isoformat())
    assert run.extension_faults(decision) == []
    run.decide("closing-1", decision)
    assert run.deadline == later
    assert run.is_collecting
    tell_extension(run)
    assert "diperpanjang" in mails_to(office, "dinkes@example.id", run)[-1]["subject"]


def test_nothing_is_closed_while_a_place_of_delivery_is_silent(office, place):
    clock = office.clock
    run = invited_run(office, place)
    run.decide("attendance", yes("wahyu", clock, hadir=["bkpsdm"]))
    run.meet()
    run.decide("closing-1", yes("wahyu", clock))
    shutil.move(office.folder / "kiriman", office.folder / "kiriman-lain")
    with pytest.raises(UnreachableError, match="belum dapat diambil"):
        close_intake(run, wait=lambda _seconds: None)
    shutil.move(office.folder / "kiriman-lain", office.folder / "kiriman")
    drop(office, "bkpsdm", "asn.xlsx", good_file(run.round.year))
    clock.pass_days(1)
    found = close_intake(run)
    assert found[0].status == "Lengkap"


def test_an_office_without_the_section_is_refused_before_anything_is_sent(office_lab):
    with office_lab.place() as place, pytest.raises(RefusedError, match="collection"):
        RoundRun(place, "putaran")


def jaga(office, *arguments):
    environment = {"JAGADATA_OFFICE": str(office.lab.path)}
    return CliRunner().invoke(
        main, list(arguments), prog_name="jaga", env=environment, catch_exceptions=False
    )


def test_resume_names_what_a_round_waits_for_and_goes_on_where_nobody_must_decide(office, place):
    clock = office.clock
    run = opened(office, place)
    agree(run, clock)
    waiting = jaga(office, "resume", run.run)
    assert waiting.exit_code == 3
    assert "memerlukan keputusan pejabat" in waiting.stderr
    assert "Ambil alih" in waiting.stderr
    note_asked(run.journal, "attendance", ATTENDANCE, due=clock() + timedelta(days=3), signer="Wahyu [wahyu]")
    assert "menunggu: mengisi presensi rapat" in jaga(office, "resume", run.run).stderr
    assert dispatch.invite(run) == {}
    run.note_invited([])
    run.decide("attendance", no("wahyu", clock, hadir=[], notulen=""))
    run.meet()
    run.decide("closing-1", yes("wahyu", clock))
    close_intake(run)
    done = jaga(office, "resume", run.run)
    assert (done.exit_code, done.stdout) == (0, f"{run.title}: Selesai.\n"), done.output
    run.journal.refresh()
    assert run.status == "Selesai"
    again = jaga(office, "resume", run.run)
    assert (again.exit_code, "sudah berakhir" in again.stderr) == (3, True)


def test_resume_of_a_round_that_another_run_took_over_names_that_run(office, place):
    run = opened(office, place)
    RoundRun(place, f"{run.run}-b", RoundOrder(round=str(run.round), take_over=True)).open()
    result = jaga(office, "resume", run.run)
    assert (result.exit_code, f"jaga resume {run.run}-b" in result.stderr) == (3, True)


def test_the_command_line_shows_takes_in_accepts_from_quarantine_and_hands_out_the_papers(
    office, place, tmp_path
):
    run = invited_run(office, place)
    name = str(run.round)
    drop(office, "tidak-dikenal", "asn.xlsx", good_file(run.round.year))
    time.sleep(1)
    done = jaga(office, "round", "intake")
    assert f"{run.title}: 1 berkas diterima, 0 diperiksa" in done.output
    number = f"TT-{name.upper()}-0001"
    shown = jaga(office, "round", "show", name).output
    assert number in shown
    assert "Karantina" in shown
    assert "bukan folder OPD" in " ".join(shown.split())
    refused = jaga(office, "round", "accept", name, number, "--agency", "tidak-ada", "--by", "wahyu")
    assert refused.exit_code == 5
    accepted = jaga(office, "round", "accept", name, number, "--agency", "bkpsdm", "--by", "wahyu")
    assert accepted.exit_code == 0, accepted.output
    assert "1 diperiksa" in jaga(office, "round", "intake").output
    assert "Lengkap" in jaga(office, "round", "show", name).output
    assert "1 dari 3" in jaga(office, "round", "list").output
    folder = tmp_path / "surat"
    for _twice in range(2):
        saved = jaga(office, "round", "papers", name, "--folder", str(folder))
        assert saved.exit_code == 0, saved.output
    assert (folder / "bkpsdm-1-surat-undangan.pdf").read_bytes().startswith(b"%PDF")
    assert jaga(office, "round", "show", "2029-s1").exit_code == 5
    assert "Terinventarisasi" not in jaga(office, "inventory", "show", name).output
    assert "CREATE ROLE" in jaga(office, "inventory", "prepare").output


def test_doctor_tries_what_the_section_names_and_says_what_to_do(office, place):
    place.inventory(place.office.collection).migrate()

    def states(where):
        found = [check for check in doctor.examine(where) if check.group == "Pengumpulan data"]
        return {check.subject.partition(" ")[0]: (check.state, check.finding) for check in found}

    assert {state for state, _ in states(place).values()} == {"OK"}
    office.lab.change(lambda value: value["collection"]["drops"][0].update(path="tidak-ada"))
    office.lab.change(lambda value: value["collection"]["inventory"].update(database="tidak-ada"))
    with open_workplace(load_office(office.lab.path)) as broken:
        found = states(broken)
    office.lab.change(lambda value: value["collection"]["drops"][0].update(path="kiriman"))
    office.lab.change(
        lambda value: value["collection"]["inventory"].update(
            database=place.office.collection.inventory.database
        )
    )
    assert found["tempat"][0] == found["inventaris"][0] == "MASALAH"
    assert found["peran"][0] == "OK"


def test_files_that_a_killed_intake_left_are_swept_and_no_other(office, place):
    run = invited_run(office, place)
    drop(office, "bkpsdm", "asn.xlsx", good_file(run.round.year))
    office.clock.pass_days(1)
    assert take_in_round(run).files == 1
    orphan = f"rounds/{run.round}/files/000002-deadbeef.age.000"
    place.stores[0].put(orphan, b"x")
    office.clock.pass_days(6)
    assert orphan not in {one.name for one in sweep(place, dry_run=True, by="uji").found}
    office.clock.pass_days(3)
    report = sweep(place, dry_run=False, by="uji")
    assert [one.name for one in report.found if one.name.startswith("rounds/")] == [orphan]
    assert place.stores[0].find(orphan) is None
    assert list_deliveries(run)[0].is_complete
    with work_folder(place):
        assert list(place.office.spool_folder.glob("jaga-periksa-*"))


def test_what_was_received_has_a_second_copy_that_is_used_when_the_first_is_gone(office, place):
    run = invited_run(office, place)
    sent = good_file(run.round.year)
    drop(office, "bkpsdm", "asn.xlsx", sent)
    office.clock.pass_days(1)
    primary, second = (office.lab.folder / f"simpanan-{name}" for name in ("utama", "kedua"))
    away = second.with_name("kedua-lepas")
    second.rename(away)
    found = take_in_round(run)
    assert found.files == 1
    assert [one.where for one in found.problems] == ["salinan di kedua"]
    away.rename(second)
    primary_orphan = f"rounds/{run.round}/files/000009-deadbeef.age.000"
    place.stores[0].put(primary_orphan, b"x")
    assert take_in_round(run).problems == ()
    kept, copied = (
        {one.key: one.size for one in store.list(f"rounds/{run.round}/")} for store in place.stores
    )
    assert kept.pop(primary_orphan) == 1  # no receipt names it
    assert copied == kept
    (receipt,) = list_receipts(place, run.round)
    (lost,) = (primary / each.key for each in receipt.stream.objects)
    lost.unlink()
    with open_file(place, receipt) as path:
        assert path.read_bytes() == sent
    (second / receipt.stream.objects[0].key).write_bytes(b"rusak")
    with pytest.raises(DamagedError), open_file(place, receipt):  # that one is there and damaged says more
        pass


@contextmanager
def store_away(office, name):
    store = office.lab.folder / f"simpanan-{name}"
    store.rename(store.with_name(f"lepas-{name}"))
    try:
        yield
    finally:
        store.with_name(f"lepas-{name}").rename(store)


def test_a_round_goes_on_and_does_not_begin_again_while_the_primary_store_is_away(office, place):
    run = invited_run(office, place)
    take_in_round(run)
    begun, lines, claims = run.open(), list(run.journal.entries), claims_of(place, run)
    with (
        store_away(office, "utama"),
        open_workplace(load_office(office.lab.path), clock=office.clock) as silent,
    ):
        resumed = RoundRun(silent, run.run, RoundOrder(round=str(run.round)))
        assert resumed.open() == begun
        assert resumed.journal.entries == lines, "read, and no line more"
        assert (resumed.is_preparing, resumed.attempt) == (False, run.attempt)
        assert (find_holder(silent, run.round), claims_of(silent, run)) == (run.run, claims)
        other = RoundRun(silent, "run-lain", RoundOrder(round=str(run.round)))
        with pytest.raises(UnreachableError):
            other.open()
        assert other.journal.entries == []
        resumed.decide("attendance", yes("wahyu", office.clock, hadir=["bkpsdm"]))
        assert resumed.meet().present == {"bkpsdm"}
    with open_workplace(load_office(office.lab.path), clock=office.clock) as again:
        later = RoundRun(again, run.run)
        assert (later.open(), later.is_preparing) == (begun, False)
        assert later.meet().present == {"bkpsdm"}, "said while the primary was away"
        assert (find_holder(again, run.round), claims_of(again, run)) == (run.run, claims)


def test_a_round_does_not_begin_again_while_the_only_store_with_its_journal_is_away(office, place):
    with store_away(office, "kedua"):
        run = invited_run(office, place)
        take_in_round(run)
        begun, claims = run.open(), claims_of(place, run)
    with (
        store_away(office, "utama"),
        open_workplace(load_office(office.lab.path), clock=office.clock) as silent,
    ):
        resumed = RoundRun(silent, run.run, RoundOrder(round=str(run.round)))
        with pytest.raises(UnreachableError):
            resumed.open()
        assert (resumed.journal.entries, claims_of(silent, run)) == ([], set())
    with open_workplace(load_office(office.lab.path), clock=office.clock) as again:
        later = RoundRun(again, run.run)
        assert (later.open(), later.is_preparing) == (begun, False)
        assert (find_holder(again, run.round), claims_of(again, run)) == (run.run, claims)


def claims_of(place, run):
    return place.records.keys(layout.make_claims_prefix(str(run.round)))


@pytest.mark.parametrize("away", ["utama", "kedua"])
def test_papers_are_handed_out_while_one_store_is_away(office, place, tmp_path, away):
    run = invited_run(office, place)
    take_in_round(run)
    name, rounds = str(run.round), find_rounds(place)
    store = office.lab.folder / f"simpanan-{away}"
    store.rename(store.with_name("lepas"))
    try:
        saved = jaga(office, "round", "papers", name, "--folder", str(tmp_path / "surat"))
        shown = jaga(office, "round", "show", name)
    finally:
        store.with_name("lepas").rename(store)

    assert saved.exit_code == 0, saved.output
    assert (tmp_path / "surat" / "dinkes-1-surat-undangan.pdf").read_bytes().startswith(b"%PDF")
    assert "MASALAH penyimpanan" in saved.output
    assert shown.exit_code == (0 if away == "kedua" else 4), shown.output
    with open_workplace(load_office(office.lab.path), clock=office.clock) as again:
        assert find_rounds(again) == rounds, "to look claims no round"
