"""One system's PostgreSQL server as ports.DataSource: logins of least privilege and the client programs of its major version."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, BinaryIO

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import Access, Login, UnpreparedError
from jagadata.adapters.postgres.archive import verify_archive
from jagadata.adapters.postgres.counting import count_rows
from jagadata.adapters.postgres.dump import dump
from jagadata.adapters.postgres.dump_checks import check_dump
from jagadata.adapters.postgres.extensions import find_extensions, make_extensions
from jagadata.adapters.postgres.identity import IDENTITY, find_identity, read_identities
from jagadata.adapters.postgres.loader import Loader, make_loader_name
from jagadata.adapters.postgres.login_checks import check_logins, find_bridges
from jagadata.adapters.postgres.passwords import derive_password, make_verifier
from jagadata.adapters.postgres.planner_statistics import analyze
from jagadata.adapters.postgres.proof import count_and_analyze
from jagadata.adapters.postgres.properties import missing_roles, parse_properties, read_properties
from jagadata.adapters.postgres.proving import hold_to, prove_archive, restore_whole
from jagadata.adapters.postgres.restore_checks import check_restore
from jagadata.adapters.postgres.side import create_side, finish_side, open_side
from jagadata.adapters.postgres.swap import ask, end_sessions, exclusive
from jagadata.adapters.postgres.throwaway import tell_way
from jagadata.errors import JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.ports.data_source import DataSetFacts, Dump, SourceFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Literal

    from jagadata.adapters.postgres.access import Role
    from jagadata.ports.data_source import Answer, ArchiveProof, Counts, DumpStream, Pair, Properties, Swap
    from jagadata.ports.proof import Expected, Restored

OWN_DATABASE = "jagadata"
LEAST_MINUTES = 30
"""A long honest index is no fault."""
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
    """The caller has opened any SSH forward and passes its near end as address and port.

    `maintenance_database` is the one that `jaga db prepare` makes, `locks_before` where workers of the release before lock. Logins
    without a password of their own have the one that comes from `secret`; without that there is no loading login, and only backups go on.
    `neighbours`: databases of other systems on this server, each with its system. `max_minutes`: None, five times what a restore should take.
    """

    kind = "postgresql"
    restore_speed = 40 * 2**20  # docs/adr/0008

    def __init__(
        self,
        name: str,
        *,
        address: str,
        port: int,
        system: str,
        dump: Login,
        restore: Login,
        extensions: Login | None = None,
        secret: str = "",
        maintenance_database: str = OWN_DATABASE,
        locks_before: str | None = None,
        neighbours: Mapping[str, str] | None = None,
        max_minutes: float | None = None,
        ca: Path | None = None,
        tools: Path | None = None,
        measure_free_space: Callable[[str], int | None] | None = None,
    ) -> None:
        self.name = name
        self._measure = measure_free_space
        self._locks_before = locks_before
        self._max_minutes = max_minutes
        self.neighbours = dict(neighbours or {})
        logins: dict[Role, Login] = {"dump": dump, "restore": restore}
        loader = make_loader_name(system)
        if extensions:
            logins["extend"] = extensions
        if secret:
            for role, login in {**logins, "load": Login(user=loader, password="")}.items():
                password = login.password or derive_password(secret, login.user)
                logins[role] = Login(user=login.user, password=password)
        self.access = Access(
            name=name,
            address=address,
            port=port,
            maintenance_database=maintenance_database,
            logins=logins,
            ca=ca,
            tools=tools,
            is_own=True,
        )
        verifier = make_verifier(secret, loader) if secret else ""
        self.loader = Loader(access=self.access, system=system, verifier=verifier)

    def facts(self) -> SourceFacts:
        with self._catalogues() as connection:
            version = (connection.info.parameter_status("server_version") or "").split()[0]
            found = connection.execute(_FACTS).fetchone()
            return SourceFacts(
                version=version,
                system_identifier=found[0] if found else "",
                clock=found[2] if found else None,
                words=f"PostgreSQL {version}, pg_dump {self.access.tool_version('pg_dump')}",
            )

    @contextlib.contextmanager
    def _catalogues(self) -> Iterator[psycopg.Connection[Any]]:
        """To ask what all databases share. A server that was not prepared for this release yet answers where it did before."""
        with contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(self.access.session(role="dump"))
            except UnpreparedError:
                if not self._locks_before:
                    raise
                connection = stack.enter_context(self.access.session(self._locks_before, "dump"))
            yield connection

    def look(self, name: str) -> DataSetFacts | None:
        with self._catalogues() as connection:
            found = connection.execute(_DATABASE, (name,)).fetchone()
            if found is None:
                return None
            sessions = tuple(str(row[0]) for row in connection.execute(_SESSIONS, (name,)))
            return DataSetFacts(
                name=name, identity=found[0], size=found[1], owner=found[2], sessions=sessions
            )

    def find(self, identity: str) -> str | None:
        with self._catalogues() as connection:
            return find_identity(connection, identity)

    def properties(self, name: str) -> Properties:
        return asdict(read_properties(self.access, name))

    def rows(self, name: str) -> Counts:
        """See ports. Counted as the system's loader, which owns for as long what the database's owners own."""
        if self.look(name) is None:
            raise self._missing(name)
        with self._working(name, self.loader.find_owners(name), self._limit(0), f"Penghitungan '{name}'"):
            return count_rows(self.access, name)

    @contextlib.contextmanager
    def _working(self, name: str, owners: Collection[str], minutes: float, what: str) -> Iterator[None]:
        with (
            self.loader.lend(owners),
            self.loader.limited(name, minutes, what),
        ):
            yield

    def _limit(self, size: int) -> float:
        """Minutes that an archive of so many bytes may take."""
        return self._max_minutes or max(LEAST_MINUTES, 5 * size / self.restore_speed / 60)

    def _missing(self, name: str) -> NotFoundError:
        return NotFoundError(
            f"Basis data '{name}' tidak ada di server '{self.name}'.", "Periksa namanya di berkas kantor."
        )

    def missing_roles(self, properties: Properties) -> list[str]:
        return missing_roles(self.access, parse_properties(properties))

    def free_space(self) -> int | None:
        if not self._measure:
            return None
        with self._catalogues() as connection:
            found = connection.execute(_FACTS).fetchone()
        folder = str(found[1] or "") if found else ""
        return self._measure(folder) if folder else None

    def check_dump(self, name: str) -> list[JagadataError]:
        return check_dump(self.access, name)

    def dump(self, name: str, sink: Callable[[DumpStream], None]) -> Dump:
        facts = self.look(name)
        if facts is None:
            raise self._missing(name)
        done = dump(self.access, name, sink)
        return Dump(
            identity=facts.identity,
            size=facts.size,
            parts=done.parts,
            properties=asdict(done.properties),
            tool=done.tool,
        )

    def verify(self, archive: BinaryIO, parts: Collection[str], properties: Properties) -> ArchiveProof:
        return verify_archive(self.access, archive, parts, parse_properties(properties))

    def try_restore(
        self,
        archive_fd: int,
        properties: Properties,
        *,
        size: int,
        minutes: float,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Restored:
        """See ports: in a throw-away server on this machine, as the system's loader is called."""
        return prove_archive(
            self.access.tools,
            archive_fd,
            parse_properties(properties),
            loader=make_loader_name(self.loader.system),
            size=size,
            seconds=60 * minutes,
            watch=lambda: progress(0),
        )

    def where_tested(self) -> str:
        return tell_way(self.access.tools)

    def check_restore(self, name: str, properties: Properties | None) -> list[JagadataError]:
        parsed = None if properties is None else parse_properties(properties)
        return check_restore(self.access, self.loader.system, name, parsed)

    def check_logins(self) -> list[JagadataError]:
        return check_logins(self.access, self.neighbours)

    def bridges(self, name: str) -> list[JagadataError]:
        with self._catalogues() as connection:
            return list(find_bridges(connection, name, self.neighbours))

    def create(self, side: str, properties: Properties) -> str:
        """From template0 with the same encoding, locale, owner, tablespace; missing roles are made NOLOGIN."""
        parsed = parse_properties(properties)
        waits = bool(find_extensions(self.access, parsed))
        return create_side(
            self.access, side, parsed, owner=self.access.login("restore").user if waits else None
        )

    def build(
        self,
        side: str,
        archive_fd: int,
        properties: Properties,
        *,
        jobs: int,
        known: Collection[str] = (),
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

        parsed = parse_properties(properties)
        minutes = self._limit(os.fstat(archive_fd).st_size)
        done = make_extensions(self.access, archive_fd, side, parsed, watch)
        with self._working(side, parsed.owners, minutes, f"Restore ke '{side}'"):
            restore_whole(
                self.access,
                archive_fd,
                side,
                parsed,
                jobs=jobs,
                known=known,
                watch=watch,
                heal=self.loader.heal,
                done=done,
            )
        progress(0)
        finish_side(self.access, side, parsed)

    def prove(
        self,
        side: str,
        properties: Properties,
        *,
        expected: Expected | None = None,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Counts:
        """See ports. Counted, analyzed (pg_dump before 18 carries no statistics); then who gets in, which may shut us out too."""
        parsed = parse_properties(properties)
        facts = self.look(side)
        minutes = self._limit(facts.size if facts else 0)
        with self._working(side, parsed.owners, minutes, f"Penghitungan hasil '{side}'"):
            try:
                counts = count_and_analyze(
                    lambda: count_rows(self.access, side),
                    lambda: analyze(self.access, side, parsed),
                    lambda: progress(0),
                    lambda: self.end_sessions(side),
                )
            except (
                UnreachableError
            ):  # the one may have ended the other's session: once more, one after the other
                progress(0)
                self.loader.heal()
                counts = count_rows(self.access, side)
                analyze(self.access, side, parsed)
            if expected:
                count_and_analyze(
                    lambda: hold_to(self.access, side, parsed, expected),
                    lambda: None,
                    lambda: progress(0),
                    lambda: self.end_sessions(side),
                )
        open_side(self.access, side, parsed)
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
        return self._exclusive(system, login, restoring=restoring)

    @contextlib.contextmanager
    def _exclusive(self, system: str, login: Role, *, restoring: bool) -> Iterator[Swap]:
        with exclusive(self.access, system, login, restoring=restoring, before=self._locks_before) as swap:
            if login == "restore":
                self.loader.withdraw()
            yield swap
