"""One file examined from its bytes to its Parquet files. Runs in the sandbox: hostile input may end this process."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyarrow import parquet
from pydantic import TypeAdapter

from jagadata.adapters.spreadsheets.archive import Contents, look_into
from jagadata.adapters.spreadsheets.grids import is_parted_by_blanks, open_csv, open_html, open_workbook
from jagadata.adapters.spreadsheets.kinds import SUFFIXES, UnfitError, recognise
from jagadata.collection.round import Round
from jagadata.collection.tables.examination import CleanTable, Examination, Finding, PreviousTable
from jagadata.collection.tables.grid import Grid
from jagadata.collection.tables.reading import Outcome, Question, read_tables
from jagadata.collection.tables.wording import clean_name, number_text, sift
from jagadata.office.collection import DatasetEntry, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import RawIOBase
    from typing import BinaryIO

    from jagadata.collection.tables.grid import Rows


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the sandbox is asked."""

    path: Path
    name: str
    datasets: tuple[DatasetEntry, ...]
    round: Round
    limits: Limits
    region: str
    region_name: str = ""
    folder: Path
    previous: dict[str, PreviousTable]


_ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)


def to_json(request: Request) -> dict[str, Any]:
    value: dict[str, Any] = _ADAPTER.dump_python(request, mode="json")
    return value


def from_json(value: dict[str, Any]) -> Request:
    return _ADAPTER.validate_python(value)


def parquet_prefix(path: Path, name: str) -> str:
    """How the Parquet files of one sent file begin: the same for the same file and name, no two alike in one folder."""
    return hashlib.sha256(f"{path}\0{name}".encode("utf-8", "replace")).hexdigest()[:16]


def examine_file(request: Request, begin: Callable[[], BinaryIO | RawIOBase] | None = None) -> Examination:
    """Whatever is wrong with the file is a finding. `begin` gives what the next table is written into, else files in the folder."""
    started = time.perf_counter()
    shown = clean_name(request.name)
    findings: list[Finding] = []
    kind = encoding = delimiter = ""
    contents = Contents()
    outcome = Outcome()
    try:
        _check_size(request)
        kind = recognise(request.path)
        findings += _suffix_finding(shown, kind)
        grids: Iterable[Grid]
        match kind:
            case "csv":
                grid, encoding, delimiter = open_csv(request.path, request.limits)
                grids = [grid]
            case "html":
                findings.append(_HTML)
                grids = open_html(request.path, request.limits)
            case _:
                contents = (
                    Contents(marks=None) if kind == "xls" else look_into(request.path, kind, request.limits)
                )
                findings += contents.findings
                grids = open_workbook(request.path, request.limits, contents.marks)
        outcome = read_tables(
            grids,
            Question(
                name=shown,
                datasets=request.datasets,
                round=request.round,
                region=request.region,
                region_name=request.region_name,
                previous=request.previous,
                knows_formats=contents.marks is not None,
                has_percents=contents.has_percents,
                is_text=kind == "csv",
            ),
        )
        if kind == "csv" and not outcome.tables and is_parted_by_blanks(request.path, encoding):
            outcome.findings = [_BLANKS]
    except UnfitError as error:
        findings.append(Finding(code=error.code, severity="kesalahan", text=error.message, action=error.hint))
        kind = kind if kind in SUFFIXES else ""
    return Examination(
        name=shown,
        kind=kind,
        encoding=encoding,
        delimiter=delimiter,
        tables=_write(request, outcome, begin),
        findings=sift([*findings, *outcome.findings]),
        personal=tuple(outcome.personal),
        seconds=round(time.perf_counter() - started, 3),
    )


def warm_up() -> None:
    """What the libraries load at first use, loaded now: 0.5 s that no file has to pay."""
    column = {"name": "Angka", "type": "number", "required": True, "minimum": 0}
    asked = DatasetEntry.model_validate(
        {"code": "x", "name": "x", "agency": "x", "unit": "x", "columns": [column, {"name": "Teks"}]}
    )
    rows: Rows = [["Angka", "Teks"], ["x", "a"], [-1.0, "b"], [1.0, ""]]
    grid = Grid(sheet="", width=2, chunks=lambda _size: iter([[list(row) for row in rows]]))
    read_tables([grid], Question(name="x", datasets=[asked], round=Round(2000, 1), region="1", previous={}))


_HTML = Finding(
    code="html",
    severity="peringatan",
    text="Isi berkas halaman web (HTML), seperti hasil ekspor aplikasi; tabelnya dibaca.",
    action="Sebaiknya buka di Excel dan simpan sebagai XLSX.",
)


_BLANKS = Finding(
    code="kolom-dipisah-spasi",
    severity="kesalahan",
    text="Kolom pada berkas ini hanya dipisah dengan spasi, seperti laporan cetak; batas kolomnya tidak pasti dan tidak dibaca.",
    action="Ekspor lagi sebagai XLSX, atau sebagai CSV dengan pemisah titik koma, lalu kirim ulang.",
)


def _check_size(request: Request) -> None:
    size = request.path.stat().st_size
    if not size:
        raise UnfitError(
            "berkas-kosong",
            "Berkas kosong (0 byte).",
            "Periksa berkas di komputer pengirim, lalu kirim ulang.",
        )
    if size > request.limits.file_mib * (1 << 20):
        raise UnfitError(
            "berkas-terlalu-besar",
            f"Berkas sebesar {number_text(size >> 20)} MB, lebih dari {number_text(request.limits.file_mib)} MB; tidak dibaca.",
            "Hapus gambar dan lembar yang tidak perlu, atau bagi menjadi beberapa berkas.",
        )


def _suffix_finding(name: str, kind: str) -> list[Finding]:
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES[kind] or (kind == "html" and suffix == ".xls"):
        return []
    return [
        Finding(
            code="ekstensi-salah", severity="peringatan",
            text=f"Nama berkas berakhiran '{suffix or '(tidak ada)'}', tetapi isinya {kind.upper()}; dibaca menurut isinya.",
            action=f"Beri nama berakhiran '{min(SUFFIXES[kind])}'.",
        )
    ]  # fmt: skip


def _write(
    request: Request, outcome: Outcome, begin: Callable[[], BinaryIO | RawIOBase] | None
) -> tuple[CleanTable, ...]:
    written = []
    prefix = parquet_prefix(request.path, request.name)
    for number, found in enumerate(outcome.tables, 1):
        file = f"{prefix}-{number}.parquet"
        parquet.write_table(found.table, begin() if begin else request.folder / file, compression="zstd")
        written.append(
            CleanTable(
                dataset=found.dataset.code,
                sheet=clean_name(found.sheet) if found.sheet else "",
                heading_row=found.heading_row,
                columns=tuple(found.table.column_names),
                rows=found.table.num_rows,
                file=file,
                years=found.years,
                digest=found.digest,
                held=found.held,
                held_for=found.held_for,
            )
        )
    return tuple(written)
