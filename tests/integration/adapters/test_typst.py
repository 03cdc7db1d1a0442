import struct
import subprocess
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jagadata.adapters import typst as adapter
from jagadata.adapters.typst import UNPRINTABLE, TypstPrinter, check_logo, make_printable
from jagadata.backup.papers.form import BackupForm, BackupRow
from jagadata.backup.papers.sheet import make_backup_sheet
from jagadata.errors import OfficeFileError
from jagadata.papers.values import IDENTITY_UNPROVEN, BackupFile, Signature
from jagadata.ports.printer import Letterhead
from jagadata.restore.papers.form import RestoreForm
from jagadata.restore.papers.minutes import make_minutes_sheet
from jagadata.restore.papers.sheet import make_restore_sheet

AT = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
DIGEST = "5f" * 32
HEAD = Letterhead(
    lines=("PEMERINTAH KABUPATEN TRENGGALEK", "DINAS KOMUNIKASI DAN INFORMATIKA"),
    address="Jalan Brigjen Soetran Nomor 9",
)
STAFF = Signature(
    name="Budi Santoso, S.Kom", nip="198609262015051001", post="Pranata Komputer", role="staf_aplikasi", at=AT
)
FILE = BackupFile(
    name="bkd_simpeg_simpeg-postgresql_full_p202611_20261201-010000-wib_r01.dump.age",
    size=188_412_345,
    sha256="9f86d081" * 8,
)
ROW = BackupRow(
    system="simpeg",
    application="Sistem Informasi Kepegawaian",
    owner="Badan Kepegawaian Daerah",
    source="srv-db-01",
    started=AT,
    finished=AT + timedelta(seconds=125),
    outcome="Berhasil",
    verification=("hash sesuai",),
    evidence="118 tabel",
    files=(FILE,),
    storage="s3://cadangan",
    second_copy="NAS",
    encryption="age",
    hash_matches=True,
    retained_until=date(2027, 12, 1),
    obstacles="tidak ada",
    remarks="lancar",
    backup="20261130t180003z-k3v9q2xa",
)
BACKUP = BackupForm(
    number="046/12/406.020/2026",
    period="2026-11",
    schedule="tanggal 1",
    city="Trenggalek",
    at=AT,
    rows=(ROW,),
    performer=STAFF,
    review="Diterima",
    review_note="lengkap",
    reviewer=Signature(
        name="Edi",
        nip="19700901992011002",
        role="kasi_aplikasi",
        acting="Plt.",
        at=AT,
        remark=IDENTITY_UNPROVEN,
    ),
)
RESTORE = RestoreForm(
    number="046/13/406.020/2026",
    at=AT,
    requester="Siti Aminah",
    nip="Non-ASN",
    office="Diskominfo",
    city="Trenggalek",
    application="SIMPEG",
    files=(FILE,),
    off_seconds=0.18,
    rows=(("public.surat", 2_000_000, 2_000_000),),
    status="Selesai",
)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
EVIL = "#100 *x* $y$ \"kutip\" 'satu' <b>tebal</b> @label `raw` // komentar #panic() \\ [a](b)"


def text_of(pdf, tmp_path, *options):
    path = tmp_path / "x.pdf"
    path.write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", *options, path, "-"], capture_output=True, text=True, check=True
    ).stdout


def render_pdf(form, letterhead, *, at, digest=""):
    """A form of either SOP as PDF."""
    backup = isinstance(form, BackupForm)
    sheet = make_backup_sheet(form) if backup else make_restore_sheet(form)
    layout = "backup/form" if backup else "restore/form"
    return TypstPrinter().render(sheet, layout, letterhead, at=at, digest=digest)


def words_of(pdf, tmp_path, *options):
    """Without line breaks, which depend on widths."""
    return " ".join(text_of(pdf, tmp_path, *options).split())


@pytest.mark.parametrize(
    "form",
    [BACKUP, RESTORE, BackupForm(number="1", period="2026-11"), RestoreForm(number="1", at=AT, requester="")],
)
def test_the_same_form_and_moment_give_the_same_pdf_a_bytes(form):
    pdf = render_pdf(form, HEAD, at=AT, digest=DIGEST)
    assert pdf == render_pdf(form, HEAD, at=AT, digest=DIGEST)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert pdf != render_pdf(form, HEAD, at=AT + timedelta(seconds=1), digest=DIGEST)


@pytest.mark.needs("pdftotext")
def test_the_backup_form_prints_every_field(tmp_path):
    words = words_of(render_pdf(BACKUP, HEAD, at=AT, digest=DIGEST), tmp_path)
    labels = (
        "Nomor Formulir", "Periode", "OPD Pemilik Data", "Server/Lokasi Sumber", "Objek Back Up", "Jenis", "Jadwal yang Ditetapkan",
        "Pelaksanaan", "Tanggal", "Waktu Mulai", "Waktu Selesai", "Durasi", "Hasil", "Cara Verifikasi", "Bukti", "Nama File Back Up",
        "Ukuran", "Nilai Hash (SHA-256)", "Media dan Lokasi Penyimpanan", "Lokasi Salinan Kedua", "Enkripsi",
        "Hash Sesuai Setelah Penyalinan", "Retensi s.d.", "Kendala/Tindak Lanjut", "Keterangan", "Pelaksana", "Hasil Pemeriksaan",
        "Catatan", "Pemeriksa",
    )  # fmt: skip
    assert [label for label in labels if label not in words] == []
    for value in (
        "November 2026",
        "01.00.00 WIB",
        "2 menit 5 detik",
        "188,4 MB",
        "19860926 201505 1 001",
        "19700901992011002",
        "17 angka",
        IDENTITY_UNPROVEN,
        "waktu baku belum ditetapkan",
        "Plt. Kasi",
        "Halaman 1 dari 1",
        DIGEST,
    ):
        assert value in words


@pytest.mark.needs("pdftotext")
def test_the_restore_form_prints_every_field_filled_or_not(tmp_path):
    words = words_of(render_pdf(RESTORE, HEAD, at=AT), tmp_path)
    labels = (
        "Nomor Permohonan", "Tanggal/Jam Permohonan", "Nama Pemohon", "NIP", "Jabatan", "Unit Kerja", "No. HP/WhatsApp", "Email",
        "Nama Aplikasi", "Nama Data/Basis Data", "Waktu Kejadian", "Uraian Kerusakan Data", "Dugaan Penyebab", "Dasar/Alasan Permohonan",
        "Titik Pemulihan", "Tujuan Restore", "Dampak Layanan", "Waktu Penghentian yang Disetujui", "Memuat Data Pribadi",
        "Indikasi Insiden Siber", "Rencana Pemulihan jika Restore", "Petugas", "File yang Digunakan", "Hash Cocok", "Web Service Dimatikan",
        "Restore Mulai", "Restore Selesai", "Web Service Diaktifkan", "Lama Layanan Berhenti", "Hasil Verifikasi", "Status Aduan",
        "Informasi kepada Pemohon", "Tanda Terima Pemohon", "Menyetujui/Tidak Menyetujui (tambahan)",
    )  # fmt: skip
    assert [label for label in labels if label not in words] == []
    assert "0,2 detik (terukur)" in words
    assert "waktu baku belum ditetapkan" in words
    assert "2.000.000" in words
    assert "Non-ASN" in words


@pytest.mark.needs("pdftotext")
def test_the_berita_acara_names_both_parties_and_the_day_in_words(tmp_path):
    sheet = make_minutes_sheet(replace(RESTORE, officer=STAFF), number="046/14/406.020/2026", at=AT)
    pdf = TypstPrinter().render(sheet, "restore/minutes", HEAD, at=AT)
    words = words_of(pdf, tmp_path)
    assert "BERITA ACARA RESTORE DATA" in words
    assert "Pada hari ini Selasa, tanggal satu bulan Desember" in words
    assert "PIHAK PERTAMA" in words
    assert "PIHAK KEDUA" in words
    assert "(dicatat" not in words


@pytest.mark.needs("pdftotext")
def test_typst_markup_in_the_data_is_printed_as_typed(tmp_path):
    form = replace(RESTORE, damage=EVIL, requester='#eval(read("/etc/passwd"))')
    words = words_of(render_pdf(form, HEAD, at=AT), tmp_path)
    assert EVIL in words
    assert '#eval(read("/etc/passwd"))' in words


@pytest.mark.needs("pdftotext")
def test_a_hash_and_a_file_name_are_copied_out_whole(tmp_path):
    wide = words_of(render_pdf(RESTORE, HEAD, at=AT, digest=DIGEST), tmp_path, "-layout")
    assert "\u200b" not in wide
    assert FILE.name in wide.replace(" ", "")
    assert DIGEST in wide


@pytest.mark.parametrize(
    "text",
    ["😀 中文 \x00\x07 عربى ꦲ", "\ud7ff\U0010ffff", "e\u0301\u0301", "a\u200bb\u202ec", "\r\n\t\v\u2028"],
)
def test_signs_that_no_font_has_never_stop_a_paper(text):
    assert render_pdf(replace(RESTORE, requester=text, number=text, damage=text), HEAD, at=AT)


@pytest.mark.needs("pdftotext")
def test_a_replaced_sign_is_explained_on_the_paper(tmp_path):
    assert "tidak dapat dicetak" in words_of(render_pdf(replace(RESTORE, damage="😀"), HEAD, at=AT), tmp_path)


@pytest.mark.parametrize("font", ["Liberation Sans", "Liberation Serif"])
def test_every_sign_that_counts_as_printable_is_in_the_shipped_fonts(font):
    import typst

    signs = (
        "x".join(chr(code) for first, last in adapter._PRINTABLE for code in range(first, last + 1))
        + UNPRINTABLE
    )
    source = f'#set text(font: "{font}", fallback: false)\n#sys.inputs.data'.encode()
    fonts = str(adapter._TEMPLATES / "paper" / "fonts")
    _pdf, warnings = typst.compile_with_warnings(
        {"main": source},
        sys_inputs={"data": signs},
        font_paths=[fonts],
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],
        timestamp=0,
    )
    assert [str(warning) for warning in warnings] == []


@pytest.mark.needs("pdftotext")
@pytest.mark.parametrize("text", ["A" * 300, "panjang sekali " * 40, "x" * 100_000, "a_b" * 90])
def test_nothing_leaves_the_page_however_long_it_is(text, tmp_path):
    row = replace(
        ROW, application=text, owner=text, storage=text, files=(replace(FILE, name=text),), reason=text
    )
    form = replace(
        BACKUP,
        number=text[:300],
        rows=(row, row),
        note=text[:300],
        reviewer=replace(STAFF, name=text[:300], post=text[:300]),
    )
    path = tmp_path / "x.pdf"
    path.write_bytes(render_pdf(form, HEAD, at=AT))
    boxes = subprocess.run(
        ["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True
    ).stdout
    edges = [float(part.split('"')[1]) for part in boxes.split("xMax=")[1:] for part in [f"={part}"]]
    assert edges
    assert max(edges) <= 595.3


@pytest.mark.needs("pdfinfo")
def test_one_application_fits_a_page_and_twelve_fit_six(tmp_path):
    def pages(form):
        path = tmp_path / "x.pdf"
        path.write_bytes(render_pdf(form, HEAD, at=AT, digest=DIGEST))
        said = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
        assert "595.276 x 841.89 pts (A4)" in said
        return int(next(line.split()[1] for line in said.splitlines() if line.startswith("Pages")))

    assert pages(BACKUP) == 1
    assert pages(replace(BACKUP, rows=(ROW,) * 12)) <= 6


@pytest.mark.parametrize("logo", [b"GIF89a", b"<svg this is not xml", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_logo_that_cannot_be_drawn_is_told_by_its_place_and_never_stops_a_paper(logo):
    with pytest.raises(OfficeFileError, match=r"office\.letterhead\.logo"):
        check_logo(logo)
    assert render_pdf(RESTORE, replace(HEAD, logo=logo), at=AT)


def test_a_logo_too_large_for_a_form_is_told_by_its_place():
    with pytest.raises(OfficeFileError, match=r"office\.letterhead\.logo"):
        check_logo(b" " * 3_000_000)


def png():
    """One red pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("logo", [SVG, png()], ids=["svg", "png"])
def test_the_office_s_own_logo_is_drawn(logo):
    check_logo(logo)
    assert render_pdf(RESTORE, replace(HEAD, logo=logo), at=AT) != render_pdf(RESTORE, HEAD, at=AT)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80))
def test_no_text_ever_stops_a_paper(text):
    assert render_pdf(replace(RESTORE, requester=text, damage=text, remarks=(text,)), HEAD, at=AT)


def test_long_words_get_places_to_break_and_short_ones_do_not():
    assert make_printable("biasa saja") == "biasa saja"
    assert "\u200b" in make_printable("f" * 64)
    assert make_printable("siti.aminah.kepegawaian@trenggalekkab.go.id").split("\u200b")[0] == "siti."
