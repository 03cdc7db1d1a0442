"""Clean tables as files: Parquet read in batches, CSV and Parquet written in batches, values as text that people and PostgreSQL read alike."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jagadata.adapters.directory.folder import explain
from jagadata.collection.inventory.package import (
    DESCRIPTOR,
    FORMULA_INSIDE,
    FORMULA_PATTERN,
    DataPackage,
    PackageFile,
    check_publishable,
    render_descriptor,
)
from jagadata.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jagadata.collection.inventory.statuses import ColumnKind
    from jagadata.collection.ports import Version
    from jagadata.office.collection import Agency, DatasetEntry

BATCH = 16_384
"""Rows in memory at a time."""
_AGAIN = "Periksa ulang kiriman itu (langkah 4), lalu ulangi."
_COMMA, _QUOTE, _APOSTROPHE, _NOTHING = (pa.scalar(text, pa.large_string()) for text in (",", '"', "'", ""))
CHECKED_ROWS = 200
"""Rows of each package that frictionless reads when it is made."""


@contextmanager
def open_table(path: Path) -> Iterator[pq.ParquetFile]:
    """A table that the examination wrote. Raises DamagedError."""
    try:
        table = pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path) from error
    with table:
        yield table


def batches(table: pq.ParquetFile, path: Path) -> Iterator[Any]:
    """Raises DamagedError."""
    try:
        yield from table.iter_batches(batch_size=BATCH, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> DamagedError:
    return DamagedError(f"Berkas tabel {path.name} tidak dapat dibaca.", _AGAIN)


def column_kinds(table: pq.ParquetFile, path: Path) -> dict[str, ColumnKind]:
    """Each column and its kind, in order. Raises DamagedError for what is no plain value."""
    return {field.name: _kind(field.type, field.name, path) for field in table.schema_arrow}


def _kind(kind: Any, name: str, path: Path) -> ColumnKind:
    types = pa.types
    if types.is_dictionary(kind):
        return _kind(kind.value_type, name, path)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return "text"
    if types.is_integer(kind):
        return "integer"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind):
        return "date"
    raise DamagedError(
        f"Kolom '{name}' pada berkas tabel {path.name} berjenis {kind}, yang tidak dikenal.",
        _AGAIN,
    )


# --- text ---


def render_rows(batch: Any, first: Sequence[Any] = (), *, guard: bool = False) -> bytes:
    """Rows as CSV (RFC 4180): text in quotes, so that nothing (empty) and the empty text ('""') differ; ISO dates, decimal point.

    `first` are arrays that stand before the batch's own columns. `guard` makes harmless what a spreadsheet would run.
    """
    columns = [_text(column, guard=guard) for column in (*first, *batch.columns)]
    lines = pc.binary_join_element_wise(*columns, _COMMA)
    text = "\r\n".join(lines.to_pylist())
    return (text + "\r\n").encode() if text or len(lines) else b""


def render_heading(names: Sequence[str]) -> bytes:
    """The first line; headings are guarded as text is."""
    batch = pa.record_batch([pa.array([name], pa.string()) for name in names], names=list(names))
    return render_rows(batch, guard=True)


def _text(column: Any, *, guard: bool) -> Any:
    """One column as text without nulls."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    text = pc.cast(column, pa.large_string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if guard:
            risky = pc.match_substring_regex(text, FORMULA_PATTERN)
            text = pc.replace_substring_regex(text, FORMULA_INSIDE, r";'\1")
            text = pc.if_else(risky, pc.binary_join_element_wise(_APOSTROPHE, text, _NOTHING), text)
        text = pc.replace_substring(text, '"', '""')
        text = pc.binary_join_element_wise(_QUOTE, text, _QUOTE, _NOTHING)
    elif pa.types.is_floating(kind):
        text = _plain(text)
    return pc.fill_null(text, _NOTHING)


def _plain(text: Any) -> Any:
    """Numbers without exponents: 1.2e+11 is no number for a clerk. Raises DamagedError for infinity and NaN."""
    strange = pc.fill_null(pc.match_substring_regex(text, "[a-z]"), False)
    if not pc.any(strange).as_py():
        return text
    values = [
        format(Decimal(value), "f") if odd else value
        for value, odd in zip(text.to_pylist(), strange.to_pylist(), strict=True)
    ]
    if any(value and value[-1].isalpha() for value in values):
        raise DamagedError(
            "Sebuah tabel memuat bilangan yang tidak terhingga atau bukan bilangan.",
            _AGAIN,
        )
    return pa.array(values, pa.large_string())


# --- files ---


class _HashedFile:
    """A file being written, with its size and SHA-256."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)

    def facts(self) -> PackageFile:
        return PackageFile(name=self._path.name, bytes=self._size, sha256=self._hash.hexdigest())


def hash_file(path: Path) -> PackageFile:
    """What a file really is. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return PackageFile(name=path.name, bytes=path.stat().st_size, sha256=digest)


def write_package(
    source: Path,
    folder: Path,
    *,
    dataset: DatasetEntry,
    version: Version,
    agency: Agency,
    custodian: str,
    terms: str = "cc-by",
) -> DataPackage:
    """Write a version's table (the examination's Parquet) as a data package into `folder`, and have it checked.

    The same rows and metadata give the same bytes. Raises RefusedError: it must not leave the office, or the disk is full; DamagedError.
    """
    check_publishable(dataset, version)
    try:
        return _write(source, folder, dataset, version, agency, custodian, terms)
    except OSError as error:
        raise explain(error, f"folder kerja {folder}") from error


def _write(
    source: Path,
    folder: Path,
    dataset: DatasetEntry,
    version: Version,
    agency: Agency,
    custodian: str,
    terms: str,
) -> DataPackage:
    folder.mkdir(parents=True, exist_ok=True)
    rows, stem = 0, dataset.code
    gaps: set[str] = set()
    parquet = folder / f"{stem}.parquet"
    with open_table(source) as table:
        kinds = column_kinds(table, source)
        schema = table.schema_arrow.remove_metadata()
        with (
            _HashedFile(folder / f"{stem}.csv") as csv,
            pq.ParquetWriter(parquet, schema, compression="zstd") as writer,
        ):
            csv.write(render_heading(list(kinds)))
            for batch in batches(table, source):
                csv.write(render_rows(batch, guard=True))
                writer.write_batch(batch)
                rows += batch.num_rows
                gaps.update(name for name, kind in kinds.items() if _has_gaps(batch.column(name), kind))
    if rows != version.rows or tuple(kinds) != version.columns:
        raise DamagedError(
            f"Berkas tabel {source.name} bukan isi versi {version.label} data '{dataset.code}'.",
            "Inventarisasi ulang kiriman itu (langkah 5).",
        )
    files = (csv.facts(), hash_file(parquet))
    descriptor = render_descriptor(
        dataset,
        version,
        agency=agency,
        custodian=custodian,
        terms=terms,
        kinds=kinds,
        gaps=gaps,
        files=files,
    )
    (folder / DESCRIPTOR).write_bytes(descriptor.encode())
    check_package(folder / DESCRIPTOR)
    return DataPackage(
        folder=folder,
        dataset=dataset,
        agency=agency.name,
        custodian=custodian,
        terms=terms,
        version=version,
        descriptor=descriptor,
        files=files,
    )


def _has_gaps(column: Any, kind: ColumnKind) -> bool:
    """Some cell is empty in CSV."""
    if column.null_count or kind != "text":
        return bool(column.null_count)
    return bool(pc.any(pc.equal(pc.cast(column, pa.large_string()), _NOTHING)).as_py())


def check_files(package: DataPackage, folder: Path | None = None) -> None:
    """The files there (else in its own folder) are those that the package names. Raises DamagedError."""
    for file in package.contents:
        try:
            same = hash_file((folder or package.folder) / file.name) == file
        except FileNotFoundError:
            same = False
        if not same:
            raise DamagedError(
                f"Berkas {file.name} pada paket data '{package.dataset.code}' hilang atau berubah sesudah paket dibuat.",
                "Buat ulang paketnya (langkah 5).",
            )


def check_package(descriptor: Path, *, rows: int | None = CHECKED_ROWS) -> None:
    """Let frictionless judge: all metadata and the first rows; `rows=None`: every row and the hashes (5,000 rows a second).

    Raises DamagedError, without the values that frictionless would show.
    """
    from frictionless import FrictionlessException, Package

    try:
        report = Package(str(descriptor)).validate(limit_rows=rows)
        faults = [f"{kind} (baris {row or '-'})" for kind, row in report.flatten(["type", "rowNumber"])]
    except FrictionlessException as error:
        faults = [error.error.type]
    if faults:
        raise DamagedError(
            f"Paket data {descriptor.parent.name} tidak memenuhi Data Package: {', '.join(faults[:5])}.",
            "Periksa columns data itu di berkas kantor, lalu ulangi langkah 5.",
        )
