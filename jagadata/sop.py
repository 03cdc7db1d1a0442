"""SOP/06/406.020/2019 as data: its steps word for word (typos kept), who does them, and what the source says of time.

Source: docs/sop/source.txt, to which a test holds this module. The flowchart columns lost their marks in the source;
the roles are the readings of docs/sop. What this system adds is marked *tambahan* wherever it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass

NUMBER = "SOP/06/406.020/2019"
NAME = "SOP Back Up/Restore Data"
DATA_COLLECTION_NAME = "SOP Pengumpulan Data"
CREATED = "November 2019"
REVISION = "-"
EFFECTIVE = "November 2019"
APPROVED_BY = "Kepala Dinas Komunikasi dan Informatika"
APPROVER = "Edi Hayunan Siswanto, S.Sos, M.Si"
APPROVER_NIP = "19700901992011002"
"""17 digits in the source: shown as it is, with a warning, never corrected."""

LEGAL_BASIS = (
    "Peraturan Menteri Pendayagunaan Aparatur Negara dan Reformasi Birokrasi RI No 35 Tahun 2012 tentang Pedoman Penyusunan SOP Adminstrasi Pemerintahan",
    "Peraturan Menteri Dalam Negeri No 52 tahun 2011 tentang SOP di Lingkungan Pemerintah Provinsi dan Kabupaten/Kota",
)
WARNINGS = (
    "Jika prosedur backup/restore data tidak dilaksanakan dengan baik, maka risiko kehilangan data akan meningkat",
    "Proses back up dilakukan setiap sebulan sekali",
)
RECORDS = ("Mengisi Formulir Pelaksanaan Back Up", "Mengisi Formulir Permohonan Restore Data")

BACKUP_FORM = "Formulir Pelaksanaan Back Up"
RESTORE_FORM = "Formulir Permohonan Restore Data"
NO_TIME_STANDARD = "waktu baku belum ditetapkan"
ADDED = "tambahan"

REQUESTER = "pemohon"
DATA_OWNER = "opd"
PARTIES = {REQUESTER: "Unit Kerja", DATA_OWNER: "OPD Pemilik Data"}
"""Who acts without holding a role of the office file: key -> name as the SOP writes it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One numbered step. `role` and `with_roles` are keys of office.ROLES or PARTIES; `time` None: the source sets none."""

    number: int
    text: str
    role: str
    with_roles: tuple[str, ...] = ()
    equipment: str = ""  # Kelengkapan
    time: str | None = None  # Mutu Baku Waktu
    output: str = ""
    remark: str = ""

    @property
    def title(self) -> str:
        """As tasks and journals name it: '1. Melakukan Backup sesuai dengan jadwal yang telah ditetapkan'."""
        return f"{self.number}. {self.text}"

    @property
    def time_text(self) -> str:
        return self.time or NO_TIME_STANDARD


@dataclass(frozen=True, kw_only=True)
class Procedure:
    name: str
    steps: tuple[Step, ...]

    def step(self, number: int) -> Step:
        return self.steps[number - 1]


BACKUP = Procedure(
    name="Back Up Data",
    steps=(
        Step(
            number=1,
            text="Melakukan Backup sesuai dengan jadwal yang telah ditetapkan",
            role="staf_aplikasi",
            equipment=BACKUP_FORM,
        ),
        Step(
            number=2,
            text="Memastikan proses backup berhasil dilakukan",
            role="staf_aplikasi",
            equipment=BACKUP_FORM,
        ),
        Step(
            number=3,
            text="Memberi nama file backup sesuai dengan ketentuan",
            role="staf_aplikasi",
            equipment=BACKUP_FORM,
        ),
        Step(number=4, text="Mengamankan hasil backup", role="staf_aplikasi", equipment=BACKUP_FORM),
        Step(
            number=5, text="Mengisi formulir pelaksanaan backup", role="staf_aplikasi", equipment=BACKUP_FORM
        ),
        Step(
            number=6, text="Menerima dan memeriksa form backup", role="kasi_aplikasi", equipment=BACKUP_FORM
        ),
    ),
)

RESTORE = Procedure(
    name="Restore Data",
    steps=(
        Step(
            number=1,
            text="Mengadukan kerusakan data yang terjadi kepada Seksi Layanan Infrastruktur dan TIK disertai dengan form permohonan restore data",
            role=REQUESTER,
            equipment="Form Permohonan Restore Data",
        ),
        Step(
            number=2,
            text="Menindak lanjuti dengan mematikan web service yang ada di server sehingga tidak ada transaksi di server",
            role="staf_infrastruktur",
        ),
        Step(
            number=3,
            text="Melakukan proses restore data pada data terbaru",
            role="staf_infrastruktur",
        ),
        Step(
            number=4,
            text="Setelah proses restore selesai, web service pada server diaktifkan kembali",
            role="staf_infrastruktur",
        ),
        Step(
            number=5,
            text="Memberikan informasi kepada pemohon terkait status aduan kerusakan.",
            role="staf_infrastruktur",
        ),
        Step(number=6, text="Menerima status aduan kerusakan data", role=REQUESTER),
    ),
)

DATA_COLLECTION = Procedure(
    name="Pengumpulan Data",
    steps=(
        Step(
            number=1,
            text="Memperiapkan rapat koordinasi untuk pengumpulan data",
            role="kasi_data",
            time="3 hari",
            output="Lokasi dan jadwal kegiatan",
        ),
        Step(
            number=2,
            text="Menyebarkan undangan untuk rapat koordinasi ke seluruh OPD",
            role="kasi_data",
            with_roles=("kadis",),
            time="1 hari",
            output="Undangan rapat koordinasi",
            remark="Kasi menyusun dan mengirim; Kepala Dinas menandatangani",
        ),
        Step(
            number=3,
            text="Mengadakan rapat koordinasi untuk pengumpulan data dengan seluruh OPD",
            role="kabid_egov",
            with_roles=(DATA_OWNER,),
            time="1 hari",
            output="Presensi rapat",
        ),
        Step(
            number=4,
            text="Mengumpulkan data urusan pemerintah ke Kasi Data dan Statistik melalui email/surat Diskominfo",
            role=DATA_OWNER,
            with_roles=("kasi_data",),
            time="Per 6 bulan",
            output="Dokumen data pemerintahan",
        ),
        Step(
            number=5,
            text="Melakukan inventarisasi dan pengolahan data ke sistem satu data",
            role="kasi_data",
            time="2 kali dalam 1 tahun",
            remark="dikerjakan staf Kasi",
        ),
    ),
)

PROCEDURES = (DATA_COLLECTION, RESTORE, BACKUP)
