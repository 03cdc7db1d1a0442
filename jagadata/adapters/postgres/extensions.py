"""Extensions that ask for a superuser: made by a login used for nothing else, in a database where nobody else has been yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from jagadata.adapters.postgres.restore import Archive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties

EXTENSION = "ekstensi"
"""As superuser_only.sql calls an extension that only a superuser makes."""
_CONFIGURATION = """
SELECT n.nspname || ' ' || c.relname FROM pg_catalog.pg_extension x, unnest(x.extconfig) AS e (oid), pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = e.oid AND x.extname = ANY (%s)
"""


def find_extensions(access: Access, properties: DatabaseProperties) -> list[str]:
    """Those that need the login, if there is one."""
    if "extend" not in access.logins:
        return []
    return [name for what, name in properties.superuser_only if what == EXTENSION]


def make_extensions(
    access: Access,
    archive_fd: int,
    side: str,
    properties: DatabaseProperties,
    watch: Callable[[], None],
) -> Sequence[str]:
    """The side database belongs to the orchestrating login and PUBLIC is shut out: only afterwards its owner gets it.

    Returns the lines of the archive that are done. The login never connects again: what comes later may call code of the owner.
    """
    names = find_extensions(access, properties)
    if not names:
        return []
    archive = Archive(access, archive_fd, side, watch, role="extend")
    lines = [line for line in archive.list().split("\n") if not line.startswith(";")]

    def pick(*beginnings: str) -> list[str]:
        return [line for line in lines if line.partition(" ")[2].split(" ", 2)[-1].startswith(beginnings)]

    schemas = pick("SCHEMA - ")
    made = pick(*(f"EXTENSION - {name} " for name in names))
    archive.restore([*schemas, *made], 1)
    with access.session(side, "extend") as connection:
        tables = [str(row[0]) for row in connection.execute(_CONFIGURATION, (names,))]
    rest = pick(*(f"COMMENT - EXTENSION {name} " for name in names)) + (
        pick(*(f"TABLE DATA {table} " for table in tables)) if tables else []
    )
    archive.restore(sorted(rest, key=lines.index), 1)
    with access.session(patient=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(side), sql.Identifier(properties.owner)
            )
        )
    return [*schemas, *made, *rest]
