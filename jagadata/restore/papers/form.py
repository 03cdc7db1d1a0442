"""Formulir Permohonan Restore Data as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jagadata.papers.values import BackupFile, FiledForm, Signature
from jagadata.restore.steps import RequesterAnswer, Status


@dataclass(frozen=True, kw_only=True)
class RestoreForm(FiledForm):
    """Formulir Permohonan Restore Data: what the requester asks, then what the officers did."""

    number: str
    at: datetime  # Tanggal/Jam Permohonan
    requester: str
    nip: str = ""
    post: str = ""
    unit: str = ""  # Unit Kerja
    phone: str = ""
    email: str = ""
    system: str = ""  # id in the office file
    application: str = ""
    database: str = ""  # Nama Data/Basis Data
    incident_at: str = ""  # Waktu Kejadian: often known only roughly
    damage: str = ""  # Uraian Kerusakan Data
    cause: str = ""  # Dugaan Penyebab
    reason: str = ""  # Dasar/Alasan Permohonan
    point: str = ""  # Titik Pemulihan: 'Back up terbaru' or 'Tanggal …'
    purpose: Literal["Produksi", "Uji"] = "Produksi"
    impact: str = ""  # Dampak Layanan
    approved_stop: str = ""  # Waktu Penghentian yang Disetujui
    personal_data: bool | None = None
    cyber_incident: bool | None = None
    fallback: str = ""  # Rencana Pemulihan jika Restore Gagal
    office: str = ""
    city: str = ""
    # --- diisi petugas ---
    officer: Signature = Signature(role="staf_infrastruktur")
    files: tuple[BackupFile, ...] = ()  # File yang Digunakan
    backup: str = ""  # backup id
    backup_at: datetime | None = None
    manifest: str = ""
    hash_matches: bool | None = None
    stopped: datetime | None = None  # Web Service Dimatikan
    restore_started: datetime | None = None
    restore_finished: datetime | None = None
    started: datetime | None = None  # Web Service Diaktifkan
    off_seconds: float | None = None  # Lama layanan berhenti, measured
    verification: str = ""  # Hasil Verifikasi
    rows: tuple[
        tuple[str, int | None, int | None], ...
    ] = ()  # table, rows in the backup, rows after the restore
    status: Status = "Diterima"
    status_reason: str = ""
    informed_at: datetime | None = None
    informed_by: str = ""  # media and reference
    acknowledged: RequesterAnswer | None = None
    acknowledged_by: str = ""  # 'atas nama pemohon' with medium and reference
    acknowledgement: Signature = Signature(role="pemohon")
    approval: Literal["Menyetujui", "Tidak Menyetujui"] | None = None  # tambahan
    approval_note: str = ""
    approver: Signature = Signature(role="kasi_infrastruktur")
    plan: str = ""  # hash of the plan that was approved
    kept: str = ""  # where the former database is kept, and until when
    run: str = ""
    remarks: tuple[str, ...] = ()  # IDENTITY_UNPROVEN, OUTSIDE_APPROVAL, …

    @property
    def requester_signature(self) -> Signature:
        return Signature(name=self.requester, nip=self.nip, post=self.post, role="pemohon", at=self.at)
