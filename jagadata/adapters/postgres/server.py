"""One PostgreSQL server as ports.DataSource: two least-privilege logins and the client programs of its major version."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import Access, Login
from jagadata.adapters.postgres.dump import count_rows, dump, verify_archive
from jagadata.adapters.postgres.dump_checks import check_dump
from jagadata.adapters.postgres.identity import IDENTITY, find_identity, read_identities
from jagadata.adapters.postgres.proof import count_and_analyze
from jagadata.adapters.postgres.properties import missing_roles, parse_properties, read_properties
from jagadata.adapters.postgres.restore import restore
from jagadata.adapters.postgres.restore_checks import check_restore
from jagadata.adapters.postgres.side import analyze, create_side, finish_side, limit_connections
from jagadata.adapters.postgres.swap import ask, end_sessions, exclusive
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.ports.data_source import DataSetFacts, Dump, SourceFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Literal

    from jagadata.ports.data_source import Answer, ArchiveProof, Counts, DumpStream, Pair, Properties, Swap

__all__ = ["Login", "PostgresServer"]

_FACTS = """
SELECT system_identifier::text, CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END,
  clock_timestamp()
FROM pg_catalog.pg_control_system()
"""
"""The data directory is empty where the role may not know it."""
_DATABASE = f"""
SELECT {IDENTITY}, pg_database_size(d.oid), pg_get_userbyid(d.datdba) FROM pg_catalog.pg_database d WHERE d.datname = %s
"""
_SESSIONS = """
SELECT usename || '@' || coalesce(host(client_addr), 'lokal') || coalesce(' (' || nullif(application_name, '') || ')', '')
FROM pg_catalog.pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' AND application_name <> 'jagadata'
"""


class PostgresServer:
    """The caller has opened any SSH forward and passes its near end as address and port."""

    kind = "postgresql"
    restore_speed = 40 * 2**20  # docs/adr/0008

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

    def facts(self) -> SourceFacts:
        with self.access.session(role="dump") as connection:
            version = (connection.info.parameter_status("server_version") or "").split()[0]
            found = connection.execute(_FACTS).fetchone()
            return SourceFacts(
                version=version,
                system_identifier=found[0] if found else "",
                clock=found[2] if found else None,
                words=f"PostgreSQL {version}, pg_dump {self.access.tool_version('pg_dump')}",
            )

    def look(self, name: str) -> DataSetFacts | None:
        with self.access.session() as connection:
            found = connection.execute(_DATABASE, (name,)).fetchone()
            if found is None:
                return None
            sessions = tuple(str(row[0]) for row in connection.execute(_SESSIONS, (name,)))
            return DataSetFacts(
                name=name, identity=found[0], size=found[1], owner=found[2], sessions=sessions
            )

    def find(self, identity: str) -> str | None:
        with self.access.session() as connection:
            return find_identity(connection, identity)

    def properties(self, name: str) -> Properties:
        return asdict(read_properties(self.access, name))

    def rows(self, name: str) -> Counts:
        with self.access.session(name, "dump", patient=True) as connection:
            return count_rows(connection)

    def missing_roles(self, properties: Properties) -> list[str]:
        return missing_roles(self.access, parse_properties(properties))

    def free_space(self) -> int | None:
        if not self._measure:
            return None
        with self.access.session(role="dump") as connection:
            found = connection.execute(_FACTS).fetchone()
        folder = str(found[1] or "") if found else ""
        return self._measure(folder) if folder else None

    def check_dump(self, name: str) -> list[JagadataError]:
        return check_dump(self.access, name)

    def dump(self, name: str, sink: Callable[[DumpStream], None]) -> Dump:
        facts = self.look(name)
        if facts is None:
            raise NotFoundError(
                f"Basis data '{name}' tidak ada di server '{self.name}'.", "Periksa namanya di berkas kantor."
            )
        done = dump(self.access, name, sink)
        return Dump(
            identity=facts.identity,
            size=facts.size,
            counts=done.rows,
            properties=asdict(done.properties),
            tool=done.tool,
        )

    def verify(self, archive: BinaryIO, counts: Counts, properties: Properties) -> ArchiveProof:
        return verify_archive(self.access, archive, counts, parse_properties(properties))

    def check_restore(self, name: str, properties: Properties | None) -> list[JagadataError]:
        return check_restore(self.access, name, None if properties is None else parse_properties(properties))

    def create(self, side: str, properties: Properties) -> str:
        """From template0 with the same encoding, locale, owner, tablespace; missing roles are made NOLOGIN."""
        return create_side(self.access, side, parse_properties(properties))

    def build(
        self,
        side: str,
        archive_fd: int,
        properties: Properties,
        *,
        jobs: int,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> None:
        """See ports. A kill of our process ends pg_restore too; what it leaves is in the side database only."""
        size = 0

        def watch() -> None:
            """While the server answers, tell by how much the database grew; a lost question is no reason to stop."""
            nonlocal size
            facts = None
            with contextlib.suppress(JagadataError, psycopg.Error):
                facts = self.look(side)
            if facts:
                grown, size = max(0, facts.size - size), max(size, facts.size)
                progress(grown)

        restore(self.access, archive_fd, side, jobs, watch)
        progress(0)
        finish_side(self.access, side, parse_properties(properties))

    def prove(
        self, side: str, properties: Properties, *, progress: Callable[[int], None] = lambda _done: None
    ) -> Counts:
        """See ports. Counted, analyzed (pg_dump before 18 carries no statistics); then its connection limit, which may shut us out too."""
        counts = count_and_analyze(
            lambda: self.rows(side),
            lambda: analyze(self.access, side),
            lambda: progress(0),
            lambda: self.end_sessions(side),
        )
        limit_connections(self.access, side, parse_properties(properties))
        return counts

    def ask(self, pairs: Sequence[Pair]) -> Answer:
        return ask(self.access, pairs)

    def end_sessions(self, name: str) -> int:
        return end_sessions(self.access, [name])

    def forget(self, name: str, *, identity: str) -> None:
        with self.access.session(patient=True) as connection:
            present = read_identities(connection, [name]).get(name)
            if present is None:
                return
            if present != identity:
                raise RefusedError(
                    f"Basis data '{name}' bukan lagi yang dicatat ({present}, bukan {identity}).",
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
