"""The tables of the data sets themselves: one for each data set, its versions one below the other; filled by COPY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from psycopg import sql

from jagadata.adapters.spreadsheets.data_files import batches, column_kinds, open_table, render_rows
from jagadata.collection.inventory.statuses import SQL_TYPES, TABLES, make_column_names, widen
from jagadata.errors import DamagedError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jagadata.collection.inventory.statuses import ColumnKind
    from jagadata.collection.tables.examination import CleanTable

_KINDS: dict[str, ColumnKind] = {name: kind for kind, name in SQL_TYPES.items()}


def fill(
    connection: psycopg.Connection[Any], name: str, version: int, table: CleanTable, parquet: Path
) -> list[dict[str, str]]:
    """Copy a clean table into the table `name` as `version`, a batch at a time. Returns its columns: nama, kolom, jenis.

    Raises DamagedError: the file is not what the examination says; RefusedError: the database's table does not let itself be changed.
    """
    with open_table(parquet) as source:
        kinds = column_kinds(source, parquet)
        if tuple(kinds) != table.columns:
            raise _differs(table, parquet, "kolomnya lain")
        names = make_column_names(table.columns)
        columns = dict(zip(names, kinds.values(), strict=True))
        _shape(connection, name, columns)
        copy = sql.SQL("COPY {}.{} (versi, nomor, {}) FROM STDIN (FORMAT csv)").format(
            sql.Identifier(TABLES), sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        rows = 0
        try:
            with connection.cursor() as cursor, cursor.copy(copy) as target:
                for batch in batches(source, parquet):
                    count = batch.num_rows
                    first = (
                        pa.repeat(pa.scalar(version, pa.int64()), count),
                        pa.array(range(rows + 1, rows + count + 1), pa.int64()),
                    )
                    target.write(render_rows(batch, first))
                    rows += count
        except psycopg.DataError as error:
            # Not as the cause: PostgreSQL repeats the value, which may be personal data.
            raise DamagedError(
                f"Tabel data '{table.dataset}' memuat nilai yang ditolak basis data inventaris (SQLSTATE {error.sqlstate}).",
                "Periksa ulang kiriman itu (langkah 4), lalu ulangi.",
            ) from None
    if rows != table.rows:
        raise _differs(table, parquet, f"{rows} baris, bukan {table.rows}")
    return [
        {"nama": label, "kolom": column, "jenis": kind}
        for label, (column, kind) in zip(table.columns, columns.items(), strict=True)
    ]


def _differs(table: CleanTable, parquet: Path, how: str) -> DamagedError:
    return DamagedError(
        f"Berkas tabel {parquet.name} bukan tabel '{table.dataset}' yang diperiksa: {how}.",
        "Periksa ulang kiriman itu (langkah 4), lalu ulangi.",
    )


def _shape(connection: psycopg.Connection[Any], name: str, columns: Mapping[str, ColumnKind]) -> None:
    """Make the table, add the columns that it lacks, widen those that must hold more. Nothing is ever dropped."""
    table = sql.SQL("{}.{}").format(sql.Identifier(TABLES), sql.Identifier(name))
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (versi bigint, nomor bigint, PRIMARY KEY (versi, nomor))"
        ).format(table)
    )
    rows = connection.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        [table.as_string(connection)],
    )
    there = dict(rows.fetchall())
    changes = []
    for column, kind in columns.items():
        if column not in there:
            changes.append(_change("ADD COLUMN {} {}", column, kind))
            continue
        before = _KINDS.get(there[column], "text")
        after = widen(before, kind)
        if after != before:
            changes.append(_change("ALTER COLUMN {} TYPE {}", column, after))
    if not changes:
        return
    try:
        connection.execute(sql.SQL("ALTER TABLE {} {}").format(table, sql.SQL(", ").join(changes)))
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.DependentObjectsStillExist) as error:
        raise RefusedError(
            f"Tabel {TABLES}.{name} tidak dapat disesuaikan dengan kolom baru: masih dipakai sebuah view.",
            "Hapus view itu, ulangi langkah ini, lalu buat lagi view itu.",
        ) from error


def _change(text: str, column: str, kind: ColumnKind) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(column), sql.SQL(SQL_TYPES[kind]))
