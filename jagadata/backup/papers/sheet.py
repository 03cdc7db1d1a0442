"""Formulir Pelaksanaan Back Up as a sheet: a table of all applications, then one block for each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata import sop
from jagadata.papers.sheet import (
    Field,
    Section,
    Sheet,
    SheetPart,
    Table,
    make_block,
    make_notes,
    when,
    yes_or_no,
)
from jagadata.text.formats import WIB, format_bytes, format_date, format_duration, format_time
from jagadata.text.periods import parse_period

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from jagadata.backup.papers.form import BackupForm, BackupRow

DECISIONS = ("Diterima", "Dikembalikan")
OCCASIONS = ("Terjadwal", "Manual", "Susulan")
OUTCOMES = ("Berhasil", "Gagal")


def make_backup_sheet(form: BackupForm, tz: ZoneInfo = WIB) -> Sheet:
    """Everything that the printed form says, in its order."""
    return Sheet(
        title="FORMULIR PELAKSANAAN BACK UP",
        subtitle=f"{sop.NAME} Nomor {sop.NUMBER}",
        number=form.number,
        number_label="Nomor Formulir",
        head=(
            Field(label="Periode", value=parse_period(form.period).text),
            Field(label="Jadwal yang Ditetapkan", value=form.schedule),
            Field(label="Mutu Baku Waktu", value=sop.NO_TIME_STANDARD),
            Field(label="Pelaksanaan", value=form.occasion, choices=OCCASIONS),
            Field(label="Jumlah Aplikasi", value=count_outcomes(form)),
            Field(label="Tanggal Pengisian", value=when(form.at, tz)),
            Field(label="Keterangan", value=form.note),
        ),
        sections=(
            *(
                (Section(title="REKAPITULASI", parts=(SheetPart(table=make_summary(form, tz)),)),)
                if len(form.rows) > 1  # a single application's own block says it all
                else ()
            ),
            Section(
                title="RINCIAN PER APLIKASI",
                boxed=True,
                parts=tuple(_row_part(number, row, tz) for number, row in enumerate(form.rows, 1))
                or (SheetPart(text="Belum ada aplikasi yang dicatat."),),
            ),
            Section(
                title="PEMERIKSAAN (langkah 6)",
                parts=(
                    SheetPart(
                        fields=(
                            Field(label="Hasil Pemeriksaan", value=form.review or "", choices=DECISIONS),
                            Field(label="Catatan", value=form.review_note),
                        )
                    ),
                ),
            ),
        ),
        blocks=(
            make_block("Pemeriksa,", form.reviewer, city=form.city, tz=tz),
            make_block("Pelaksana,", form.performer, city=form.city, tz=tz),
        ),
        notes=make_notes(form.remarks, (form.performer, form.reviewer)),
    )


def count_outcomes(form: BackupForm) -> str:
    """'12 (11 berhasil, 1 gagal)'."""
    good = sum(row.outcome == "Berhasil" for row in form.rows)
    bad = sum(row.outcome == "Gagal" for row in form.rows)
    parts = [f"{count} {word}" for count, word in ((good, "berhasil"), (bad, "gagal")) if count]
    return f"{len(form.rows)} ({', '.join(parts)})" if parts else str(len(form.rows))


def make_summary(form: BackupForm, tz: ZoneInfo = WIB) -> Table:
    """One line for each application."""
    return Table(
        heads=("No", "Nama Aplikasi/Sistem", "Tanggal", "Mulai", "Selesai", "Hasil", "Ukuran", "Hash Sesuai"),
        rows=tuple(
            (
                str(number),
                row.application,
                format_date(row.started, tz) if row.started else "",
                format_time(row.started, tz) if row.started else "",
                format_time(row.finished, tz) if row.finished else "",
                row.outcome or "",
                row_size(row),
                yes_or_no(row.hash_matches),
            )
            for number, row in enumerate(form.rows, 1)
        ),
        widths=(0, 1, 0, 0, 0, 0, 0, 0),
        right=(6,),
    )


def row_size(row: BackupRow) -> str:
    """Bytes of all its files together, or '' where none is known."""
    sizes = [file.size for file in row.files if file.size is not None]
    return format_bytes(sum(sizes)) if sizes else ""


def _row_part(number: int, row: BackupRow, tz: ZoneInfo) -> SheetPart:
    fields = (
        Field(label="OPD Pemilik Data", value=row.owner),
        Field(label="Server/Lokasi Sumber", value=row.source),
        Field(label="Objek Back Up", value=row.objects),
        Field(label="Jenis", value=row.kind),
        Field(label="Tanggal", value=format_date(row.started, tz) if row.started else ""),
        Field(label="Waktu Mulai", value=format_time(row.started, tz, seconds=True) if row.started else ""),
        Field(
            label="Waktu Selesai", value=format_time(row.finished, tz, seconds=True) if row.finished else ""
        ),
        Field(label="Durasi", value=format_duration(row.duration) if row.duration is not None else ""),
        Field(label="Hasil (langkah 2)", value=row.outcome or "", choices=OUTCOMES),
        *((Field(label="Sebab Gagal", value=row.reason),) if row.reason else ()),
        Field(label="Cara Verifikasi", value="; ".join(row.verification)),
        Field(label="Bukti", value=row.evidence),
        Field(label="Media dan Lokasi Penyimpanan", value=row.storage),
        Field(label="Lokasi Salinan Kedua", value=row.second_copy),
        Field(label="Enkripsi", value=row.encryption),
        Field(
            label="Hash Sesuai Setelah Penyalinan", value=yes_or_no(row.hash_matches), choices=("Ya", "Tidak")
        ),
        Field(label="Retensi s.d.", value=format_date(row.retained_until, tz) if row.retained_until else ""),
        Field(label="Kendala/Tindak Lanjut", value=row.obstacles),
        Field(label="Keterangan", value=row.remarks),
        Field(label="Tanda Back Up", value=row.backup, mono=True),
    )
    files = Table(
        heads=("Nama File Back Up (langkah 3)", "Ukuran", "Nilai Hash (SHA-256)"),
        rows=tuple(
            (file.name, format_bytes(file.size) if file.size is not None else "", file.sha256)
            for file in row.files
        ),
        widths=(1, 0, 1),
        right=(1,),
        mono=(0, 2),
    )
    return SheetPart(title=f"{number}. {row.application}", fields=fields, table=files if row.files else None)
