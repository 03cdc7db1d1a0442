"""Statistics for the planner, table by table: one index whose function fails costs no other table its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.digests import begin_anew, list_tables
from jagadata.adapters.postgres.search_paths import find_paths

if TYPE_CHECKING:
    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties


def analyze(access: Access, name: str, properties: DatabaseProperties) -> None:
    """pg_dump before 18 carries none. A table whose functions can't be run is left to autovacuum."""
    with access.session(name, "load", patient=True) as connection:
        tables = list_tables(connection)
        paths = ["pg_catalog", *find_paths(connection, properties)]
        for table in tables:
            for path in paths:
                try:
                    begin_anew(connection, path)
                    connection.execute(sql.SQL("ANALYZE {}").format(table.identifier))
                    break
                except psycopg.OperationalError:
                    raise
                except psycopg.Error:
                    continue
