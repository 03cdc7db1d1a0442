"""The data sets that the corpus' OPD are asked for."""

from __future__ import annotations

from jagadata.office.collection import DatasetEntry


def _dataset(code, name, unit, columns, **more):
    return DatasetEntry.model_validate(
        {"code": code, "name": name, "agency": "dinas", "unit": unit, "columns": columns, **more}
    )


ORANG = {"type": "integer", "unit": "orang", "minimum": 0}

PENDUDUK = _dataset(
    "penduduk",
    "Jumlah Penduduk menurut Kecamatan dan Jenis Kelamin",
    "orang",
    [
        {"name": "Kode Wilayah", "type": "region", "key": True, "aliases": ["Kode Kecamatan", "Kode BPS"]},
        {"name": "Kecamatan"},
        {"name": "Tahun", "type": "year", "key": True},
        {"name": "Laki-laki", "aliases": ["Penduduk Laki-laki"], **ORANG},
        {"name": "Perempuan", "aliases": ["Penduduk Perempuan"], **ORANG},
        {"name": "Keterangan", "required": False},
    ],
    smallest=5,
)
PADI = _dataset(
    "padi",
    "Luas Panen dan Produksi Padi menurut Kecamatan",
    "ton",
    [
        {"name": "Kecamatan", "key": True},
        {"name": "Tahun", "type": "year", "key": True},
        {"name": "Luas Panen", "type": "number", "unit": "ha", "minimum": 0, "maximum": 10000},
        {"name": "Produksi", "type": "number", "unit": "ton", "minimum": 0},
    ],
)
SEKOLAH = _dataset(
    "sekolah",
    "Daftar Satuan Pendidikan",
    "sekolah",
    [
        {"name": "NPSN", "key": True},
        {"name": "Nama Sekolah"},
        {"name": "Jenjang", "values": ["SD", "SMP", "MI", "MTs"]},
        {"name": "Status", "values": ["Negeri", "Swasta"]},
        {"name": "Jumlah Siswa", "type": "integer", "minimum": 0, "maximum": 3000},
        {"name": "Tanggal Pendataan", "type": "date"},
    ],
)
BANTUAN = _dataset(
    "bantuan",
    "Penerima Bantuan Sosial",
    "rupiah",
    [
        {"name": "NIK", "key": True},
        {"name": "Nama Penerima"},
        {"name": "Kode Desa", "type": "region"},
        {"name": "Nilai Bantuan", "type": "number", "unit": "rupiah", "minimum": 0},
    ],
    personal=True,
    public=False,
    covers_year=False,
)

DATASETS = (PENDUDUK, PADI, SEKOLAH, BANTUAN)

KECAMATAN = (
    "Panggul", "Munjungan", "Watulimo", "Kampak", "Dongko", "Pule", "Karangan",
    "Suruh", "Gandusari", "Durenan", "Pogalan", "Trenggalek", "Tugu", "Bendungan",
)  # fmt: skip


def people(year=2026, count=14):
    """Rows of PENDUDUK without notes; no real figures."""
    return [
        [str(3503010 + 10 * number), name, year, 20_000 + 137 * number, 20_400 + 91 * number]
        for number, name in enumerate(KECAMATAN[:count])
    ]


def rice(year=2026, count=14):
    return [
        [name, year, 812.5 + 31.25 * number, 4_706.25 + 211.75 * number]
        for number, name in enumerate(KECAMATAN[:count])
    ]


def schools(count=20):
    return [
        [
            f"205{40000 + number}",
            f"SD Negeri {number + 1} {KECAMATAN[number % 14]}",
            "SD",
            "Negeri",
            90 + number,
            f"{1 + number % 28:02}/07/2026",
        ]
        for number in range(count)
    ]


PEOPLE_HEAD = ["Kode Wilayah", "Kecamatan", "Tahun", "Laki-laki (orang)", "Perempuan (orang)"]
RICE_HEAD = ["Kecamatan", "Tahun", "Luas Panen (Ha)", "Produksi (ton)"]
SCHOOL_HEAD = ["NPSN", "Nama Sekolah", "Jenjang", "Status", "Jumlah Siswa", "Tanggal Pendataan"]
SIGNING = [
    ["Trenggalek, 5 Januari 2027"],
    ["Kepala Dinas Pertanian dan Pangan"],
    [],
    ["Drs. CONTOH NAMA, M.Si"],
    ["NIP. 19700101 199503 1 001"],
]
"""A signature block; nobody's."""
