"""pg_restore into the side database, in parallel, such that a role of least privilege can give everything back to its owners."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import LOADS_NOTHING, make_dsn
from jagadata.adapters.postgres.programs import make_fault, start, with_parent_death_signal
from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from jagadata.adapters.postgres.access import Access, Role

_OPTIONS = f"{LOADS_NOTHING} -c maintenance_work_mem=256MB -c synchronous_commit=off -c default_transaction_read_only=off"
"""Harmless to durability: the swap's own commit is synchronous, and flushes all WAL before it."""
_HINT = "Data yang berjalan tidak disentuh. Perbaiki sebabnya, lalu ajukan kembali."
_AFTER_OWNERS = (
    "ACL ",
    "DEFAULT ACL ",
    "EVENT TRIGGER ",
    "MATERIALIZED VIEW DATA ",
    "COMMENT - EVENT TRIGGER ",
    "SECURITY LABEL - EVENT TRIGGER ",
)
"""What pg_restore itself leaves for its last passes (pg_backup_archiver.c, _tocEntryRestorePass)."""
_POLICIES = ("ROW SECURITY ", "POLICY ")
"""After every foreign key: the check of one would be held to the policies of a table that forces them on its owner (`pg_restore -j` knows no such order)."""
_OWNERS = """
SELECT rolname FROM pg_catalog.pg_roles
WHERE pg_has_role(current_user, oid, 'MEMBER') AND NOT rolsuper AND rolname <> current_user ORDER BY 1
"""
_SHUT_OUT = re.compile(
    r"reconnection failed: .*(authentication failed|not permitted to log in)|terminating connection due to administrator",
    re.DOTALL,
)
"""What code of the archive can do to the login's other sessions: change the password, and end them."""
_DONE = re.compile(r"^pg_restore: (?:finished item|processing item) (\d+) ", re.MULTILINE)
"""Of `pg_restore --verbose --jobs`: what its helpers finished, and what it did itself before it started them."""
_CHATTER = re.compile(r"pg_restore: (?!error|warning|hint|detail|from TOC|while)")
_LEFT = """
SELECT pg_catalog.count(*) FROM pg_catalog.pg_shdepend
WHERE refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND deptype = 'o'
  AND refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)
"""
_PLACES = """
SELECT 'SCHEMA', nspname, pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'DATABASE', datname, pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = current_database()
"""


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Lines of an archive's table of contents, in the order in which they have to be restored."""

    schemas: Sequence[str]
    extensions: Sequence[str]
    objects: Sequence[str]
    policies: Sequence[str]
    rights: Sequence[str]


def parse_stages(listing: str) -> Stages:
    """Sort the lines of `pg_restore --list`: 'ID; CATALOG OID TYPE SCHEMA NAME OWNER'."""
    stages: dict[str, list[str]] = {
        "schemas": [],
        "extensions": [],
        "objects": [],
        "policies": [],
        "rights": [],
    }
    for line in listing.split("\n"):
        parts = line.split(" ", 3)
        if line.startswith(";") or len(parts) < 4:
            continue
        entry = parts[3]
        if entry.startswith("SCHEMA - "):
            stages["schemas"].append(line)
        elif entry.startswith("EXTENSION - "):
            stages["extensions"].append(line)
        elif entry.startswith(_POLICIES) or (entry.startswith("COMMENT ") and " POLICY " in entry):
            stages["policies"].append(line)
        else:
            stages["rights" if entry.startswith(_AFTER_OWNERS) else "objects"].append(line)
    return Stages(**stages)


def restore(
    access: Access,
    archive_fd: int,
    side: str,
    jobs: int,
    watch: Callable[[], None],
    heal: Callable[[], None] = lambda: None,
    done: Collection[str] = (),
) -> None:
    """See ports.DataSource.build. `watch` is called every 2 s while pg_restore runs, `heal` before each login.

    `done`: lines of the archive's table of contents that are there already (extensions.py).

    `ALTER ... OWNER TO` asks that the new owner may create in the schema; only superusers are spared. Grants come last in an archive,
    and the owner may have lost that right since. So: schemas; extensions, as the database's owner; lend the right to every owner;
    objects and rows; take it back; policies; grants and materialized views. These are filled as their owners, policies included, as they live.
    """
    run = Archive(access, archive_fd, side, watch, heal=heal)
    listing = run.list()
    stages = parse_stages("\n".join(line for line in listing.split("\n") if line not in set(done)))
    heal()
    with access.session(side, "load") as connection:
        found = connection.execute(
            "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = current_database()"
        ).fetchone()
        owner = str(found[0]) if found else ""
        names = [str(row[0]) for row in connection.execute(_OWNERS)]
    owners = [name for name in names if any(line.endswith(f" {name}") for line in listing.split("\n"))]
    run.restore(stages.schemas, 1)
    run.restore(stages.extensions, 1, f"--role={owner}")
    with _lend(access, side, owners, heal):
        run.restore(stages.objects, jobs)
    run.restore(stages.policies, jobs)
    run.restore(stages.rights, jobs, "--enable-row-security")
    heal()
    give_back(access, side, owner)


def give_back(access: Access, database: str, owner: str) -> None:
    """What came to belong to the loading login goes to the database's owner: its code may have made it so, and nothing may stay its own."""
    with access.session(database, "load", patient=True) as connection:
        connection.execute(sql.SQL("REASSIGN OWNED BY CURRENT_USER TO {}").format(sql.Identifier(owner)))
        left = connection.execute(_LEFT).fetchone()
    if left and left[0]:
        raise JagadataError(
            f"{left[0]} objek di '{database}' masih milik login pemuat.", "Laporkan kepada pengembang."
        )


@contextlib.contextmanager
def _lend(access: Access, side: str, owners: Sequence[str], heal: Callable[[], None]) -> Iterator[None]:
    """Let these roles create in every schema, and take it back afterwards; a side database that failed is dropped with its grants.

    In sessions of their own: code that runs in between may end every other session of the login.
    """
    lent: list[tuple[str, str, str]] = []

    def execute(connection: psycopg.Connection[Any], statement: LiteralString) -> None:
        for kind, name, role in lent:
            where = sql.SQL("SCHEMA " if kind == "SCHEMA" else "DATABASE ") + sql.Identifier(str(name))
            connection.execute(sql.SQL(statement).format(where, sql.Identifier(role)))

    try:
        heal()
        with access.connect(side, "load") as connection:
            lent += [
                (kind, name, role)
                for kind, name, owner in connection.execute(_PLACES).fetchall()
                for role in owners
                if role != owner
            ]
            execute(connection, "GRANT CREATE ON {} TO {}")
        yield
        heal()
        with access.connect(side, "load") as connection:
            execute(connection, "REVOKE CREATE ON {} FROM {}")
    except psycopg.Error as error:
        raise JagadataError(
            f"Kepemilikan objek di '{side}' tidak dapat disiapkan: {str(error).splitlines()[0]}",
            _HINT,
        ) from error


class Archive:
    """One archive and the programs that read it."""

    def __init__(
        self,
        access: Access,
        archive_fd: int,
        side: str,
        watch: Callable[[], None],
        *,
        heal: Callable[[], None] = lambda: None,
        role: Role = "load",
    ) -> None:
        self.heal = heal
        self.role: Role = role
        self.access = access
        self.archive_fd = archive_fd
        self.side = side
        self.watch = watch

    def list(self) -> str:
        process = start(
            [self.access.program("pg_restore"), "--list", f"/proc/self/fd/{self.archive_fd}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={"PATH": self.access.program_path(), "LC_ALL": "C"},
            pass_fds=[self.archive_fd],
        )
        listing, errors = process.communicate()
        if process.returncode:
            raise make_fault(
                "Pembacaan daftar isi arsip", process.returncode, errors.decode(errors="replace"), _HINT
            )
        return listing.decode(errors="surrogateescape")

    def restore(self, lines: Sequence[str], jobs: int, *options: str) -> None:
        """Restore these entries; an empty list is no work.

        With several jobs pg_restore logs in anew in the middle. Code of the archive may have changed the login's password by then:
        what is still to be done is done over one connection that stays.
        """
        if not lines:
            return
        code, text = self._run(lines, jobs, *options)
        if code and jobs > 1 and _SHUT_OUT.search(text):
            done = set(_DONE.findall(text))
            left = [line for line in lines if line.partition(";")[0] not in done]
            code, text = self._run(left, 1, *options) if left else (0, "")
        if code:
            words = "\n".join(line for line in text.splitlines() if not _CHATTER.match(line))
            raise make_fault(f"pg_restore ke '{self.side}'", code, words, _HINT)

    def _run(self, lines: Sequence[str], jobs: int, *options: str) -> tuple[int, str]:
        """One pg_restore: its exit code, and what it said."""
        self.heal()
        command = [self.access.program("pg_restore"), "-j", str(jobs), "--exit-on-error", "--no-password"]
        with (
            os.fdopen(os.memfd_create("entries"), "wb") as chosen,
            tempfile.TemporaryFile() as errors,
        ):
            chosen.write("\n".join([*lines, ""]).encode(errors="surrogateescape"))
            chosen.flush()
            command += [*options, "--verbose", f"--use-list=/proc/self/fd/{chosen.fileno()}"]
            command += [f"--dbname={make_dsn(self.side)}", f"/proc/self/fd/{self.archive_fd}"]
            process = start(
                with_parent_death_signal(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=self.access.environment(self.role, PGOPTIONS=_OPTIONS),
                pass_fds=[self.archive_fd, chosen.fileno()],
                process_group=0,
            )
            try:
                self._wait(process)
            finally:
                _end(process)
            errors.seek(0)
            return process.returncode, errors.read().decode(errors="replace")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while True:
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                self.watch()
            else:
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asked first, so that it ends its helpers; one that stands still does not hear that."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its helpers too: they hold the archive open
        process.wait()
