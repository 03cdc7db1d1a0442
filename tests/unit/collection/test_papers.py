"""What the papers of a round say: who signs and with which title, who led, what it came to, and nothing of this machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from jagadata import sop
from jagadata.collection import proposal as proposals
from jagadata.collection.attendance import Attendance, Attendee, make_presence_sheet
from jagadata.collection.closing.markdown import render_report
from jagadata.collection.closing.report import Report, conclude, make_report_sheet
from jagadata.collection.closing.steps import hide_paths
from jagadata.collection.closing.timing import make_timings
from jagadata.collection.intake.deliveries import Delivery
from jagadata.collection.intake.delivery_table import make_delivery_rows
from jagadata.collection.letters.texts import make_invitation
from jagadata.collection.round import Round
from jagadata.papers.values import IDENTITY_UNPROVEN, RankedSignature, Signature
from tests.lab.collection import make_policy

TZ = ZoneInfo("Asia/Jakarta")
ROUND = Round(2026, 2)
AT = datetime(2026, 12, 31, 3, tzinfo=UTC)
POLICY = make_policy()
KADIS = RankedSignature(
    name="Edi", nip="197009011992011002", post="Kepala Dinas", rank="Pembina Tk. I (IV/b)", role="kadis"
)
KASI = Signature(
    name="Wahyu", nip="198212202009031002", post="Kepala Seksi Data", role="kasi_data", at=AT, remark=IDENTITY_UNPROVEN
)  # fmt: skip
PROPOSAL = proposals.make_proposal(POLICY, date(2026, 11, 23), [])


def delivered(*statuses):
    return tuple(
        Delivery(dataset=one, agency=POLICY.agency(one.agency).name, status=status)
        for one, status in zip(POLICY.datasets, statuses, strict=True)
    )


def report(*statuses, arrivals=(), **values):
    times = dict.fromkeys(range(1, 6), (AT, AT))
    return Report(
        round=ROUND, number="041/3", at=AT, deadline=date(2026, 12, 30), agencies=tuple(POLICY.agencies),
        timings=make_timings(sop.DATA_COLLECTION, times, ROUND, [], TZ), present=frozenset({"bkpsdm"}),
        deliveries=delivered(*statuses), arrivals=arrivals, **values,
    )  # fmt: skip


def sheet(found, signer=KASI):
    return make_report_sheet(found, city="Trenggalek", signer=signer, tz=TZ)


# --- the closing report ---


def test_the_report_names_its_signer_once_with_a_date_where_there_is_a_signature():
    [block] = sheet(report("Lengkap", "Lengkap", "Lengkap")).blocks
    assert (block.heading, block.post) == ("", "Kepala Seksi Data,")
    assert block.place == "Trenggalek, 31 Desember 2026"
    assert "peran SOP" not in block.remark
    assert "dicatat secara elektronik 31 Desember 2026" in block.remark
    [unsigned] = sheet(report("Lengkap", "Lengkap", "Lengkap"), replace(KASI, at=None, remark="")).blocks
    assert unsigned.place.endswith("………………")
    assert unsigned.remark == ""


def test_the_report_ends_with_what_it_came_to():
    done = report("Lengkap", "Perlu Perbaikan", "Diminta", stored=(("x", 1, ""),))
    text = sheet(done).closing
    assert text == conclude(done)
    assert text.startswith(
        "Dari 3 data yang diminta kepada 2 OPD pada Semester 2 Tahun 2026, 1 data (33 persen) lengkap"
    )
    assert "1 data tercatat dalam inventaris" in text
    assert "Yang belum lengkap 2 data dari Badan Kepegawaian dan Dinas Kesehatan." in text
    assert "dalam waktu baku SOP" in text
    assert text in render_report(done, TZ)
    assert "Semua OPD yang diminta telah menyampaikan" in conclude(report("Lengkap", "Lengkap", "Lengkap"))


def test_a_step_that_took_longer_than_its_standard_is_named_in_the_conclusion():
    late = report("Lengkap", "Lengkap", "Lengkap")
    slow = tuple(replace(one, verdict="Terlambat") if one.number in (2, 5) else one for one in late.timings)
    assert "Kegiatan 2 dan 5 melampaui waktu baku SOP." in conclude(replace(late, timings=slow))


def test_an_opd_that_sent_nothing_has_not_delivered_and_was_not_asked_only():
    found = delivered("Lengkap", "Diminta", "Diminta")
    assert [row["Status"] for row in make_delivery_rows(found, TZ)] == [
        "Lengkap",
        *["Belum menyampaikan"] * 2,
    ]
    shown = str(sheet(report("Lengkap", "Diminta", "Diminta")))
    assert "Belum menyampaikan" in shown
    assert "'Diminta'" not in shown


@pytest.mark.parametrize(("days", "late"), [((3, 9), False), ((3, 31), True)])
def test_each_chart_has_a_legend_of_the_colours_that_it_draws(days, late):
    arrivals = [datetime(2026, 12, day, 3, tzinfo=UTC) for day in days]
    over_time, by_agency = sheet(report("Lengkap", "Diminta", "Diminta", arrivals=tuple(arrivals))).charts
    assert ("late" in dict(over_time.legend)) is late is any(bar.mark for bar in over_time.bars)
    assert dict(over_time.legend)["dark"] == "sampai batas waktu"
    assert by_agency.legend == (("dark", "lengkap"), ("light", "belum lengkap"))
    assert not any(bar.mark for bar in by_agency.bars)


def test_files_that_all_came_on_one_day_need_no_chart():
    [only] = sheet(report("Lengkap", "Diminta", "Diminta", arrivals=(AT, AT))).charts
    assert only.kind == "bars"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("terpublikasi: /srv/satu-data/asn/2026-s2.1", "terpublikasi: asn/2026-s2.1"),
        ("Folder '/var/lib/jaga/publikasi' penuh.", "Folder 'jaga/publikasi' penuh."),
        ("https://data.example.id/dataset/asn", "https://data.example.id/dataset/asn"),
        ("s3://cadangan/a/b", "s3://cadangan/a/b"),
        ("3/4 dari 5/6 km/jam", "3/4 dari 5/6 km/jam"),
    ],
)
def test_no_folder_of_this_machine_is_printed(text, shown):
    assert hide_paths(text) == shown


# --- attendance ---


def presence(attendance, leader=replace(KADIS, role="kabid_egov"), **values):  # noqa: B008 - a value
    return make_presence_sheet(
        PROPOSAL, ROUND, attendance, POLICY.agencies, number="005/1", city="Trenggalek", leader=leader, tz=TZ, **values
    )  # fmt: skip


def test_who_led_signs_by_hand_and_who_filled_it_in_stands_in_a_note():
    came = Attendance(attendees=(Attendee(agency="bkpsdm", name="Siti"),), early=True)
    found = presence(came, recorder=KASI)
    [block] = found.blocks
    assert (block.heading, block.name, block.rank) == ("Pemimpin Rapat,", "Edi", "Pembina Tk. I (IV/b)")
    assert block.remark == ""
    assert block.place == "Trenggalek, 2 Desember 2026"
    assert "Diisi secara elektronik oleh Wahyu (Kepala Seksi Data)" in found.notes[0]
    assert "sebelum waktu yang ditetapkan" in found.notes[1]


def test_columns_that_nobody_filled_in_are_left_out():
    ticked = presence(Attendance(attendees=(Attendee(agency="bkpsdm"),)))
    assert ticked.sections[0].parts[0].table.heads == ("No", "OPD")
    named = presence(Attendance(attendees=(Attendee(agency="bkpsdm", name="Siti", phone="0812"),)))
    assert named.sections[0].parts[0].table.heads == ("No", "OPD", "Nama", "No. HP")


# --- letters ---


def test_a_letter_has_a_comma_after_the_title_and_the_rank_below_the_name():
    letter = make_invitation(
        PROPOSAL, ROUND, POLICY.agencies[0], number="1", city="Trenggalek", day=date(2026, 11, 23),
        signature=KADIS, tz=TZ,
    )  # fmt: skip
    [block] = letter.blocks
    assert (block.heading, block.post, block.rank) == ("", "Kepala Dinas,", "Pembina Tk. I (IV/b)")
