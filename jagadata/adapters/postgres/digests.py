"""Rows counted and their texts summed up, one table after another, each as if nothing had been run before.

What the owner of a database planted runs while such a query is planned, as the loader: so every name is written out,
and the session starts anew for every table. A digest proves that rows were copied, not that their owner is honest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import lift_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_PINNED = (
    "SET extra_float_digits = 1",
    "SET timezone = 'UTC'",
    "SET datestyle = 'ISO, YMD'",
    "SET intervalstyle = 'postgres'",
    "SET bytea_output = 'hex'",
    "SET lc_monetary = 'C'",
    "SET quote_all_identifiers = off",
    "SET row_security = off",
    "SET constraint_exclusion = off",
    "SET default_transaction_read_only = off",
    "SET statement_timeout = 0",
    "SET lock_timeout = '60s'",
)
"""Each of them changes the text of some type, or which rows are seen."""
_TABLES = """
SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), ''
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
  AND n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e')
UNION ALL
SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), e.condition
FROM pg_catalog.pg_extension x,
  LATERAL ROWS FROM (pg_catalog.unnest(x.extconfig), pg_catalog.unnest(x.extcondition)) AS e (oid, condition),
  pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.oid OPERATOR(pg_catalog.=) e.oid AND c.relkind OPERATOR(pg_catalog.=) 'r'
ORDER BY 2, 3
"""
_COLUMNS = (
    "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
)
_COUNT = "SELECT pg_catalog.count(*), ''::pg_catalog.text FROM ONLY {} {}"
_DIGEST = (
    "SELECT pg_catalog.count(*), pg_catalog.concat("
    "pg_catalog.sum(pg_catalog.hashtextextended(x, 0)::pg_catalog.numeric), ' ',"
    "pg_catalog.sum(pg_catalog.hashtextextended(x, 42)::pg_catalog.numeric)) "
    "FROM (SELECT pg_catalog.textin(pg_catalog.record_out({})) AS x FROM ONLY {} AS {} {} OFFSET 0) AS q"
)
_SEQUENCES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.relkind OPERATOR(pg_catalog.=) 'S'
"""


class Table:
    """One table whose rows a dump holds; `condition` is an extension's own, of which of its rows are the office's."""

    def __init__(self, oid: int, schema: str, name: str, owner: str, condition: str) -> None:
        self.oid = oid
        self.schema = schema
        self.name = name
        self.owner = owner
        self.condition = condition

    @property
    def label(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def begin_anew(connection: psycopg.Connection[Any], path: str = "pg_catalog") -> None:
    """As a session that has run nothing yet, with every setting pinned that changes what is read."""
    connection.prepare_threshold = None
    connection.execute("DISCARD ALL")
    lift_limits(connection)
    for statement in _PINNED:
        connection.execute(statement)
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))


def list_tables(connection: psycopg.Connection[Any]) -> list[Table]:
    begin_anew(connection)
    return [Table(*row) for row in connection.execute(_TABLES)]


def measure(
    connection: psycopg.Connection[Any],
    tables: Sequence[Table],
    paths: Sequence[str] = (),
    *,
    digest: bool = True,
    watch: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Table, int, str]]:
    """Rows and digest of each table ('' without `digest`).

    A function in an index may be found by the database's own `paths` only; the planner asks for it. Raises psycopg.Error.
    """
    for table in tables:
        watch()
        found = None
        for number, path in enumerate(("pg_catalog", *paths)):
            try:
                begin_anew(connection, path)
                found = connection.execute(_make_query(connection, table, digest=digest)).fetchone()
                break
            except psycopg.OperationalError:
                raise
            except psycopg.Error:
                if number == len(paths):
                    raise
        if found:
            yield table, int(found[0]), str(found[1])


def _make_query(connection: psycopg.Connection[Any], table: Table, *, digest: bool) -> sql.Composed:
    condition = sql.SQL(table.condition)
    if not digest:
        return sql.SQL(_COUNT).format(table.identifier, condition)
    taken = {row[0] for row in connection.execute(_COLUMNS, (table.oid,))}
    alias = "baris"
    while alias in taken:
        alias += "_"
    return sql.SQL(_DIGEST).format(sql.Identifier(alias), table.identifier, sql.Identifier(alias), condition)


def read_sequences(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, bool]]:
    """Last value and whether it was given out, by quoted name as setval writes it."""
    begin_anew(connection)
    values: dict[str, tuple[int, bool]] = {}
    for schema, name in connection.execute(_SEQUENCES).fetchall():
        query = sql.SQL(
            "SELECT pg_catalog.format('%I.%I', {}::text, {}::text), last_value, is_called FROM {}"
        )
        found = connection.execute(
            query.format(sql.Literal(schema), sql.Literal(name), sql.Identifier(schema, name))
        ).fetchone()
        if found:
            values[found[0]] = (int(found[1]), bool(found[2]))
    return values
