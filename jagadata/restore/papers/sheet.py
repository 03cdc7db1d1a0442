"""Formulir Permohonan Restore Data, and the Berita Acara made from it, as sheets. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata import sop
from jagadata.papers.sheet import (
    Block,
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
from jagadata.papers.values import format_nip
from jagadata.text.formats import (
    WIB,
    format_duration,
    format_number,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from jagadata.restore.papers.form import RestoreForm

STATUSES = ("Diterima", "Diproses", "Selesai", "Gagal", "Ditolak")
YES_NO = ("Ya", "Tidak")
LONGEST_TABLE = 20
"""Tables of the database that a paper lists; the rest is counted."""


def make_restore_sheet(form: RestoreForm, tz: ZoneInfo = WIB) -> Sheet:
    """The requester's and the officer's part, as the printed form says them."""
    return Sheet(
        title="FORMULIR PERMOHONAN RESTORE DATA",
        subtitle=f"{sop.NAME} Nomor {sop.NUMBER}",
        number=form.number,
        number_label="Nomor Permohonan",
        head=(
            Field(label="Tanggal/Jam Permohonan", value=when(form.at, tz)),
            Field(label="Mutu Baku Waktu", value=sop.NO_TIME_STANDARD),
        ),
        sections=(
            Section(title="PEMOHON", parts=(SheetPart(fields=_requester(form)),)),
            Section(title="PERMOHONAN", parts=(SheetPart(fields=_request(form)),)),
            Section(
                title="PERSETUJUAN (tambahan)",
                parts=(
                    SheetPart(
                        fields=(
                            Field(
                                label="Keputusan",
                                value=form.approval or "",
                                choices=("Menyetujui", "Tidak Menyetujui"),
                            ),
                            Field(label="Catatan", value=form.approval_note),
                            Field(label="Nilai Hash Rencana", value=form.plan, mono=True),
                        )
                    ),
                ),
            ),
            Section(
                title="DIISI PETUGAS",
                parts=(SheetPart(fields=_officer(form, tz), table=make_rows_table(form)),),
            ),
        ),
        blocks=_blocks(form, tz),
        notes=make_notes(
            form.remarks, (form.requester_signature, form.officer, form.approver, form.acknowledgement)
        ),
    )


def _requester(form: RestoreForm) -> tuple[Field, ...]:
    return (
        Field(label="Nama Pemohon", value=form.requester),
        Field(label="NIP", value=format_nip(form.nip) if form.nip else ""),
        Field(label="Jabatan", value=form.post),
        Field(label="Unit Kerja", value=form.unit),
        Field(label="No. HP/WhatsApp", value=form.phone),
        Field(label="Email", value=form.email),
    )


def _request(form: RestoreForm) -> tuple[Field, ...]:
    return (
        Field(label="Nama Aplikasi", value=form.application),
        Field(label="Nama Data/Basis Data", value=form.database),
        Field(label="Waktu Kejadian", value=form.incident_at),
        Field(label="Uraian Kerusakan Data", value=form.damage),
        Field(label="Dugaan Penyebab", value=form.cause),
        Field(label="Dasar/Alasan Permohonan", value=form.reason),
        Field(label="Titik Pemulihan", value=form.point),
        Field(label="Tujuan Restore", value=form.purpose, choices=("Produksi", "Uji")),
        Field(label="Dampak Layanan", value=form.impact),
        Field(label="Waktu Penghentian yang Disetujui", value=form.approved_stop),
        Field(label="Memuat Data Pribadi", value=yes_or_no(form.personal_data), choices=YES_NO),
        Field(label="Indikasi Insiden Siber", value=yes_or_no(form.cyber_incident), choices=YES_NO),
        Field(label="Rencana Pemulihan jika Restore Gagal", value=form.fallback),
    )


def _officer(form: RestoreForm, tz: ZoneInfo) -> tuple[Field, ...]:
    informed = " melalui ".join(filter(None, (when(form.informed_at, tz), form.informed_by)))
    received = ", ".join(filter(None, (form.acknowledged or "", form.acknowledged_by)))
    return (
        Field(label="Petugas", value=form.officer.name),
        Field(label="File yang Digunakan", value="; ".join(file.name for file in form.files), mono=True),
        Field(label="Back Up Tanggal", value=when(form.backup_at, tz)),
        Field(label="Hash Cocok", value=yes_or_no(form.hash_matches), choices=YES_NO),
        Field(label="Web Service Dimatikan", value=when(form.stopped, tz, seconds=True)),
        Field(label="Restore Mulai", value=when(form.restore_started, tz, seconds=True)),
        Field(label="Restore Selesai", value=when(form.restore_finished, tz, seconds=True)),
        Field(label="Web Service Diaktifkan", value=when(form.started, tz, seconds=True)),
        Field(
            label="Lama Layanan Berhenti",
            value="" if form.off_seconds is None else f"{format_duration(form.off_seconds)} (terukur)",
        ),
        Field(label="Hasil Verifikasi", value=form.verification),
        Field(label="Basis Data Lama", value=form.kept),
        Field(label="Status Aduan", value=form.status, choices=STATUSES),
        *((Field(label="Keterangan Status", value=form.status_reason),) if form.status_reason else ()),
        Field(label="Informasi kepada Pemohon", value=informed),
        Field(label="Tanda Terima Pemohon", value=received),
    )


def make_rows_table(form: RestoreForm) -> Table | None:
    """Rows in the backup against rows after the restore; None where nothing was counted."""
    if not form.rows:
        return None
    lines = [
        (
            name,
            *("" if count is None else format_number(count) for count in (backup, live)),
            "" if backup is None or live is None else yes_or_no(backup == live),
        )
        for name, backup, live in form.rows[:LONGEST_TABLE]
    ]
    rest = len(form.rows) - LONGEST_TABLE
    if rest > 0:
        same = all(backup == live for _name, backup, live in form.rows[LONGEST_TABLE:])
        lines.append((f"dan {rest} tabel lainnya", "", "", yes_or_no(same)))
    return Table(
        heads=("Tabel", "Baris dalam Back Up", "Baris Setelah Restore", "Sesuai"),
        rows=tuple(lines),
        widths=(1, 0, 0, 0),
        right=(1, 2),
    )


def _blocks(form: RestoreForm, tz: ZoneInfo) -> tuple[Block, ...]:
    decision = f"{form.approval or 'Menyetujui/Tidak Menyetujui'} (tambahan),"
    received = form.acknowledgement
    return (
        make_block("Pemohon,", form.requester_signature, city=form.city, tz=tz, fallback_post=form.unit),
        make_block("Petugas,", form.officer, city=form.city, tz=tz),
        make_block(decision, form.approver, city=form.city, tz=tz),
        make_block(
            "Tanda terima Pemohon,", received, city=form.city, tz=tz, fallback_post=form.post or form.unit
        ),
    )
