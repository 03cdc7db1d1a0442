"""Berita Acara Restore (or Uji Restore) as a sheet. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.papers.sheet import (
    Field,
    Section,
    Sheet,
    SheetPart,
    make_block,
    make_notes,
    when,
    yes_or_no,
)
from jagadata.papers.values import format_nip
from jagadata.restore.papers.sheet import make_rows_table
from jagadata.text.formats import (
    WIB,
    day_name,
    format_date,
    format_duration,
    month_name,
    number_in_words,
    to_local,
)

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from jagadata.papers.values import Signature
    from jagadata.restore.papers.form import RestoreForm


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
                    SheetPart(
                        title="PIHAK PERTAMA", fields=_party(form.officer, "Petugas pelaksana restore")
                    ),
                    SheetPart(
                        title="PIHAK KEDUA",
                        fields=(
                            *_party(form.requester_signature, "Pemohon"),
                            Field(label="Unit Kerja", value=form.unit),
                        ),
                    ),
                    SheetPart(
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
