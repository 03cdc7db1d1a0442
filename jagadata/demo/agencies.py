"""The demo's OPD: what is asked of them, and the files that they send: one good, one broken, one not at all."""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, Any

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jagadata.lab.postgres import Postgres

ADDRESS = "satudata@example.id"
GROUPS = ("I", "II", "III", "IV")
SUBDISTRICTS = ("3503010", "3503020", "3503030", "3503040")


def make_collection(
    postgres: Postgres, folder: Path, *, mailbox: dict[str, Any] | None = None, database: str = "satu_data"
) -> dict[str, Any]:
    """The office file's `collection`, with an inventory database of its own on this server; secrets in `folder`/keys."""
    password = secrets.token_hex(12)
    role = f"inventaris_{database}"
    postgres.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    postgres.sql(f'CREATE DATABASE "{database}" OWNER {role}')
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    path = folder / "keys" / f"sandi-{database}"
    path.write_text(password, encoding="utf-8")
    path.chmod(0o600)
    (folder / "kiriman").mkdir(exist_ok=True)
    (folder / "publikasi").mkdir(exist_ok=True)
    return {
        "address": ADDRESS,
        **({"mailbox": mailbox} if mailbox else {}),
        "drops": [{"kind": "folder", "path": "kiriman", "settled_seconds": 1}],
        "inventory": {
            "address": postgres.host,
            "port": postgres.port,
            "database": database,
            "login": {"user": role, "password": f"file:keys/{path.name}"},
        },
        "publishers": [{"kind": "folder", "path": "publikasi"}],
        "agencies": [
            {
                "id": "bkpsdm",
                "name": "Badan Kepegawaian dan Pengembangan Sumber Daya Manusia",
                "head": "Kepala Badan Kepegawaian dan Pengembangan Sumber Daya Manusia",
                "email": ["bkpsdm@example.id"],
            },
            {
                "id": "dinkes",
                "name": "Dinas Kesehatan",
                "head": "Kepala Dinas Kesehatan",
                "email": ["dinkes@example.id"],
            },
            {
                "id": "dishub",
                "name": "Dinas Perhubungan",
                "head": "Kepala Dinas Perhubungan",
                "email": ["dishub@example.id"],
            },
        ],
        "datasets": [
            {
                "code": "asn-golongan",
                "name": "Jumlah ASN menurut golongan",
                "agency": "bkpsdm",
                "concept": "Aparatur Sipil Negara",
                "definition": "PNS dan PPPK yang bekerja pada pemerintah kabupaten",
                "measure": "jumlah",
                "unit": "orang",
                "columns": [
                    {"name": "Tahun", "type": "year", "key": True},
                    {"name": "Golongan", "key": True, "values": list(GROUPS)},
                    {"name": "Jumlah", "type": "integer", "unit": "orang", "minimum": 0},
                ],
            },
            {
                "code": "puskesmas",
                "name": "Jumlah puskesmas menurut kecamatan",
                "agency": "dinkes",
                "measure": "jumlah",
                "unit": "unit",
                "columns": [
                    {"name": "Tahun", "type": "year", "key": True},
                    {"name": "Kode Wilayah", "type": "region", "key": True},
                    {"name": "Jumlah", "type": "integer", "unit": "unit", "minimum": 0},
                ],
            },
            {
                "code": "trayek",
                "name": "Jumlah trayek angkutan perdesaan",
                "agency": "dishub",
                "measure": "jumlah",
                "unit": "trayek",
                "columns": [
                    {"name": "Tahun", "type": "year", "key": True},
                    {"name": "Trayek", "key": True},
                    {"name": "Armada", "type": "integer", "unit": "kendaraan", "minimum": 0},
                ],
            },
        ],
    }


def _workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    content = io.BytesIO()
    book: Any = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet("Data")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return content.getvalue()


def good_file(year: int) -> bytes:
    """As BKPSDM sends it: a title above, the total below, the head's signature."""
    rows: list[list[Any]] = [["JUMLAH ASN MENURUT GOLONGAN"], [f"TAHUN {year}"], []]
    rows.append(["No", "Tahun", "Golongan", "Jumlah (orang)"])
    rows += [[number, year, group, 100 * number] for number, group in enumerate(GROUPS, 1)]
    rows += [["", "", "Jumlah", 1000], [], ["", "", "", "Kepala Badan,"], ["", "", "", "Drs. Sutopo, M.Si."]]
    return _workbook(rows)


def broken_file(year: int) -> bytes:
    """As Dinas Kesehatan sends it: a region of another district, a negative number, and words where a number belongs."""
    rows: list[list[Any]] = [["Tahun", "Kode Wilayah", "Jumlah"]]
    rows += [[year, code, 2] for code in SUBDISTRICTS[:2]]
    rows += [[year, "3504030", 1], [year, SUBDISTRICTS[3], "dua"]]
    return _workbook(rows)


def mended_file(year: int) -> bytes:
    return _workbook(
        [["Tahun", "Kode Wilayah", "Jumlah (unit)"], *([year, code, 2] for code in SUBDISTRICTS)]
    )
