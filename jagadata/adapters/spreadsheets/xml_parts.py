"""XML inside a workbook, read as a stream: element names without their prefix, no entities of a file's own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from xml.parsers import expat

from jagadata.adapters.spreadsheets.kinds import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Attributes = dict[str, str]


class LocalNames(dict[str, str]):
    """'x:row' -> 'row', remembered: a sheet has millions of elements of a dozen names."""

    def __missing__(self, name: str) -> str:
        local = name.rpartition(":")[2]
        if len(self) < 5_000:
            self[name] = local
        return local


class XmlError(Exception):
    """No well-formed XML."""


def make_parser() -> expat.XMLParserType:
    """Refuses the declaration of an entity, before one can be used: no spreadsheet program writes any."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = _refuse_entity
    return parser


def _refuse_entity(*_arguments: object) -> None:
    raise UnfitError(
        "bom-arsip",
        "Susunan di dalam berkas tidak wajar (deklarasi ENTITY); berkas tidak dibaca.",
        "Salin tabelnya saja ke buku kerja baru, simpan, lalu kirim ulang.",
    )


def feed(parser: expat.XMLParserType, pieces: Iterator[bytes]) -> None:
    """All the pieces up to the end. Raises XmlError."""
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise XmlError from error


def walk(pieces: Iterator[bytes], start: Callable[[str, Attributes], None]) -> None:
    """`start(local name, attributes by local name)` for every element. Raises XmlError."""
    names = LocalNames()
    parser = make_parser()
    parser.StartElementHandler = lambda name, attributes: start(
        names[name], {names[key]: value for key, value in attributes.items()}
    )
    feed(parser, pieces)


class _EnoughError(Exception):
    """The first element has begun."""


def root_of(start: bytes) -> str:
    """The local name of the first element in what may be the start of an XML part; '' where it is none."""
    found = []

    def first(name: str, _attributes: Attributes) -> None:
        found.append(name.rpartition(":")[2])
        raise _EnoughError

    parser = expat.ParserCreate()
    parser.StartElementHandler = first
    with suppress(_EnoughError, expat.ExpatError):
        parser.Parse(start, False)
    return found[0] if found else ""
