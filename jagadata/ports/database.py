"""The ports: what Jagadata needs from stores, hosts, database servers and channels. Adapters implement them; no I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from jagadata.errors import JagadataError

Progress = "Callable[[int], None]"
"""Called with the number of bytes done since the last call; must be quick and never raise."""


# --- stores -------------------------------------------------------------------------------------------------------


# --- hosts --------------------------------------------------------------------------------------------------------


# --- database servers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DatabaseProperties:
    """What belongs to a database but not into its dump: needed to make it again as it was.

    `grants`, `settings`, `role_settings` are SQL-free values: grants as (grantee, privileges, grantable), settings as (name, value).
    """

    name: str
    owner: str
    encoding: str
    locale_provider: str  # libc, icu, builtin
    collate: str
    ctype: str
    locale: str | None = None  # ICU or builtin locale
    icu_rules: str | None = None
    tablespace: str = "pg_default"
    connection_limit: int = -1
    comment: str | None = None
    grants: Sequence[tuple[str, str, bool]] = ()
    public_revoked: bool = False
    settings: Sequence[tuple[str, str]] = ()
    role_settings: Sequence[tuple[str, str, str]] = ()  # role, name, value
    roles: Sequence[
        dict[str, Any]
    ] = ()  # every role named in the database, attributes and memberships, no passwords
    extensions: Sequence[tuple[str, str]] = ()  # name, version
    tablespaces: Sequence[str] = ()  # of tables and indexes that lie outside the database's own
    superuser_only: Sequence[tuple[str, str]] = ()  # what, name: what only a superuser can restore


@dataclass(frozen=True, kw_only=True)
class DatabaseFacts:
    """One database as it is now."""

    name: str
    oid: int
    size: int  # bytes
    owner: str
    sessions: Sequence[str] = ()  # "user@address (application)" for each client session


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """The database server as it is now."""

    version: str  # "17.10"
    major: int
    system_identifier: str
    dump_tool: str = ""  # version of pg_dump in use
    data_directory: str = ""


@dataclass(frozen=True, kw_only=True)
class DumpResult:
    """What was dumped: rows per table counted in the dump's own snapshot."""

    rows: dict[str, int]  # "schema.table" -> rows
    properties: DatabaseProperties
    compressed: bool  # True: pg_dump compressed the archive itself
    tool: str


class Swap(Protocol):
    """The connection to the maintenance database that holds the system's advisory lock; what it did not commit is rolled back."""

    def holds(self) -> bool:
        """True while the lock is provably held."""
        ...

    def swap(
        self,
        renames: Sequence[tuple[str, str, str]],
        *,
        end_sessions: bool,
        expect: dict[str, int | None],
        before_commit: Callable[[], None] = lambda: None,
        timeout: float = 60,
    ) -> float:
        """In one transaction, for each (live, side, kept): live -> kept where live exists, side -> live. Returns seconds.

        `expect` maps names to the OID they must still have (None: must not exist); otherwise RefusedError and nothing changed.
        `end_sessions` ends client sessions on both; without it sessions that remain are named in a RefusedError.
        `before_commit` comes right before the commit: what it raises leaves everything as it was. Whoever then stands still for
        longer than `timeout` (s) loses the transaction, so that nobody who wakes up later commits.
        """
        ...


class DatabaseServer(Protocol):
    """One PostgreSQL server, reached through its two least-privilege roles (dump and restore)."""

    name: str

    def facts(self) -> ServerFacts: ...
    def database(self, name: str) -> DatabaseFacts | None:
        """None: no such database."""
        ...

    def find_oid(self, oid: int) -> str | None:
        """The present name of the database with this OID."""
        ...

    def properties(self, name: str) -> DatabaseProperties: ...
    def rows(self, name: str) -> dict[str, int]:
        """Exact rows per table ("schema.table"; quoted like the catalog's regclass output, partitions by leaf)."""
        ...

    def check_dump(self, name: str) -> list[JagadataError]:
        """Every reason why a dump of it would fail (tools, privileges), each with the SQL or package that mends it."""
        ...

    def check_restore(self, name: str, properties: DatabaseProperties | None) -> list[JagadataError]:
        """Every reason why a restore beside and a rename would fail or lose something: privileges, tools, logical slots, ..."""
        ...

    def dump(
        self, name: str, sink: Callable[[BinaryIO], None], *, progress: Callable[[int], None]
    ) -> DumpResult:
        """Dump in one snapshot; `sink` is called once with pg_dump's output and must read it to its end.

        A dump tool that fails raises out of read() inside `sink` *before* its end of file, so a sink can't take a cut stream for whole.
        """
        ...

    def read_archive(self, source: BinaryIO, encoding: str = "UTF8") -> list[str]:
        """Read a whole archive without a server (pg_restore -f /dev/null), returns its tables. Raises DamagedError.

        `encoding`: that of the database, in which the archive has its names.
        """
        ...

    def create_side(self, side: str, properties: DatabaseProperties) -> int:
        """Make an empty database from template0 with the same encoding, locale, owner, tablespace; returns its OID.

        Missing roles are created NOLOGIN.
        """
        ...

    def missing_roles(self, properties: DatabaseProperties) -> list[str]: ...
    def restore(
        self, archive_fd: int, side: str, *, jobs: int, progress: Callable[[int], None] | None = None
    ) -> None:
        """pg_restore -j into the side database from an open file given as /proc/self/fd/N. Raises JagadataError."""
        ...

    def finish_side(self, side: str, properties: DatabaseProperties) -> None:
        """Grants, settings, role settings, comment."""
        ...

    def limit_connections(self, side: str, properties: DatabaseProperties) -> None:
        """The connection limit: last of all, after `rows` and `analyze`, for it may shut us out too."""
        ...

    def analyze(self, name: str) -> None:
        """Statistics for the planner: pg_dump before 18 carries none."""
        ...

    def end_sessions(self, name: str) -> int: ...
    def drop(self, name: str, *, oid: int) -> None:
        """Drop the database only if it still has this OID."""
        ...

    def exclusive(
        self, system: str, *, login: Literal["dump", "restore"] = "restore", restoring: bool = False
    ) -> AbstractContextManager[Swap]:
        """Hold the system's lock on the maintenance database; `restoring` lets everybody who meets it know that it is a restore.

        Raises BusyError with who holds it: RestoreRunningError where that is a restore.
        """
        ...

    def free_space(self) -> int | None:
        """Bytes free for the data directory, measured; None if it can only be declared."""
        ...


# --- channels -----------------------------------------------------------------------------------------------------
