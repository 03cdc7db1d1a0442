"""The run forms of the Prefect UI: labels and help in Indonesian, drop-downs from the office file.

The schema freezes at `jaga apply`; what a drop-down holds is only a convenience, and every value is checked again at run time.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jagadata.backup.run import BackupOrder
from jagadata.collection.run import RoundOrder
from jagadata.errors import OfficeFileError
from jagadata.office.file import Office, load_office
from jagadata.restore.request import RestoreRequest

SEPARATOR = " — "


def _office() -> Office | None:
    """The office file, if there is one: flows import without it."""
    try:
        return load_office()
    except OfficeFileError:
        return None


def _drop_down(choices: list[str], *, empty: bool = False) -> dict[str, Any]:
    return {"enum": [*([""] if empty else []), *choices]} if choices else {}


def system_choices(office: Office | None) -> list[str]:
    return (
        [f"{system.id}{SEPARATOR}{system.name} ({system.owner})" for system in office.systems]
        if office
        else []
    )


def performer_choices(office: Office | None) -> list[str]:
    if office is None:
        return []
    return [
        f"{one.id}{SEPARATOR}{one.name}"
        for one in office.officials
        if any(duty.role == "staf_aplikasi" for duty in one.duties)
    ]


def parse_choice(text: str) -> str:
    """The id in front of a drop-down's label; a plain id is taken too."""
    return text.partition(SEPARATOR)[0].strip()


_OFFICE = _office()
SystemChoice = Annotated[str, Field(json_schema_extra=_drop_down(system_choices(_OFFICE)))]
PerformerChoice = Annotated[str, Field(json_schema_extra=_drop_down(performer_choices(_OFFICE), empty=True))]


class PerintahBackup(BaseModel):
    """Formulir Pelaksanaan Back Up: apa yang di-back up, dan untuk bulan mana"""

    model_config = ConfigDict(title="Perintah back up")

    sistem: list[SystemChoice] = Field(
        default=[], title="Nama aplikasi/sistem", description="Kosongkan untuk semua sistem di berkas kantor."
    )
    periode: str = Field(
        default="",
        title="Periode (TTTT-BB)",
        description="Misalnya 2026-11. Kosongkan untuk bulan berjalan (WIB) menurut jadwal.",
    )
    pelaksanaan: Literal["Terjadwal", "Manual", "Susulan"] = Field(
        default="Manual",
        title="Pelaksanaan",
        description="Susulan: menyusul untuk bulan yang terlewat, dicatat pada periodenya.",
    )
    pelaksana: PerformerChoice = Field(
        default="", title="Pelaksana", description="Kosongkan untuk pemegang peran menurut berkas kantor."
    )
    catatan: str = Field(default="", title="Catatan", description="Dicetak pada formulir.")


class Permohonan(BaseModel):
    """Formulir Permohonan Restore Data (diisi pemohon)"""

    model_config = ConfigDict(title="Formulir Permohonan Restore Data")

    nama_aplikasi: SystemChoice = Field(title="Nama aplikasi", description="Aplikasi yang datanya rusak.")
    nama_pemohon: str = Field(title="Nama pemohon", min_length=1)
    nip: str = Field(default="Non-ASN", title="NIP", description="18 angka, atau Non-ASN.")
    jabatan: str = Field(default="", title="Jabatan")
    unit_kerja: str = Field(title="Unit kerja", min_length=1)
    no_hp: str = Field(default="", title="No. HP/WhatsApp")
    email: str = Field(default="", title="Email", description="Status aduan dikirim ke alamat ini.")
    waktu_kejadian: str = Field(
        default="",
        title="Waktu kejadian",
        description="Sejauh diketahui, misalnya: 20 November 2026 sekitar pukul 09.00.",
    )
    uraian_kerusakan: str = Field(title="Uraian kerusakan data", min_length=1)
    dugaan_penyebab: str = Field(default="", title="Dugaan penyebab")
    alasan: str = Field(title="Dasar/alasan permohonan", min_length=1)
    titik_pemulihan: str = Field(
        default="",
        title="Titik pemulihan (ID back up)",
        description="Kosongkan untuk back up terbaru yang terverifikasi. Daftar ID: perintah `jaga backups`.",
    )
    tujuan: Literal["Produksi", "Uji", "Pengembalian"] = Field(
        default="Produksi",
        title="Tujuan restore",
        description="Uji: tidak menghentikan layanan dan tidak menyentuh data berjalan. Pengembalian: membatalkan restore terakhir (rollback).",
    )
    dampak_layanan: str = Field(default="", title="Dampak layanan")
    waktu_penghentian: str = Field(
        default="", title="Waktu penghentian yang disetujui", description="Misalnya: 22.00-23.00 WIB."
    )
    memuat_data_pribadi: bool = Field(default=True, title="Memuat data pribadi")
    indikasi_insiden_siber: bool = Field(
        default=False,
        title="Indikasi insiden siber",
        description="Bila ya, titik pemulihan wajib dipilih dan data lama dijaga sebagai bukti.",
    )
    rencana_pemulihan: str = Field(default="", title="Rencana pemulihan jika restore gagal")


class PerintahPengumpulan(BaseModel):
    """Satu putaran pengumpulan data dari semua OPD"""

    model_config = ConfigDict(title="Perintah pengumpulan data")

    putaran: str = Field(
        default="",
        title="Putaran",
        description="Misalnya '2026 semester 2' atau '2026 triwulan 4'. Kosongkan untuk putaran berjalan menurut jadwal.",
    )
    ambil_alih: bool = Field(
        default=False,
        title="Ambil alih",
        description="Melanjutkan putaran yang run-nya sudah tidak ada lagi, dari langkah terakhir yang tercatat.",
    )
    catatan: str = Field(default="", title="Catatan")


def parse_round_order(form: PerintahPengumpulan) -> RoundOrder:
    """The order of a round; its values are checked when the run opens."""
    return RoundOrder(round=form.putaran.strip(), take_over=form.ambil_alih, note=form.catatan)


def parse_request(form: Permohonan) -> RestoreRequest:
    """Raises RefusedError naming each field that is empty or impossible."""
    return RestoreRequest(
        system=parse_choice(form.nama_aplikasi),
        requester=form.nama_pemohon.strip(),
        nip=form.nip.strip() or "Non-ASN",
        post=form.jabatan.strip(),
        unit=form.unit_kerja.strip(),
        phone=form.no_hp.strip(),
        email=form.email.strip(),
        occurred_at=form.waktu_kejadian.strip(),
        damage=form.uraian_kerusakan,
        suspected_cause=form.dugaan_penyebab,
        reason=form.alasan,
        backup=parse_choice(form.titik_pemulihan),
        purpose="Uji" if form.tujuan == "Uji" else "Produksi",
        rollback=form.tujuan == "Pengembalian",
        service_impact=form.dampak_layanan,
        downtime_allowed=form.waktu_penghentian,
        personal_data=form.memuat_data_pribadi,
        cyber_incident=form.indikasi_insiden_siber,
        fallback=form.rencana_pemulihan,
    )


def parse_order(form: PerintahBackup) -> BackupOrder:
    """The order of a backup run; its values are checked when the run opens."""
    return BackupOrder(
        systems=[parse_choice(item) for item in form.sistem],
        period=form.periode.strip(),
        kind=form.pelaksanaan,
        note=form.catatan,
        performer=parse_choice(form.pelaksana),
    )
