"""One data set as a Frictionless data package: what its `datapackage.json` says, and what may not leave the office. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from jagadata.collection.inventory.statuses import ColumnKind
    from jagadata.collection.ports import Version
    from jagadata.office.collection import Agency, DatasetEntry

FORMULA_PATTERN = r"^(?:[=+@\t\r\n＝＋－＠]|-(?s:.))"
"""Text that a spreadsheet would run (OWASP, CSV injection). A dash alone is how offices write 'none', and harmless."""
FORMULA_INSIDE = r";([=+\-@＝＋－＠])"
"""The same behind a semicolon: where lists are separated by it, as in Indonesia, Excel begins a new cell there, quotes or not."""
FORMULA_NOTE = (
    "Pada berkas CSV, isian teks yang diawali =, +, -, @, tab, atau baris baru (juga sesudah titik koma) diberi tanda petik "
    "tunggal (') di depannya agar tidak dijalankan sebagai rumus oleh program lembar kerja. Berkas Parquet memuat isian aslinya."
)
DESCRIPTOR = "datapackage.json"
_LICENSES = {
    "cc-by": ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "cc-by-sa": ("CC-BY-SA-4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "cc-zero": ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "odc-by": ("ODC-BY-1.0", "https://opendatacommons.org/licenses/by/1-0/"),
    "odc-odbl": ("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "odc-pddl": ("ODC-PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/"),
}
"""CKAN's license ids, and what Open Definition calls them."""
_TYPES = {"integer": "integer", "number": "number", "date": "date", "text": "string"}


@dataclass(frozen=True, kw_only=True)
class PackageFile:
    """One file of a package; `sha256` in hex."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DataPackage:
    """A package in a folder: its files and `datapackage.json`, whose text is `descriptor`.

    `held`, `personal` and `public` say whether it may leave; `check_publishable` decides.
    """

    folder: Path
    dataset: DatasetEntry
    agency: str  # name of the OPD, produsen data
    custodian: str  # name of the office, walidata
    terms: str  # the license as CKAN names it
    version: Version
    descriptor: str
    files: tuple[PackageFile, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of `datapackage.json`, which names every file's: equal for equal packages."""
        return hashlib.sha256(self.descriptor.encode()).hexdigest()

    @property
    def contents(self) -> tuple[PackageFile, ...]:
        """Every file, `datapackage.json` last: where it is, all is."""
        data = self.descriptor.encode()
        return (*self.files, PackageFile(name=DESCRIPTOR, bytes=len(data), sha256=self.digest))


def check_publishable(dataset: DatasetEntry, version: Version, *, why: str = "") -> None:
    """Raises RefusedError for what must not leave the office: personal, held (`why`: what was found), or not public."""
    reasons = [
        reason
        for reason, applies in (
            ("memuat data pribadi menurut berkas kantor", dataset.personal),
            (f"ditahan karena pada isinya ditemukan data pribadi{f' ({why})' if why else ''}", version.held),
            ("tidak untuk umum menurut berkas kantor", not dataset.public),
        )
        if applies
    ]
    if dataset.code != version.dataset:
        reasons.append(f"versi ini milik data '{version.dataset}'")
    if reasons:
        raise RefusedError(
            f"Data '{dataset.code}' versi {version.label} tidak boleh dipublikasikan: {'; '.join(reasons)}.",
            "Data itu tetap tersimpan di inventaris. Mintalah OPD mengirim tabel tanpa data pribadi bila perlu terbit, "
            "atau, bila memang boleh terbit, Kasi melepasnya dengan `jaga round release`.",
        )


def render_descriptor(
    dataset: DatasetEntry,
    version: Version,
    *,
    agency: Agency,
    custodian: str,
    terms: str,
    kinds: Mapping[str, ColumnKind],
    gaps: Collection[str],
    files: tuple[PackageFile, PackageFile],
) -> str:
    """The text of `datapackage.json` (Data Package 2.0) for a CSV and a Parquet file. The same values give the same text.

    `terms`: the license as CKAN names it. `gaps`: columns with empty cells.
    """
    csv, parquet = files
    title, path = _LICENSES.get(terms, (terms, ""))
    value = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": dataset.code,
        "title": dataset.name,
        "description": f"{dataset.definition}\n\n{FORMULA_NOTE}",
        "version": version.label,
        "created": version.at.isoformat(timespec="seconds"),
        "licenses": [{"name": title, "title": title} | ({"path": path} if path else {})],
        "sources": [{"title": dataset.source if dataset.source != "-" else agency.name}],
        "contributors": [
            {"title": agency.name, "roles": ["creator"], "role": "author", "organization": "Produsen Data"},
            {"title": custodian, "roles": ["publisher"], "role": "publisher", "organization": "Walidata"},
        ],
        "keywords": [dataset.agency, *(str(year) for year in version.years)],
        "satuData": make_metadata(dataset, version, agency.name),
        "resources": [
            {
                "name": dataset.code,
                "type": "table",
                "title": f"{dataset.name} (CSV)",
                "path": csv.name,
                "scheme": "file",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": csv.bytes,
                "hash": f"sha256:{csv.sha256}",
                "dialect": {
                    "header": True,
                    "csv": {
                        "delimiter": ",",
                        "lineTerminator": "\r\n",
                        "quoteChar": '"',
                        "doubleQuote": True,
                    },
                },
                "schema": _schema(dataset, kinds, gaps),
            },
            {
                "name": f"{dataset.code}-parquet",
                "type": "file",  # frictionless reads Parquet by pandas only; its columns are those of the CSV
                "title": f"{dataset.name} (Parquet)",
                "path": parquet.name,
                "scheme": "file",
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "bytes": parquet.bytes,
                "hash": f"sha256:{parquet.sha256}",
            },
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def make_metadata(dataset: DatasetEntry, version: Version, agency: str) -> dict[str, str]:
    """Metadata in the Satu Data standard."""
    return {
        "nama_data": dataset.name,
        "produsen_data": agency,
        "konsep": dataset.concept,
        "definisi": dataset.definition,
        "klasifikasi": dataset.classification,
        "ukuran": dataset.measure,
        "satuan": dataset.unit,
        "sumber": dataset.source,
        "jadwal_rilis": dataset.release,
        "cakupan_tahun": ", ".join(map(str, version.years)) or "-",
        "putaran": version.round.text,
    }


def _schema(dataset: DatasetEntry, kinds: Mapping[str, ColumnKind], gaps: Collection[str]) -> dict[str, Any]:
    """Fields as the office file describes them; a column that it does not know is only named."""
    entries = {one.name: one for one in dataset.columns}
    fields = []
    for name, kind in kinds.items():
        entry = entries.get(name)
        kind_there = "year" if entry and entry.type == "year" and kind == "integer" else _TYPES[kind]
        field: dict[str, Any] = {"name": guard(name), "type": kind_there}
        if entry and entry.unit:
            field["unit"] = entry.unit
        if entry and entry.required and name not in gaps:
            field["constraints"] = {"required": True}
        fields.append(field)
    return {"fields": fields, "missingValues": [""]}


def guard(text: str) -> str:
    """As the CSV writer does it to headings and text."""
    text = re.sub(FORMULA_INSIDE, r";'\1", text)
    return f"'{text}" if re.match(FORMULA_PATTERN, text) else text
