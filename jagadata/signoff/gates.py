"""The gates at which a person decides: what each asks of whom, and which one a run waits at.

A gate is registered once, as a value in its SOP's `gates.py`; `procedure.Procedure` hands them to who keeps watch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from jagadata.evidence.journal import Entry, Journal
    from jagadata.office.file import Office
    from jagadata.office.people import Role

ASKED, REMINDED = "asked", "reminded"
"""Events of a gate in the journal."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One sign-off. `yes` and `no` are the words of its form; `role` is who answers, where the office file names no other."""

    name: str  # its step in the journal; numbered where it may be asked several times: 'closing-2'
    sop: str  # name of its Procedure
    role: Role
    title: str  # of its form
    yes: str
    no: str
    decides: str = ""  # journal step that holds the decision; empty: the gate's own
    numbered: bool = False
    what: str = ""  # what is asked, as its letter says
    lasts: Callable[[Office], timedelta] | None = None  # until it expires; None: counted in working days
    reminded_after: float = 0.5  # part of its time after which it is called to mind, once

    def numbered_name(self, number: int) -> str:
        """As the journal calls it when it is asked for the n-th time (from 1)."""
        return f"{self.name}-{number}"

    def owns(self, step: str) -> bool:
        """Whether this journal step is this gate's."""
        if not self.numbered:
            return step == self.name
        name, _, number = step.rpartition("-")
        return name == self.name and number.isdecimal()

    def deadline(self, office: Office, since: datetime) -> datetime:
        """When it expires that was opened then. Only for a gate with `lasts`."""
        if self.lasts is None:
            raise ValueError(f"gate {self.name} has no fixed time")
        return since + self.lasts(office)


@dataclass(frozen=True, kw_only=True)
class OpenGate:
    """A gate that waits for an answer; `name` is its step in the journal."""

    gate: Gate
    name: str
    asked: datetime
    due: datetime
    signer: str  # a choice that the gate's form takes, for the answer after the deadline
    reminded: bool


def note_asked(journal: Journal, name: str, gate: Gate, *, due: datetime, signer: str) -> None:
    """Write down that the gate was opened, once."""
    if journal.last(name, ASKED) is None:
        journal.note(name, ASKED, due=due.isoformat(), signer=signer, decides=gate.decides or name)


def find_gate(journal: Journal, gates: Sequence[Gate]) -> OpenGate | None:
    """The gate of these that this run waits at, if any."""
    asked: list[Entry] = [entry for entry in journal.entries if entry.event == ASKED]
    for entry in reversed(asked):
        gate = next((one for one in gates if one.owns(entry.step)), None)
        if gate and journal.outcome(gate.decides or entry.step) is None:
            return OpenGate(
                gate=gate,
                name=entry.step,
                asked=entry.at,
                due=datetime.fromisoformat(entry.data["due"]),
                signer=entry.data["signer"],
                reminded=journal.last(entry.step, REMINDED) is not None,
            )
    return None


def is_reminder_due(open_gate: OpenGate, now: datetime) -> bool:
    """Once, when so much of its time has passed."""
    time = open_gate.due - open_gate.asked
    return not open_gate.reminded and now >= open_gate.asked + time * open_gate.gate.reminded_after
