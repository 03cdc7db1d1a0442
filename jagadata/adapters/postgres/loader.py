"""A system's loading login: owner of nothing, member of its system's owners while it works, healed before and ended after.

Code that an application's owner planted runs as whoever counts or restores (docs/adr/0004). So that is never a login that can
reach another system, and never one that keeps any right afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.locks import hash_key, hold_while
from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from jagadata.adapters.postgres.access import Access

_OWNERS = """
SELECT r.rolname FROM pg_catalog.pg_roles r WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND r.rolname <> ALL (%(ours)s) AND r.oid IN (
  SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = %(name)s
  UNION SELECT s.refobjid FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_database d ON d.oid = s.dbid
  WHERE d.datname = %(name)s AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'o')
ORDER BY 1
"""
_MEMBERSHIPS = """
SELECT pg_catalog.pg_get_userbyid(m.roleid) FROM pg_catalog.pg_auth_members m
WHERE m.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %s)
  AND (current_setting('server_version_num')::int < 160000
    OR m.grantor = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))
ORDER BY 1
"""
"""What we granted; from version 16 on nobody else's grant can be taken back by us."""
_RUNNING = """
SELECT pid, query FROM pg_catalog.pg_stat_activity
WHERE usename = %s AND datname = %s AND backend_type LIKE 'client backend%%' AND state <> 'idle' ORDER BY query_start
"""
_END = """
SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE usename = %(user)s AND (%(database)s::text IS NULL OR datname = %(database)s) AND pid <> pg_catalog.pg_backend_pid()
"""
_STATEMENT = re.compile(
    r"(COPY|ALTER TABLE(?: ONLY)?|CREATE (?:UNIQUE )?INDEX(?: CONCURRENTLY)? \S+ ON(?: ONLY)?|REFRESH MATERIALIZED VIEW"
    r"|ANALYZE|CREATE STATISTICS|CREATE TABLE|SELECT pg_catalog\.count\(\*\) FROM ONLY)"
    r"\s+((?:\"(?:[^\"]|\"\")+\"|[^\s(\"])+)"
)
"""A statement's kind and its table: what else stands in it may be a value."""
_GRANTING = hash_key("jagadata-hak")
HINT = "Jalankan SQL dari `jaga db prepare {}`, lalu ulangi."


LONGEST = 63
"""Bytes of a role's name (PostgreSQL 4.1.1)."""


def make_loader_name(system: str) -> str:
    """The loading login of a system."""
    name = f"jagadata_muat_{system}"
    return name if len(name) <= LONGEST else f"{name[:50]}_{hashlib.sha256(system.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, kw_only=True)
class Loader:
    """A system's loading login on one server; `verifier` is what the server keeps of its password."""

    access: Access
    system: str
    verifier: str

    @property
    def user(self) -> str:
        return self.access.login("load").user

    def find_owners(self, database: str) -> list[str]:
        """Who owns anything in it, superusers aside. Asks shared catalogues only."""
        ours = [login.user for login in self.access.logins.values()]
        with self.access.session() as connection:
            return [str(row[0]) for row in connection.execute(_OWNERS, {"name": database, "ours": ours})]

    @contextlib.contextmanager
    def lend(self, owners: Collection[str]) -> Iterator[None]:
        """Within it the loader is healthy and a member of these owners. Several may lend at once: the last takes everything back.

        Raises RefusedError: the server was not prepared for this system, or an owner is not ours to lend.
        """
        use = hash_key(f"jagadata-muat:{self.system}")
        with contextlib.closing(self.access.connect(patient=True)) as connection:
            with self._explained():
                connection.execute("SET idle_session_timeout = 0")
                with hold_while(connection, use) as alone:
                    if alone:  # what a dead run left
                        self._withdraw(connection)
                    else:
                        connection.execute("SELECT pg_catalog.pg_advisory_lock_shared(%s)", (use,))
                    self._heal(connection)
                    self._grant(connection, owners)
                    if alone:
                        connection.execute("SELECT pg_catalog.pg_advisory_lock_shared(%s)", (use,))
            try:
                yield
            finally:
                with contextlib.suppress(psycopg.Error):  # what stays is taken back by whoever comes next
                    connection.execute("SELECT pg_catalog.pg_advisory_unlock_shared(%s)", (use,))
                    with hold_while(connection, use) as alone:
                        if alone:
                            self._withdraw(connection)

    def withdraw(self) -> None:
        """Take back what a dead run left to the loader; nothing while somebody uses it."""
        if "load" not in self.access.logins:
            return
        use = hash_key(f"jagadata-muat:{self.system}")
        with self.access.session(patient=True) as connection, hold_while(connection, use) as alone:
            if alone:
                self._withdraw(connection)

    def _withdraw(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(_END, {"user": self.user, "database": None})
        with connection.transaction():
            connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (_GRANTING,))
            for (role,) in connection.execute(_MEMBERSHIPS, (self.user,)).fetchall():
                connection.execute(
                    sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), sql.Identifier(self.user))
                )

    def _heal(self, connection: psycopg.Connection[Any]) -> None:
        """Its password and settings as they should be, whatever code that ran as the loader did to them."""
        with connection.transaction():
            connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (_GRANTING,))
            connection.execute(
                "SELECT jagadata.heal_loader(%s::pg_catalog.name, %s)", (self.user, self.verifier)
            )

    def _grant(self, connection: psycopg.Connection[Any], owners: Collection[str]) -> None:
        options = (
            " WITH INHERIT TRUE, SET TRUE, ADMIN FALSE" if connection.info.server_version >= 160000 else ""
        )
        with connection.transaction():
            connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (_GRANTING,))
            for owner in sorted(owners):
                connection.execute(
                    sql.SQL("GRANT {} TO {}" + options).format(
                        sql.Identifier(owner), sql.Identifier(self.user)
                    )
                )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """What the server refuses here is mended by preparing it."""
        hint = HINT.format(self.access.name)
        try:
            yield
        except (
            psycopg.errors.UndefinedFunction,
            psycopg.errors.InvalidSchemaName,
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.UndefinedObject,
        ) as error:
            raise RefusedError(
                f"Login pemuat '{self.user}' belum siap di server '{self.access.name}': {str(error).splitlines()[0]}",
                hint,
            ) from error
        except psycopg.Error as error:
            raise self.access.explain(error) from error

    def heal(self) -> None:
        """Raises RefusedError: the server was not prepared for this system."""
        with self.access.session(patient=True) as connection, self._explained():
            self._heal(connection)

    # --- what runs as it ---

    def end_sessions(self, database: str) -> None:
        with self.access.session() as connection:
            connection.execute(_END, {"user": self.user, "database": database})

    def find_running(self, database: str) -> list[str]:
        """The statements that run as the loader, as kind and table."""
        with self.access.session() as connection:
            found = [str(query) for _, query in connection.execute(_RUNNING, (self.user, database))]
        return [f"{match[1]} {match[2]}" for match in map(_STATEMENT.match, found) if match]

    @contextlib.contextmanager
    def limited(self, database: str, minutes: float, what: str) -> Iterator[None]:
        """End what runs as the loader in this database after so long, and whatever it left if the block fails.

        Only from outside: an archive switches its own time limits off, and code may catch a cancelled statement.
        """
        over, told = threading.Event(), list[str]()

        def work() -> None:
            if over.wait(60 * minutes):
                return
            told.append("")
            while not over.is_set():
                with contextlib.suppress(JagadataError, psycopg.Error):
                    told.extend(self.find_running(database))
                    self.end_sessions(database)
                over.wait(0.5)

        thread = threading.Thread(target=work, name="limit", daemon=True)
        thread.start()
        try:
            try:
                yield
            except BaseException as error:
                running: list[str] = []
                with contextlib.suppress(JagadataError, psycopg.Error):
                    running = self.find_running(database)
                    self.end_sessions(database)
                if isinstance(error, JagadataError) and not told and running:
                    error.message = f"{error.message} Yang sedang berjalan: {'; '.join(running)[:300]}."
                    error.args = (error.message,)
                if not told or not isinstance(error, JagadataError | psycopg.Error):
                    raise
                raise self._make_late(what, minutes, told) from error
        finally:
            over.set()
            thread.join()
        if told:
            raise self._make_late(what, minutes, told)

    def _make_late(self, what: str, minutes: float, told: list[str]) -> JagadataError:
        running = "; ".join(dict.fromkeys(filter(None, told)))[:300] or "tidak terlihat"
        return JagadataError(
            f"{what} melewati batas {minutes:g} menit dan dihentikan; yang sedang berjalan: {running}.",
            "Data yang berjalan tidak disentuh. Periksa fungsi yang dipanggil tabel itu (CHECK, domain, kolom turunan, indeks); "
            "bila memang selama itu, naikkan policy.restore.max_minutes.",
        )
