"""By which search_path functions of a database find what they name without a schema, best guess first."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.adapters.postgres.properties import DatabaseProperties

_SCHEMAS = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname = 'public', 1"
_FUNCTIONS = """
SELECT p.oid::pg_catalog.regprocedure::text, p.prokind = 'p' FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prokind = 'f' AND l.lanname NOT IN ('c', 'internal')
  AND pg_catalog.pg_has_role(p.proowner, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) s WHERE s LIKE 'search_path=%')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')
"""


def find_paths(connection: psycopg.Connection[Any], properties: DatabaseProperties) -> list[str]:
    """The database's and its roles' own settings, its owner and public, every schema."""
    owner = _quote(properties.owner)
    set_paths = [value for name, value in properties.settings if name == "search_path"]
    set_paths += [value for _, name, value in properties.role_settings if name == "search_path"]
    paths = [
        value.replace('"$user"', owner).replace("$user", owner) for value in set_paths if value.strip('" ')
    ]
    schemas = [str(row[0]) for row in connection.execute(_SCHEMAS)]
    paths += [f"{owner}, public", ", ".join(map(_quote, schemas))]
    return list(dict.fromkeys(path for path in paths if path))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def function_paths(connection: psycopg.Connection[Any], path: str) -> Iterator[None]:
    """Meanwhile every function of the database's owners without a search_path of its own has this one."""
    connection.execute("SET search_path = pg_catalog")  # so that their names are written out
    functions = [str(row[0]) for row in connection.execute(_FUNCTIONS)]
    setting = sql.SQL(path)
    changed: list[str] = []
    for function in functions:
        with contextlib.suppress(psycopg.Error):
            connection.execute(
                sql.SQL("ALTER FUNCTION {} SET search_path = {}").format(sql.SQL(function), setting)
            )
            changed.append(function)
    try:
        yield
    finally:
        for function in changed:
            connection.execute(sql.SQL("ALTER FUNCTION {} RESET search_path").format(sql.SQL(function)))
