"""Texts of a workbook whose letters are formatted one by one: shared strings and cells' own, read without raised footnote signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.xml_parts import Attributes, LocalNames, feed, make_parser
from jagadata.collection.tables.footnotes import without_footnotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.parsers import expat

_KEPT = 200_000
"""Strings with raised signs that are kept of a file."""


class RichText:
    """The runs of one text, told by the elements within it: r, rPr, vertAlign, t."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._runs: list[tuple[bool, str]] = []
        self._raised = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "r":
            self._raised = False
        elif name == "vertAlign":
            self._raised = attributes.get("val") == "superscript"
        self._parser.CharacterDataHandler = self._hear if name == "t" else None
        if name == "t":
            self._runs.append((self._raised, ""))

    def _hear(self, text: str) -> None:
        raised, before = self._runs[-1]
        self._runs[-1] = raised, before + text

    def end(self) -> str | None:
        """The text without its footnote signs; None where there are none."""
        self._parser.CharacterDataHandler = None
        runs, self._runs, self._raised = self._runs, [], False
        return without_footnotes(runs) if len(runs) > 1 else None


def read_shared_strings(pieces: Iterator[bytes]) -> dict[str, str]:
    """By a string's number, what it is without its footnote signs; only those that have some. Raises XmlError."""
    found: dict[str, str] = {}
    number = -1
    parser = make_parser()
    text = RichText(parser)
    names = LocalNames()
    rich = False

    def note() -> None:
        if rich and (bare := text.end()) is not None and len(found) < _KEPT:
            found[str(number)] = bare

    def start(name: str, attributes: Attributes) -> None:
        nonlocal number, rich
        name = names[name]
        if name == "si":
            note()
            number, rich = number + 1, False
        elif name == "r" or rich:
            rich = True
            text.start(name, attributes)

    parser.StartElementHandler = start
    feed(parser, pieces)
    note()
    return found
