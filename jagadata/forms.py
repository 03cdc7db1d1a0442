"""The office's two forms as values: Formulir Pelaksanaan Back Up and Formulir Permohonan Restore Data. Pure; no decisions.

They fill up over the steps, so most fields may be empty. They are stored as signed records: `to_json` and `from_json`
turn them into plain JSON values and back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from jagadata.errors import DamagedError

Form = TypeVar("Form", "BackupForm", "RestoreForm")

Status = Literal["Diterima", "Diproses", "Selesai", "Gagal", "Ditolak"]
IDENTITY_UNPROVEN = "identitas penanda tangan belum dibuktikan"
OUTSIDE_APPROVAL = "persetujuan di luar sistem"
CLOSED_UNCONFIRMED = "ditutup tanpa konfirmasi"


@dataclass(frozen=True, kw_only=True)
class Value:
    """Datetimes are aware; fields that this version does not know are refused, never dropped in silence."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"{type(self).__name__}.{field.name}: naive datetime {value.isoformat()}")


@dataclass(frozen=True, kw_only=True)
class Signature(Value):
    """One signature block. `at` None: not signed yet, space for a wet signature is left."""

    name: str = ""
    nip: str = ""
    post: str = ""  # jabatan
    role: str = ""  # key of office.ROLES, or 'pemohon'
    acting: str = ""  # 'Plt.' or 'Plh.'
    at: datetime | None = None
    remark: str = ""  # such as IDENTITY_UNPROVEN


@dataclass(frozen=True, kw_only=True)
class Letterhead(Value):
    """Kop surat. `logo` holds an SVG or PNG; empty: the neutral placeholder."""

    lines: tuple[str, ...]
    address: str = ""
    contact: str = ""
    logo: bytes = b""


@dataclass(frozen=True, kw_only=True)
class BackupFile(Value):
    """[langkah 3] One file of a backup, by its official name. `size` in bytes, `sha256` of the encrypted bytes (hex)."""

    name: str
    database: str = ""
    size: int | None = None
    sha256: str = ""


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
class BackupForm(Value):
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


@dataclass(frozen=True, kw_only=True)
class RestoreForm(Value):
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
    acknowledged: Literal["Diterima pemohon", "Belum diterima", "ditutup tanpa konfirmasi"] | None = None
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


_ADAPTERS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (BackupForm, RestoreForm)}


def to_json(form: BackupForm | RestoreForm) -> dict[str, Any]:
    """Plain JSON values of a form; times as ISO 8601 with their offset."""
    value: dict[str, Any] = _ADAPTERS[type(form)].dump_python(form, mode="json")
    return value


def from_json(kind: type[Form], value: dict[str, Any]) -> Form:
    """The form again. Raises DamagedError for what this version can't read."""
    try:
        form: Form = _ADAPTERS[kind].validate_python(value)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors()[:5])
        raise DamagedError(
            f"Formulir tersimpan tidak dapat dibaca: isian {places} tidak sah.",
            "Baca dengan versi Jagadata yang menulisnya.",
        ) from error
    return form


def format_nip(nip: str) -> str:
    """'19860926 201505 1 001' for 18 digits; anything else (17 digits, 'Non-ASN') as it is, '-' when empty."""
    plain = nip.replace(" ", "")
    if re.fullmatch(r"[0-9]{18}", plain):
        return f"{plain[:8]} {plain[8:14]} {plain[14]} {plain[15:]}"
    return nip.strip() or "-"


def nip_warning(nip: str) -> str:
    """A note where an NIP can't be right (it is printed as it is all the same); else ''."""
    plain = nip.replace(" ", "")
    if re.fullmatch(r"[0-9]+", plain) and len(plain) != 18:
        return f"NIP {nip.strip()} berisi {len(plain)} angka, seharusnya 18; dicetak sebagaimana tertulis"
    return ""
