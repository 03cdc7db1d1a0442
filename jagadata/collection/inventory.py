"""The inventory of data sets: their versions, their statuses, and what a table is called in the database. Pure; the port."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from jagadata.database_roles import literal, quote
from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from jagadata.collection.deliveries import Status
    from jagadata.collection.examination import CleanTable
    from jagadata.collection.round import Round
    from jagadata.office_collection import Agency, DatasetEntry
    from jagadata.office_collection import Inventory as InventoryEntry

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


def check_transition(before: Status | None, after: Status, *, dataset: str, round: Round) -> None:
    """Raises RefusedError."""
    if after not in TRANSITIONS[before]:
        raise RefusedError(
            f"Status '{dataset}' pada {round.text} tidak dapat berubah dari '{before or 'belum ada'}' menjadi '{after}'.",
            f"Yang boleh sesudahnya: {', '.join(TRANSITIONS[before])}.",
        )


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


@dataclass(frozen=True, kw_only=True)
class StatusEntry:
    """One line of the history: who gave a data set this status in a round, when and why."""

    dataset: str
    status: Status
    by: str
    why: str
    at: datetime


# --- versions ---


@dataclass(frozen=True, kw_only=True)
class Version:
    """One table of a data set as it was taken in. `number` counts within the round: the highest counts, the others are history.

    `fresh`: the call that returned it made it; else it had been there already.
    """

    dataset: str
    round: Round
    number: int
    receipt: str
    digest: str
    rows: int
    columns: tuple[str, ...]
    years: tuple[int, ...]
    held: bool
    at: datetime
    fresh: bool = False

    @property
    def label(self) -> str:
        """'2026-s2.1', as data packages number it."""
        return f"{self.round}.{self.number}"


@dataclass(frozen=True, kw_only=True)
class RequestedDataset:
    """A data set of the last round, for the next round's list of requested data."""

    code: str
    name: str
    agency: str
    round: str
    status: Status
    rows: int | None = None  # None: nothing was taken in
    years: tuple[int, ...] = ()


class InventoryBook(Protocol):
    """The inventory as the SOP needs it. Every call is one transaction, and may be made twice."""

    def migrate(self) -> bool: ...
    def is_current(self) -> bool: ...
    def request(
        self,
        agencies: Iterable[Agency],
        datasets: Iterable[DatasetEntry],
        round: Round,
        *,
        by: str,
        at: datetime,
    ) -> None: ...
    def note_delivery(self, round: Round, agency: str, receipt: str, name: str, at: datetime) -> None: ...
    def set_status(
        self, dataset: str, round: Round, status: Status, *, by: str, why: str = "", at: datetime
    ) -> bool: ...
    def bring_to(
        self, dataset: str, round: Round, status: Status, *, by: str, why: str = "", at: datetime
    ) -> tuple[Status, ...]: ...
    def take_in(
        self, entry: DatasetEntry, round: Round, table: CleanTable, parquet: Path, receipt: str, at: datetime
    ) -> Version: ...
    def latest(self, dataset: str, before: Round) -> Version | None: ...
    def versions(self, dataset: str, round: Round) -> list[Version]: ...
    def requested(self, before: Round) -> list[RequestedDataset]: ...
    def statuses(self, round: Round) -> dict[str, StatusEntry]: ...
    def history(self, dataset: str, round: Round) -> list[StatusEntry]: ...


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


# --- least privilege ---


def render_inventory_sql(entry: InventoryEntry) -> str:
    """SQL for the inventory's login, to be run by a superuser with psql; safe to run again. psql asks for the password."""
    user, database = quote(entry.login.user), quote(entry.database)
    name = entry.database.replace("\\", "\\\\").replace("'", "\\'")
    connection = literal(f"dbname='{name}'").replace("\\", "\\\\")
    lines = [
        "-- Inventaris Satu Data. Jalankan sebagai superuser: psql -d postgres -f BERKAS",
        "-- Aman dijalankan berulang kali. Sandi diminta oleh psql dan tidak tertulis di sini.",
        "\\set ON_ERROR_STOP on",
        "SET client_min_messages = warning;",
        f"SELECT format('CREATE ROLE %I', {literal(entry.login.user)}) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(entry.login.user)})",
        "\\gexec",
        f"ALTER ROLE {user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;",
        f"SELECT format('CREATE DATABASE %I ENCODING ''UTF8'' TEMPLATE template0', {literal(entry.database)}) WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {literal(entry.database)})",
        "\\gexec",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {database} TO {user};",
        f"SELECT E{connection} AS jagadata_basis_data",
        "\\gset",
        "\\connect -reuse-previous=on :jagadata_basis_data",
        "SET client_min_messages = warning;",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        "-- Hanya kedua skema ini milik Jagadata; skema lain tidak dapat dibaca atau ditulisnya.",
    ]
    for schema in (SCHEMA, TABLES):
        lines += [
            f"CREATE SCHEMA IF NOT EXISTS {schema};",
            f"ALTER SCHEMA {schema} OWNER TO {user};",
        ]
    lines += ["", "-- Sandi (hapus tanda komentar sekali saja):", f"-- \\password {user}"]
    return "\n".join(lines) + "\n"
