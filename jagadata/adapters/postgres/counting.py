"""Exact rows of a database as it is now, counted as its loader: a query over a user's table runs code of the table's owner."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import lift_limits
from jagadata.adapters.postgres.archive import LARGE_OBJECTS
from jagadata.adapters.postgres.dump import TABLES
from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jagadata.adapters.postgres.access import Access
    from jagadata.ports.data_source import Counts

_PATHS = """
SELECT DISTINCT substr(entry, 13) FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) entry
WHERE entry LIKE 'search_path=%' AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""
_SCHEMAS = """
SELECT string_agg(quote_ident(nspname), ', ' ORDER BY nspname <> 'public', nspname) FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


def count_rows(access: Access, database: str) -> Counts:
    """Rows of each table whose rows a dump holds (partitions by leaf), and of large objects if there are any. All of one moment.

    A short transaction for each table in a snapshot that another login's session keeps, so that at no time more than a handful of locks are
    held. Afterwards the session begins anew: code that ran in it may have changed what names mean there.

    Raises JagadataError that names the table.
    """
    rows: Counts = {}
    with (
        _keep_moment(access, database) as snapshot,
        access.session(database, "load", patient=True) as connection,
    ):
        connection.prepare_threshold = None
        tables = connection.execute(TABLES).fetchall()
        large = connection.execute(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata"
        ).fetchone()
        paths = _find_paths(connection)
        for schema, table, condition in tables:
            name = f"{schema}.{table}"
            query = sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {} {}").format(
                sql.Identifier(schema, table), sql.SQL(condition)
            )
            rows[name] = rows.get(name, 0) + _count(connection, name, query, snapshot, paths)
    if large and large[0]:
        rows[LARGE_OBJECTS] = large[0]
    return rows


@contextlib.contextmanager
def _keep_moment(access: Access, database: str) -> Iterator[str]:
    """A snapshot for as long, kept by the dump login: code that runs as the loader may end the loader's own sessions.

    Empty where that login does not get in: into a database that is not live yet, where nobody changes anything.
    """
    with contextlib.ExitStack() as stack:
        try:
            keeper = stack.enter_context(access.session(database, "dump", patient=True))
        except RefusedError:
            yield ""
            return
        keeper.execute("SET idle_in_transaction_session_timeout = 0")
        keeper.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = keeper.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        yield str(found[0]) if found else ""
        keeper.execute("COMMIT")


def _find_paths(connection: psycopg.Connection[Any]) -> list[str]:
    """What an index's function may find its helpers by: the session's own way first, then what the database's roles have, then all."""
    found = [str(row[0]) for row in connection.execute(_PATHS)]
    schemas = connection.execute(_SCHEMAS).fetchone()
    return ["pg_catalog", *found, str(schemas[0]) if schemas and schemas[0] else "public"]


def _count(
    connection: psycopg.Connection[Any],
    name: str,
    query: sql.Composed,
    snapshot: str,
    paths: Sequence[str],
) -> int:
    fault: psycopg.Error | None = None
    for path in dict.fromkeys(paths):
        try:
            with _moment(connection, snapshot, path):
                found = connection.execute(query).fetchone()
                return int(found[0]) if found else 0
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
            fault = error
            break
        except psycopg.Error as error:
            fault = fault or error
    if isinstance(fault, psycopg.errors.InsufficientPrivilege):
        raise JagadataError(
            f"Tabel {name} di '{connection.info.dbname}' tidak dapat dihitung: bukan milik pemilik aplikasi ({str(fault).splitlines()[0]}).",
            "Alihkan kepada peran aplikasi (ALTER TABLE … OWNER TO …).",
        ) from fault
    if isinstance(fault, psycopg.OperationalError):
        raise fault
    raise JagadataError(
        f"Tabel {name} di '{connection.info.dbname}' tidak dapat dihitung: {str(fault).splitlines()[0]}",
        "Periksa fungsi yang dipakai indeks dan kolom tabel itu.",
    ) from fault


@contextlib.contextmanager
def _moment(connection: psycopg.Connection[Any], snapshot: str, path: str) -> Iterator[None]:
    """One transaction in the snapshot, and a session as new after it."""
    lift_limits(connection)
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        if snapshot:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        connection.execute("SET LOCAL row_security = off")  # an error rather than a silently filtered count
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (path,))
        yield
    finally:
        if not connection.broken:
            connection.execute("ROLLBACK")
            connection.execute("DISCARD ALL")
