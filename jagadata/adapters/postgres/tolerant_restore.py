"""A restore that brings back what there is: what pg_restore could not make is tried again, and what remains is named.

What failed is found by looking at the database, never by reading messages: they hold the words of whoever owns it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import make_dsn
from jagadata.adapters.postgres.archive_contents import flatten
from jagadata.adapters.postgres.archive_file import LOADER, Archive
from jagadata.adapters.postgres.checks_aside import set_checks_aside
from jagadata.adapters.postgres.digests import Table, begin_anew, list_tables, measure, read_sequences
from jagadata.adapters.postgres.entries import Entry, find_missing, of_kind
from jagadata.adapters.postgres.not_valid import add_not_valid
from jagadata.adapters.postgres.programs import make_fault, start
from jagadata.adapters.postgres.restore import give_back
from jagadata.adapters.postgres.search_paths import find_paths, function_paths
from jagadata.adapters.postgres.shortfalls import Comparison
from jagadata.adapters.postgres.stages import Stages, lend, sort_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.archive_contents import ArchiveContents
    from jagadata.adapters.postgres.properties import DatabaseProperties
    from jagadata.ports.proof import Shortfall

_HINT = "Data yang berjalan tidak disentuh. Perbaiki sebabnya, lalu ajukan kembali."
FORCED_PATH_SINCE = 170000
"""From this version on an index is built, and a view filled, with search_path = pg_catalog, pg_temp whatever the session says."""
_LARGE = "SELECT oid::pg_catalog.int8 FROM pg_catalog.pg_largeobject_metadata"
_UNFILLED = """
SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND NOT c.relispopulated
"""


class TolerantRestore:
    """One archive into one empty database that is there already. `contents`: what the archive holds; `heal` comes before each login.

    `done`: lines of its table of contents that are there already (extensions.py).
    """

    def __init__(
        self,
        access: Access,
        archive: Archive,
        database: str,
        properties: DatabaseProperties,
        contents: ArchiveContents,
        *,
        jobs: int = 1,
        watch: Callable[[], None] = lambda: None,
        heal: Callable[[], None] = lambda: None,
        done: Collection[str] = (),
    ) -> None:
        self.done = set(done)
        self._connection: psycopg.Connection[Any] | None = None
        self.access = access
        self.heal = heal
        self.archive = archive
        self.database = database
        self.contents = contents
        self.properties = properties
        self.jobs = jobs
        self.watch = watch
        self.paths: list[str] = []

    def run(self) -> list[Shortfall]:
        """Raises JagadataError where the server is gone or full; whatever the archive itself can't give is in the result."""
        stages = sort_stages([entry for entry in self.archive.entries if entry.line not in self.done])
        try:
            return self._run(stages)
        except psycopg.Error as error:
            raise self.access.explain(error) from error
        finally:
            if self._connection:
                self._connection.close()

    def _run(self, stages: Stages) -> list[Shortfall]:
        self._restore(stages.schemas, jobs=1)
        self._restore(stages.extensions, f"--role={self.properties.owner}", jobs=1)
        self.paths = find_paths(self._connect(), self.properties)
        with lend(self._connect, self.archive.entries):
            self._restore(stages.objects, "--section=pre-data")
            self._again(stages.objects, "--section=pre-data")
            failed = self._restore(stages.objects, "--section=data")
            self._rows_again()
            self._values_again(large_objects=failed)
            self._restore(stages.objects, "--section=post-data")
            self._again(stages.objects, "--section=post-data", mend=True)
        for entries in (stages.policies, stages.rights):
            self._restore(entries, "--enable-row-security")
            self._again(entries, "--enable-row-security", mend=True)
        self._fill_again()
        self.heal()
        give_back(self.access, self.database, self.properties.owner)
        return self._compare(self._connect())

    def _connect(self) -> psycopg.Connection[Any]:
        """A session that works: code of the archive may have ended the one before."""
        if self._connection:
            with contextlib.suppress(psycopg.OperationalError):
                begin_anew(self._connection)
                return self._connection
        self.heal()
        self._connection = self.access.connect(self.database, LOADER, patient=True)
        begin_anew(self._connection)
        return self._connection

    def _compare(self, connection: psycopg.Connection[Any]) -> list[Shortfall]:
        roles = [str(role["name"]) for role in self.properties.roles]
        with schema_of(self.access, self.database, self.archive.encoding) as present:
            comparison = Comparison(
                connection,
                self.archive,
                present,
                self.contents,
                wrong_rows=self.wrong_rows(connection),
                unfilled=self.unfilled(connection),
                roles=[*roles, self.properties.owner, self.access.login(LOADER).user],
            )
            return comparison.list()

    def _restore(
        self, entries: Sequence[Entry], *options: str, jobs: int = 0, path: str | None = None
    ) -> bool:
        """Whether pg_restore said that anything failed: a reason to look twice, never the proof that nothing did."""
        self.heal()
        said = self.archive.restore(
            self.database, entries, *options, jobs=jobs or self.jobs, watch=self.watch, path=path
        )
        return bool(said)

    # --- what is missing ---

    def missing(self, entries: Sequence[Entry]) -> list[Entry]:
        """Which of these definitions are not in the database now."""
        return find_missing(entries, self.list_present())

    def list_present(self) -> list[Entry]:
        self.heal()
        with schema_of(self.access, self.database, self.archive.encoding) as present:
            return present.entries

    def wrong_rows(self, connection: psycopg.Connection[Any]) -> dict[Entry, tuple[Table | None, int]]:
        """Entries of rows whose table is not there, or holds another number than the archive; with what it should hold."""
        listed = of_kind(self.archive.entries, "TABLE DATA")
        tables = {flatten(f"{one.schema} {one.name} {one.owner}"): one for one in list_tables(connection)}
        named = {flatten(f"{one.schema} {one.name} "): one for one in tables.values()}
        there: dict[Entry, Table | None] = {}
        for entry, (schema, name, _) in zip(listed, self.contents.tables, strict=True):
            there[entry] = tables.get(entry.rest) or named.get(flatten(f"{schema} {name} "))
        rows = {
            table.oid: count
            for table, count, _ in measure(
                connection, list(filter(None, there.values())), self.paths, digest=False, watch=self.watch
            )
        }
        return {
            entry: (table, wanted)
            for (entry, table), (_, _, wanted) in zip(there.items(), self.contents.tables, strict=True)
            if (table is None and wanted) or (table is not None and rows.get(table.oid) != wanted)
        }

    def unfilled(self, connection: psycopg.Connection[Any]) -> list[Entry]:
        """Materialized views that were filled in the archive and are not here."""
        empty = {flatten(" ".join(row)) for row in connection.execute(_UNFILLED)}
        return [
            entry for entry in of_kind(self.archive.entries, "MATERIALIZED VIEW DATA") if entry.rest in empty
        ]

    # --- trying again ---

    def _again(self, entries: Sequence[Entry], option: str, *, mend: bool = False) -> None:
        missing = self._in_section(self.missing(entries), option)
        for path in (None, *self.paths) if missing else ():
            self._restore(missing, option, jobs=1, path=path)
            missing = self._in_section(self.missing(entries), option)
            if not missing:
                return
        if not (missing and mend):
            return
        connection = self._connect()
        if connection.info.server_version >= FORCED_PATH_SINCE:
            for path in self.paths:
                with function_paths(connection, path):
                    self._restore(missing, option, jobs=1, path=path)
                missing = self._in_section(self.missing(entries), option)
                if not missing:
                    return
        for entry in of_kind(missing, "FK CONSTRAINT", "CHECK CONSTRAINT"):
            add_not_valid(connection, self.archive, entry, self.paths)

    def _in_section(self, missing: list[Entry], option: str) -> list[Entry]:
        """Of what is missing, what this section should have made: a later one is not late yet."""
        if option != "--section=pre-data":
            return missing
        return [entry for entry in missing if entry.kind not in _AFTER_DATA and not _is_after(entry)]

    def _rows_again(self) -> None:
        """Rows that a CHECK refused: once more after the others, by other paths, and at last with its table's checks set aside."""
        wrong = self.wrong_rows(self._connect())
        for path in (None, *self.paths) if wrong else ():
            self._load(wrong, path)
            before, wrong = len(wrong), self.wrong_rows(self._connect())
            while wrong and len(wrong) < before:  # rows that others waited for are there now
                self._load(wrong, path)
                before, wrong = len(wrong), self.wrong_rows(self._connect())
            if not wrong:
                return
        for entry, (table, wanted) in wrong.items():
            if table is not None:
                with set_checks_aside(self._connect, table, self.paths):
                    self._load({entry: (table, wanted)}, self.paths[-1] if self.paths else None)

    def _values_again(self, *, large_objects: bool) -> None:
        """Large objects and sequences that a cut run left out; both can be set twice."""
        connection = self._connect()
        here = {int(row[0]) for row in connection.execute(_LARGE)}
        if self.contents.large_objects - here:
            self._restore(of_kind(self.archive.entries, "BLOB", "BLOB METADATA"), jobs=1)
            large_objects = True
        if large_objects:
            self._restore(of_kind(self.archive.entries, "BLOBS"), jobs=1)
        found = read_sequences(self._connect())
        if any(found.get(name) != value for name, value in self.contents.sequences.items()):
            self._restore(of_kind(self.archive.entries, "SEQUENCE SET"), jobs=1)

    def _load(
        self,
        wrong: dict[Entry, tuple[Table | None, int]],
        path: str | None,
    ) -> None:
        for table, _ in wrong.values():
            if table is not None:
                with contextlib.suppress(psycopg.Error):
                    self._connect().execute(sql.SQL("TRUNCATE ONLY {}").format(table.identifier))
        self._restore([entry for entry, (table, _) in wrong.items() if table], jobs=1, path=path)

    def _fill_again(self) -> None:
        empty = self.unfilled(self._connect())
        for path in self.paths if empty else ():
            connection = self._connect()
            forced = connection.info.server_version >= FORCED_PATH_SINCE
            with function_paths(connection, path) if forced else contextlib.nullcontext():
                self._restore(empty, "--enable-row-security", jobs=1, path=path)
            empty = self.unfilled(self._connect())
            if not empty:
                return


_AFTER_DATA = {"INDEX", "INDEX ATTACH", "CONSTRAINT", "FK CONSTRAINT", "TRIGGER", "RULE", "STATISTICS"} | {
    *("PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "EVENT TRIGGER"),
    *("CHECK CONSTRAINT", "DEFAULT ACL"),
}


def _is_after(entry: Entry) -> bool:
    """A comment on something that comes after the rows."""
    return entry.kind in ("COMMENT", "SECURITY LABEL") and any(
        f" {kind} " in f" {entry.rest} " for kind in _AFTER_DATA
    )


@contextlib.contextmanager
def schema_of(access: Access, database: str, encoding: str) -> Iterator[Archive]:
    """The definitions that the database has now, as an archive of its own: no rows are in it."""
    with tempfile.TemporaryFile() as errors, os.fdopen(os.memfd_create("schema"), "w+b") as file:
        process = start(
            [
                access.program("pg_dump"),
                "--schema-only",
                "-Fc",
                "-Z0",
                "--no-password",
                f"--dbname={make_dsn(database)}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=errors,
            env=access.environment(LOADER, PGOPTIONS="-c default_transaction_read_only=off"),
        )
        if process.wait():
            errors.seek(0)
            text = errors.read().decode(errors="replace")
            raise make_fault(f"pg_dump susunan '{database}'", process.returncode, text, _HINT)
        yield Archive(access, file.fileno(), encoding)
