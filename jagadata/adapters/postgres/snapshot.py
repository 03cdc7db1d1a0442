"""Begin a dump's snapshot so that nobody gets between it, pg_dump and the count, also where tables come and go all the time."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from jagadata.adapters.postgres.access import Access

PAUSES = (0, 0.25, 0.5, 0.5, 1, 1, 2, 4, 8, 12, 15, 15)
"""Seconds before each try; about a minute in all, as long as a lock may take elsewhere."""
VANISH_WAIT = 1.0
"""Seconds that passing tables have to be gone, while pg_dump stands still."""

_RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind IN ('r', 'p')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY c.oid
"""
"""What `pg_dump --exclude-table` can leave out; of these it locks the tables ('r', 'p'), in this order."""
_NEEDED = """
SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0) FROM pg_catalog.pg_depend d
WHERE d.deptype = 'n' AND d.classid <> 'pg_catalog.pg_attrdef'::regclass
  AND (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = ANY (%(oids)s)
    OR d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN
      (SELECT unnest(ARRAY[t.oid, t.typarray]) FROM pg_catalog.pg_type t WHERE t.typrelid = ANY (%(oids)s)))
  AND NOT (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = ANY (%(oids)s))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r
                  WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class = ANY (%(oids)s))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                  WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid AND k.conrelid = ANY (%(oids)s))
LIMIT 1
"""
"""What lies outside these relations and can't be restored without them. (A column's default can't lose its sequence while its table is locked.)"""


class MovingError(JagadataError):
    """Tables changed while the dump began; nothing was given away yet, so it may begin anew."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            "Jadwalkan back up saat aplikasi tidak mengubah susunan tabel (CREATE, DROP, ALTER, TRUNCATE), lalu ulangi.",
            transient=True,
        )


@dataclass(frozen=True, kw_only=True)
class Relation:
    oid: int
    schema: str
    name: str
    is_table: bool

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """`passing`: relations in it that are neither locked nor to be dumped, for they are gone by the time the dump begins."""

    id: str
    passing: Sequence[Relation]
    lock_wait: int  # milliseconds

    def make_flags(self) -> list[str]:
        """Of pg_dump. A lock that it must wait for is held by somebody who waits for us."""
        patterns = [f"--exclude-table={one.identifier.as_string()}" for one in self.passing]
        return [f"--snapshot={self.id}", f"--lock-wait-timeout={self.lock_wait}ms", *patterns]


def find_relations(connection: psycopg.Connection[Any]) -> list[Relation]:
    return [
        Relation(oid=oid, schema=schema, name=name, is_table=is_table)
        for oid, schema, name, is_table in connection.execute(_RELATIONS)
    ]


def attempts(connection: psycopg.Connection[Any]) -> Iterator[Collection[Relation]]:
    """For each try the relations to be locked, after a pause: all that there are, and every other time only those that outlived the pause."""
    before: set[Relation] = set()
    for number, pause in enumerate(PAUSES):
        time.sleep(pause)
        found = set(find_relations(connection))
        yield found & before if number % 2 else found
        before = found


@contextlib.contextmanager
def snapshot(connection: psycopg.Connection[Any], settled: Collection[Relation]) -> Iterator[Snapshot]:
    """Within it the transaction of the count, with its exported snapshot and the settled tables locked. Raises MovingError.

    They are locked (ACCESS SHARE, as pg_dump does) before the snapshot is taken: a TRUNCATE or ALTER TABLE that got in
    between would show both an empty table, or the count another one than was dumped (PostgreSQL 13.6, Caveats). All of
    them within half a second: whoever waits for us meanwhile, having locked what we wait for, must not be
    taken for part of a deadlock and be ended (deadlock_timeout, 1 s).
    """
    tables = sorted((one for one in settled if one.is_table), key=lambda one: one.oid)
    wait = 500 + len(tables) // 5
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        try:
            if tables:
                connection.execute(f"SET LOCAL statement_timeout = {wait}")
                names = sql.SQL(", ").join(sql.SQL("ONLY {}").format(one.identifier) for one in tables)
                connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))
                connection.execute("SET LOCAL statement_timeout = 0")
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.InvalidSchemaName,
            psycopg.errors.WrongObjectType,
            psycopg.errors.QueryCanceled,
            psycopg.errors.LockNotAvailable,
            psycopg.errors.DeadlockDetected,
        ) as error:
            raise MovingError(
                f"Tabel '{connection.info.dbname}' terus dihapus, diubah, atau dikunci aplikasi selama back up dimulai: {str(error).splitlines()[0]}."
            ) from error
        found = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        passing = [one for one in find_relations(connection) if one not in settled]
        _refuse_needed(connection, passing)
        yield Snapshot(id=str(found[0]) if found else "", passing=passing, lock_wait=wait)
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _refuse_needed(connection: psycopg.Connection[Any], passing: Sequence[Relation]) -> None:
    needed = passing and connection.execute(_NEEDED, {"oids": [one.oid for one in passing]}).fetchone()
    if needed:
        raise MovingError(
            f"Tabel '{connection.info.dbname}' dibuat selama back up dimulai dan sudah dipakai: {needed[0]}."
        )


def await_vanishing(access: Access, database: str, passing: Sequence[Relation]) -> None:
    """Once pg_dump holds its locks: what it left out must be gone, so that nothing is missing. Raises MovingError."""
    if not passing:
        return
    end = time.monotonic() + VANISH_WAIT
    query = "SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (%s)"
    with access.session(database, "dump") as connection:
        while left := {row[0] for row in connection.execute(query, ([one.oid for one in passing],))}:
            if time.monotonic() > end:
                names = ", ".join(f"{one.schema}.{one.name}" for one in passing if one.oid in left)
                raise MovingError(f"Tabel '{database}' dibuat selama back up dimulai: {names[:300]}.")
            time.sleep(0.05)
