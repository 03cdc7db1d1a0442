"""The order in which an archive's entries are restored, and the rights lent meanwhile, so that every owner gets his own back.

`ALTER ... OWNER TO` asks that the new owner may create in the schema; only superusers are spared. Grants come last in an archive,
and the owner may have lost that right since.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.adapters.postgres.entries import Entry

_RIGHTS = {"ACL", "DEFAULT ACL", "EVENT TRIGGER", "MATERIALIZED VIEW DATA"}
"""What pg_restore itself leaves for its last passes (pg_backup_archiver.c, _tocEntryRestorePass)."""
_POLICIES = {"ROW SECURITY", "POLICY"}
"""After every foreign key: the check of one would be held to the policies of a table that forces them on its owner."""
_OWNERS = """
SELECT rolname FROM pg_catalog.pg_roles
WHERE pg_catalog.pg_has_role(current_user, oid, 'MEMBER') AND NOT rolsuper AND rolname <> current_user ORDER BY 1
"""
_PLACES = """
SELECT 'SCHEMA', nspname, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'DATABASE', datname, pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database()
"""


@dataclass(frozen=True, kw_only=True)
class Stages:
    schemas: Sequence[Entry]
    extensions: Sequence[Entry]
    objects: Sequence[Entry]
    policies: Sequence[Entry]
    rights: Sequence[Entry]


def sort_stages(entries: Sequence[Entry]) -> Stages:
    stages: dict[str, list[Entry]] = {
        "schemas": [],
        "extensions": [],
        "objects": [],
        "policies": [],
        "rights": [],
    }
    for entry in entries:
        stages[_stage(entry)].append(entry)
    return Stages(**stages)


def _stage(entry: Entry) -> str:
    if entry.kind == "SCHEMA":
        return "schemas"
    if entry.kind == "EXTENSION":
        return "extensions"
    about = entry.rest if entry.kind in ("COMMENT", "SECURITY LABEL") else ""
    if entry.kind in _POLICIES or " POLICY " in about:
        return "policies"
    return "rights" if entry.kind in _RIGHTS or about.startswith("- EVENT TRIGGER ") else "objects"


@contextlib.contextmanager
def lend(connect: Callable[[], psycopg.Connection[Any]], entries: Sequence[Entry]) -> Iterator[None]:
    """Let every owner that the archive names create in every schema, and take it back afterwards.

    `connect` gives a session that works: code that runs in between may end every other session of the login.
    """
    connection = connect()
    owners = [
        str(row[0])
        for row in connection.execute(_OWNERS)
        if any(e.rest.endswith(f" {row[0]}") for e in entries)
    ]
    lent = [
        (kind, name, role)
        for kind, name, owner in connection.execute(_PLACES).fetchall()
        for role in owners
        if role != owner
    ]

    def execute(statement: LiteralString) -> None:
        session = connect()
        for kind, name, role in lent:
            where = sql.SQL("SCHEMA " if kind == "SCHEMA" else "DATABASE ") + sql.Identifier(str(name))
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # a superuser's schema
                session.execute(sql.SQL(statement).format(where, sql.Identifier(role)))

    execute("GRANT CREATE ON {} TO {}")
    yield
    execute("REVOKE CREATE ON {} FROM {}")
