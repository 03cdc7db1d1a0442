"""A small office's part for data collection, as tests use it."""

from __future__ import annotations

from jagadata.adapters.spreadsheets.examination import Request, examine_file
from jagadata.collection.round import Round
from jagadata.office.collection import Collection, DatasetEntry, Limits


def make_policy(**changes) -> Collection:
    """Three OPD: two data sets of the first, one of the second, none of the third."""
    value = {
        "address": "satudata@example.id",
        "inventory": {"database": "satu_data", "login": {"user": "inventaris"}},
        "agencies": [
            {
                "id": key,
                "name": name,
                "head": f"Kepala {name}",
                "email": [f"{key}@example.id"],
            }
            for key, name in (
                ("bkpsdm", "Badan Kepegawaian"),
                ("dinkes", "Dinas Kesehatan"),
                ("dishub", "Dinas Perhubungan"),
            )
        ],
        "datasets": [
            {
                "code": "asn-golongan",
                "name": "Jumlah ASN menurut golongan",
                "agency": "bkpsdm",
                "unit": "orang",
                "columns": [
                    {"name": "Tahun", "type": "year", "key": True},
                    {"name": "Golongan", "key": True},
                    {"name": "Jumlah", "type": "integer", "unit": "orang", "minimum": 0},
                ],
            },
            {
                "code": "pelatihan",
                "name": "Jumlah pelatihan",
                "agency": "bkpsdm",
                "unit": "kegiatan",
                "columns": [{"name": "Tahun", "type": "year"}, {"name": "Jumlah", "type": "integer"}],
            },
            {
                "code": "faskes",
                "name": "Jumlah fasilitas kesehatan",
                "agency": "dinkes",
                "unit": "unit",
                "columns": [
                    {"name": "Kode Wilayah", "type": "region", "key": True},
                    {"name": "Tahun", "type": "year", "key": True},
                    {"name": "Puskesmas", "type": "integer", "minimum": 0},
                ],
            },
        ],
    }
    return Collection.model_validate({**value, **changes})


def examine(path, columns, **changes):
    """What is found in a file that should hold one data set with these columns; its tables lie beside it."""
    value = {"code": "x", "name": "Data", "agency": "a", "unit": "orang", "columns": columns}
    request = Request(
        path=path,
        name=path.name,
        datasets=(DatasetEntry.model_validate({**value, **changes}),),
        round=Round(2026, 2),
        limits=Limits(),
        region="3503",
        region_name="Kabupaten Trenggalek",
        folder=path.parent,
        previous={},
    )
    return examine_file(request)
