"""What a restore did not make as it was, found by comparing the archive with the database, each with what its owner may run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from jagadata.adapters.postgres.archive_contents import flatten
from jagadata.adapters.postgres.digests import begin_anew, read_sequences
from jagadata.adapters.postgres.entries import Entry, find_missing, of_kind, weigh
from jagadata.ports.proof import Shortfall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from jagadata.adapters.postgres.archive_contents import ArchiveContents
    from jagadata.adapters.postgres.archive_file import Archive
    from jagadata.adapters.postgres.digests import Table

SQL_CHARACTERS = 4000
_WORDS = {
    "INDEX": "indeks",
    "CONSTRAINT": "kunci atau batasan",
    "FK CONSTRAINT": "kunci asing",
    "CHECK CONSTRAINT": "batasan CHECK",
    "TABLE": "tabel",
    "VIEW": "view",
    "MATERIALIZED VIEW": "view materi",
    "FUNCTION": "fungsi",
    "PROCEDURE": "prosedur",
    "TRIGGER": "pemicu (trigger)",
    "EVENT TRIGGER": "pemicu peristiwa (event trigger)",
    "ROW SECURITY": "row level security tabel",
    "POLICY": "kebijakan (policy)",
    "ACL": "hak akses",
    "DEFAULT ACL": "hak akses bawaan",
    "EXTENSION": "ekstensi",
    "SCHEMA": "skema",
    "SEQUENCE": "sekuens",
    "TYPE": "tipe",
    "DOMAIN": "domain",
    "COMMENT": "keterangan (comment)",
    "PUBLICATION": "publikasi",
}
_NOT_VALID = """
SELECT n.nspname, c.relname, k.conname, 'TABLE'
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT k.convalidated AND k.conparentid = 0 AND k.coninhcount = 0
UNION ALL
SELECT n.nspname, t.typname, k.conname, 'DOMAIN'
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE NOT k.convalidated
"""
_NO_DEFINITION = ("--", "\\", "SET default_t", "REFRESH MATERIALIZED VIEW ")
_LARGE = "SELECT oid::bigint FROM pg_catalog.pg_largeobject_metadata"


class Comparison:
    """An archive held to what a database has now. `present`: the database's own definitions, as an archive."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        archive: Archive,
        present: Archive,
        contents: ArchiveContents,
        *,
        wrong_rows: dict[Entry, tuple[Table | None, int]],
        unfilled: Sequence[Entry],
        roles: Sequence[str],
    ) -> None:
        self.connection = connection
        self.archive = archive
        self.present = present
        self.contents = contents
        self.wrong_rows = wrong_rows
        self.unfilled = unfilled
        self.roles = sorted(roles, key=len, reverse=True)
        self.missing = find_missing(archive.entries, present.entries)
        self.not_valid: set[str] = set()

    def list(self) -> list[Shortfall]:
        begin_anew(
            self.connection
        )  # rows were counted in it: code of an index may have changed what names mean
        found = [
            *self._rows(),
            *self._not_valid(),
            *self._definitions_missing(),
            *self._unfilled(),
            *self._large_objects(),
            *self._sequences(),
        ]
        return [*found, *self._definitions_changed()]

    def _rows(self) -> Iterator[Shortfall]:
        for entry, (_, wanted) in self.wrong_rows.items():
            yield Shortfall(
                weight="loss",
                what=f"baris tabel {self._name(entry)}: {wanted} baris tidak kembali seluruhnya",
            )

    def _definitions_missing(self) -> Iterator[Shortfall]:
        extra = Counter(entry.key for entry in self.present.entries)
        extra.subtract(entry.key for entry in self.archive.entries)
        others = {
            (kind_rest.partition(" ")[0], self._without_owner(kind_rest))
            for kind_rest, n in extra.items()
            if n > 0
        }
        for entry in self.missing:
            if entry.kind in ("FK CONSTRAINT", "CHECK CONSTRAINT") and self._name(entry) in self.not_valid:
                continue
            if (entry.key.partition(" ")[0], self._without_owner(entry.key)) in others:
                yield Shortfall(weight="never", what=f"pemilik {self._label(entry)}", sql=self._sql(entry))
                continue
            text = self._sql(entry)
            unique = "CREATE UNIQUE INDEX" in text
            yield Shortfall(
                weight=weigh(entry, unique=unique), what=f"{self._label(entry)} tidak kembali", sql=text
            )

    def _not_valid(self) -> Iterator[Shortfall]:
        constraints = of_kind(self.archive.entries, "FK CONSTRAINT", "CHECK CONSTRAINT")
        for schema, table, name, kind in self.connection.execute(_NOT_VALID).fetchall():
            label = flatten(f"{schema} {table} {name}")
            self.not_valid.add(label)
            entry = next((one for one in constraints if one.rest.startswith(f"{label} ")), None)
            if entry and " NOT VALID;" in self.archive.text([entry]):
                continue  # as it was
            yield Shortfall(
                weight="note",
                what=f"batasan {label}: ada baris yang tidak memenuhinya; dipasang NOT VALID (berlaku untuk baris baru)",
                sql=f"ALTER {kind} {_quote(schema)}.{_quote(table)} VALIDATE CONSTRAINT {_quote(name)};",
            )

    def _unfilled(self) -> Iterator[Shortfall]:
        for entry in self.unfilled:
            yield Shortfall(
                weight="loss", what=f"isi view materi {self._name(entry)} tidak kembali", sql=self._sql(entry)
            )

    def _large_objects(self) -> Iterator[Shortfall]:
        here = {int(row[0]) for row in self.connection.execute(_LARGE)}
        lost = sorted(self.contents.large_objects - here)
        if lost:
            yield Shortfall(
                weight="loss", what=f"{len(lost)} large object tidak kembali, antara lain {lost[0]}"
            )

    def _sequences(self) -> Iterator[Shortfall]:
        here = {_plain(name): value for name, value in read_sequences(self.connection).items()}
        for name, value in sorted(self.contents.sequences.items()):
            if here.get(_plain(name)) != value:
                yield Shortfall(weight="loss", what=f"nilai sekuens {name} tidak kembali")

    def _definitions_changed(self) -> Iterator[Shortfall]:
        """The texts of both, order aside, where the same major version of pg_dump wrote them."""
        if self.archive.major != self.present.major:
            return
        left = _lines(self.archive.definitions())
        left.subtract(_lines(self.present.definitions()))
        if self.missing:
            left.subtract(_lines(self.archive.text(self.missing, "--schema-only")))
        names = tuple(
            f"CONSTRAINT {quoted} " for label in self.not_valid for quoted in _spellings(label.split(" ")[-1])
        )
        lines = [
            line
            for line, count in left.items()
            if count > 0 and not (names and line.removeprefix("ADD ").startswith(names))
        ]
        if lines:
            yield Shortfall(
                weight="loss", what=f"definisi {len(lines)} baris susunan basis data berbeda dari arsip"
            )

    # --- words ---

    def _name(self, entry: Entry) -> str:
        return self._without_owner(entry.rest)

    def _without_owner(self, text: str) -> str:
        owner = next((role for role in self.roles if text.endswith(f" {role}")), "")
        return text[: -len(owner) - 1] if owner else text

    def _label(self, entry: Entry) -> str:
        return f"{_WORDS.get(entry.kind, entry.kind)} {self._name(entry).removeprefix('- ')}"

    def _sql(self, entry: Entry) -> str:
        lines = [
            line
            for line in self.archive.text([entry]).split("\n")
            if line and not line.startswith(("--", "SET ", "SELECT pg_catalog.set_config", "\\"))
        ]
        return "\n".join(lines)[:SQL_CHARACTERS]


def _lines(text: str) -> Counter[str]:
    """What is said, without order, layout and headers."""
    lines = (line.strip().rstrip(",;") for line in text.split("\n"))
    return Counter(line for line in lines if line and not line.startswith(_NO_DEFINITION))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _spellings(name: str) -> tuple[str, str]:
    return name, _quote(name)


def _plain(name: str) -> str:
    """A qualified name however its parts are quoted."""
    return name.replace('"', "")
