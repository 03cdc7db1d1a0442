"""One round of SOP Pengumpulan Data: what each numbered step came to, remembered by the run's journal (docs/adr/0002).

A round is claimed in the store, so that exactly one run holds it. The tasks of tasks/data_collection.py call these
methods in order; the gates between them are decisions that are written down here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from jagadata.collection import proposal as proposals
from jagadata.collection.attendance import Attendance, make_attendance
from jagadata.collection.claims import claim, find_holder, take_over
from jagadata.collection.gates import (
    ATTENDANCE,
    CLOSING,
    CONFIRMATION,
    PREPARATION,
    PROPOSAL,
    SIGNATURE,
    find_gate,
)
from jagadata.collection.round import Round, parse_round, round_of
from jagadata.collection.steps import (
    COLLECT,
    INVITE,
    MEET,
    SHEET,
    Ended,
    Invited,
    Numbered,
    Opened,
    Scheduled,
)
from jagadata.errors import NotFoundError, RefusedError, UnreachableError
from jagadata.evidence.journal import OPEN
from jagadata.evidence.lines import once, read_last, read_outcome, write
from jagadata.evidence.numbers import LETTER_SERIES, next_number
from jagadata.signoff.signers import Decision, may_sign, sign_letter, unsigned
from jagadata.stores import layout
from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jagadata.collection.proposal import Proposal
    from jagadata.evidence.journal import Journal
    from jagadata.office.collection import Agency, Collection, DatasetEntry
    from jagadata.office.people import Official, Role
    from jagadata.papers.values import Signature
    from jagadata.signoff.gates import Gate
    from jagadata.signoff.signers import Answer
    from jagadata.workplace import Workplace

CANCELLED, EXPIRED = "Dibatalkan", "Kedaluwarsa"


@dataclass(frozen=True, kw_only=True)
class RoundOrder:
    """What a run is to do. `round` empty: the one of `scheduled`; `take_over`: go on where a run that is gone stopped."""

    round: str = ""
    take_over: bool = False
    note: str = ""


def find_policy(place: Workplace) -> Collection:
    """Raises RefusedError: the office file has no part for this SOP."""
    policy = place.office.collection
    if policy is None:
        raise RefusedError(
            "Berkas kantor belum memuat bagian 'collection' untuk SOP Pengumpulan Data.",
            "Isi menurut docs/sop/data_collection.md, lalu jalankan `jaga apply`.",
        )
    return policy


class RoundRun:
    """The run with this id. `scheduled` (aware) is when it was meant to start."""

    def __init__(
        self,
        place: Workplace,
        run: str,
        order: RoundOrder | None = None,
        *,
        scheduled: datetime | None = None,
    ) -> None:
        self.place = place
        self.run = run
        self.order = order or RoundOrder()
        self.scheduled = scheduled or place.clock()
        self.policy = find_policy(place)
        self.journal: Journal = place.journal(run)

    # --- who holds the round ---

    def open(self) -> Opened:
        """Claim the round.

        Raises RefusedError: another run holds it; UnreachableError: the primary store is away, and with it, perhaps, what was done.
        """
        if self.journal.outcome(OPEN) is None:
            next(iter(self.place.stores[0].list(layout.ROUNDS)), None)
        return once(self.journal, Opened, self._open)

    def _open(self) -> Opened:
        round = (
            parse_round(self.order.round)
            if self.order.round
            else round_of(self.scheduled, self.policy.every, self.place.timezone)
        )
        if round.every != self.policy.every:
            raise RefusedError(
                f"Putaran {round.text} tidak sesuai dengan berkas kantor ({self.policy.every}).",
                "Pilih putaran lain, atau ubah collection.every.",
            )
        before, since = find_holder(self.place, round), None
        if before and before != self.run:
            since = take_over(self.place, round, before, self.journal, allowed=self.order.take_over)
        if before != self.run:
            claim(self.place, round, self.run)
        return Opened(round=str(round), at=since or self.place.clock(), after=before)

    # --- facts ---

    @property
    def round(self) -> Round:
        """Raises UnreachableError: the journal is in a store that is away. To look claims nothing."""
        opened = read_outcome(self.journal, Opened)
        if opened is None:
            raise UnreachableError(
                f"Jurnal run '{self.run}' tidak terbaca dari penyimpanan yang terjangkau.",
                "Periksa penyimpanan utama dengan `jaga doctor`, lalu ulangi.",
                transient=True,
            )
        return parse_round(opened.round)

    @property
    def title(self) -> str:
        return f"Pengumpulan Data {self.round.text}"

    @property
    def agencies(self) -> list[Agency]:
        """Every OPD of the office file: all are invited (SOP step 2: 'ke seluruh OPD')."""
        return list(self.policy.agencies)

    def agency(self, key: str) -> Agency:
        return self.policy.agency(key)

    def datasets(self) -> list[DatasetEntry]:
        """What is asked for in this round."""
        codes = set(self.proposal.datasets)
        return [one for one in self.policy.datasets if one.code in codes]

    def holders(self, role: Role) -> list[Official]:
        """Raises RefusedError if nobody holds the role today."""
        return may_sign(self.place.office, role, self.place.today())

    def signature(self, role: Role, decision: Decision | None = None) -> Signature:
        """Who signs as this role; dated and remarked once there is a decision."""
        if decision and decision.signer:
            at = datetime.fromisoformat(decision.at)
            day = at.astimezone(self.place.timezone).date()
            return sign_letter(self.place.office, decision, role, day, at)
        official = self.holders(role)[0]
        return unsigned(official, role)

    def number(self, code: str, series: str) -> str:
        """A letter number, claimed once for this round and series."""

        def claim() -> Numbered:
            number = next_number(
                self.place.records,
                self.place.office.office,
                LETTER_SERIES,
                run=f"{self.run}:{series}",
                at=self.place.clock(),
                classification=code,
            )
            return Numbered(number=number)

        return once(self.journal, Numbered, claim, series).number

    # --- gates ---

    @property
    def attempt(self) -> int:
        """How often the proposal has been asked for: each time that it was returned it is asked for again."""
        return 1 + len(self._decisions(CONFIRMATION, SIGNATURE, answer="no"))

    def _decisions(self, *gates: Gate, answer: Answer | None = None) -> list[Decision]:
        """What was decided at these gates so far, oldest first; only such answers."""
        found = [
            Decision(**entry.data)
            for entry in self.journal.entries
            if entry.event == "done" and any(gate.owns(entry.step) for gate in gates)
        ]
        return [decision for decision in found if answer in (None, decision.answer)]

    def decision(self, name: str) -> Decision | None:
        """What was decided at the gate of this name ('closing-2')."""
        value = self.journal.outcome(name)
        return Decision(**value) if value else None

    def decide(self, name: str, decision: Decision) -> None:
        """Write a decision down. A gate of steps 1 and 2 that nobody answered, or a cancelled proposal, ends the round."""
        self.journal.note(name, "done", **decision.to_json())
        gate = find_gate(name)
        if gate in PREPARATION:
            if decision.answer == "expired":
                self.end(EXPIRED, "tidak ada keputusan sampai batas waktu")
            elif gate is PROPOSAL and decision.answer == "no":
                self.end(CANCELLED, decision.note or "dibatalkan oleh Kasi")

    def returned(self) -> str:
        """The note with which the last proposal came back, ''."""
        returned = self._decisions(CONFIRMATION, SIGNATURE, answer="no")
        if not returned:
            return ""
        who = self.place.office.official(returned[-1].signer).name
        return f"Dikembalikan oleh {who}: {returned[-1].note or '-'}"

    def gate_due(self, gate: Gate) -> datetime:
        """When a gate of steps 1 and 2 that is asked now expires."""
        return gate.deadline(self.place.office, self.place.clock())

    # --- step 1 ---

    def propose(self) -> Proposal:
        """What the Kasi is to complete: the last one that came back, else what the office file suggests."""
        before = self.decision(PROPOSAL.numbered_name(self.attempt - 1))
        suggested = proposals.make_proposal(self.policy, self.place.today(), self.place.office.holidays)
        return proposals.complete(suggested, before.values) if before and before.values else suggested

    def faults(self, decision: Decision) -> list[str]:
        """What is wrong with what the Kasi typed."""
        if decision.answer != "yes":
            return []
        try:
            completed = proposals.complete(self.propose(), decision.values)
        except (KeyError, ValueError):
            return ["tanggal ditulis seperti 2026-12-31, waktu seperti 09.00"]
        return proposals.find_faults(completed, self.policy.datasets, self.place.today())

    def schedule_faults(self, decision: Decision) -> list[str]:
        """Why the Kabid or the Kadis can no longer agree: nobody is invited to a meeting that is over."""
        if decision.answer != "yes" or self.completed.day >= self.place.today():
            return []
        day = format_date(self.completed.day)
        return [f"tanggal rapat {day} sudah lewat; kembalikan agar Kasi memilih tanggal lain"]

    @property
    def completed(self) -> Proposal:
        """The proposal of this attempt as the Kasi completed it."""
        decision = self.decision(PROPOSAL.numbered_name(self.attempt))
        if decision is None:
            raise NotFoundError("Jadwal rapat belum dilengkapi.", "Lengkapi lewat tombol Resume.")
        return proposals.complete(self.propose(), decision.values)

    def prepare(self) -> Proposal:
        """Step 1: the proposal as it was completed and confirmed is the schedule."""
        if not self._is_scheduled:
            write(self.journal, Scheduled(proposal=self.completed, attempt=self.attempt))
        return self.proposal

    @property
    def _is_scheduled(self) -> bool:
        """Step 1 is done for the proposal that counts."""
        done = read_last(self.journal, Scheduled)
        return done is not None and done.attempt == self.attempt

    @property
    def proposal(self) -> Proposal:
        """Raises NotFoundError before step 1 is done."""
        scheduled = read_outcome(self.journal, Scheduled)
        if scheduled is None:
            raise NotFoundError(
                "Langkah 1 belum selesai.", "Selesaikan persetujuan jadwal rapat lebih dahulu."
            )
        return scheduled.proposal

    @property
    def is_confirmed(self) -> bool:
        """Completed by the Kasi, and confirmed by the Kabid where the office wants that."""
        wanted = (PROPOSAL, CONFIRMATION) if self.policy.confirm else (PROPOSAL,)
        decisions = [self.decision(gate.numbered_name(self.attempt)) for gate in wanted]
        return not self.status and all(one is not None and one.answer == "yes" for one in decisions)

    @property
    def is_preparing(self) -> bool:
        """The schedule or the letters still wait for somebody's yes."""
        if self.status:
            return False
        if not self._is_scheduled:
            return True
        return self.policy.sign and self.decision(SIGNATURE.numbered_name(self.attempt)) is None

    # --- step 2 ---

    def note_invited(self, failed: Iterable[str]) -> None:
        """Step 2 is done; those OPD did not get their letters."""
        write(self.journal, Invited(failed=tuple(sorted(failed))))

    # --- step 3 ---

    def enter_attendance(self, found: Attendance) -> None:
        """From a filled-in sheet (`jaga round attendance`); the form of the gate then shows it."""
        self.journal.note(SHEET, "done", **found.to_json())

    def attendance_sheet(self) -> Attendance | None:
        value = self.journal.outcome(SHEET)
        return Attendance.from_json(value) if value else None

    def meet(self) -> Attendance:
        """Step 3: who came, from the sheet and the form."""
        decision, sheet = self.decision(ATTENDANCE.name), self.attendance_sheet()
        answer, values = (decision.answer, decision.values) if decision else ("expired", {})
        early = self.is_before_meeting(decision)
        return once(self.journal, Attendance, lambda: make_attendance(answer, values, sheet, early=early))

    def is_before_meeting(self, decision: Decision | None = None) -> bool:
        """Whether the time that was set for the meeting has not come: now, or when this was decided."""
        at = datetime.fromisoformat(decision.at) if decision and decision.at else self.place.clock()
        return at < self.proposal.begins_at(self.place.timezone)

    def attendance_due(self) -> datetime:
        return ATTENDANCE.deadline(self.place.office, self.proposal.ends_at(self.place.timezone))

    # --- step 4 ---

    @property
    def deadline(self) -> date:
        """Until when OPD deliver; the last extension counts."""
        extensions = self._decisions(CLOSING, answer="no")
        if extensions:
            return date.fromisoformat(extensions[-1].values["batas_waktu"])
        return self.proposal.deadline

    def extension_faults(self, decision: Decision) -> list[str]:
        """What is wrong with an extension of the deadline."""
        if decision.answer != "no":
            return []
        new = date.fromisoformat(str(decision.values["batas_waktu"]))
        if new <= max(self.deadline, self.place.today()):
            return ["batas waktu baru harus setelah hari ini dan setelah batas waktu sekarang"]
        return []

    @property
    def closings(self) -> int:
        """The number of the closing gate that is asked now."""
        return 1 + len(self._decisions(CLOSING))

    def closing_due(self) -> datetime:
        end = datetime.combine(self.deadline, time(17), tzinfo=self.place.timezone)
        return CLOSING.deadline(self.place.office, end)

    @property
    def is_collecting(self) -> bool:
        """Between the meeting and the closing: OPD deliver, the schedule takes in."""
        if self.status or self.journal.outcome(MEET) is None:
            return False
        last = self.decision(CLOSING.numbered_name(self.closings - 1))
        return last is None or last.answer == "no"

    @property
    def takes_in(self) -> bool:
        """Data is accepted from the day that the letters are out until the round is closed."""
        return not self.status and self.journal.outcome(INVITE) is not None and not self.is_closed

    @property
    def is_closed(self) -> bool:
        """Step 4 is done: what comes now is late (collection/intake/late_arrivals.py)."""
        return self.journal.outcome(COLLECT) is not None

    # --- the end ---

    def end(self, status: str, reason: str = "") -> None:
        if not self.status:
            write(self.journal, Ended(status=status, reason=reason))

    @property
    def status(self) -> str:
        """'' while the round goes on."""
        ended = read_outcome(self.journal, Ended)
        return ended.status if ended else ""

    @property
    def reason(self) -> str:
        ended = read_outcome(self.journal, Ended)
        return ended.reason if ended else ""
