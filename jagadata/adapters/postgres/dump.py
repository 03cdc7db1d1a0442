"""Dump a database in one exported snapshot, and read archives back without a server."""

from __future__ import annotations

import codecs
import contextlib
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.access import make_dsn
from jagadata.adapters.postgres.programs import last_lines, make_fault, start, with_parent_death_signal
from jagadata.adapters.postgres.properties import read_properties
from jagadata.adapters.postgres.snapshot import MovingError, attempts, await_vanishing, snapshot
from jagadata.errors import DamagedError, JagadataError, RefusedError, UnreachableError
from jagadata.ports.data_source import ArchiveProof, DumpStream

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Collection, Iterator, Sequence

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties
    from jagadata.adapters.postgres.snapshot import Snapshot
    from jagadata.ports.data_source import Codec, Counts

ZSTD_SINCE = 16
"""From this major version on pg_dump compresses with zstd itself; before, the vault does."""
SILENT_SECONDS = 30 * 60
"""For how long pg_dump may give nothing while we wait for it; a dump that hangs would hold the system's lock for ever."""
LARGE_OBJECTS = "pg_largeobject"
"""The line of `rows` that counts large objects."""

_TABLES = """
SELECT n.nspname, c.relname, ''
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT n.nspname, c.relname, e.condition
FROM pg_catalog.pg_extension x, unnest(x.extconfig, x.extcondition) AS e (oid, condition),
  pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = e.oid AND c.relkind = 'r'
ORDER BY 1, 2
"""
"""Tables whose rows a dump holds: the database's own, and those that extensions marked for it (pg_extension_config_dump)."""


def count_rows(
    connection: psycopg.Connection[Any], without: Collection[tuple[str, str]] = ()
) -> dict[str, int]:
    """Exact rows of each table whose rows a dump holds (partitions by leaf), and of large objects if there are any.

    `without`: tables, as schema and name, that are left out.
    """
    rows: dict[str, int] = {}
    connection.execute("SET row_security = off")  # an error rather than a silently filtered count
    for schema, table, condition in connection.execute(_TABLES).fetchall():
        if (schema, table) in without:
            continue
        query = sql.SQL("SELECT count(*) FROM ONLY {} {}").format(
            sql.Identifier(schema, table), sql.SQL(condition)
        )
        found = connection.execute(query).fetchone()
        name = f"{schema}.{table}"
        rows[name] = rows.get(name, 0) + (found[0] if found else 0)
    large = connection.execute("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata").fetchone()
    if large and large[0]:
        rows[LARGE_OBJECTS] = large[0]
    return rows


class _Count:
    """The rows, counted in a thread in the dump's own snapshot while the dump runs."""

    def __init__(
        self, connection: psycopg.Connection[Any], name: str, without: Collection[tuple[str, str]]
    ) -> None:
        self.connection = connection
        self.name = name
        self.without = without
        self.rows: dict[str, int] = {}
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._work, name="rows", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            self.rows = count_rows(self.connection, self.without)
        except Exception as error:  # noqa: BLE001 - carried over to the other thread
            self.error = error

    def check(self) -> None:
        """Raises JagadataError as soon as a count failed."""
        if self.error is None:
            return
        raise JagadataError(
            f"Baris tabel '{self.name}' tidak dapat dihitung: {str(self.error).splitlines()[0]}",
            "Periksa hak peran dump dengan `jaga doctor`.",
            transient=isinstance(self.error, psycopg.OperationalError),
        ) from self.error

    def finish(self) -> dict[str, int]:
        self.thread.join()
        self.check()
        return self.rows

    def give_up(self) -> None:
        while self.thread.is_alive():
            with contextlib.suppress(psycopg.Error):
                self.connection.cancel_safe(timeout=5)
            self.thread.join(1)


class _SilentError(JagadataError):
    """pg_dump hung: beginning anew would only wait as long again."""


class _DumpOutput:
    """pg_dump's output; a failure is raised before the end of file, so that a cut stream is never taken for whole."""

    def __init__(
        self, process: subprocess.Popen[bytes], errors: IO[bytes], name: str, silence: float = SILENT_SECONDS
    ) -> None:
        self.silence = silence
        self.is_silent = False
        self.process = process
        self.output = cast("io.BufferedReader", process.stdout)
        self.errors = errors
        self.name = name
        self.count: _Count | None = None
        self._waiting: float | None = None  # for pg_dump, since then
        self._over = threading.Event()
        threading.Thread(target=self._attend, name="pg_dump", daemon=True).start()

    def begin(self) -> None:
        """Wait for the first byte: pg_dump has locked every table and read every definition. Raises JagadataError."""
        self._waiting = time.monotonic()
        begun = self.output.peek(1)
        self._waiting = None
        if not begun:
            self.check()

    def read(self, size: int = -1) -> bytes:
        self._waiting = time.monotonic()
        data = self.output.read(size)
        self._waiting = None
        if self.count:
            self.count.check()
        if (not data and size != 0) or size < 0:
            self.check()
        return data

    def _attend(self) -> None:
        """In a thread: a pg_dump that gives nothing for too long while we wait for it is killed, which ends the wait."""
        while not self._over.wait(self.silence / 20):
            waiting = self._waiting
            if waiting is not None and time.monotonic() - waiting > self.silence:
                self.is_silent = True
                self.process.kill()
                return

    def close(self) -> None:
        self._over.set()
        self.output.close()

    def finish(self) -> None:
        """Raises JagadataError unless everything was read, and pg_dump ended well."""
        if self.read(1):
            raise JagadataError(
                f"Hasil dump '{self.name}' tidak dibaca sampai akhir.", "Laporkan kepada pengembang."
            )

    def check(self) -> None:
        """Wait for pg_dump's end. Raises JagadataError unless it ended well."""
        code = self.process.wait()
        if self.is_silent:
            raise _SilentError(
                f"pg_dump basis data '{self.name}' tidak memberi data selama {self.silence / 60:.0f} menit.",
                "Periksa server basis data (disk, sesi yang menunggu), lalu ulangi back up.",
            )
        if code:
            self.errors.seek(0)
            raise make_fault(
                f"pg_dump basis data '{self.name}'",
                code,
                self.errors.read().decode(errors="replace"),
                "Periksa hak peran dump dengan `jaga doctor`, lalu ulangi.",
            )


@contextlib.contextmanager
def _pg_dump(access: Access, name: str, flags: Sequence[str]) -> Iterator[_DumpOutput]:
    """pg_dump while it runs; it does not outlive the `with` block."""
    with tempfile.TemporaryFile() as errors:
        process = start(
            with_parent_death_signal(
                [
                    access.program("pg_dump"),
                    "-Fc",
                    "--no-password",
                    *flags,
                    f"--dbname={make_dsn(name)}",
                ]
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=access.environment("dump"),
            pipesize=2**20,
        )
        output = _DumpOutput(process, errors, name)
        try:
            yield output
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            output.close()


@dataclass(frozen=True, kw_only=True)
class Dumped:
    """What pg_dump gave: rows by table, counted in its own snapshot."""

    rows: dict[str, int]
    properties: DatabaseProperties
    tool: str


def dump(access: Access, name: str, sink: Callable[[DumpStream], None]) -> Dumped:
    """See ports.DataSource.dump. The rows are counted in the dump's own snapshot, while it runs.

    While nothing was given to `sink`, a dump that tables moved away from begins anew (snapshot.py).
    """
    tool = access.tool_version("pg_dump")
    compressed = int(tool.partition(".")[0]) >= ZSTD_SINCE
    flags = ["--compress=zstd:3" if compressed else "-Z0"]

    def give(archive: BinaryIO) -> None:
        codec: Codec = "none" if compressed else "zstd"
        sink(DumpStream(archive=archive, codec=codec, suffix="dump" if compressed else "dump.zst"))

    fault: JagadataError | None = None
    with access.session(name, "dump", patient=True) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        for settled in attempts(connection):
            begun = False
            try:
                with (
                    snapshot(connection, settled) as moment,
                    _pg_dump(access, name, [*flags, *moment.make_flags()]) as output,
                ):
                    output.begin()
                    await_vanishing(access, name, moment.passing)
                    begun = True
                    rows = _give(output, connection, moment, give)
            except (UnreachableError, _SilentError):
                raise
            except JagadataError as error:
                if begun or (fault and fault.message == error.message and not _is_moving(error)):
                    raise
                fault = error
                continue
            return Dumped(rows=rows, properties=read_properties(access, name), tool=f"pg_dump {tool}")
    raise fault if isinstance(fault, MovingError) else MovingError(fault.message if fault else name)


def _is_moving(error: JagadataError) -> bool:
    """What may pass by itself; other errors of pg_dump's beginning may be of an object that is gone, if they do not come again."""
    return isinstance(error, MovingError) or "LOCK TABLE" in error.message


def _give(
    output: _DumpOutput,
    connection: psycopg.Connection[Any],
    moment: Snapshot,
    sink: Callable[[BinaryIO], None],
) -> dict[str, int]:
    """pg_dump's output to the sink, and meanwhile the count; returns the rows."""
    count = output.count = _Count(connection, output.name, {(one.schema, one.name) for one in moment.passing})
    try:
        sink(cast("BinaryIO", output))
        output.finish()
        return count.finish()
    except BaseException:
        output.process.kill()
        raise
    finally:
        count.give_up()


def python_codec(encoding: str) -> str:
    """Python's name of a server encoding such as LATIN1 or WIN1252 (PostgreSQL 24.3.1); UTF-8 for one that it does not know."""
    try:
        return codecs.lookup(re.sub(r"^koi8", "koi8_", re.sub(r"^win(?=\d)", "cp", encoding.lower()))).name
    except LookupError:
        return "utf-8"


def read_archive(access: Access, source: BinaryIO, encoding: str = "UTF8") -> list[str]:
    """Read a whole archive without a server. `pg_restore -l` would call a cut one good; writing it out does not.

    Returns its tables as 'schema.table'; names stand in the archive in the database's `encoding`. Raises DamagedError.
    """
    process = start(
        [access.program("pg_restore"), "--file=/dev/null", "--verbose"],
        stdin=source,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": access.environment("dump")["PATH"], "LC_ALL": "C"},
    )
    text = process.communicate()[1].decode(python_codec(encoding), errors="replace")
    if process.returncode and "unsupported version" in text:
        raise RefusedError(
            f"pg_restore {access.tool_version('pg_restore')} tidak mengenal bentuk arsip ini: {last_lines(text, 1)}",
            "Pasang paket postgresql-client dari versi yang membuat back up, dan tunjuk foldernya lewat servers[].tools.",
        )
    if process.returncode:
        raise DamagedError(
            f"Arsip back up rusak: {last_lines(text, 2)}", "Jangan dipakai; pilih back up lain."
        )
    return re.findall(r'processing data for table "(.*?)"\n(?=pg_restore:|\Z)', text, re.DOTALL)


def verify_archive(
    access: Access, archive: BinaryIO, counts: Counts, properties: DatabaseProperties
) -> ArchiveProof:
    """See ports.DataSource.verify: the archive's tables against those that were counted."""
    tables = read_archive(access, archive, properties.encoding)
    return ArchiveProof(
        words="arsip terbaca sampai akhir oleh pg_restore",
        missing=sorted(set(counts) - set(tables) - {LARGE_OBJECTS}),
    )
