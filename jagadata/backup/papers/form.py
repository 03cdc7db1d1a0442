"""Formulir Pelaksanaan Back Up as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from jagadata.papers.values import BackupFile, FiledForm, Signature, Value


@dataclass(frozen=True, kw_only=True)
class BackupRow(Value):
    """One application on the form."""

    system: str  # its id in the office file
    application: str
    owner: str = ""  # OPD Pemilik Data
    source: str = ""  # Server/Lokasi Sumber
    objects: str = "Basis Data"
    kind: str = "Penuh"
    started: datetime | None = None
    finished: datetime | None = None
    outcome: Literal["Berhasil", "Gagal"] | None = None  # langkah 2
    reason: str = ""  # why Gagal
    verification: tuple[str, ...] = ()  # Cara Verifikasi
    evidence: str = ""  # Bukti: tables and rows, log
    files: tuple[BackupFile, ...] = ()  # langkah 3
    storage: str = ""  # langkah 4
    second_copy: str = ""
    encryption: str = ""
    hash_matches: bool | None = None  # after copying
    retained_until: date | None = None
    obstacles: str = ""  # Kendala/Tindak Lanjut
    remarks: str = ""  # Keterangan
    backup: str = ""  # backup id
    manifest: str = ""  # hash of the signed manifest

    @property
    def duration(self) -> timedelta | None:
        return self.finished - self.started if self.started and self.finished else None


@dataclass(frozen=True, kw_only=True)
class BackupForm(FiledForm):
    """Formulir Pelaksanaan Back Up: one run, one row for each application."""

    number: str  # as printed: 046/12/406.020/2026
    period: str  # '2026-11'
    schedule: str = ""  # Jadwal yang Ditetapkan
    occasion: Literal["Terjadwal", "Manual", "Susulan"] = "Terjadwal"
    office: str = ""
    city: str = ""
    at: datetime | None = None  # when the form was filled in (step 5)
    rows: tuple[BackupRow, ...] = ()
    note: str = ""
    performer: Signature = Signature(role="staf_aplikasi")
    review: Literal["Diterima", "Dikembalikan"] | None = None  # langkah 6
    review_note: str = ""
    reviewer: Signature = Signature(role="kasi_aplikasi")
    run: str = ""
    remarks: tuple[str, ...] = ()
