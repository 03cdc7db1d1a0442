import re
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from jagadata.backup.papers.form import BackupForm, BackupRow
from jagadata.backup.papers.mails import (
    render_backup_failure,
    render_returned,
    render_review_request,
    render_unexamined,
)
from jagadata.backup.papers.markdown import render_backup
from jagadata.papers.markdown import escape_markdown
from jagadata.papers.values import IDENTITY_UNPROVEN, BackupFile, Signature
from jagadata.restore.papers.form import RestoreForm
from jagadata.restore.papers.mails import (
    render_acknowledgement_reminder,
    render_approval_request,
    render_completion,
    render_failure,
    render_rejection,
    render_request_received,
    render_unconfirmed_closure,
)
from jagadata.restore.papers.markdown import render_restore
from jagadata.restore.papers.minutes import make_minutes_sheet
from jagadata.restore.papers.sheet import LONGEST_TABLE, make_restore_sheet
from jagadata.text.template import one_line

AT = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
KASI = Signature(name="Edi", nip="19700901992011002", role="kasi_aplikasi", at=AT, remark=IDENTITY_UNPROVEN)
GOOD = BackupRow(
    system="simpeg",
    application="SIMPEG",
    started=AT,
    finished=AT + timedelta(seconds=125),
    outcome="Berhasil",
    verification=("hash sesuai",),
    files=(BackupFile(name="bkd_simpeg.dump.age", size=188_412_345, sha256="9f" * 32),),
    second_copy="NAS",
    hash_matches=True,
    retained_until=date(2027, 12, 1),
)
BAD = BackupRow(system="sippd", application="SIPPD", outcome="Gagal", reason="server tidak menjawab")
BACKUP = BackupForm(
    number="046/12/406.020/2026",
    period="2026-11",
    office="Diskominfo",
    rows=(GOOD, BAD),
    at=AT,
    reviewer=KASI,
)
RESTORE = RestoreForm(
    number="046/13/406.020/2026",
    at=AT,
    requester="Siti Aminah",
    unit="BKD",
    application="SIMPEG",
    office="Diskominfo",
    damage="Data hilang",
    off_seconds=245.2,
    stopped=AT,
    started=AT,
    status="Selesai",
    rows=(("public.surat", 300, 301),),
)
EVIL = '#100 *x* $y$ | "kutip" <b>tebal</b>\n\n# judul\n- butir `kode` [klik](http://jahat) ![g](x) ~~coret~~ &lt; \\ __k__ 😀'
markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def stuffed(value, text):
    """The same form with this text in every free field."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(stuffed(item, text) for item in value)
    if not is_dataclass(value):
        return value
    kept = (
        "period",
        "occasion",
        "outcome",
        "purpose",
        "status",
        "review",
        "approval",
        "acknowledged",
        "role",
    )
    return replace(
        value,
        **{
            field.name: stuffed(getattr(value, field.name), text)
            for field in fields(value)
            if field.name not in kept
        },
    )


def tokens(text):
    for token in markdown.parse(text):
        yield token
        yield from token.children or ()


def cells(text):
    """The words of each table cell, as a reader sees them."""
    return [
        token.content and "".join(child.content for child in token.children)
        for token in markdown.parse(text)
        if token.type == "inline"
    ]


@given(st.text(max_size=200))
@example(EVIL)
@example("![a](http://x) <script>alert(1)</script>")
@example("a\\|b \\\\")
@example("</td></table>")
@example("http://jahat.example www.jahat.example")
def test_whatever_is_typed_stays_text_in_markdown(text):
    seen = list(tokens(f"| {escape_markdown(text)} | akhir |\n|---|---|\n"))
    kinds = {token.type for token in seen}
    assert not kinds & {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "code_inline",
        "em_open",
        "strong_open",
        "s_open",
        "heading_open",
        "fence",
    }
    words = ["".join(child.content for child in token.children) for token in seen if token.type == "inline"]
    assert words == [one_line(text), "akhir"]


def render_form(form, rows):
    return (
        render_backup(form) if isinstance(form, BackupForm) else render_restore(form, facts=[("Baris", rows)])
    )


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
@example(EVIL)
@example("")
def test_forms_keep_their_shape_whatever_is_typed(text):
    for form in (BACKUP, RESTORE):
        plain = render_form(stuffed(form, "kata"), "kata")
        other = render_form(stuffed(form, f"kata {text}"), f"kata {text}")
        shape = [token.type for token in markdown.parse(plain)]
        assert [token.type for token in markdown.parse(other)] == shape


def test_the_backup_form_shows_every_application_its_outcome_and_why_one_failed():
    text = render_backup(BACKUP)
    words = cells(text)
    assert {"SIMPEG", "SIPPD", "Berhasil", "Gagal", "188,4 MB", "2 menit 5 detik"} <= set(words)
    assert "01.00 WIB" in text
    assert "**Periode:** November 2026" in text
    assert "2 (1 berhasil, 1 gagal)" in text
    assert any("server tidak menjawab" in word for word in words)


def test_the_warning_about_an_nip_stands_below_the_form():
    assert "17 angka" in render_backup(BACKUP)


def test_an_empty_form_can_be_read():
    assert "belum ada aplikasi" in render_backup(BackupForm(number="1", period="2026-11"))
    assert "Siti" in render_restore(RestoreForm(number="1", at=AT, requester="Siti"))


def test_plan_and_impact_stand_between_the_request_and_the_decision():
    text = render_restore(
        replace(RESTORE, approval="Menyetujui"), facts=[("Perkiraan layanan berhenti", "sekitar 4 menit")]
    )
    assert text.index("PERMOHONAN") < text.index("sekitar 4 menit") < text.index("PERSETUJUAN")


def test_what_is_not_filled_in_yet_is_left_out_above_a_sign_off():
    assert "Web Service Dimatikan" not in render_restore(replace(RESTORE, stopped=None))


def test_long_tables_are_counted_not_listed():
    many = tuple((f"public.t{number}", 1, 1) for number in range(LONGEST_TABLE + 30))
    table = make_restore_sheet(replace(RESTORE, rows=many)).sections[-1].parts[0].table
    assert len(table.rows) == LONGEST_TABLE + 1
    assert table.rows[-1][0] == "dan 30 tabel lainnya"


def test_added_gates_are_marked_on_the_form():
    sheet = make_restore_sheet(RESTORE)
    assert [section.title for section in sheet.sections if "tambahan" in section.title] == [
        "PERSETUJUAN (tambahan)"
    ]
    assert any("(tambahan)" in block.heading for block in sheet.blocks)


def test_the_berita_acara_spells_its_day_and_takes_no_signature_from_the_form():
    sheet = make_minutes_sheet(replace(RESTORE, approver=KASI), number="046/14", at=AT)
    assert "Selasa, tanggal satu bulan Desember tahun dua ribu dua puluh enam (01-12-2026)" in sheet.opening
    assert not any("elektronik" in block.remark for block in sheet.blocks)
    assert (
        make_minutes_sheet(replace(RESTORE, purpose="Uji"), number="1", at=AT).title
        == "BERITA ACARA UJI RESTORE DATA"
    )


TO = ("siti@trenggalekkab.go.id",)
MAILS = {
    "received": lambda b, r: render_request_received(r, to=TO),
    "approval": lambda b, r: render_approval_request(
        r, to=TO, link="https://prefect/x", until="besok", facts=[("Hash", r.damage)]
    ),
    "rejection": lambda b, r: render_rejection(r, to=TO),
    "completion": lambda b, r: render_completion(r, to=TO, until="besok"),
    "test completion": lambda b, r: render_completion(replace(r, purpose="Uji"), to=TO),
    "failure": lambda b, r: render_failure(r, to=TO),
    "test failure": lambda b, r: render_failure(replace(r, purpose="Uji"), to=TO),
    "unclear failure": lambda b, r: render_failure(r, to=TO, running=False),
    "reminder": lambda b, r: render_acknowledgement_reminder(r, to=TO, until="besok"),
    "closure": lambda b, r: render_unconfirmed_closure(r, to=TO),
    "review": lambda b, r: render_review_request(b, to=TO, link="https://prefect/x", until="besok"),
    "returned": lambda b, r: render_returned(b, to=TO),
    "backup failure": lambda b, r: render_backup_failure(b, to=TO),
    "unexamined": lambda b, r: render_unexamined(replace(b, remarks=("belum diperiksa: -",)), to=TO),
}


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", MAILS)
def test_every_letter_has_a_subject_a_greeting_and_both_alternatives(name):
    message = MAILS[name](BACKUP, RESTORE)
    assert message.to == TO
    assert message.text.startswith("Yth. ")
    assert "Hormat kami,\nDiskominfo" in message.text
    assert not re.search(r"\n{3,}|\{[{%]|None|Undefined", message.text + message.subject)
    words = " ".join(" ".join(Tags(message.html).words).split())
    for line in message.text.split("\n\n")[1].splitlines()[:1]:
        assert line in words


@pytest.mark.parametrize("name", MAILS)
def test_whatever_is_typed_stays_text_in_letters(name):
    evil = stuffed(BACKUP, EVIL), stuffed(RESTORE, EVIL)
    plain = MAILS[name](stuffed(BACKUP, "kata"), stuffed(RESTORE, "kata"))
    message = MAILS[name](*evil)
    assert "\n" not in message.subject
    assert len(message.text.splitlines()) == len(plain.text.splitlines())
    assert Tags(message.html).tags == Tags(plain.html).tags


def test_a_failure_says_what_became_of_the_service():
    assert "aktif kembali dengan data lama" in render_failure(RESTORE, to=TO).text
    assert "belum dapat kami pastikan" in render_failure(RESTORE, to=TO, running=False).text
    assert "Layanan tidak dihentikan" in render_failure(replace(RESTORE, purpose="Uji"), to=TO).text
    refused = replace(RESTORE, stopped=None, started=None)  # after the approval, before anything was stopped
    assert "Layanan tidak dihentikan" in render_failure(refused, to=TO, running=False).text


def test_only_links_to_pages_become_links():
    for link in ("javascript:alert(1)", "http://x y", ""):
        message = render_review_request(BACKUP, to=TO, link=link)
        assert "<a " not in message.html
        assert "Buka halaman" not in message.text


def test_an_address_is_written_to_once_and_empty_ones_not_at_all():
    assert render_returned(BACKUP, to=("a@b.id", "", "a@b.id")).to == ("a@b.id",)
