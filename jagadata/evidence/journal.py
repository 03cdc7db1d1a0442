"""The journal of one run: what each numbered step intended and what came out, as signed records chained by hash.

It is also the run's memory: a step whose outcome is here is not done again, whichever worker goes on (docs/adr/0002).
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jagadata.errors import AlreadyExistsError, DamagedError, JagadataError, RefusedError, UnreachableError
from jagadata.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.evidence.envelope import JsonObject
    from jagadata.evidence.records import Records

OPEN = "open"
"""The step with which every run begins: what it is to do, and which SOP's it is."""
JOURNAL_KIND = "application/vnd.jagadata.journal+json"
FORMAT = 1
"""Of a line; another one is refused, never guessed (docs/format.md)."""


def now() -> datetime:
    """The present moment, aware, in UTC. The one place where the clock is read by default."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the journal. `event` is `begin`, `done`, `failed` or `note`; `subject` is the system, where there are several."""

    sequence: int
    at: datetime
    step: str
    subject: str
    event: str
    data: JsonObject = field(default_factory=dict)


class Journal:
    """The journal of one run, read once and appended to; appends of other workers are seen when a number is taken.

    Between the stop and the start of a service nothing may wait for a store: `buffered()` hands writing to a thread, and
    what could not be written is kept and tried again by `flush()`.
    """

    def __init__(self, records: Records, run: str, *, clock: Callable[[], datetime] = now) -> None:
        self.records = records
        self.run = run
        self.clock = clock
        self.entries: list[Entry] = []
        self._lock = threading.RLock()
        self._previous = ""
        self._written = 0
        self._pending = 0  # noted inside buffered(), not yet written
        self._queue: queue.SimpleQueue[JsonObject | None] | None = None
        self._thread: threading.Thread | None = None
        self._unwritten: list[JsonObject] = []
        self._load()

    @property
    def folder(self) -> str:
        return layout.make_journal_prefix(self.run)

    def _load(self) -> None:
        entries: list[Entry] = []
        previous = ""
        for sequence, key in enumerate(sorted(self.records.keys(self.folder)), 1):
            if key != layout.make_line_key(self.run, sequence):
                raise DamagedError(
                    f"Jurnal run {self.run} tidak utuh: baris {sequence} tidak ada, atau ada berkas asing di antaranya.",
                    "Penyimpanan yang memegangnya mungkin tidak menjawab; periksa dengan `jaga doctor`, lalu ulangi.",
                )
            record = self.records.read(key, JOURNAL_KIND)
            value = record.value
            if value.get("format") != FORMAT:
                raise RefusedError(
                    f"Jurnal {key} ditulis versi Jagadata lain (format {value.get('format')}).",
                    "Lanjutkan dengan versi yang menulisnya, atau ajukan permohonan baru.",
                )
            if (value.get("run"), value.get("sequence")) != (self.run, sequence):
                raise DamagedError(
                    f"Jurnal {key} milik run lain.", "Jangan lanjutkan run ini; mulai yang baru."
                )
            if value.get("previous") != previous:
                raise DamagedError(
                    f"Jurnal {key} bukan lanjutan baris sebelumnya.",
                    "Jangan lanjutkan run ini; mulai yang baru.",
                )
            previous = record.digest
            try:
                entries.append(_parse(value))
            except (KeyError, ValueError, TypeError) as error:
                raise DamagedError(
                    f"Jurnal {key} tidak lengkap.", "Jangan lanjutkan run ini; mulai yang baru."
                ) from error
        self.entries, self._previous, self._written = entries, previous, len(entries)

    def refresh(self) -> None:
        """Read again what other workers may have written. Not inside `buffered()`."""
        with self._lock:
            if self._queue is None and not self._unwritten:
                self._load()

    def outcome(self, step: str, subject: str = "") -> JsonObject | None:
        """What the step came to, if it ended; None if it did not, or only began."""
        found = None
        for entry in self.entries:
            if (entry.step, entry.subject) == (step, subject):
                if entry.event == "done":
                    found = entry.data
                elif entry.event == "begin":
                    found = None
        return found

    def began(self, step: str, subject: str = "") -> bool:
        return any(
            (entry.step, entry.subject, entry.event) == (step, subject, "begin") for entry in self.entries
        )

    def last(self, step: str, event: str = "done") -> Entry | None:
        return next(
            (entry for entry in reversed(self.entries) if (entry.step, entry.event) == (step, event)), None
        )

    def note(self, step: str, event: str, subject: str = "", /, **data: Any) -> None:
        """Append a line, never before an earlier one. Raises UnreachableError unless inside `buffered()`."""
        if self._queue is None and self._pending and self.flush():
            raise UnreachableError(
                f"Baris jurnal run {self.run} yang terdahulu belum dapat disimpan di penyimpanan mana pun.",
                "Periksa penyimpanan dengan `jaga doctor`, lalu ulangi.",
                transient=True,
            )
        with self._lock:
            value = {
                "format": FORMAT,
                "at": self.clock().isoformat(),
                "run": self.run,
                "step": step,
                "subject": subject,
                "event": event,
                "data": data,
            }
            if self._queue is not None:
                self.entries.append(_parse({**value, "sequence": self._next()}))
                self._pending += 1
                self._queue.put(value)
                return
            self.entries.append(self._write(value))

    def once(self, step: str, work: Callable[[], JsonObject], subject: str = "") -> JsonObject:
        """The step's outcome: the recorded one, or what `work` returns now, with intent written before and outcome after.

        A failure is written and raised; the step then counts as not done.
        """
        known = self.outcome(step, subject)
        if known is not None:
            return known
        self.note(step, "begin", subject)
        try:
            result = work()
        except JagadataError as error:
            self.note(step, "failed", subject, message=error.message, hint=error.hint)
            raise
        self.note(step, "done", subject, **result)
        return result

    @contextlib.contextmanager
    def buffered(self) -> Iterator[None]:
        """Inside, `note` never waits and never fails; leaving waits up to 10 s for what is still to be written."""
        if self._queue is not None:
            yield
            return
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_queued, name="journal", daemon=True)
        self._thread.start()
        try:
            yield
        finally:
            self._queue.put(None)
            self._thread.join(10)
            self._queue = None

    def wait(self, seconds: float) -> bool:
        """Wait until what was noted so far is written, at most so long; True if it is. For intents before a destructive step."""
        end = time.monotonic() + seconds
        while self._pending and not self._unwritten and time.monotonic() < end:
            time.sleep(0.01)
        return not self._pending

    def flush(self) -> int:
        """Try again what `buffered` could not write; returns how many lines are still unwritten."""
        if self._thread:
            self._thread.join(60)
        with self._lock:
            while self._unwritten and not (self._thread and self._thread.is_alive()):
                try:
                    self._write(self._unwritten[0])
                except JagadataError:
                    break
                self._unwritten.pop(0)
                self._pending -= 1
            self.records.settle()
            return self._pending

    def _write_queued(self) -> None:
        waiting = self._queue
        while waiting is not None and (value := waiting.get()) is not None:
            if self._unwritten:  # keep the order: later lines wait behind the first that failed
                self._unwritten.append(value)
                continue
            try:
                self._write(value)
            except JagadataError:
                self._unwritten.append(value)
            else:
                with self._lock:
                    self._pending -= 1
        self.records.settle()  # nothing waited for the copies meanwhile

    def _next(self) -> int:
        return 1 + max((entry.sequence for entry in self.entries), default=0)

    def _write(self, value: JsonObject) -> Entry:
        sequence = 1 + self._written
        while True:
            line = {**value, "sequence": sequence, "previous": self._previous}
            try:
                record = self.records.write(
                    layout.make_line_key(self.run, sequence), JOURNAL_KIND, line, copy=self._queue is None
                )
            except AlreadyExistsError:  # another worker wrote meanwhile: its line is part of the story
                self._previous = self.records.read(
                    layout.make_line_key(self.run, sequence), JOURNAL_KIND
                ).digest
                self._written = sequence
                sequence += 1
                continue
            self._previous, self._written = record.digest, sequence
            return _parse(line)


def _parse(value: JsonObject) -> Entry:
    return Entry(
        sequence=value["sequence"],
        at=datetime.fromisoformat(value["at"]),
        step=value["step"],
        subject=value["subject"],
        event=value["event"],
        data=value["data"],
    )
