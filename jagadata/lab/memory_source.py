"""A data source in memory: tables of rows under names, and everything that ports.DataSource promises. For tests."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, cast

from jagadata.errors import (
    BusyError,
    DamagedError,
    JagadataError,
    NotFoundError,
    RefusedError,
    RestoreRunningError,
    UnreachableError,
)
from jagadata.ports.data_source import ArchiveProof, DataSetFacts, Dump, DumpStream, SourceFacts
from jagadata.ports.proof import Expected, Restored

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import Literal

    from jagadata.ports.data_source import Answer, Codec, Counts, Pair, Properties

Tables = dict[str, list[str]]


def _digest(rows: Sequence[str]) -> str:
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


@dataclass
class MemoryDataSet:
    identity: str
    owner: str
    tables: Tables = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)


class MemoryServer:
    """What the sources of several workers share: the data sets by name, and who holds which system's lock."""

    def __init__(
        self, identifier: str = "1", *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.identifier = identifier
        self.clock = clock
        self.sets: dict[str, MemoryDataSet] = {}
        self.held: dict[str, MemorySwap] = {}
        self.mutex = threading.RLock()
        self._numbers = itertools.count(1)

    def make(
        self, name: str, tables: Mapping[str, Sequence[str]] | None = None, owner: str = "pemilik"
    ) -> str:
        """A new data set; its identity. Raises RefusedError if there is one of this name."""
        with self.mutex:
            if name in self.sets:
                raise RefusedError(f"'{name}' sudah ada.", "Hapus lebih dahulu.")
            identity = f"memori:{next(self._numbers)}@{self.identifier}"
            rows = {table: list(rows) for table, rows in (tables or {}).items()}
            self.sets[name] = MemoryDataSet(identity=identity, owner=owner, tables=rows)
            return identity

    def identities(self, names: Sequence[str]) -> dict[str, str | None]:
        with self.mutex:
            return {name: self.sets[name].identity if name in self.sets else None for name in names}


class MemorySource:
    """Implements ports.DataSource. `codec` is what it leaves to the vault."""

    kind = "memori"
    restore_speed = 2**30

    def __init__(self, server: MemoryServer, name: str = "memori", codec: Codec = "zstd") -> None:
        self.server = server
        self.name = name
        self.codec: Codec = codec

    def facts(self) -> SourceFacts:
        return SourceFacts(
            version="1", system_identifier=self.server.identifier, words="memori 1", clock=self.server.clock()
        )

    def look(self, name: str) -> DataSetFacts | None:
        with self.server.mutex:
            found = self.server.sets.get(name)
            if found is None:
                return None
            size = sum(len(row) for rows in found.tables.values() for row in rows)
            return DataSetFacts(
                name=name,
                identity=found.identity,
                size=size,
                owner=found.owner,
                sessions=tuple(found.sessions),
            )

    def find(self, identity: str) -> str | None:
        with self.server.mutex:
            return next((name for name, one in self.server.sets.items() if one.identity == identity), None)

    def _get(self, name: str) -> MemoryDataSet:
        with self.server.mutex:
            if name not in self.server.sets:
                raise NotFoundError(f"'{name}' tidak ada di '{self.name}'.", "Periksa namanya.")
            return self.server.sets[name]

    def properties(self, name: str) -> Properties:
        return {"name": name, "owner": self._get(name).owner}

    def rows(self, name: str) -> Counts:
        return {table: len(rows) for table, rows in self._get(name).tables.items()}

    def missing_roles(self, properties: Properties) -> list[str]:
        del properties
        return []

    def free_space(self) -> int | None:
        return None

    def check_logins(self) -> list[JagadataError]:
        return []

    def bridges(self, name: str) -> list[JagadataError]:
        del name
        return []

    def check_dump(self, name: str) -> list[JagadataError]:
        return [] if name in self.server.sets else [NotFoundError(f"'{name}' tidak ada.", "Periksa namanya.")]

    def dump(self, name: str, sink: Callable[[DumpStream], None]) -> Dump:
        facts, found = self.look(name), self._get(name)
        with self.server.mutex:
            properties, tables = (
                self.properties(name),
                {key: list(rows) for key, rows in found.tables.items()},
            )
        archive = io.BytesIO(write_archive(tables))
        sink(
            DumpStream(
                archive=archive, codec=self.codec, suffix="jsonl.zst" if self.codec == "zstd" else "jsonl"
            )
        )
        if archive.read(1):
            raise JagadataError(f"Hasil dump '{name}' tidak dibaca sampai akhir.", "Baca sampai akhir.")
        return Dump(
            identity=found.identity,
            size=facts.size if facts else 0,
            parts=tuple(tables),
            properties=properties,
            tool="memori 1",
        )

    def verify(self, archive: BinaryIO, parts: Collection[str], properties: Properties) -> ArchiveProof:
        _owner(properties)
        tables = read_archive(archive.read())
        return ArchiveProof(
            words="arsip terbaca sampai akhir",
            counts={table: len(rows) for table, rows in tables.items()},
            missing=sorted(set(parts) - set(tables)),
        )

    def try_restore(
        self,
        archive_fd: int,
        properties: Properties,
        *,
        size: int,
        minutes: float,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Restored:
        del size, minutes
        _owner(properties)
        with os.fdopen(os.dup(archive_fd), "rb") as file:
            tables = read_archive(file.read())
        progress(0)
        return Restored(
            shortfalls=(),
            counts={table: len(rows) for table, rows in tables.items()},
            digests={table: _digest(rows) for table, rows in tables.items()},
            sequences={},
        )

    def where_tested(self) -> str:
        return "di dalam memori"

    def check_restore(self, name: str, properties: Properties | None) -> list[JagadataError]:
        del name
        if properties is not None:
            _owner(properties)
        return []

    def create(self, side: str, properties: Properties) -> str:
        return self.server.make(side, owner=_owner(properties))

    def build(
        self,
        side: str,
        archive_fd: int,
        properties: Properties,
        *,
        jobs: int,
        known: Collection[str] = (),
        progress: Callable[[int], None] = lambda _done: None,
    ) -> None:
        del jobs, known
        _owner(properties)
        with os.fdopen(os.dup(archive_fd), "rb") as file:
            data = file.read()
        self._get(side).tables = read_archive(data)
        progress(len(data))

    def prove(
        self,
        side: str,
        properties: Properties,
        *,
        expected: Expected | None = None,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Counts:
        _owner(properties)
        progress(0)
        tables = self._get(side).tables
        if expected and any(
            _digest(tables.get(name, [])) != digest for name, digest in expected.digests.items()
        ):
            raise DamagedError(f"Isi '{side}' berbeda dari hasil uji.", "Pilih back up lain.")
        return self.rows(side)

    def ask(self, pairs: Sequence[Pair]) -> Answer:
        found = self.server.identities([pair.live for pair in pairs])
        if all(found[pair.live] == pair.side_identity for pair in pairs):
            return "new"
        return "old" if all(found[pair.live] == pair.live_identity for pair in pairs) else "mixed"

    def end_sessions(self, name: str) -> int:
        with self.server.mutex:
            found = self._get(name).sessions
            count = len(found)
            found.clear()
            return count

    def forget(self, name: str, *, identity: str) -> None:
        with self.server.mutex:
            found = self.server.sets.get(name)
            if found is None:
                return
            if found.identity != identity:
                raise RefusedError(f"'{name}' bukan lagi yang dicatat.", "Periksa dengan `jaga kept`.")
            del self.server.sets[name]

    @contextlib.contextmanager
    def exclusive(
        self, system: str, *, login: Literal["dump", "restore"] = "restore", restoring: bool = False
    ) -> Iterator[MemorySwap]:
        swap = MemorySwap(self, system, restoring=restoring, login=login)
        with self.server.mutex:
            holder = self.server.held.get(system)
            if holder is not None:
                kind = RestoreRunningError if holder.restoring else BusyError
                raise kind(
                    f"Sistem '{system}' sedang dipakai (login {holder.login}).", "Tunggu, lalu ulangi."
                )
            self.server.held[system] = swap
        try:
            yield swap
        finally:
            swap.lose()


class MemorySwap:
    """Implements ports.Swap."""

    def __init__(self, source: MemorySource, system: str, *, restoring: bool, login: str) -> None:
        self.source = source
        self.system = system
        self.restoring = restoring
        self.login = login

    def holds(self) -> bool:
        return self.source.server.held.get(self.system) is self

    def lose(self) -> None:
        """The lock is free: given back, or its connection is lost."""
        with self.source.server.mutex:
            if self.holds():
                del self.source.server.held[self.system]

    @contextlib.contextmanager
    def prepare(
        self, pairs: Sequence[Pair], *, end_sessions: bool, timeout: float = 60
    ) -> Iterator[MemoryPrepared]:
        server = self.source.server
        with server.mutex:
            self._refuse_lost()
            self._check(pairs)
            for name in [name for pair in pairs for name in (pair.live, pair.side) if name in server.sets]:
                sessions = server.sets[name].sessions
                if sessions and not end_sessions:
                    raise RefusedError(
                        f"Masih ada sesi: {'; '.join(sessions)}.", "Tutup sesi itu, lalu ulangi."
                    )
                sessions.clear()
        yield MemoryPrepared(self, pairs, time.monotonic() + timeout)

    def _refuse_lost(self) -> None:
        if not self.holds():
            raise UnreachableError(
                "Kunci sistem hilang.", "Tidak ada nama yang ditukar; ulangi.", transient=True
            )

    def _check(self, pairs: Sequence[Pair]) -> None:
        expect: dict[str, str | None] = {}
        for pair in pairs:
            expect |= {pair.live: pair.live_identity, pair.side: pair.side_identity, pair.kept: None}
        if self.source.server.identities(list(expect)) != expect:
            raise RefusedError(
                "Data bukan lagi yang diharapkan; tidak ada nama yang ditukar.", "Periksa server."
            )

    def commit(self, pairs: Sequence[Pair], end: float) -> None:
        server = self.source.server
        with server.mutex:
            self._refuse_lost()
            if time.monotonic() > end:
                raise UnreachableError("Pertukaran terlalu lama ditunda.", "Ulangi.", transient=True)
            self._check(pairs)
            for pair in pairs:
                if pair.live_identity is not None:
                    server.sets[pair.kept] = server.sets.pop(pair.live)
                server.sets[pair.live] = server.sets.pop(pair.side)


@dataclass
class MemoryPrepared:
    """Implements ports.PreparedSwap."""

    swap: MemorySwap
    pairs: Sequence[Pair]
    end: float

    def commit(self, before_commit: Callable[[], None] = lambda: None) -> None:
        before_commit()
        self.swap.commit(self.pairs, self.end)


def write_archive(tables: Tables) -> bytes:
    """One line a table, and a last one with the hash of all before."""
    lines = b"".join(json.dumps([table, rows]).encode() + b"\n" for table, rows in tables.items())
    return lines + hashlib.sha256(lines).hexdigest().encode()


def read_archive(data: bytes) -> Tables:
    """Raises DamagedError for an archive that is not whole."""
    lines, end, seal = data.rpartition(b"\n")
    lines += end
    if hashlib.sha256(lines).hexdigest().encode() != seal:
        raise DamagedError("Arsip rusak.", "Jangan dipakai; pilih back up lain.")
    return dict(json.loads(line) for line in lines.splitlines())


def _owner(properties: Properties) -> str:
    """Raises DamagedError for properties that this source did not write."""
    if set(properties) != {"name", "owner"}:
        raise DamagedError("Sifat data tidak dapat dibaca.", "Pilih back up lain.")
    return cast("str", properties["owner"])
