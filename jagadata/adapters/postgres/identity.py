"""What tells one database from every other: its OID, and the server that gave it (an OID is counted anew by each)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

IDENTITY: Final[LiteralString] = (
    "'oid:' || d.oid || '@' || (SELECT system_identifier FROM pg_catalog.pg_control_system())"
)
"""Of `pg_catalog.pg_database d`: asked of the server each time, for behind an address there may be another one tomorrow."""


def read_identities(connection: psycopg.Connection[Any], names: Sequence[str]) -> dict[str, str]:
    """The identity of each of these databases that is there, by name."""
    rows = connection.execute(
        "SELECT d.datname, " + IDENTITY + " FROM pg_catalog.pg_database d WHERE d.datname = ANY(%s)",
        (list(names),),
    )
    return {str(name): str(identity) for name, identity in rows}


def find_identity(connection: psycopg.Connection[Any], identity: str) -> str | None:
    """The name of the database that has it."""
    found = connection.execute(
        "SELECT d.datname FROM pg_catalog.pg_database d WHERE " + IDENTITY + " = %s", (identity,)
    ).fetchone()
    return str(found[0]) if found else None
