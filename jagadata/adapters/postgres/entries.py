"""The table of contents of an archive (`pg_restore --list`) as values. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jagadata.ports.proof import Weight

_KINDS = (
    *("TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE"),
    *("MATERIALIZED VIEW DATA", "MATERIALIZED VIEW", "PUBLICATION TABLES IN SCHEMA", "PUBLICATION TABLE"),
    *(
        "FOREIGN DATA WRAPPER",
        "FOREIGN TABLE",
        "USER MAPPING",
        "EVENT TRIGGER",
        "ROW SECURITY",
        "FK CONSTRAINT",
    ),
    *("CHECK CONSTRAINT", "SEQUENCE OWNED BY", "SEQUENCE SET", "SECURITY LABEL", "DEFAULT ACL", "TABLE DATA"),
    *(
        "TABLE ATTACH",
        "INDEX ATTACH",
        "OPERATOR CLASS",
        "OPERATOR FAMILY",
        "PROCEDURAL LANGUAGE",
        "ACCESS METHOD",
    ),
    *("BLOB METADATA", "BLOB COMMENTS", "SHELL TYPE", "STATISTICS DATA"),
)
"""Kinds of more than one word; every other is the first word (pg_dump.c, dumpDumpableObject)."""
_OF_DATA = {
    "TABLE DATA",
    "SEQUENCE SET",
    "MATERIALIZED VIEW DATA",
    "BLOBS",
    "BLOB",
    "BLOB METADATA",
    "STATISTICS DATA",
}
"""What `pg_dump --schema-only` of the same database does not list."""
_NEVER = {"ACL", "DEFAULT ACL", "ROW SECURITY", "POLICY", "SECURITY LABEL"}
_NOTES = {
    "INDEX",
    "COMMENT",
    "STATISTICS",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "PUBLICATION TABLES IN SCHEMA",
    "CAST",
}
_NOTES |= {
    "FK CONSTRAINT",
    "CHECK CONSTRAINT",
    "EVENT TRIGGER",
    "SUBSCRIPTION",
    "BLOB COMMENTS",
    "CONVERSION",
}


@dataclass(frozen=True)
class Entry:
    """One line 'ID; CATALOG OID KIND SCHEMA NAME OWNER'. Names may hold blanks, so what follows the kind stays one text."""

    line: str
    kind: str
    rest: str

    @property
    def key(self) -> str:
        """What it is, whatever its numbers."""
        return f"{self.kind} {self.rest}"

    @property
    def is_data(self) -> bool:
        return self.kind in _OF_DATA

    @property
    def is_of_large_object(self) -> bool:
        return self.rest.startswith(("- LARGE OBJECT ", "- LARGE OBJECTS "))


def parse_entries(listing: str) -> list[Entry]:
    return [_parse(line) for line in listing.split("\n") if not line.startswith(";") and line.count(" ") >= 3]


def _parse(line: str) -> Entry:
    text = line.split(" ", 3)[3]
    kind = next((kind for kind in _KINDS if text.startswith(f"{kind} ")), text.partition(" ")[0])
    return Entry(line, kind, text[len(kind) + 1 :])


def find_missing(wanted: Iterable[Entry], present: Iterable[Entry]) -> list[Entry]:
    """Entries that are not there as often as they should be; those of data aside, which no list of definitions shows."""
    left = Counter(entry.key for entry in present)
    missing: list[Entry] = []
    for entry in wanted:
        if entry.is_data or entry.is_of_large_object:
            continue
        if left[entry.key]:
            left[entry.key] -= 1
        else:
            missing.append(entry)
    return missing


def weigh(entry: Entry, *, unique: bool = False) -> Weight:
    """What it means that this is missing. `unique`: an index that keeps rows apart."""
    if entry.kind in _NEVER:
        return "never"
    return "note" if entry.kind in _NOTES and not unique else "loss"


def of_kind(entries: Sequence[Entry], *kinds: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind in kinds]
