"""What an archive holds, counted in its own text: rows by table, sequences, large objects. No server, no planner, no lock.

A COPY block is taken for one only where a statement begins: names, comments and values may hold the text of another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from jagadata.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTE = re.compile(rb"['\"]")
_COPY = re.compile(rb'COPY ("(?:[^"]|"")*"|[^"\s.]+)\.("(?:[^"]|"")*"|[^"\s(]+) ')
_SETVAL = re.compile(rb"SELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?[0-9]+), (true|false)\);")
_LARGE = re.compile(rb"SELECT pg_catalog\.lo_open\('([0-9]+)', ")
_END = b"\n\\.\n"


@dataclass
class ArchiveContents:
    """`tables`: schema, table and rows in the archive's order. `sequences`: quoted name -> last value, given out."""

    tables: list[tuple[str, str, int]] = field(default_factory=list)
    sequences: dict[str, tuple[int, bool]] = field(default_factory=dict)
    large_objects: set[int] = field(default_factory=set)

    @property
    def rows(self) -> dict[str, int]:
        """By 'schema.table', as in a manifest."""
        rows: dict[str, int] = {}
        for schema, table, count in self.tables:
            rows[f"{schema}.{table}"] = rows.get(f"{schema}.{table}", 0) + count
        return rows


class _Text:
    """A stream by lines, and past rows without looking at each."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.buffer = b""
        self.start = 0

    def _more(self) -> bool:
        piece = self.stream.read(2**20)
        self.buffer = self.buffer[self.start :] + piece
        self.start = 0
        return bool(piece)

    def line(self) -> bytes:
        """With its newline; empty at the end."""
        seen = 0
        while (end := self.buffer.find(b"\n", self.start + seen)) < 0:
            seen = len(self.buffer) - self.start
            if not self._more():
                rest, self.start = self.buffer[self.start :], len(self.buffer)
                return rest
        line, self.start = self.buffer[self.start : end + 1], end + 1
        return line

    def skip_rows(self) -> int:
        """Past the line that ends the rows; how many lines came before it. Raises DamagedError for a stream that ends before."""
        self.buffer, self.start = b"\n" + self.buffer[self.start :], 0
        rows = -1  # the newline that was put before them
        while (end := self.buffer.find(_END, self.start)) < 0:
            keep = max(self.start, len(self.buffer) - len(_END) + 1)
            rows += self.buffer.count(b"\n", self.start, keep)
            self.start = keep
            if not self._more():
                raise DamagedError(
                    "Arsip back up terputus di tengah sebuah tabel.", "Jangan dipakai; pilih back up lain."
                )
        rows += self.buffer.count(b"\n", self.start, end + 1)
        self.start = end + len(_END)
        return rows


def read_statements(text: _Text) -> Iterator[bytes]:
    """Whole statements of a data section; comments left out. Rows after a COPY are the caller's to skip."""
    statement, quote = b"", b""
    while line := text.line():
        if not quote and not statement.strip() and (line.startswith(b"--") or not line.strip()):
            continue
        for found in _QUOTE.finditer(line):
            if not quote:
                quote = found[0]
            elif quote == found[0]:
                quote = b""
        statement += line
        if not quote and line.rstrip().endswith(b";"):
            yield statement
            statement = b""


def split_statements(stream: BinaryIO) -> Iterator[bytes]:
    """The statements of SQL that holds no rows."""
    return read_statements(_Text(stream))


def read_contents(stream: BinaryIO, codec: str) -> ArchiveContents:
    """Of `pg_restore --section=data --file=-`. `codec`: Python's name of the database's encoding."""
    text, contents = _Text(stream), ArchiveContents()
    for statement in read_statements(text):
        if statement.startswith(b"SELECT pg_catalog.lowrite("):
            continue
        if statement.startswith(b"COPY ") and statement.endswith(b" FROM stdin;\n"):
            found = _COPY.match(statement)
            if found is None:
                raise DamagedError(
                    "Arsip memuat tabel yang namanya tidak dapat dibaca.", "Pilih back up lain."
                )
            contents.tables.append((_name(found[1], codec), _name(found[2], codec), text.skip_rows()))
        elif found := _SETVAL.match(statement):
            name = found[1].replace(b"''", b"'").decode(codec, errors="surrogateescape")
            contents.sequences[name] = (int(found[2]), found[3] == b"true")
        elif found := _LARGE.match(statement):
            contents.large_objects.add(int(found[1]))
    return contents


def _name(quoted: bytes, codec: str) -> str:
    if quoted.startswith(b'"'):
        quoted = quoted[1:-1].replace(b'""', b'"')
    return quoted.decode(codec, errors="surrogateescape")


def flatten(text: str) -> str:
    """As a table of contents writes a name: each newline a blank (pg_backup_archiver.c, sanitize_line)."""
    return text.replace("\n", " ").replace("\r", " ")
