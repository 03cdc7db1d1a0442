"""The inventory of data sets: their versions, their statuses, and what a table is called in the database. Pure; the port."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, Literal

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.ports import Status

SCHEMA, TABLES = "satu_data", "satu_data_tabel"
"""Where the metadata is, and where each data set has its own table."""

# --- statuses ---

TRANSITIONS: dict[Status | None, tuple[Status, ...]] = {
    None: ("Diminta", "Diterima"),
    "Diminta": ("Diterima",),
    "Diterima": ("Diperiksa",),
    "Diperiksa": ("Perlu Perbaikan", "Lengkap"),
    "Perlu Perbaikan": ("Diterima",),
    "Lengkap": ("Terinventarisasi", "Diterima"),
    "Terinventarisasi": ("Terpublikasi", "Diterima"),
    "Terpublikasi": ("Diterima",),
}
"""What may follow what within a round (None: nothing yet). Whatever was delivered may be delivered again, corrected."""


def plan_steps(before: Status | None, wanted: Status) -> tuple[Status, ...]:
    """The shortest legal way to a status, its own name last; empty if that is what it is. Raises RefusedError: there is none."""
    ways: deque[tuple[Status, ...]] = deque([()])
    seen: set[Status | None] = set()
    while ways:
        way = ways.popleft()
        here = way[-1] if way else before
        if here == wanted:
            return way
        if here not in seen:
            seen.add(here)
            ways.extend((*way, after) for after in TRANSITIONS[here])
    raise RefusedError(
        f"Status '{before}' tidak dapat kembali menjadi '{wanted}'.", "Data yang sudah diminta tetap diminta."
    )


# --- tables ---

ColumnKind = Literal["integer", "number", "date", "text"]
SQL_TYPES: dict[ColumnKind, str] = {
    "integer": "bigint",
    "number": "numeric",
    "date": "date",
    "text": "text",
}
"""`numeric`, not floating point: sums of a statistics office come out to the last digit."""
NAME_BYTES = 63
_RESERVED = frozenset(("versi", "nomor", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"))


def widen(before: ColumnKind, after: ColumnKind) -> ColumnKind:
    """The kind of a column that has held one kind and is to hold another: whole numbers fit into numbers, all fits into text."""
    if before == after:
        return before
    return "number" if {before, after} == {"integer", "number"} else "text"


def make_sql_name(name: str, *, reserved: frozenset[str] = frozenset()) -> str:
    """A name that PostgreSQL takes as it is: at most 63 bytes. What had to be cut ends with a mark of the whole."""
    if len(name.encode()) <= NAME_BYTES and name not in reserved:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name.encode()[: NAME_BYTES - 9].decode(errors="ignore") + "_" + mark


def make_column_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns of a table in the database; beside them stand `versi` and `nomor` (the row's number). Raises RefusedError."""
    names = tuple(make_sql_name(name, reserved=_RESERVED) for name in columns)
    if not columns or len(set(names)) < len(names) or any("\0" in name or not name for name in names):
        raise RefusedError(
            "Tabel tidak mempunyai kolom, atau ada kolom yang namanya kosong atau sama.",
            "Perbaiki columns[].name di berkas kantor.",
        )
    return names
