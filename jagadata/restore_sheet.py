"""Formulir Permohonan Restore Data, and the Berita Acara made from it, as sheets. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata import sop
from jagadata.calendar import (
    WIB,
    day_name,
    format_date,
    format_duration,
    format_number,
    month_name,
    number_in_words,
    to_local,
)
from jagadata.forms import format_nip
from jagadata.sheet import Block, Field, Part, Section, Sheet, Table, make_block, make_notes, when, yes_or_no

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from jagadata.forms import RestoreForm, Signature

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
            Section(title="PEMOHON", parts=(Part(fields=_requester(form)),)),
            Section(title="PERMOHONAN", parts=(Part(fields=_request(form)),)),
            Section(
                title="PERSETUJUAN (tambahan)",
                parts=(
                    Part(
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
                title="DIISI PETUGAS", parts=(Part(fields=_officer(form, tz), table=make_rows_table(form)),)
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


def make_minutes_sheet(form: RestoreForm, *, number: str, at: datetime, tz: ZoneInfo = WIB) -> Sheet:
    """Berita Acara Restore, or Uji Restore where the purpose is Uji, of the day `at`."""
    local = to_local(at, tz)
    test = form.purpose == "Uji"
    words = tuple(number_in_words(count) for count in (local.day, local.year))
    opening = (
        f"Pada hari ini {day_name(local, tz)}, tanggal {words[0]} bulan {month_name(local.month)} tahun {words[1]} "
        f"({local:%d-%m-%Y}), bertempat di {form.office or '…………………………'}, "
        "yang bertanda tangan di bawah ini:"
    )
    return Sheet(
        title="BERITA ACARA UJI RESTORE DATA" if test else "BERITA ACARA RESTORE DATA",
        number=number,
        number_label="Nomor",
        opening=opening,
        sections=(
            Section(
                title="",
                parts=(
                    Part(title="PIHAK PERTAMA", fields=_party(form.officer, "Petugas pelaksana restore")),
                    Part(
                        title="PIHAK KEDUA",
                        fields=(
                            *_party(form.requester_signature, "Pemohon"),
                            Field(label="Unit Kerja", value=form.unit),
                        ),
                    ),
                    Part(
                        text=f"PIHAK PERTAMA telah melaksanakan {'uji restore' if test else 'restore'} data atas permohonan "
                        f"PIHAK KEDUA dengan Formulir Permohonan Restore Data Nomor {form.number}, dengan hasil sebagai berikut:",
                        fields=_result(form, tz),
                        table=make_rows_table(form),
                    ),
                ),
            ),
        ),
        closing="Demikian Berita Acara ini dibuat dengan sebenarnya untuk dapat dipergunakan sebagaimana mestinya.",
        blocks=(
            make_block("PIHAK KEDUA,", _unsigned(form.requester_signature), fallback_post=form.unit),
            replace(
                make_block("PIHAK PERTAMA,", _unsigned(form.officer)),
                place=", ".join(filter(None, (form.city, format_date(local)))),
            ),
            make_block("Mengetahui,", _unsigned(form.approver)),
        ),
        notes=make_notes(form.remarks, (form.requester_signature, form.officer, form.approver)),
    )


def _unsigned(signature: Signature) -> Signature:
    """The same person before this other paper: what was recorded of the form's signature does not hold for it."""
    return replace(signature, at=None, remark="")


def _party(signature: Signature, capacity: str) -> tuple[Field, ...]:
    return (
        Field(label="Nama", value=signature.name),
        Field(label="NIP", value=format_nip(signature.nip) if signature.nip else ""),
        Field(label="Jabatan", value=signature.post),
        Field(label="Selaku", value=capacity),
    )


def _result(form: RestoreForm, tz: ZoneInfo) -> tuple[Field, ...]:
    return (
        Field(label="Aplikasi", value=form.application),
        Field(label="Basis Data", value=form.database),
        Field(label="File yang Digunakan", value="; ".join(file.name for file in form.files), mono=True),
        Field(label="Nilai Hash (SHA-256)", value="; ".join(file.sha256 for file in form.files), mono=True),
        Field(label="Hash Cocok", value=yes_or_no(form.hash_matches)),
        Field(label="Restore Mulai", value=when(form.restore_started, tz, seconds=True)),
        Field(label="Restore Selesai", value=when(form.restore_finished, tz, seconds=True)),
        Field(
            label="Lama Layanan Berhenti",
            value="" if form.off_seconds is None else format_duration(form.off_seconds),
        ),
        Field(label="Hasil", value=form.status),
        Field(label="Hasil Verifikasi", value=form.verification),
        Field(label="Catatan", value="; ".join(filter(None, (form.status_reason, form.kept)))),
    )
