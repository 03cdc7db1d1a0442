"""How many rows each COPY of an archive's text brings: read statement by statement, for names may hold anything, newlines too."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
"""A doubled quote inside is two of them side by side."""
_NAME = rb'(?:"(?:[^"]|"")+"|[^".\s(]+)'
_TARGET = re.compile(rb"COPY (" + _NAME + rb")\.(" + _NAME + rb") ")
_END = b"\\.\n"
_LARGE_OBJECT = b"SELECT pg_catalog.lo_open("


@dataclass(kw_only=True)
class Block:
    """One COPY: where its rows go, and how many they are."""

    schema: bytes
    table: bytes
    rows: int = 0


class CopyRows:
    """Fed with what `pg_restore --section=data --file=-` writes, in pieces of any size."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.large_objects = 0
        self._rest = b""
        self._statement = b""
        self._is_copying = False

    @property
    def is_whole(self) -> bool:
        """Nothing is left open."""
        return not (self._rest or self._statement or self._is_copying)

    def feed(self, piece: bytes) -> None:
        data, position = self._rest + piece, 0
        while True:
            read = self._read_rows if self._is_copying else self._read_line
            position, goes_on = read(data, position)
            if not goes_on:
                self._rest = data[position:]
                return

    def _read_rows(self, data: bytes, begin: int) -> tuple[int, bool]:
        """Count rows from the start of a line. Returns where to go on, and whether that is possible without more data."""
        if data.startswith(_END, begin):
            self._is_copying = False
            return begin + len(_END), True
        end = data.find(b"\n" + _END, begin)
        last = end if end >= 0 else data.rfind(b"\n", begin)
        if last < 0:
            return begin, False
        self.blocks[-1].rows += data.count(b"\n", begin, last + 1)
        if end < 0:
            return last + 1, False
        self._is_copying = False
        return end + 1 + len(_END), True

    def _read_line(self, data: bytes, begin: int) -> tuple[int, bool]:
        """The next line of a statement, a remark or a command of psql. Returns as `_read_rows`."""
        end = data.find(b"\n", begin)
        if end < 0:
            return begin, False
        line = data[begin : end + 1]
        if self._statement or not (line == b"\n" or line.startswith((b"--", b"\\"))):
            self._statement += line
            self._end_statement()
        return end + 1, True

    def _end_statement(self) -> None:
        bare = _QUOTED.sub(b"", self._statement)
        if b'"' in bare or b"'" in bare or not bare.endswith(b";\n"):
            return
        if bare.startswith(b"COPY ") and bare.endswith(b" FROM stdin;\n"):
            target = _TARGET.match(self._statement)
            schema, table = map(_unquote, target.groups()) if target else (b"", b"?")
            self.blocks.append(Block(schema=schema, table=table))
            self._is_copying = True
        elif bare.startswith(_LARGE_OBJECT):
            self.large_objects += 1
        self._statement = b""


def _unquote(name: bytes) -> bytes:
    return name[1:-1].replace(b'""', b'"') if name.startswith(b'"') else name
