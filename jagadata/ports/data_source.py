"""What must be able to do whatever holds an application's data: a database server today, other engines and file trees later.

A source holds data sets by name. Three kinds of value pass through the rest of the code without being looked into:
an *identity* tells one data set from every other for ever, on every server and under whatever name;
the *properties* are what belongs to a data set but not into its dump, as JSON of the engine's own; an *archive* is the dump's bytes.

The promise of an exchange: afterwards it either happened or did not, and `ask` and `find` say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from jagadata.errors import JagadataError
    from jagadata.ports.proof import Expected, Restored

Properties = Mapping[str, Any]
"""JSON values that only the adapter understands which made them. `name` is the data set's."""
Counts = dict[str, int]
"""How much of each part there is: rows by table, as "schema.table"."""
Codec = Literal["none", "zstd"]
Answer = Literal["old", "new", "mixed"]


@dataclass(frozen=True, kw_only=True)
class DataSetFacts:
    """One data set as it is now."""

    name: str
    identity: str
    size: int  # bytes
    owner: str
    sessions: Sequence[str] = ()  # who has it open, in words: "user@address (application)"


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """The source as it is now."""

    version: str  # "17.10"
    system_identifier: str  # of this very installation; part of every identity
    words: str  # product and tools, for people
    clock: datetime | None = None  # what its own clock says now


@dataclass(frozen=True, kw_only=True)
class DumpStream:
    """What a dump gives to its sink: the archive, and what the vault has to do with it.

    `codec` is what the vault puts around the archive, "none" where the tool has compressed it. `suffix` ends its key and file name.
    """

    archive: BinaryIO
    codec: Codec
    suffix: str  # "dump.zst"


@dataclass(frozen=True, kw_only=True)
class Dump:
    """What was dumped. `parts`: what the source held at the dump's own moment, to be found in the archive (`verify`)."""

    identity: str
    size: int  # bytes that it takes on the source
    parts: Sequence[str]
    properties: Properties
    tool: str


@dataclass(frozen=True, kw_only=True)
class ArchiveProof:
    """What reading a whole archive showed: in words, how much of each part is in it, and what should be in it and is not."""

    words: str
    counts: Counts
    missing: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One data set to be exchanged: what is called `live` becomes `kept` (if there is one), what is called `side` becomes `live`."""

    live: str
    side: str
    kept: str
    side_identity: str
    live_identity: str | None  # None: no such data set, and none may be there

    @property
    def reversed(self) -> Pair:
        """The way back, once it was exchanged: what was kept takes its name again. Raises ValueError where nothing was replaced."""
        if self.live_identity is None:
            raise ValueError(self.live)
        return Pair(
            live=self.live,
            side=self.kept,
            kept=self.side,
            side_identity=self.live_identity,
            live_identity=self.side_identity,
        )


class PreparedSwap(Protocol):
    """An exchange that is done but for its commit; nobody else sees anything of it."""

    def commit(self, before_commit: Callable[[], None] = lambda: None) -> None:
        """Make it true. `before_commit` comes right before: what it raises leaves everything as it was.

        Raises JagadataError only if it did not happen, or UnreachableError while nobody can tell.
        """
        ...


class Swap(Protocol):
    """Holds a system's lock on a source; what it did not commit never happened."""

    def holds(self) -> bool:
        """True while the lock is provably held."""
        ...

    def prepare(
        self, pairs: Sequence[Pair], *, end_sessions: bool, timeout: float = 60
    ) -> AbstractContextManager[PreparedSwap]:
        """All pairs of this source at once, up to the commit; left without one, everything is as it was.

        Each name must still have the identity that its pair says, and no `kept` may be there; otherwise RefusedError.
        `end_sessions` ends client sessions on both; without it sessions that remain are named in a RefusedError.
        Whoever stands still for longer than `timeout` (s) before the commit loses it, so that nobody who wakes up later commits.
        """
        ...


class DataSource(Protocol):
    """One source of one kind, reached through its least-privilege logins (dump and restore)."""

    name: str
    kind: str
    """The engine, as manifests and file names call it."""
    restore_speed: int
    """Cautious first guess, in bytes of archive a second: a plan should rather promise too long a time off."""

    # --- what is there ---

    def facts(self) -> SourceFacts: ...
    def look(self, name: str) -> DataSetFacts | None:
        """The data set of this name; None: there is none."""
        ...

    def find(self, identity: str) -> str | None:
        """The present name of the data set with this identity; None: it is not here (any more)."""
        ...

    def properties(self, name: str) -> Properties:
        """Raises NotFoundError."""
        ...

    def rows(self, name: str) -> Counts:
        """Exact counts, as in a dump of this moment. Raises NotFoundError."""
        ...

    def missing_roles(self, properties: Properties) -> list[str]:
        """Roles, accounts or users that it names and this source does not have: building makes them, without a way in."""
        ...

    def free_space(self) -> int | None:
        """Bytes free, measured; None if it can only be declared."""
        ...

    def check_logins(self) -> list[JagadataError]:
        """What its logins may do and should not, or may not do and should, each by name."""
        ...

    def bridges(self, name: str) -> list[JagadataError]:
        """By whom this data set and another system's can reach each other: code of the one runs with rights on the other."""
        ...

    # --- backing up ---

    def check_dump(self, name: str) -> list[JagadataError]:
        """Every reason why a dump of it would fail, each with what mends it. Nothing is changed."""
        ...

    def dump(self, name: str, sink: Callable[[DumpStream], None]) -> Dump:
        """Dump it as it is at one moment; `sink` is called once and must read the archive to its end.

        A dump that fails raises out of read() inside `sink` *before* the end of file, so a sink can't take a cut stream for whole.
        Raises NotFoundError before `sink` is called.
        """
        ...

    def verify(self, archive: BinaryIO, parts: Collection[str], properties: Properties) -> ArchiveProof:
        """Read a whole archive without the source that made it, count what it contains, and hold that to its parts.

        Raises DamagedError for one that is cut or broken, or for properties that this version can't read.
        """
        ...

    def try_restore(
        self,
        archive_fd: int,
        properties: Properties,
        *,
        size: int,
        minutes: float,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Restored:
        """Restore an archive for the test of it, where nothing of it outlives the test; `size`: bytes that it took on the source.

        Raises UntestedError with the reason for whatever says nothing about the archive; DamagedError for one that can't be read.
        """
        ...

    def where_tested(self) -> str:
        """In words, where `try_restore` restores. Raises UntestedError: nowhere, and why."""
        ...

    # --- restoring ---

    def check_restore(self, name: str, properties: Properties | None) -> list[JagadataError]:
        """Every reason why a restore beside and an exchange would fail or lose something. None: only the exchange."""
        ...

    def create(self, side: str, properties: Properties) -> str:
        """Make the empty data set that is built beside the live one; returns its identity, to be written down before it is filled."""
        ...

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
        """Fill it from an open file, and give it what its dump does not carry.

        `known`: what a test named that does not come back as it was, and somebody approved (Shortfall.what). Anything else that
        is missing raises DamagedError; a missing right, policy or owner does so whatever was approved.
        `progress` is called every few seconds, with the bytes by which it grew; what it raises ends the work.
        """
        ...

    def prove(
        self,
        side: str,
        properties: Properties,
        *,
        expected: Expected | None = None,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Counts:
        """Count what is in it now, hold its contents to what is expected (DamagedError), and make it ready to be live; `progress` as in `build`.

        The last that is done to it before the exchange: it may have properties that shut us out.
        """
        ...

    def ask(self, pairs: Sequence[Pair]) -> Answer:
        """Which data sets have the live names: those of before (old), those that were beside (new), or some of each."""
        ...

    def end_sessions(self, name: str) -> int:
        """End client sessions; how many. Raises RefusedError for one that may not be ended."""
        ...

    def forget(self, name: str, *, identity: str) -> None:
        """Drop the data set for good, only if it still has this identity (RefusedError); one that is gone already is no fault."""
        ...

    def exclusive(
        self, system: str, *, login: Literal["dump", "restore"] = "restore", restoring: bool = False
    ) -> AbstractContextManager[Swap]:
        """Hold the system's lock; `restoring` lets everybody who meets it know that it is a restore.

        Raises BusyError with who holds it: RestoreRunningError where that is a restore.
        """
        ...
