"""A round of data collection, decided on paper: periods, proposal, reminders, deliveries, Mutu Baku, letters, calendar file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from pydantic import ValidationError

from jagadata import sop
from jagadata.collection import proposal as proposals
from jagadata.collection.attendance import Attendance, Attendee, make_presence_sheet
from jagadata.collection.closing.report import make_arrivals_chart
from jagadata.collection.closing.timing import make_timings
from jagadata.collection.intake import delivery_table
from jagadata.collection.intake.deliveries import Received, due_reminders, make_deliveries, open_of
from jagadata.collection.last_round import LastRound, make_last_round
from jagadata.collection.letters.invitation_file import make_calendar
from jagadata.collection.letters.markdown import render_proposal
from jagadata.collection.letters.texts import make_invitation, make_request
from jagadata.collection.ports import RequestedDataset
from jagadata.collection.round import Round, parse_round, round_of
from jagadata.collection.tables.examination import CleanTable, Examination, Finding
from jagadata.errors import RefusedError
from jagadata.papers.mails import make_mail
from jagadata.papers.values import Signature
from tests.lab.collection import make_policy

TZ = ZoneInfo("Asia/Jakarta")
ROUND = Round(2026, 2)
KADIS = Signature(name="Edi", nip="197009011992011002", post="Kepala Dinas", role="kadis")


@pytest.fixture
def policy():
    return make_policy()


@pytest.fixture
def proposal(policy):
    return proposals.make_proposal(policy, date(2026, 11, 23), [])


@pytest.mark.parametrize("text", ["2026-s2", "2026 semester 2", "  2026  Semester 2 "])
def test_a_round_is_read_as_people_write_it(text):
    assert parse_round(text) == ROUND
    assert ROUND.text == "Semester 2 Tahun 2026"


@pytest.mark.parametrize("text", ["", "2026", "2026-s3", "2026-t5", "semester 2", "2026-12", "2026 s 2; --"])
def test_a_round_that_does_not_exist_is_refused_with_how_to_write_it(text):
    with pytest.raises(RefusedError, match="tidak dikenal") as caught:
        parse_round(text)
    assert "2026 semester 2" in caught.value.hint


def test_a_round_begins_on_the_offices_clock():
    midnight = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)  # 00.00 WIB on 1 July
    assert round_of(midnight, "semester", TZ) == ROUND
    assert round_of(midnight - timedelta(seconds=1), "semester", TZ) == Round(2026, 1)
    assert round_of(midnight, "triwulan", TZ) == Round(2026, 3, "triwulan")
    for one in (ROUND, Round(2026, 1), Round(2026, 4, "triwulan")):
        assert one.next.previous == one
        assert round_of(datetime(one.year, one.first_day.month, 1, 12, tzinfo=TZ), one.every, TZ) == one
        assert one.last_day + timedelta(days=1) == one.next.first_day


def test_the_meeting_is_proposed_on_a_working_day_and_the_deadline_too(policy):
    holidays = [date(2026, 12, 2), date(2027, 1, 1)]
    found = proposals.make_proposal(policy, date(2026, 11, 23), holidays)
    assert found.day == date(2026, 12, 3)
    assert (found.begins, found.ends) == ("09.00", "12.00")
    assert found.deadline.weekday() < 5
    assert found.deadline not in holidays
    assert proposals.find_faults(found, policy.datasets, date(2026, 11, 23)) == []
    assert proposals.Proposal.from_json(found.to_json()) == found


def test_a_meeting_on_a_day_off_is_allowed_and_said_above_the_form(policy, proposal):
    saturday, holiday = date(2026, 12, 5), date(2026, 12, 9)
    for day, why in ((saturday, "jatuh pada akhir pekan"), (holiday, "jatuh pada hari libur")):
        one = replace(proposal, day=day)
        warnings = proposals.find_warnings(one, [holiday])
        text = render_proposal(one, policy.datasets, ROUND, TZ, warnings=warnings)
        assert text.startswith("**Perhatian: Tanggal rapat")
        assert why in text.splitlines()[0]
        assert proposals.find_faults(one, policy.datasets, date(2026, 11, 23)) == []
    assert proposals.find_warnings(proposal, [holiday]) == []


def test_beside_each_data_set_stands_what_came_of_it_in_the_last_round(policy, proposal):
    found = [
        RequestedDataset(code=policy.datasets[0].code, name="Data A", agency="a", round="2026-s1", status="Terpublikasi", rows=1400, years=(2025, 2026)),
        RequestedDataset(code="lama", name="Data | lama", agency="a", round="2026-s1", status="Diminta"),
    ]  # fmt: skip
    last = make_last_round(found, policy.datasets)
    text = render_proposal(proposal, policy.datasets, ROUND, TZ, last=last)

    assert "Pada Semester 1 Tahun 2026" in text
    assert "Terpublikasi, 1.400 baris, tahun 2025 sampai 2026" in text
    assert text.count("tidak diminta") == len(policy.datasets) - 1
    assert "Tidak ada lagi di berkas kantor: Data &#124; lama." in text


def test_without_a_last_round_or_an_inventory_the_proposal_stands_all_the_same(policy, proposal):
    first = render_proposal(proposal, policy.datasets, ROUND, TZ, last=make_last_round([], policy.datasets))
    silent = render_proposal(proposal, policy.datasets, ROUND, TZ, last=LastRound(fault="Basis data diam."))

    assert first == render_proposal(proposal, policy.datasets, ROUND, TZ)
    assert silent.startswith(first)
    assert silent.endswith("Hasil putaran lalu tidak diketahui: Basis data diam.")


@pytest.mark.parametrize("typed", ["9:00", " 9.00 WIB", "9", "09.00"])
def test_times_stand_in_letters_as_offices_write_them(proposal, typed):
    value = proposal.to_json()
    form = {
        "tanggal": value["day"],
        "tempat": "x",
        "acara": "y",
        "batas_waktu": value["deadline"],
        "data": ["z"],
    }

    assert proposals.complete(proposal, {**form, "mulai": typed, "selesai": "12"}).begins == "09.00"
    wrong = proposals.complete(proposal, {**form, "mulai": "pagi", "selesai": "12"})
    assert "waktu ditulis seperti 09.00" in proposals.find_faults(wrong, [], date(2026, 11, 23))


def test_every_fault_of_a_completed_proposal_is_named_together(policy, proposal):
    form = {
        "tanggal": "2026-11-20",
        "mulai": "13:00",
        "selesai": "09.00",
        "tempat": " ",
        "acara": "\n - \n",
        "batas_waktu": "2026-11-19",
        "data": ["asn-golongan", "tidak-ada"],
    }
    completed = proposals.complete(proposal, form)
    faults = proposals.find_faults(completed, policy.datasets, date(2026, 11, 23))
    words = " ".join(faults)
    for part in ("sudah lewat", "setelah tanggal rapat", "waktu selesai", "tempat", "acara", "'tidak-ada'"):
        assert part in words
    assert completed.begins == "13.00"


def test_reminders_come_once_and_never_in_a_heap(policy):
    deadline = date(2026, 12, 31)

    def due(day, sent=()):
        return due_reminders(policy, deadline, day, sent)

    assert due(date(2026, 12, 23)) == []
    assert due(date(2026, 12, 24)) == ["2026-12-31-sebelum-7"]
    assert due(date(2026, 12, 27), ["2026-12-31-sebelum-7"]) == []
    assert due(date(2026, 12, 30)) == ["2026-12-31-sebelum-1"], "the earlier one is past"
    assert due(date(2026, 12, 31), ["2026-12-31-sebelum-1"]) == []
    assert due(date(2027, 1, 1)) == ["2026-12-31-sesudah-1"]
    assert due(date(2027, 1, 20)) == ["2026-12-31-sesudah-7"]
    assert due_reminders(policy, date(2027, 1, 31), date(2027, 1, 30), ["2026-12-31-sebelum-1"]) == [
        "2027-01-31-sebelum-1"
    ], "an extension begins them anew"


def received(number, agency, *tables, faults=(), day=1):
    found = tuple(
        CleanTable(dataset=code, sheet="Data", heading_row=1, columns=("Jumlah",), rows=3, file="x")
        for code in tables
    )
    findings = tuple(Finding(code="x", severity="kesalahan", text="salah", dataset=code) for code in faults)
    return Received(
        receipt=number,
        number=f"TT-{number}",
        agency=agency,
        at=datetime(2026, 12, day, 3, tzinfo=UTC),
        name="data.xlsx",
        examination=Examination(name="data.xlsx", kind="xlsx", tables=found, findings=findings),
    )


def test_the_last_complete_file_of_a_data_set_counts_and_one_bad_sheet_does_not_spoil_the_other(policy):
    files = [
        received(1, "bkpsdm", "asn-golongan", "pelatihan", faults=["pelatihan"]),
        received(2, "bkpsdm", "asn-golongan", faults=["asn-golongan"], day=5),
        received(3, "dinkes", "asn-golongan"),  # another OPD's data set is not theirs to deliver
    ]
    found = {
        one.dataset.code: one
        for one in make_deliveries(policy, policy.datasets, files, date(2026, 12, 31), TZ)
    }
    assert found["asn-golongan"].status == "Lengkap"
    assert found["asn-golongan"].received.number == "TT-1"
    assert found["pelatihan"].status == "Perlu Perbaikan"
    assert found["pelatihan"].faults == 1
    assert found["faskes"].status == "Diterima"
    assert [one.dataset.code for one in open_of(found.values(), "bkpsdm")] == ["pelatihan"]
    assert not any(one.late for one in found.values())


def test_what_comes_after_the_deadline_is_late_and_counts_all_the_same(policy):
    deadline = date(2026, 12, 4)
    files = [received(1, "dinkes", "faskes", day=5)]
    found = make_deliveries(policy, policy.datasets, files, deadline, TZ)[-1]
    assert (found.status, found.late) == ("Lengkap", True)


def test_the_same_table_sent_again_after_the_deadline_is_not_late(policy):
    def sent(number, day, digest):
        file = received(number, "dinkes", "faskes", day=day)
        (table,) = file.examination.tables
        return replace(file, examination=replace(file.examination, tables=(replace(table, digest=digest),)))

    files = [sent(1, 3, "a"), sent(2, 5, "a")]
    again, changed = (
        make_deliveries(policy, policy.datasets, found, date(2026, 12, 4), TZ)[-1]
        for found in (files, [*files, sent(3, 6, "b")])
    )

    assert (again.received.number, again.late) == ("TT-1", False)
    assert (changed.received.number, changed.late) == ("TT-3", True)


def test_nothing_that_was_asked_is_missing_from_the_table(policy):
    found = make_deliveries(policy, policy.datasets, [], date(2026, 12, 4), TZ)
    assert [one.status for one in found] == ["Diminta"] * 3
    rows = delivery_table.make_delivery_rows(found, TZ)
    assert {row["OPD"] for row in rows} == {"Badan Kepegawaian", "Dinas Kesehatan"}


def moment(month, day):
    return datetime(2026, month, day, 3, tzinfo=UTC)


def test_mutu_baku_counts_working_days_and_judges_frequencies_by_the_rounds_own_period():
    times = {
        1: (moment(11, 20), moment(11, 25)),  # Friday to Wednesday: 3 working days
        2: (moment(11, 25), moment(11, 27)),
        3: (moment(12, 3), moment(12, 3)),
        4: (moment(11, 27), datetime(2027, 1, 5, 3, tzinfo=UTC)),
        5: (datetime(2027, 1, 5, 3, tzinfo=UTC), None),
    }
    found = make_timings(sop.DATA_COLLECTION, times, ROUND, [], TZ)
    assert [one.verdict for one in found] == ["Sesuai", "Terlambat", "Sesuai", "Terlambat", ""]
    assert [one.standard for one in found] == [
        "3 hari",
        "1 hari",
        "1 hari",
        "Per 6 bulan",
        "2 kali dalam 1 tahun",
    ]
    assert found[0].actual == "3 hari kerja"
    assert found[2].actual == "hari yang sama"
    holiday = make_timings(sop.DATA_COLLECTION, times, ROUND, [date(2026, 11, 26)], TZ)
    assert holiday[1].verdict == "Sesuai"


def test_the_letters_hold_everything_that_such_letters_hold(policy, proposal):
    agency = policy.agencies[0]
    shared = {"city": "Trenggalek", "day": date(2026, 11, 23), "signature": KADIS, "tz": TZ}
    letter = make_invitation(proposal, ROUND, agency, number="005/1/406.020/2026", **shared)
    assert {field.label for field in letter.fields} == {"Hari/Tanggal", "Waktu", "Tempat", "Acara"}
    assert letter.to == ("Kepala Badan Kepegawaian", "di Trenggalek")
    assert letter.items == proposal.agenda
    assert letter.blocks[0].name == "Edi"
    request = make_request(
        proposal,
        ROUND,
        agency,
        [one for one in policy.datasets if one.agency == "bkpsdm"],
        policy=policy,
        number="041/2/406.020/2026",
        contact="Wahyu",
        **shared,
    )
    assert [row[1] for row in request.table.rows] == ["Jumlah ASN menurut golongan", "Jumlah pelatihan"]
    assert {field.label for field in request.fields} == {"Format", "Batas waktu", "Dikirim ke", "Narahubung"}


def test_who_is_asked_for_nothing_is_told_of_no_enclosure(policy, proposal):
    shared = {
        "number": "005/1",
        "city": "Trenggalek",
        "day": date(2026, 11, 23),
        "signature": KADIS,
        "tz": TZ,
    }
    letter = make_invitation(proposal, ROUND, policy.agencies[2], asked=False, **shared)
    values = {"round": ROUND.text, "changed": False, "address": "a@example.id", "deadline": "4 Januari 2027"}
    asked, other = (
        make_mail("collection/invitation", ["x@example.id"], person="Kepala", office="Dinas", facts=[], asked=one, **values)
        for one in (True, False)
    )  # fmt: skip

    assert (letter.attachment, "terlampir" in str(letter.closing)) == ("-", False)
    assert asked.subject == "Undangan Rapat Koordinasi dan Permintaan Data Semester 2 Tahun 2026"
    assert "Surat Undangan dan Surat Permintaan Data Semester 2 Tahun 2026, beserta formulir" in asked.text
    assert other.subject == "Undangan Rapat Koordinasi Semester 2 Tahun 2026"
    assert "Surat Undangan Semester 2 Tahun 2026." in other.text
    assert "Permintaan Data" not in other.subject + other.text
    assert "terlampir" not in other.text


def test_the_request_to_decide_says_until_when():
    values = {
        "what": "menandatangani surat",
        "title": "Pengumpulan Data",
        "returned": "",
        "until": "3 Desember 2026 pukul 10.00 WIB",
    }
    mail = make_mail("collection/gate", ["x@example.id"], person="Kadis", office="Dinas", facts=[], **values)

    assert "isi keputusan paling lambat 3 Desember 2026 pukul 10.00 WIB." in mail.text


def test_the_presence_that_other_agencies_get_names_no_nip_and_no_telephone(policy, proposal):
    came = Attendance(attendees=(Attendee(agency="bkpsdm", name="Siti", nip="197009011992011002", post="Kasubbag", phone="081234567890"),))  # fmt: skip
    whole, shown = (
        str(
            make_presence_sheet(
                proposal,
                ROUND,
                came,
                policy.agencies,
                number="005/1",
                city="Trenggalek",
                leader=KADIS,
                tz=TZ,
                contacts=one,
            )
        )
        for one in (True, False)
    )

    assert "081234567890" in whole
    assert "19700901 199201 1 002" in whole.replace(KADIS.nip, "")
    assert ("Siti" in shown, "Kasubbag" in shown) == (True, True)
    assert ("081234567890" in shown, "'NIP'" in shown, "No. HP" in shown) == (False, False, False)


def test_the_calendar_file_is_a_request_in_the_offices_time_zone_that_replaces_the_earlier_one(
    policy, proposal
):
    def event(sequence):
        text = make_calendar(
            proposal,
            ROUND,
            policy.agencies[0],
            organizer="satudata@example.id",
            office='Diskominfo; "Trenggalek"\r\nX-EVIL:1',
            sequence=sequence,
            at=datetime(2026, 11, 23, tzinfo=UTC),
            tz=TZ,
        )
        calendar = icalendar.Calendar.from_ical(text)
        assert calendar["method"] == "REQUEST"
        assert b"\r\nX-EVIL" not in text
        return calendar.walk("VEVENT")[0]

    first, second = event(0), event(1)
    assert first["uid"] == second["uid"]
    assert (first["sequence"], second["sequence"]) == (0, 1)
    assert first.decoded("dtstart") == datetime(2026, 12, 2, 9, 0, tzinfo=TZ)
    assert first["dtstart"].params["TZID"] == "Asia/Jakarta"
    assert first["attendee"] == "mailto:bkpsdm@example.id"


def test_absent_agencies_are_marked_on_the_presence_sheet(policy, proposal):
    found = Attendance(attendees=(Attendee(agency="dinkes", name="Budi"),), minutes="Sepakat.")
    sheet = make_presence_sheet(
        proposal, ROUND, found, policy.agencies, number="1", city="Trenggalek", leader=KADIS, tz=TZ
    )
    present, missing = sheet.sections[0].parts[0].table.rows, sheet.sections[1].parts[0].table.rows
    assert [row[1] for row in present] == ["Dinas Kesehatan"]
    assert [row[1] for row in missing] == ["Badan Kepegawaian", "Dinas Perhubungan"]


def test_a_chart_over_time_stays_readable_however_long_the_round_was():
    days = [datetime(2026, 7, 1, 3, tzinfo=UTC) + timedelta(days=3 * number) for number in range(60)]
    chart = make_arrivals_chart(days, date(2026, 12, 1), TZ)
    assert len(chart.bars) <= 31
    assert sum(bar.value for bar in chart.bars) == 60
    assert chart.bars[-1].mark
    assert make_arrivals_chart([], date(2026, 12, 1), TZ) is None


def test_faults_of_the_office_files_part_are_all_named():
    value = make_policy().model_dump(mode="json")
    value["agencies"][1]["id"] = "bkpsdm"
    value["agencies"][2]["email"] = ["bkpsdm@example.id"]
    value["datasets"][2]["agency"] = "tidak-ada"
    with pytest.raises(ValidationError) as caught:
        make_policy(**value)
    text = str(caught.value)
    for words in ("agencies[1].id: 'bkpsdm' sudah dipakai", "datasets[2].agency", "sudah milik"):
        assert words in text
