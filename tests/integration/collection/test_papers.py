"""The papers of a whole round as PDF: who led is who was named, the report is signed by whom and when the round was closed."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import timedelta

import pytest

from jagadata.adapters.spreadsheets.spreadsheets import Spreadsheets
from jagadata.collection.closing import steps
from jagadata.collection.doctor import make_checks
from jagadata.collection.intake.run import close_intake, list_deliveries, take_in_round
from jagadata.collection.inventory.run import fill_inventory
from jagadata.collection.letters import dispatch
from jagadata.collection.meeting import find_attendance_faults, find_leader
from jagadata.collection.run import RoundRun
from jagadata.connections import RealConnections
from jagadata.demo.agencies import good_file
from jagadata.errors import UnreachableError
from jagadata.office.file import load_office
from jagadata.signoff.signers import Decision
from jagadata.text.formats import format_date
from jagadata.workplace import Workplace
from tests.lab.round import drop, invited, mails_to, opened, yes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:imaplib")


def words(pdf):
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def after_meeting(run, clock):
    clock.now = run.proposal.ends_at(run.place.timezone) + timedelta(hours=1)
    return clock


def test_a_meeting_whose_time_has_not_come_is_asked_about_once_more(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    [fault] = find_attendance_faults(run, yes("wahyu", clock, hadir=["bkpsdm"]))
    assert format_date(run.proposal.day) in fault
    assert "belum dimulai" in fault
    early = yes("wahyu", clock, hadir=["bkpsdm"], sudah_dilaksanakan=True)
    assert find_attendance_faults(run, early) == []
    assert find_attendance_faults(run, Decision(answer="no", signer="wahyu", at=clock().isoformat())) == []
    held = yes("wahyu", after_meeting(run, clock), hadir=["bkpsdm"], sudah_dilaksanakan=True)
    assert find_attendance_faults(run, held) == []
    run.decide("attendance", early)
    assert run.meet().early
    assert "sebelum waktu yang ditetapkan" in words(dispatch.presence_paper(run)[1])


@pytest.mark.parametrize(
    ("leader", "post", "shown", "nip"),
    [
        ("", "", "Kabid E-Government dan Statistik", True),
        ("Drs. Hadi Santoso, M.Si.", "ketikan lain", "Kepala Dinas Komunikasi dan Informatika", True),
        ("hadi santoso", "", "Kepala Dinas Komunikasi dan Informatika", True),
        ("Ir. Tamu, M.T.", "Asisten Administrasi Umum", "Asisten Administrasi Umum", False),
    ],
)
def test_who_led_the_meeting_is_who_was_named_and_not_who_filled_in_the_form(office, place, leader, post, shown, nip):  # fmt: skip
    clock = office.clock
    run = invited(opened(office, place), clock)
    values = {"hadir": ["bkpsdm"], "pemimpin": leader, "jabatan_pemimpin": post}
    run.decide("attendance", yes("wahyu", after_meeting(run, clock), **values))
    assert find_leader(run).at is None
    text = words(dispatch.presence_paper(run)[1])
    block = text.partition("Pemimpin Rapat,")[2]
    assert block.strip().startswith(shown)
    assert "Wahyu" not in block.partition("Catatan")[0]
    assert ("NIP 19" in block) is nip
    assert "Diisi secara elektronik oleh Wahyu Nugroho" in text


def closed(office, place, decision):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", after_meeting(run, clock), hadir=["bkpsdm"]))
    run.meet()
    drop(office, "bkpsdm", f"asn {run.round}.xlsx", good_file(run.round.year))
    clock.pass_days(1)
    signed = clock.now
    run.decide("closing-1", decision(clock))
    close_intake(run)
    fill_inventory(run)
    clock.pass_days(2)
    steps.finish(run)
    return run, signed


def report_of(run):
    store, prefix = run.place.stores[0], f"rounds/{run.round}/papers/laporan-penutup.pdf"
    [found] = list(store.list(prefix))
    return words(store.get(found.key, version=found.version))


def test_the_report_is_signed_and_dated_as_the_round_was_closed_and_names_no_folder(office, place):
    run, signed = closed(office, place, lambda clock: yes("wahyu", clock))
    text = report_of(run)
    city = place.office.office.city
    assert f"{city}, {format_date(signed, place.timezone)} Kasi Data dan Statistik, Wahyu Nugroho" in text
    assert text.partition("Kesimpulan")[2].count("Kasi Data dan Statistik") == 1
    assert "dicatat secara elektronik" in text
    assert "1 data (33 persen) lengkap dan 1 data tercatat dalam inventaris" in text
    assert "menyampaikan" in text.partition("Kesimpulan")[0]
    assert str(office.folder) not in text
    assert "terpublikasi: asn-golongan/" in text


def test_a_round_that_nobody_closed_has_a_report_that_waits_for_a_signature(office, place):
    def expired(clock):
        return Decision(answer="expired", signer="", at=clock().isoformat())

    run, _signed = closed(office, place, expired)
    text = report_of(run)
    assert "dicatat secara elektronik" not in text
    assert f"{place.office.office.city}, …" in text


def test_the_schedule_takes_the_tables_of_a_zip_in_one_by_one(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", after_meeting(run, clock), hadir=["bkpsdm"]))
    run.meet()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Data/asn.xlsx", good_file(run.round.year))
        archive.writestr("Data/surat.pdf", b"%PDF-1.7")
    drop(office, "bkpsdm", f"kiriman {run.round}.zip", packed.getvalue())
    clock.pass_days(1)
    done = take_in_round(run)
    assert (done.files, done.examined, done.unread) == (2, 2, ())
    states = {one.dataset.code: one.status for one in list_deliveries(run)}
    assert states["asn-golongan"] == "Lengkap"


# --- a machine that can't shut off what reads files ---


class Open(Spreadsheets):
    def examine(self, *values, **how):
        from jagadata.adapters.spreadsheets.examiner import examine

        return examine(*values, **how, ways=())

    def try_confinement(self, folder):
        from jagadata.adapters.spreadsheets.examiner import try_confinement

        return try_confinement(folder, ())


class OpenConnections(RealConnections):
    def spreadsheets(self):
        return Open()


def test_files_are_kept_and_the_kasi_is_told_where_no_reader_can_be_shut_off(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", after_meeting(run, clock), hadir=["bkpsdm"]))
    run.meet()
    drop(office, "bkpsdm", f"asn {run.round}.xlsx", good_file(run.round.year))
    clock.pass_days(1)
    loaded = load_office(office.lab.path)
    with Workplace(loaded, clock=clock, connections=OpenConnections(loaded)) as bare:
        there = RoundRun(bare, run.run)
        for _again in range(2):
            done = take_in_round(there)
        assert done.examined == 0
        assert "belum dibaca" in done.unread[0].what
        told = [
            mail for mail in mails_to(office, "wahyu@example.id", run) if "belum dibaca" in mail["subject"]
        ]
        assert len(told) == 1, "once a day"
        assert "1 berkas" in told[0]["subject"]
        with pytest.raises(UnreachableError, match="Kiriman terakhir belum dapat diambil"):
            close_intake(there, wait=lambda _seconds: None)
        checks = {subject: check for _, subject, check in make_checks(bare)}
        [(state, what, action)] = checks["pengurungan pembaca berkas"]()
        assert (state, "tidak dibaca" in what, "libseccomp2" in action) == ("MASALAH", True, True)
    assert take_in_round(run).examined == 1, "another machine reads it"
    checks = {subject: check for _, subject, check in make_checks(place)}
    [(state, what, _action)] = checks["pengurungan pembaca berkas"]()
    assert state == "OK"
    assert "dikurung dengan" in what


def test_an_office_that_takes_the_risk_reads_all_the_same_and_doctor_says_so(office, place):
    clock = office.clock
    run = invited(opened(office, place), clock)
    run.decide("attendance", yes("wahyu", after_meeting(run, clock), hadir=["bkpsdm"]))
    run.meet()
    drop(office, "bkpsdm", f"asn {run.round}.xlsx", good_file(run.round.year))
    clock.pass_days(1)
    loaded = load_office(office.lab.path)
    willing = loaded.model_copy(update={"collection": loaded.collection.model_copy(update={"read_unconfined": True})})  # fmt: skip
    with Workplace(willing, clock=clock, connections=OpenConnections(willing)) as bare:
        assert take_in_round(RoundRun(bare, run.run)).examined == 1
        checks = {subject: check for _, subject, check in make_checks(bare)}
        [(state, what, _action)] = checks["pengurungan pembaca berkas"]()
        assert (state, "read_unconfined" in what) == ("MASALAH", True)
