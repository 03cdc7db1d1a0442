"""Dump a database in one exported snapshot."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from jagadata.adapters.postgres.access import make_dsn
from jagadata.adapters.postgres.archive import LARGE_OBJECTS
from jagadata.adapters.postgres.programs import make_fault, start, with_parent_death_signal
from jagadata.adapters.postgres.properties import read_properties
from jagadata.adapters.postgres.snapshot import MovingError, attempts, await_vanishing, snapshot
from jagadata.errors import JagadataError, UnreachableError
from jagadata.ports.data_source import DumpStream

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Collection, Iterator, Sequence

    import psycopg

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties
    from jagadata.ports.data_source import Codec

ZSTD_SINCE = 16
"""From this major version on pg_dump compresses with zstd itself; before, the vault does."""
SILENT_SECONDS = 30 * 60
"""For how long pg_dump may give nothing while we wait for it; a dump that hangs would hold the system's lock for ever."""

TABLES = """
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


def list_parts(connection: psycopg.Connection[Any], without: Collection[tuple[str, str]] = ()) -> list[str]:
    """The tables whose rows a dump holds (partitions by leaf), and large objects if there are any. Asks the catalogue only:

    a query over a user's table is planned, and planning runs code of the table's owner as whoever asks (docs/adr/0004).
    `without`: tables, as schema and name, that are left out.
    """
    found = connection.execute(TABLES).fetchall()
    parts = {f"{schema}.{table}" for schema, table, *_ in found if (schema, table) not in without}
    large = connection.execute("SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)").fetchone()
    return sorted(parts | ({LARGE_OBJECTS} if large and large[0] else set()))


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
    """What pg_dump gave: the parts that there were in its own snapshot."""

    parts: list[str]
    properties: DatabaseProperties
    tool: str


def dump(access: Access, name: str, sink: Callable[[DumpStream], None]) -> Dumped:
    """See ports.DataSource.dump. What there is to be dumped is listed in the dump's own snapshot.

    While nothing was given to `sink`, a dump that tables moved away from begins anew (snapshot.py).
    """
    tool = access.tool_version("pg_dump")
    compressed = int(tool.partition(".")[0]) >= ZSTD_SINCE
    flags = ["--compress=zstd:3" if compressed else "-Z0"]
    codec: Codec = "none" if compressed else "zstd"
    fault: JagadataError | None = None
    with access.session(name, "dump", patient=True) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        for settled in attempts(connection):
            begun = False
            try:
                with contextlib.ExitStack() as stack:
                    with snapshot(connection, settled) as moment:
                        output = stack.enter_context(_pg_dump(access, name, [*flags, *moment.make_flags()]))
                        output.begin()
                        await_vanishing(access, name, moment.passing)
                        parts = list_parts(connection, {(one.schema, one.name) for one in moment.passing})
                    begun = True  # pg_dump has its own snapshot and locks: ours would only fill the server's lock table
                    sink(
                        DumpStream(
                            archive=cast("BinaryIO", output),
                            codec=codec,
                            suffix="dump" if compressed else "dump.zst",
                        )
                    )
                    output.finish()
            except (UnreachableError, _SilentError):
                raise
            except JagadataError as error:
                if begun or (fault and fault.message == error.message and not _is_moving(error)):
                    raise
                fault = error
                continue
            return Dumped(parts=parts, properties=read_properties(access, name), tool=f"pg_dump {tool}")
    raise fault if isinstance(fault, MovingError) else MovingError(fault.message if fault else name)


def _is_moving(error: JagadataError) -> bool:
    """What may pass by itself; other errors of pg_dump's beginning may be of an object that is gone, if they do not come again."""
    return isinstance(error, MovingError) or "LOCK TABLE" in error.message
