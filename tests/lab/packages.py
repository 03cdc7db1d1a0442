"""A data package with every type of column."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from jagadata.adapters.spreadsheets.data_files import write_package
from jagadata.collection.ports import Version
from jagadata.collection.round import Round
from jagadata.office.collection import Agency, DatasetEntry

AGENCY = Agency(id="bkpsdm", name="Badan Kepegawaian", head="Kepala Badan", email=["a@example.go.id"])

COLUMNS = [
    {"name": "Kode Wilayah", "type": "region"},
    {"name": "Kecamatan"},
    {"name": "Tahun", "type": "year"},
    {"name": "Jumlah", "type": "integer", "unit": "orang", "required": False},
    {"name": "Nilai", "type": "number", "required": False},
    {"name": "Tanggal", "type": "date", "required": False},
    {"name": "Catatan", "required": False},
]

ROWS = {
    "Kode Wilayah": ["3503010", "3503020", "3503030"],
    "Kecamatan": ["Panggul", 'Munjungan "Barat"', "Watulimo, selatan"],
    "Tahun": pa.array([2025, 2026, 2026], pa.int16()),
    "Jumlah": [1000, None, 3],
    "Nilai": [123456789012.5, 1e-7, None],
    "Tanggal": [date(2026, 1, 2), None, date(2026, 12, 31)],
    "Catatan": ["=1+1", "-", None],
}


def make_dataset(**changes):
    values = {
        "code": "jumlah-asn",
        "name": "Jumlah ASN",
        "agency": "bkpsdm",
        "unit": "orang",
        "columns": COLUMNS,
    }
    return DatasetEntry(**{**values, "definition": "Banyaknya ASN", **changes})


def make_version(columns, rows, **changes):
    values = {
        "dataset": "jumlah-asn",
        "round": Round(2026, 1),
        "number": 1,
        "receipt": "TT-1",
        "digest": "a" * 64,
        "rows": rows,
        "columns": tuple(columns),
        "years": (2025, 2026),
        "held": False,
        "at": datetime(2026, 7, 1, 9, tzinfo=UTC),
    }
    return Version(**{**values, **changes})


def make_package(folder, rows=ROWS, dataset=None, version=None):
    """A package written into a new folder."""
    folder.mkdir(exist_ok=True)
    table = pa.table(rows)
    pq.write_table(table, folder / "tabel.parquet")
    return write_package(
        folder / "tabel.parquet",
        folder / "paket",
        dataset=dataset or make_dataset(),
        version=version or make_version(table.column_names, table.num_rows),
        agency=AGENCY,
        custodian="Dinas Kominfo",
    )
