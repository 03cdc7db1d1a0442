"""One archive in an open file, and the programs that read it: listed, written out as text, restored in parts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

from jagadata.adapters.postgres.access import make_dsn
from jagadata.adapters.postgres.archive import python_codec
from jagadata.adapters.postgres.archive_contents import ArchiveContents, flatten, read_contents
from jagadata.adapters.postgres.entries import Entry, of_kind, parse_entries
from jagadata.adapters.postgres.programs import last_lines, make_fault, start, with_parent_death_signal
from jagadata.errors import DamagedError, JagadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.adapters.postgres.access import Access, Role

LOADER: Role = "load"
"""The login that loads: the only one as whom code of a database's owner runs."""
_HINT = "Data yang berjalan tidak disentuh. Perbaiki sebabnya, lalu ajukan kembali."
OPTIONS = (
    "-c maintenance_work_mem=256MB -c synchronous_commit=off -c default_transaction_read_only=off "
    "-c local_preload_libraries="
)
"""Harmless to durability: the swap's own commit is synchronous, and flushes all WAL before it."""
_FULL = re.compile(
    r"No space left on device|out of shared memory|out of memory|could not resize shared memory|Disk quota"
)
_PATH = re.compile(
    rb"SEARCHPATH.{5}SEARCHPATH.{10}(SELECT pg_catalog\.set_config\('search_path', '', false\);)", re.DOTALL
)
"""The entry that empties the search path: tag, length, kind, section and length, statement (pg_backup_archiver.c, WriteToc)."""
_DUMPED_BY = re.compile(r"^;\s+Dumped by pg_dump version: (\d+)", re.MULTILINE)
_HEAD_BYTES = 2**16


class FullError(JagadataError):
    """The server has no room or memory left: says nothing about the archive."""


class Archive:
    """`fd` can be read and written; `encoding` is the database's, as PostgreSQL calls it."""

    def __init__(self, access: Access, fd: int, encoding: str) -> None:
        self.access = access
        self.fd = fd
        self.encoding = encoding
        self.codec = python_codec(encoding)
        listing = self._read("--list")
        self.entries = parse_entries(listing)
        found = _DUMPED_BY.search(listing)
        self.major = int(found[1]) if found else 0  # of the pg_dump that wrote it

    @property
    def path(self) -> str:
        return f"/proc/self/fd/{self.fd}"

    def _read(self, *options: str) -> str:
        """What pg_restore writes without a server. Raises JagadataError."""
        process = start(
            [self.access.program("pg_restore"), *options, self.path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={"PATH": self.access.program_path(), "LC_ALL": "C"},
            pass_fds=[self.fd],
        )
        text, errors = process.communicate()
        if process.returncode:
            raise make_fault("Pembacaan arsip", process.returncode, errors.decode(errors="replace"), _HINT)
        return text.decode(self.codec, errors="surrogateescape")

    def text(self, entries: Sequence[Entry], *options: str) -> str:
        """The SQL of these entries' definitions."""
        with self._chosen(entries) as chosen:
            return self._read_with(chosen, *options)

    def _read_with(self, chosen: int, *options: str) -> str:
        process = start(
            [
                self.access.program("pg_restore"),
                "--file=-",
                f"--use-list=/proc/self/fd/{chosen}",
                *options,
                self.path,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env={"PATH": self.access.program_path(), "LC_ALL": "C"},
            pass_fds=[self.fd, chosen],
        )
        return process.communicate()[0].decode(self.codec, errors="surrogateescape")

    def definitions(self) -> str:
        """The whole schema as SQL."""
        return self._read("--schema-only", "--file=-")

    def contents(self) -> ArchiveContents:
        """Rows, sequences, large objects, counted in the archive's text and held to its table of contents. Raises DamagedError."""
        found = self._contents(None)
        listed = of_kind(self.entries, "TABLE DATA")
        if self._agree(found, listed):
            return found
        found.tables.clear()
        for entry in listed:  # one by one: a block then has no other to be taken for
            one = self._contents(entry)
            if not self._agree(one, [entry]):
                raise DamagedError(
                    f"Isi '{entry.rest}' dalam arsip tidak dapat dihitung.", "Pilih back up lain."
                )
            found.tables += one.tables
        return found

    def _agree(self, found: ArchiveContents, listed: Sequence[Entry]) -> bool:
        return len(found.tables) == len(listed) and all(
            entry.rest.startswith(flatten(f"{schema} {table} "))
            for (schema, table, _), entry in zip(found.tables, listed, strict=True)
        )

    def _contents(self, entry: Entry | None) -> ArchiveContents:
        with contextlib.ExitStack() as stack:
            options, fds = ["--section=data", "--file=-"], [self.fd]
            if entry:
                chosen = stack.enter_context(self._chosen([entry]))
                options.append(f"--use-list=/proc/self/fd/{chosen}")
                fds.append(chosen)
            errors = stack.enter_context(tempfile.TemporaryFile())
            process = start(
                [self.access.program("pg_restore"), *options, self.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={"PATH": self.access.program_path(), "LC_ALL": "C"},
                pass_fds=fds,
                pipesize=2**20,
            )
            try:
                with cast("BinaryIO", process.stdout) as stream:
                    found = read_contents(stream, self.codec)
                code = process.wait()
            finally:
                end(process)
            if code:
                errors.seek(0)
                text = errors.read().decode(errors="replace")
                raise DamagedError(
                    f"Arsip back up rusak: {last_lines(text, 2)}", "Jangan dipakai; pilih back up lain."
                )
            return found

    @contextlib.contextmanager
    def _chosen(self, entries: Sequence[Entry]) -> Iterator[int]:
        with os.fdopen(os.memfd_create("entries"), "wb") as chosen:
            chosen.write("\n".join([*(entry.line for entry in entries), ""]).encode(errors="surrogateescape"))
            chosen.flush()
            yield chosen.fileno()

    def restore(
        self,
        database: str,
        entries: Sequence[Entry],
        *options: str,
        jobs: int = 1,
        watch: Callable[[], None] = lambda: None,
        path: str | None = None,
    ) -> str:
        """Restore these entries, going on after each error; returns the end of what was said. An empty list is no work.

        `path`: the search_path instead of the empty one; names that functions leave open are found by it.
        Raises FullError; UnreachableError where the server is gone. Whether an entry came out is for the caller to look at.
        """
        if not entries:
            return ""
        settings = OPTIONS if path is None else f"{OPTIONS} -c search_path={_escape(path)}"
        command = [self.access.program("pg_restore"), "-j", str(jobs), "--no-password", *options]
        with (
            self._chosen(entries) as chosen,
            tempfile.TemporaryFile() as errors,
            self._open_path() if path is not None else contextlib.nullcontext(),
        ):
            command += [f"--use-list=/proc/self/fd/{chosen}", f"--dbname={make_dsn(database)}", self.path]
            process = start(
                with_parent_death_signal(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=self.access.environment(LOADER, PGOPTIONS=settings),
                pass_fds=[self.fd, chosen],
                process_group=0,
            )
            try:
                while True:
                    try:
                        process.wait(2)
                        break
                    except subprocess.TimeoutExpired:
                        watch()
            finally:
                end(process)
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2**16))
            text = errors.read().decode(errors="replace")
        if _FULL.search(text):
            raise FullError(
                f"Server kehabisan ruang atau memori saat restore ke '{database}': {last_lines(text, 2)}",
                _HINT,
            )
        return last_lines(text, 2) if process.returncode else ""

    @contextlib.contextmanager
    def _open_path(self) -> Iterator[None]:
        """The archive without its own search_path; the bytes are put back afterwards. Raises DamagedError where there is none."""
        found = _PATH.search(os.pread(self.fd, _HEAD_BYTES, 0))
        if found is None:
            raise DamagedError("Arsip tidak menyebut search_path-nya.", "Pilih back up lain.")
        fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.pwrite(fd, b"RESET search_path;".ljust(len(found[1])), found.start(1))
            yield
        finally:
            os.pwrite(fd, found[1], found.start(1))
            os.close(fd)


def _escape(value: str) -> str:
    """For PGOPTIONS (libpq, 34.1.2): blanks part its words."""
    return re.sub(r"([\\\s])", r"\\\1", value)


def end(process: subprocess.Popen[bytes]) -> None:
    """Asked first, so that it ends its helpers; one that stands still does not hear that."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its helpers too: they hold the archive open
        process.kill()
        process.wait()
