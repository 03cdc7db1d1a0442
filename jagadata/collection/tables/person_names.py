"""Whether a column holds names of persons: by its heading, by what stands beside it, by the names themselves. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jagadata.collection.tables.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PERSONS = {
    "pegawai", "siswa", "murid", "santri", "guru", "dosen", "peserta", "penerima", "pasien", "penduduk", "warga", "anggota", "ibu",
    "ayah", "bapak", "anak", "wali", "suami", "istri", "pemilik", "pemohon", "petani", "nelayan", "peternak", "pekebun", "perajin",
    "pengrajin", "pelaku", "pimpinan", "ketua", "sekretaris", "bendahara", "pengurus", "kader", "balita", "bayi", "lansia", "korban",
    "tersangka", "terdakwa", "debitur", "nasabah", "pekerja", "karyawan", "buruh", "tki", "pmi", "atlet", "pelatih", "mahasiswa",
    "dokter", "bidan", "perawat", "apoteker", "penyuluh", "relawan", "kades", "lurah", "camat", "kepala", "orang", "pendaftar",
    "pelamar", "alumni", "pensiunan", "asn", "pns", "pppk", "honorer", "thl", "operator", "petugas", "pendamping", "penyandang",
    "disabilitas", "pelapor", "pengadu", "responden", "lengkap", "panggilan", "kecil", "terang", "sopir", "pengemudi", "pedagang",
    "penyewa", "pembayar", "wajib", "almarhum", "jamaah", "jemaah", "imam", "modin", "seniman", "pelukis", "juru", "narasumber",
    "krt", "kpm", "bnba", "direktur", "penanggung", "kontak", "narahubung", "tamu", "pengunjung", "duafa", "mustahik", "yatim",
}  # fmt: skip
"""Words of headings that make 'nama' one of a person."""

_THINGS = {
    "desa", "kelurahan", "kecamatan", "kabupaten", "kota", "provinsi", "dusun", "wilayah", "daerah", "sekolah", "satuan", "lembaga",
    "instansi", "opd", "skpd", "dinas", "badan", "barang", "kegiatan", "program", "jalan", "sungai", "pasar", "puskesmas", "rumah",
    "sakit", "usaha", "toko", "perusahaan", "koperasi", "obat", "jabatan", "data", "aplikasi", "proyek", "paket", "pekerjaan", "pantai",
    "wisata", "objek", "obyek", "hotel", "restoran", "klinik", "apotek", "masjid", "gereja", "pura", "perpustakaan", "produk", "komoditas",
    "jenis", "tanaman", "hewan", "ternak", "ikan", "alat", "mesin", "kendaraan", "gedung", "bangunan", "embung", "irigasi", "jembatan",
    "waduk", "gunung", "pulau", "situs", "cagar", "budaya", "kelompok", "organisasi", "partai", "ormas", "yayasan", "pondok", "pesantren",
    "madrasah", "paud", "tk", "sd", "smp", "sma", "smk", "bumdes", "bank", "media", "website", "domain", "server", "perangkat", "layanan",
    "unit", "kerja", "bidang", "seksi", "uptd", "posyandu", "pustu", "polindes", "terminal", "stasiun", "pelabuhan", "trayek", "rekening",
    "akun", "sub", "indikator", "sasaran", "urusan", "bulan", "hari", "industri", "merek", "merk", "tempat", "lokasi", "fasilitas",
    "faskes", "cabang", "ranting", "penyedia", "menara", "tower", "ruas", "mata", "air", "hutan", "tpa", "tps", "sanggar", "museum",
}  # fmt: skip
"""Words of headings that make it one of something else."""

_ATTRIBUTES = {
    "lahir", "ttl", "umur", "usia", "agama", "kelamin", "nik", "nip", "nisn", "nuptk", "npwp", "ktp", "kk", "bpjs", "kis", "perkawinan",
    "kawin", "pendidikan", "pekerjaan", "penyakit", "diagnosa", "diagnosis", "darah", "pangkat", "golongan", "gaji", "upah", "penghasilan",
    "hubungan", "disabilitas", "jabatan", "telepon", "surel", "rt", "bantuan", "gender", "l/p", "domisili", "ijazah",
}  # fmt: skip
"""Words of headings beside a bare 'Nama' of which each line is a person."""

_GIVEN = {
    "abdul", "abdullah", "achmad", "ade", "adi", "adinda", "agung", "agus", "ahmad", "aisyah", "ajeng", "akbar", "ali", "alif", "aminah",
    "amir", "andi", "andri", "anggun", "ani", "anik", "anisa", "anita", "antok", "anwar", "arif", "aris", "arifin", "aryo", "asih", "astuti",
    "ayu", "aziz", "bagas", "bagus", "bakri", "bambang", "bayu", "bima", "budi", "cahyo", "candra", "choirul", "citra", "dani", "darmaji",
    "darmo", "darsono", "dedi", "devi", "dewi", "dian", "didik", "dimas", "dina", "djoko", "doni", "dwi", "eka", "eko", "endah", "endang",
    "erna", "fadli", "faisal", "fajar", "farida", "fatimah", "fauzi", "fitri", "fitria", "galih", "gatot", "gunawan", "hadi", "halimah",
    "hamid", "handoko", "hani", "haris", "hariyadi", "hartono", "hasan", "hendra", "hendro", "heri", "heru", "hidayat", "husni", "ida", "ika",
    "imam", "indah", "indra", "intan", "irfan", "irma", "ismail", "iwan", "jamal", "jaya", "joko", "juwita", "kartini", "kasiyem", "khoirul",
    "kusno", "kusuma", "lailatul", "laila", "lestari", "lia", "lilik", "linda", "luluk", "mahmud", "maria", "mariyem", "marsudi", "maya",
    "mega", "mira", "miftah", "moch", "moh", "mohamad", "mohammad", "muhamad", "muhammad", "muji", "mulyadi", "mulyani", "mustofa", "nanang",
    "nanik", "nia", "nina", "nining", "novi", "novita", "nugroho", "nur", "nurhayati", "nuri", "nurul", "paijo", "painem", "parman",
    "ponirah", "prasetyo", "pratama", "pratiwi", "purwanto", "puspita", "putra", "putri", "rahayu", "rahma", "rahman", "rahmat", "rahmawati",
    "rama", "ratna", "ratih", "reni", "retno", "ria", "rina", "rini", "riski", "rizki", "rizky", "rohmad", "rosyid", "rudi", "rukmini",
    "rusdi", "saiful", "samsul", "santi", "santoso", "sari", "sarji", "sarno", "setiawan", "setyo", "siswanto", "siti", "slamet", "sofyan",
    "sri", "suci", "sugeng", "suharto", "sukarno", "sulastri", "sumarni", "sunarto", "sunarti", "supardi", "suparman", "supri", "surya",
    "susanti", "susanto", "susi", "sutrisno", "suwarno", "suyono", "syaiful", "taufik", "teguh", "titik", "tono", "tri", "tuti", "tutik",
    "udin", "umar", "umi", "untung", "utami", "utomo", "wahyu", "wahyudi", "wawan", "widi", "widodo", "winarti", "wulan", "yanti", "yanto",
    "yoga", "yudi", "yuli", "yulia", "yuni", "yusuf", "zainal", "zainul", "zulfa",
}  # fmt: skip
"""Names that many Indonesians bear."""
_ENDINGS = re.compile(
    r"[a-z]{2,}(yanto|yono|yanti|wati|ningsih|ningrum|santoso|setyo|ningtyas|wanto|tono|tini|yati|narto|narti|tikah|iyem|inem|ijah|iyah)"
)
_TITLES = re.compile(
    r"\b(s\.\s?(pd|kom|sos|ag|kep|km|e|h|t|p|si|ip|ked)|m\.\s?(pd|si|m|kes|kom|t|h)|a\.?\s?md|drs?|dra|hj|alm|bin|binti)\b\.?",
    re.IGNORECASE,
)
_SHAPE = re.compile(r"[A-Za-z'`.,\- ]{2,60}")
_INSTITUTIONS = {
    "sd", "sdn", "smp", "smpn", "sma", "sman", "smk", "smkn", "mi", "min", "mts", "mtsn", "ma", "man", "tk", "paud", "ra", "kb", "puskesmas",
    "pustu", "posyandu", "rs", "rsud", "rsu", "klinik", "apotek", "desa", "kelurahan", "kecamatan", "kabupaten", "kota", "dusun", "ud", "cv",
    "pt", "toko", "koperasi", "ksp", "kud", "pasar", "jalan", "jl", "masjid", "musala", "mushola", "gereja", "dinas", "badan", "balai",
    "kantor", "bumdes", "pantai", "goa", "gua", "air", "hotel", "warung", "rumah", "kelompok", "poktan", "gapoktan", "lpk", "pkbm",
    "yayasan", "pondok", "universitas", "bank", "terminal", "sungai", "embung", "jembatan", "museum", "taman", "bagian", "sekretariat",
    "kepala", "analis", "arsiparis", "penyuluh", "pranata",
}  # fmt: skip

_COUNTS = {"jumlah", "banyak", "banyaknya", "total", "persen", "rata-rata"}
_BESIDE = {"nama", "nomor", "dan", "name"}
"""Words of headings that say nothing of what is named."""
ENOUGH = 0.3
"""The share of values that look like persons' names, after which a column is one of them whatever its heading."""


def names_persons(heading: str, others: Sequence[str], values: Iterable[str]) -> bool:
    """Whether the column under `heading`, with columns `others` beside it, names persons. `values`: some of its cells."""
    words = words_of(heading)
    shown = [value for value in values if value]
    if not shown or _COUNTS & set(words):
        return False
    likely = sum(map(_looks_like_person, shown)) / len(shown)
    things = sum(map(_looks_like_institution, shown)) / len(shown)
    if things >= ENOUGH or all(map(_has_digits, shown)):
        return False
    named = "nama" in words
    about = [word for word in words if word not in _BESIDE]
    if about and about[0] in _THINGS:
        return False
    if named and about and about[0] in _PERSONS:
        return True
    if likely >= ENOUGH:
        return True
    return named and not about and any(map(_is_attribute, others))


def _is_attribute(heading: str) -> bool:
    """Of a person, and no count of them: 'Jumlah RT'."""
    words = set(words_of(heading))
    return bool(words & (_ATTRIBUTES | {"alamat"})) and not words & _COUNTS


def _looks_like_person(value: str) -> bool:
    if _SHAPE.fullmatch(value) is None or _looks_like_institution(value):
        return False
    words = re.findall(r"[a-z]+", value.lower())
    if not 1 <= len(words) <= 7:
        return False
    return (
        any(word in _GIVEN or _ENDINGS.fullmatch(word) for word in words) or _TITLES.search(value) is not None
    )


def _looks_like_institution(value: str) -> bool:
    return bool(set(re.findall(r"[a-z]+", value.lower())[:2]) & _INSTITUTIONS)


def _has_digits(value: str) -> bool:
    return any(map(str.isdigit, value))
