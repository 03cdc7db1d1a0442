"""Take in what OPD sent (SOP step 4): each file is kept as it came, with a receipt; then each is examined (checking.py).

Killed anywhere and run again, nothing is taken in twice and nothing is lost: data first, then the record that claims the number.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO

from jagadata.collection.intake.receipts import (
    ACCEPTED_KIND,
    LATE,
    Receipt,
    State,
    clean_name,
    folder,
    list_receipts,
    make_number,
    primary_records,
    read_receipt,
    write_receipt,
)
from jagadata.collection.run import find_policy
from jagadata.collection.tables.personal import mask
from jagadata.errors import AlreadyExistsError, JagadataError, NotFoundError, RefusedError
from jagadata.findings import Problem
from jagadata.text.formats import format_bytes
from jagadata.vault.stream import store_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from jagadata.collection.intake.arrival import Arrival, Arrivals, ArrivedFile
    from jagadata.collection.round import Round
    from jagadata.office.collection import Collection
    from jagadata.vault.manifest import StoredStream
    from jagadata.workplace import Workplace

HOURLY = 20
"""Mails of one sender in an hour that are answered: more is a machine, or a loop."""
_PIECE = 2**20


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    """What a run of the intake came to. `problems`: places and files that could not be read now and are tried again."""

    receipts: tuple[Receipt, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass
class _Book:
    """All receipts of the round in memory, with what is asked of them for each arrival: nothing is read from the store twice."""

    place: Workplace
    round: Round
    closed: bool = False
    parts: dict[str, dict[int, Receipt]] = field(default_factory=dict)  # arrival -> part -> receipt
    contents: dict[tuple[str, str], Receipt] = field(default_factory=dict)  # (agency, SHA-256)
    times: dict[str, list[datetime]] = field(default_factory=dict)  # sender -> arrivals
    courtesies: set[tuple[str, date]] = field(default_factory=set)  # (sender, day) answered without a receipt
    last: int = 0

    def add(self, receipt: Receipt) -> None:
        known = self.parts.setdefault(receipt.arrival, {})
        if receipt.sender and not known:
            self.times.setdefault(receipt.sender, []).append(receipt.arrived)
        known[receipt.part] = receipt
        if receipt.is_to_examine:
            self.contents.setdefault((receipt.agency, receipt.sha256), receipt)
        if receipt.answer and not receipt.offered and (not receipt.agency or receipt.state == "tanpa berkas"):
            self.courtesies.add(self._day(receipt.sender, receipt.arrived))
        self.last = max(self.last, receipt.receipt)

    def _day(self, sender: str, at: datetime) -> tuple[str, date]:
        return sender, at.astimezone(self.place.timezone).date()

    @property
    def complete(self) -> set[str]:
        return {key for key, parts in self.parts.items() if len(parts) == next(iter(parts.values())).parts}

    def silence(self, arrival: Arrival) -> str:
        """Why this arrival gets no answer, '' if it gets one. The first part's record decides for all of them."""
        if not arrival.answer:
            return "tidak dijawab: bukan dari orang atau tidak dipercaya"
        if not arrival.sender:
            return ""
        hour = [
            one for one in self.times.get(arrival.sender, ()) if abs(one - arrival.at) < timedelta(hours=1)
        ]
        if len(hour) >= HOURLY:
            return f"tidak dijawab: lebih dari {HOURLY} surel dari alamat ini dalam satu jam"
        sent = bool(arrival.files or arrival.refusal)
        if (sent or arrival.offered) and not arrival.doubt:
            return ""
        if not sent and (arrival.is_reply or arrival.doubt):
            return "tidak dijawab: surel tanpa lampiran; perlu dibaca petugas"
        if self._day(arrival.sender, arrival.at) in self.courtesies:
            return "tidak dijawab: alamat ini sudah dijawab hari itu"
        return ""

    def write(self, make: Callable[[int], Receipt]) -> Receipt:
        """Claim the next number by writing the record; what another worker wrote meanwhile is read and counts."""
        while True:
            receipt = make(self.last + 1)
            known = self.parts.get(receipt.arrival, {}).get(receipt.part)
            if known:
                return known
            try:
                write_receipt(primary_records(self.place), self.round, receipt)
            except AlreadyExistsError:
                receipt = read_receipt(primary_records(self.place), self.round, receipt.receipt)
            self.add(receipt)


def take_in(
    place: Workplace,
    round: Round,
    arrivals: Iterable[Arrivals],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    closed: bool = False,
    open_archives: Callable[[Arrival], AbstractContextManager[Arrival]] = contextlib.nullcontext,
) -> TakenIn:
    """Take in everything new. `since`, `until`: what came before, or not before, is not of this round and is left alone.

    `closed`: what an OPD sends is kept as LATE. `open_archives`: gives an arrival with the files of its ZIP (archives.py).

    A place that does not answer is named among the problems, and the others go on.

    Raises UnreachableError: the primary store does not answer; nothing is lost, what came waits where it is.
    """
    policy = find_policy(place)
    book = _Book(place, round, closed)
    for receipt in list_receipts(place, round):
        book.add(receipt)
    done: list[Receipt] = []
    problems: list[Problem] = []
    for source in arrivals:
        found = iter(source.fetch(book.complete))
        while True:
            try:
                arrival = next(found, None)
            except JagadataError as error:
                problems.append(Problem(where=source.name, what=error.message))
                break
            if arrival is None or (until and arrival.at >= until):  # they are in the order of their times
                break
            if since and arrival.at < since:
                continue
            try:
                with _opened(arrival, open_archives) as whole:
                    done += _take_in(book, policy, whole)
            except _SourceError as error:
                problems.append(Problem(where=arrival.source, what=error.message))
                continue
            source.mark(arrival)
    return TakenIn(receipts=tuple(done), problems=tuple(problems))


class _SourceError(JagadataError):
    """What was sent can't be read where it lies: the store is not to blame, and the next arrival may be fine."""


@contextlib.contextmanager
def _opened(
    arrival: Arrival, open_archives: Callable[[Arrival], AbstractContextManager[Arrival]]
) -> Iterator[Arrival]:
    with contextlib.ExitStack() as stack:
        try:
            whole = stack.enter_context(open_archives(arrival))
        except (OSError, JagadataError) as error:
            what = error.message if isinstance(error, JagadataError) else type(error).__name__
            raise _SourceError(f"Arsip tidak dapat dibuka: {what}", "Diambil lagi nanti.") from error
        yield whole


def _take_in(book: _Book, policy: Collection, arrival: Arrival) -> list[Receipt]:
    """The receipts that this arrival needed and did not have."""
    known = dict(book.parts.get(arrival.key, {}))
    silence = book.silence(arrival) if not known else ""
    answer = next(iter(known.values())).answer if known else not silence
    files: list[ArrivedFile | None] = [*arrival.files] or [None]
    found = []
    for part, file in enumerate(files, 1):
        if part not in known:
            remarks = (*arrival.remarks, *([silence] if silence and part == 1 else []))
            found.append(_keep(book, policy, arrival, file, part, answer=answer, remarks=remarks))
    return found


def _keep(
    book: _Book,
    policy: Collection,
    arrival: Arrival,
    file: ArrivedFile | None,
    part: int,
    *,
    answer: bool,
    remarks: tuple[str, ...],
) -> Receipt:
    """Keep one file and write its receipt; a mail without files and what is refused get a receipt as well."""
    place = book.place
    refusal = arrival.refusal or (_refusal(file, policy) if file else "")
    first: Receipt | None = None
    stream, sha256 = None, ""
    if file and not refusal:
        sha256 = _hash(file)
        first = book.contents.get((arrival.agency, sha256)) if arrival.agency else None
        stream = first.stream if first else _store(book, file, sha256)
        if first and first.name != _shown(
            file
        ):  # under another name it may be of another data set: examined by itself
            first = None
    state: State = "diterima" if arrival.agency else "karantina"
    if book.closed and arrival.agency and (file or refusal):
        state = LATE
    elif refusal:
        state = "ditolak"
    elif not file:
        state = "tanpa berkas"

    def make(number: int) -> Receipt:
        return Receipt(
            receipt=number,
            number=make_number(book.round, number),
            state=state,
            at=place.clock(),
            arrived=arrival.at,
            arrival=arrival.key,
            part=part,
            parts=len(arrival.files) or 1,
            source=arrival.source,
            sender=arrival.sender,
            subject=arrival.subject,
            reference=arrival.reference,
            agency=arrival.agency,
            claimed=arrival.claimed,
            name=_shown(file) if file else "",
            sent_name=file.name if file else "",
            archive=mask(clean_name(file.archive)) if file and file.archive else "",
            size=file.size if file else 0,
            sha256=sha256,
            stream=stream,
            duplicate_of=first.number if first else "",
            reason=refusal or arrival.doubt,
            remarks=remarks,
            offered=arrival.offered if part == 1 else (),
            answer=answer,
            unproven=arrival.unproven,
        )

    return book.write(make)


def _shown(file: ArrivedFile) -> str:
    """Its name as answers and reports show it."""
    return mask(clean_name(file.name))


def _refusal(file: ArrivedFile, policy: Collection) -> str:
    """Why a file is not even read, in words for the sender."""
    limit = int(policy.limits.file_mib * 2**20)
    if file.refusal:
        return file.refusal
    if not file.size:
        return "berkas kosong (0 bita); periksa, lalu kirim ulang"
    if file.size > limit:
        return (
            f"berkas berukuran {format_bytes(file.size)}, sedangkan yang diterima paling besar {format_bytes(limit)}; "
            "bagi menjadi beberapa berkas"
        )
    return ""


@dataclass
class _Source:
    """Reads what was sent; a fault of it is told apart from one of the store, and it never grows past its size."""

    stream: BinaryIO
    left: int

    def read(self, size: int = -1) -> bytes:
        try:
            data = self.stream.read(size)
        except (OSError, JagadataError) as error:
            raise _SourceError(
                f"Kiriman tidak dapat dibaca ({type(error).__name__}).", "Diambil lagi nanti."
            ) from error
        self.left -= len(data)
        if self.left < 0:
            raise _SourceError("Kiriman bertambah besar saat dibaca.", "Diambil lagi nanti.")
        return data


def _hash(file: ArrivedFile) -> str:
    """SHA-256 of the bytes before anything is stored: the same bytes are stored once."""
    found = hashlib.sha256()
    try:
        with file.open() as stream:
            source = _Source(stream, file.size)
            while data := source.read(_PIECE):
                found.update(data)
    except JagadataError as error:
        raise _SourceError(error.message, error.hint) from error
    if source.left:
        raise _SourceError("Kiriman menjadi lebih kecil saat dibaca.", "Diambil lagi nanti.")
    return found.hexdigest()


def _store(book: _Book, file: ArrivedFile, sha256: str) -> StoredStream:
    """Encrypt the file into the primary store. The name is new each time, so what a killed run left is in nobody's way."""
    place = book.place
    key = f"{folder(book.round, 'files')}{book.last + 1:06}-{secrets.token_hex(4)}.age"
    with file.open() as stream:
        stored = store_stream(_Source(stream, file.size), place.stores[0], key, place.recipients())
    if stored.plain_sha256 != sha256:
        raise _SourceError("Kiriman berubah saat dibaca.", "Diambil lagi nanti.")
    return stored


def accept_quarantined(place: Workplace, round: Round, receipt: int, agency: str, *, by: str) -> Receipt:
    """The office believes the sender: from now on this file is that OPD's. Once; `by` names who decided.

    Raises RefusedError: it is not in quarantine, or there is no such OPD.
    """
    found = next((one for one in list_receipts(place, round) if one.receipt == receipt), None)
    if found is None:
        raise NotFoundError(
            f"Tanda terima {make_number(round, receipt)} tidak ada.", "Lihat daftar kiriman putaran ini."
        )
    if found.accepted_by and found.agency == agency:
        return found
    if found.state != "karantina":
        raise RefusedError(
            f"Berkas {found.number} tidak sedang dikarantina ({found.state}).",
            "Lihat daftar kiriman putaran ini.",
        )
    if agency not in {one.id for one in find_policy(place).agencies}:
        raise RefusedError(
            f"OPD '{agency}' tidak ada di berkas kantor.", "Tulis salah satu id dari collection.agencies."
        )
    value = {"at": place.clock().isoformat(), "receipt": receipt, "agency": agency, "by": by}
    try:
        primary_records(place).write(f"{folder(round, 'accepted')}{receipt:06}.json", ACCEPTED_KIND, value)
    except AlreadyExistsError:
        raise RefusedError(
            f"Berkas {found.number} baru saja diputuskan oleh orang lain.", "Lihat lagi daftarnya."
        ) from None
    return next(one for one in list_receipts(place, round) if one.receipt == receipt)
