"""Dump a database in one exported snapshot, and read archives back without a server."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from psycopg import sql

from jagadata.adapters.postgres_access import make_dsn
from jagadata.adapters.postgres_properties import read_properties
from jagadata.adapters.postgres_tools import last_lines
from jagadata.errors import DamagedError, JagadataError
from jagadata.ports import DumpResult

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from jagadata.adapters.postgres_access import Access

ZSTD_SINCE = 16
LARGE_OBJECTS = "pg_largeobject"
"""The line of `rows` that counts large objects."""

_TABLES = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Exact rows of each table whose rows a dump holds (partitions by leaf, no extension's own), and of large objects if any."""
    rows: dict[str, int] = {}
    connection.execute("SET row_security = off")  # an error rather than a silently filtered count
    for schema, table in connection.execute(_TABLES).fetchall():
        query = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
        found = connection.execute(query).fetchone()
        rows[f"{schema}.{table}"] = found[0] if found else 0
    large = connection.execute("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata").fetchone()
    if large and large[0]:
        rows[LARGE_OBJECTS] = large[0]
    return rows


class _DumpOutput:
    """pg_dump's output; its failure is raised before the end of file, so that a cut stream is never taken for whole."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], name: str) -> None:
        self.process = process
        self.errors = errors
        self.name = name

    def read(self, size: int = -1) -> bytes:
        output = cast("IO[bytes]", self.process.stdout)
        data = output.read(size if size > 0 else 2**20)
        if not data and self.process.wait():
            self.errors.seek(0)
            text = last_lines(self.errors.read().decode(errors="replace"))
            raise JagadataError(
                f"pg_dump basis data '{self.name}' gagal (kode {self.process.returncode}): {text}",
                "Periksa hak peran dump dengan `jaga doctor`, lalu ulangi.",
            )
        return data


def dump(access: Access, name: str, sink: Callable[[BinaryIO], None]) -> DumpResult:
    """See ports.DatabaseServer.dump. The rows are counted in the dump's own snapshot, while it runs."""
    tool = access.tool_version("pg_dump")
    compressed = int(tool.partition(".")[0]) >= ZSTD_SINCE
    counts: dict[str, int] = {}
    faults: list[BaseException] = []
    with access.connect(name, "dump") as connection, tempfile.TemporaryFile() as errors:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("SET statement_timeout = 0")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = cast(
            "tuple[str]", connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        )[0]

        def count() -> None:
            try:
                counts.update(count_rows(connection))
            except BaseException as error:  # noqa: BLE001 - carried over to the other thread
                faults.append(error)

        command = [
            access.program("pg_dump"),
            "-Fc",
            "--no-password",
            f"--snapshot={snapshot}",
            "--lock-wait-timeout=60s",
        ]
        command += ["--compress=zstd:3" if compressed else "-Z0", f"--dbname={make_dsn(name)}"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=access.environment("dump"),
        )
        counter = threading.Thread(target=count, name="rows", daemon=True)
        counter.start()
        try:
            sink(cast("BinaryIO", _DumpOutput(process, errors, name)))
            if process.wait():
                raise JagadataError(
                    f"pg_dump basis data '{name}' berakhir dengan kode {process.returncode}.", "Ulangi."
                )
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            cast("IO[bytes]", process.stdout).close()
            counter.join()
        if faults:
            raise JagadataError(
                f"Baris tabel '{name}' tidak dapat dihitung: {faults[0]}",
                "Periksa hak peran dump dengan `jaga doctor`.",
            ) from faults[0]
        connection.execute("COMMIT")
    return DumpResult(
        rows=counts, properties=read_properties(access, name), compressed=compressed, tool=f"pg_dump {tool}"
    )


def read_archive(access: Access, source: BinaryIO) -> list[str]:
    """Read a whole archive without a server. `pg_restore -l` would call a cut one good; writing it out does not.

    Returns its tables as 'schema.table'. Raises DamagedError.
    """
    process = subprocess.Popen(
        [access.program("pg_restore"), "--file=/dev/null", "--verbose"],
        stdin=source,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": access.environment("dump")["PATH"], "LC_ALL": "C"},
    )
    text = process.communicate()[1].decode(errors="replace")
    if process.returncode:
        raise DamagedError(
            f"Arsip back up rusak: {last_lines(text, 2)}", "Jangan dipakai; pilih back up lain."
        )
    return re.findall(r'processing data for table "(.*?)"\n(?=pg_restore:|\Z)', text, re.DOTALL)
