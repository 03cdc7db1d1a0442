"""Rows that their table's own CHECK refuses now: the checks are taken off, and put back NOT VALID."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.adapters.postgres.digests import Table

_OF_TABLE = """
WITH RECURSIVE above AS (
  SELECT %(oid)s::pg_catalog.oid AS oid
  UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN above a ON a.oid = i.inhrelid
)
SELECT 'TABLE', n.nspname, c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN above a ON a.oid = k.conrelid
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c' AND k.coninhcount = 0
UNION ALL
SELECT 'DOMAIN', n.nspname, t.typname, k.conname, pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND k.contypid IN (SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = %(oid)s)
"""


@contextlib.contextmanager
def set_checks_aside(
    connect: Callable[[], psycopg.Connection[Any]], table: Table, paths: Sequence[str]
) -> Iterator[None]:
    """Every CHECK of the table, of those that it inherits from, and of its columns' domains; each comes back, valid if it can be."""
    connection = connect()
    connection.execute("SET search_path = pg_catalog")
    found = connection.execute(_OF_TABLE, {"oid": table.oid}).fetchall()
    gone = []
    for kind, schema, name, constraint, definition in found:
        with contextlib.suppress(psycopg.Error):
            connection.execute(_alter(kind, schema, name, "DROP", constraint))
            gone.append((kind, schema, name, constraint, definition))
    try:
        yield
    finally:
        for kind, schema, name, constraint, definition in gone:
            _put_back(connect(), _alter(kind, schema, name, "ADD", constraint), definition, paths)


def _alter(kind: str, schema: str, name: str, what: str, constraint: str) -> sql.Composed:
    return sql.SQL("ALTER {} {} {} CONSTRAINT {}").format(
        sql.SQL(kind),
        sql.Identifier(schema, name),
        sql.SQL(what),
        sql.Identifier(constraint),
    )


def _put_back(
    connection: psycopg.Connection[Any], statement: sql.Composed, definition: str, paths: Sequence[str]
) -> None:
    """Valid by one of the paths, else NOT VALID, which looks at no row."""
    tried = [(path, "") for path in ("pg_catalog", *paths)]
    for path, suffix in (*tried, ("pg_catalog", " NOT VALID")):
        try:
            connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))
            text = definition.removesuffix(" NOT VALID") + (suffix or _suffix(definition))
            connection.execute(statement + sql.SQL(" ") + sql.SQL(text))
            break
        except psycopg.OperationalError:
            raise
        except psycopg.Error:
            if suffix:
                raise
    connection.execute("SET search_path = pg_catalog")


def _suffix(definition: str) -> str:
    return " NOT VALID" if definition.endswith(" NOT VALID") else ""
