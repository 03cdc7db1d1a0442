"""One PostgreSQL server as ports.DatabaseServer: two least-privilege logins and the client programs of its major version."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, BinaryIO

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import Access, Login
from jagadata.adapters.postgres.dump import count_rows, dump, read_archive
from jagadata.adapters.postgres.dump_checks import check_dump
from jagadata.adapters.postgres.properties import missing_roles, read_properties
from jagadata.adapters.postgres.restore import restore
from jagadata.adapters.postgres.restore_checks import check_restore
from jagadata.adapters.postgres.side import analyze, create_side, finish_side, limit_connections
from jagadata.adapters.postgres.swap import end_sessions, exclusive
from jagadata.errors import JagadataError, RefusedError
from jagadata.ports.database import DatabaseFacts, ServerFacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Literal

    from jagadata.ports.database import DatabaseProperties, DumpResult, Swap

__all__ = ["Login", "PostgresServer"]

_FACTS = """
SELECT system_identifier::text, CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END
FROM pg_catalog.pg_control_system()
"""
"""The data directory is empty where the role may not know it."""
_SESSIONS = """
SELECT usename || '@' || coalesce(host(client_addr), 'lokal') || coalesce(' (' || nullif(application_name, '') || ')', '')
FROM pg_catalog.pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' AND application_name <> 'jagadata'
"""


class PostgresServer:
    """The caller has opened any SSH forward and passes its near end as address and port."""

    def __init__(
        self,
        name: str,
        *,
        address: str,
        port: int,
        maintenance_database: str,
        dump: Login,
        restore: Login,
        ca: Path | None = None,
        tools: Path | None = None,
        measure_free_space: Callable[[str], int | None] | None = None,
    ) -> None:
        self.name = name
        self._measure = measure_free_space
        self.access = Access(
            name=name,
            address=address,
            port=port,
            maintenance_database=maintenance_database,
            logins={"dump": dump, "restore": restore},
            ca=ca,
            tools=tools,
        )

    def facts(self) -> ServerFacts:
        with self.access.session(role="dump") as connection:
            version = connection.info.parameter_status("server_version") or ""
            found = connection.execute(_FACTS).fetchone()
            return ServerFacts(
                version=version.split()[0],
                major=connection.info.server_version // 10000,
                system_identifier=found[0] if found else "",
                dump_tool=self.access.tool_version("pg_dump"),
                data_directory=str(found[1] or "") if found else "",
            )

    def database(self, name: str) -> DatabaseFacts | None:
        query = "SELECT oid, pg_database_size(oid), pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = %s"
        with self.access.session() as connection:
            found = connection.execute(query, (name,)).fetchone()
            if found is None:
                return None
            sessions = tuple(str(row[0]) for row in connection.execute(_SESSIONS, (name,)))
            return DatabaseFacts(name=name, oid=found[0], size=found[1], owner=found[2], sessions=sessions)

    def find_oid(self, oid: int) -> str | None:
        with self.access.session() as connection:
            found = connection.execute(
                "SELECT datname FROM pg_catalog.pg_database WHERE oid = %s", (oid,)
            ).fetchone()
            return str(found[0]) if found else None

    def properties(self, name: str) -> DatabaseProperties:
        return read_properties(self.access, name)

    def rows(self, name: str) -> dict[str, int]:
        with self.access.session(name, "dump", patient=True) as connection:
            return count_rows(connection)

    def check_dump(self, name: str) -> list[JagadataError]:
        return check_dump(self.access, name)

    def check_restore(self, name: str, properties: DatabaseProperties | None) -> list[JagadataError]:
        return check_restore(self.access, name, properties)

    def dump(
        self, name: str, sink: Callable[[BinaryIO], None], *, progress: Callable[[int], None]
    ) -> DumpResult:
        del progress  # the sink counts what passes
        return dump(self.access, name, sink)

    def read_archive(self, source: BinaryIO, encoding: str = "UTF8") -> list[str]:
        return read_archive(self.access, source, encoding)

    def create_side(self, side: str, properties: DatabaseProperties) -> int:
        return create_side(self.access, side, properties)

    def missing_roles(self, properties: DatabaseProperties) -> list[str]:
        return missing_roles(self.access, properties)

    def restore(
        self, archive_fd: int, side: str, *, jobs: int, progress: Callable[[int], None] | None = None
    ) -> None:
        """See ports. A kill of our process ends pg_restore too; what it leaves is in the side database only."""
        size = 0

        def watch() -> None:
            """While the server answers, tell by how much the database grew; a lost question is no reason to stop."""
            nonlocal size
            facts = None
            with contextlib.suppress(JagadataError, psycopg.Error):
                facts = self.database(side)
            if facts and progress:
                grown, size = max(0, facts.size - size), max(size, facts.size)
                progress(grown)

        restore(self.access, archive_fd, side, jobs, watch)

    def finish_side(self, side: str, properties: DatabaseProperties) -> None:
        finish_side(self.access, side, properties)

    def limit_connections(self, side: str, properties: DatabaseProperties) -> None:
        limit_connections(self.access, side, properties)

    def analyze(self, name: str) -> None:
        analyze(self.access, name)

    def end_sessions(self, name: str) -> int:
        return end_sessions(self.access, [name])

    def drop(self, name: str, *, oid: int) -> None:
        with self.access.session(patient=True) as connection:
            found = connection.execute(
                "SELECT oid FROM pg_catalog.pg_database WHERE datname = %s", (name,)
            ).fetchone()
            if found is None:
                return
            if found[0] != oid:
                raise RefusedError(
                    f"Basis data '{name}' bukan lagi yang dicatat (OID {found[0]}, bukan {oid}).",
                    "Periksa dengan `jaga kept`.",
                )
            try:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            except psycopg.Error as error:
                raise JagadataError(
                    f"Basis data '{name}' tidak dapat dihapus dari '{self.name}': {str(error).splitlines()[0]}",
                    f"Tutup sesi yang memakainya, atau jalankan SQL dari `jaga db prepare {self.name}`.",
                ) from error

    def exclusive(
        self, system: str, *, login: Literal["dump", "restore"] = "restore", restoring: bool = False
    ) -> AbstractContextManager[Swap]:
        return exclusive(self.access, system, login, restoring=restoring)

    def free_space(self) -> int | None:
        folder = self.facts().data_directory
        return self._measure(folder) if self._measure and folder else None
