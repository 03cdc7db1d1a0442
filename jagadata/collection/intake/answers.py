"""Answers to what OPD sent: the receipt at once, the findings when every file of a mail was examined; each once.

    rounds/2026-s2/answers/000012-tanda-terima-1.json        attempt 1 begins: no other worker sends it now
    rounds/2026-s2/answers/000012-tanda-terima-1.gagal.json  it failed, and why
    rounds/2026-s2/answers/000012-tanda-terima.json          it was sent

Only a run that is killed while the mail server has the mail may send one twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from jagadata.collection.intake.answer_mails import (
    Letterbox,
    make_closed_mail,
    make_empty_mail,
    make_findings_mail,
    make_receipt_mail,
    make_unknown_mail,
)
from jagadata.collection.intake.receipts import (
    LATE,
    checked_numbers,
    folder,
    list_receipts,
    primary_records,
    read_check,
)
from jagadata.collection.run import find_policy
from jagadata.errors import AlreadyExistsError, JagadataError
from jagadata.findings import Problem
from jagadata.papers import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jagadata.collection.intake.receipts import Receipt
    from jagadata.collection.round import Round
    from jagadata.evidence.records import Records
    from jagadata.ports.channel import Message
    from jagadata.workplace import Workplace

ANSWER_KIND = "application/vnd.jagadata.answer+json"
Kind = Literal["tanda-terima", "pemberitahuan", "hasil"]
STUCK = timedelta(minutes=10)
"""After so long an attempt without an outcome was killed."""
_PATIENT, _PAUSE = 5, timedelta(hours=6)
"""After so many failures an address is tried only so often."""
_STREAK = 5
"""After so many failures in a row the mail server is what fails: the rest waits for the next run."""
_KEY = re.compile(r"(\d{6}-[a-z-]+?)(?:-(\d+)(\.gagal)?)?\.json")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """How many mails were sent now; `problems`: what could not be and is tried again by the next run."""

    sent: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """What one answer is about: the files of one mail, or one dropped file. `first` names it."""

    receipts: tuple[Receipt, ...]
    to: tuple[str, ...]

    @property
    def first(self) -> Receipt:
        return self.receipts[0]

    @property
    def by_mail(self) -> bool:
        return bool(self.first.sender) and not self.first.accepted_by


class _Ledger:
    """What was sent and tried, from the names of the records; one of them is read only where its time counts."""

    def __init__(self, place: Workplace, round: Round) -> None:
        self.place = place
        self.records: Records = primary_records(place)
        self.prefix = folder(round, "answers")
        self.sent: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        for key in self.records.keys(self.prefix):
            match = _KEY.fullmatch(key.removeprefix(self.prefix))
            if match is None:
                continue
            if match[2] is None:
                self.sent.add(match[1])
            else:
                into = self.failed if match[3] else self.attempts
                into[match[1]] = max(into.get(match[1], 0), int(match[2]))

    def is_sent(self, unit: _Unit, kind: Kind) -> bool:
        return self._name(unit, kind) in self.sent

    @staticmethod
    def _name(unit: _Unit, kind: Kind) -> str:
        return f"{unit.first.receipt:06}-{kind}"

    def tried(self, unit: _Unit, kind: Kind) -> int:
        return self.attempts.get(self._name(unit, kind), 0)

    def claim(self, unit: _Unit, kind: Kind) -> bool:
        """Begin an attempt; False where another worker is at it, or it failed too often lately."""
        name = self._name(unit, kind)
        attempt = self.attempts.get(name, 0)
        if attempt:
            failed = self.failed.get(name, 0) == attempt
            wait = STUCK if not failed else _PAUSE if attempt >= _PATIENT else timedelta(0)
            key = f"{self.prefix}{name}-{attempt}{'.gagal' if failed else ''}.json"
            if wait and self.place.clock() < self._time(key) + wait:
                return False
        try:
            self._write(f"{name}-{attempt + 1}", unit)
        except AlreadyExistsError:
            return False
        self.attempts[name] = attempt + 1
        return True

    def note(self, unit: _Unit, kind: Kind, sending: outbox.Sending) -> None:
        name = self._name(unit, kind)
        if sending.done:
            self._write(name, unit, how=sending.how)
        else:
            name = f"{name}-{self.attempts[name]}.gagal"
            self._write(name, unit, how=sending.how, reached=list(sending.reached))
            self.failed[self._name(unit, kind)] = self.attempts[self._name(unit, kind)]

    def reached(self, units: Sequence[_Unit], kind: Kind) -> tuple[str, ...]:
        """Addresses that have this very mail from an earlier attempt, where the server put off the others."""
        found: list[set[str]] = []
        for unit in units:
            name = self._name(unit, kind)
            last = self.failed.get(name, 0)
            key = f"{self.prefix}{name}-{last}.gagal.json"
            value = self.records.read(key, ANSWER_KIND).value if last else {}
            found.append(set(value.get("reached", ())))
        return tuple(sorted(set.intersection(*found)))

    def _write(self, name: str, unit: _Unit, **values: Any) -> None:
        value = {"at": self.place.clock().isoformat(), "receipts": [one.receipt for one in unit.receipts]}
        self.records.write(f"{self.prefix}{name}.json", ANSWER_KIND, {**value, **values})

    def _time(self, key: str) -> datetime:
        return datetime.fromisoformat(self.records.read(key, ANSWER_KIND).value["at"])


def answer(place: Workplace, round: Round) -> Answered:
    """Send what is due. A mail that can't be sent does not hold up the others.

    Raises UnreachableError: the primary store does not answer.
    """
    desk = _Desk(place, round)
    for kind in ("tanda-terima", "hasil"):
        for units in desk.due(kind):
            desk.send(units, kind)
    desk.report_rest()
    return Answered(sent=desk.sent, problems=tuple(desk.problems))


class _Desk:
    def __init__(self, place: Workplace, round: Round) -> None:
        policy = find_policy(place)
        self.place = place
        self.round = round
        self.box = Letterbox(
            office=place.office.office.name, address=policy.address, round=round, tz=place.timezone
        )
        self.agencies = {one.id: one for one in policy.agencies}
        self.datasets = {one.code: one.name for one in policy.datasets}
        self.units = list(self._units(list_receipts(place, round)))
        self.checked = checked_numbers(place, round)
        self.ledger = _Ledger(place, round)
        self.sent = 0
        self.streak = 0  # failures in a row
        self.left = 0  # mails that were not tried because of it
        self.problems: list[Problem] = []

    def _units(self, receipts: Iterable[Receipt]) -> Iterator[_Unit]:
        """An arrival whose last file was not yet taken in waits. What the office accepted is answered by itself, to the OPD's own address."""
        arrivals: dict[str, list[Receipt]] = {}
        for one in receipts:
            arrivals.setdefault(one.arrival, []).append(one)
        for files in arrivals.values():
            if len(files) < files[0].parts:
                continue
            for one in files:
                if one.accepted_by:
                    yield _Unit(receipts=(one,), to=self._address(one.agency))
            rest = tuple(one for one in files if not one.accepted_by)
            if rest and rest[0].answer and (rest[0].agency or len(rest) == len(files)):
                yield _Unit(
                    receipts=rest, to=(rest[0].sender,) if rest[0].sender else self._address(rest[0].agency)
                )

    def _address(self, agency: str) -> tuple[str, ...]:
        return tuple(self.agencies[agency].email) if agency in self.agencies else ()

    def due(self, kind: Literal["tanda-terima", "hasil"]) -> Iterator[tuple[_Unit, ...]]:
        """Each mail by itself; what was dropped by one OPD together."""
        waiting = [one for one in self.units if one.to and self._is_due(one, kind)]
        waiting.sort(
            key=lambda one: self.ledger.tried(one, kind)
        )  # what fails again and again holds up nothing
        yield from ((one,) for one in waiting if one.by_mail)

        def agency(unit: _Unit) -> str:
            return unit.first.agency

        dropped = sorted((one for one in waiting if not one.by_mail), key=agency)
        yield from (tuple(group) for _, group in groupby(dropped, agency))

    def _is_due(self, unit: _Unit, kind: Kind) -> bool:
        if kind == "hasil":
            files = [one for one in unit.receipts if one.is_to_examine]
            if not files or any(one.receipt not in self.checked for one in files):
                return False
        elif not unit.first.agency:
            kind = "pemberitahuan"
        return not self.ledger.is_sent(unit, kind)

    def send(self, units: Sequence[_Unit], kind: Kind) -> None:
        if kind == "tanda-terima" and not units[0].first.agency:
            kind = "pemberitahuan"
        if self.streak >= _STREAK:
            self.left += 1
            return
        ours = [one for one in units if self.ledger.claim(one, kind)]
        if not ours:
            self._report(
                units[0], "menunggu percobaan berikutnya setelah beberapa kali gagal, atau sedang dikirim"
            )
            return
        try:
            message = self._make(ours, kind)
        except JagadataError as error:
            sending = outbox.Sending(done=False, how=error.message)
        else:
            sending = outbox.send_rest(self.place, message, self.ledger.reached(ours, kind))
        sent, how = sending.done, sending.how
        for unit in ours:
            self.ledger.note(unit, kind, sending)
        if sent:
            self.sent, self.streak = self.sent + 1, 0
        else:
            self.streak += 1
            self._report(ours[0], how)

    def report_rest(self) -> None:
        if self.left:
            what = f"{self.left} jawaban menunggu karena pengiriman surel gagal berturut-turut"
            self.problems.append(Problem(where="saluran pesan", what=what))

    def _report(self, unit: _Unit, what: str) -> None:
        self.problems.append(Problem(where=f"jawaban {unit.first.number}", what=what))

    def _make(self, units: Sequence[_Unit], kind: Kind) -> Message:
        receipts = [one for unit in units for one in unit.receipts]
        first, to = receipts[0], units[0].to
        known = self.agencies.get(first.agency)
        agency = known.name if known else first.agency
        if kind == "pemberitahuan":
            return make_unknown_mail(self.box, receipts, to)
        if kind == "hasil":
            found = {
                one.receipt: read_check(self.place, self.round, one.receipt)
                for one in receipts
                if one.is_to_examine
            }
            return make_findings_mail(self.box, receipts, to, agency, found, self.datasets)
        if any(one.state == LATE for one in receipts):
            return make_closed_mail(self.box, receipts, to, agency)
        if all(one.state == "tanpa berkas" for one in receipts):
            return make_empty_mail(self.box, receipts, to, agency)
        return make_receipt_mail(self.box, receipts, to, agency)
