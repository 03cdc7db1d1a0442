"""The gates at which a person decides: which there are, and which one a run waits at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jagadata.evidence.journal import Entry, Journal


ROUND_GATES = ("proposal-", "confirmation-", "signature-", "attendance", "closing-")
"""How the gates of SOP Pengumpulan Data are named."""


GATES = {"review": "6", "approval-gate": "approval", "acknowledgement-gate": "6"}
"""Each gate and the journal step that holds its decision, where the gate's own line does not name it (`decides`)."""


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A flow run as Prefect knows it. `state`: waiting (suspended), running, or dead (failed, crashed, cancelled)."""

    run: str
    procedure: Literal["backup", "restore", "collection"]
    state: Literal["waiting", "running", "dead"]


@dataclass(frozen=True, kw_only=True)
class OpenGate:
    """A gate that waits for an answer."""

    gate: str
    asked: datetime
    due: datetime
    signer: str  # a choice that the gate's form takes, for the answer after the deadline
    reminded: bool


def find_gate(journal: Journal) -> OpenGate | None:
    """The gate that this run waits at, if any."""
    asked: list[Entry] = [entry for entry in journal.entries if entry.event == "asked"]
    for entry in reversed(asked):
        gate = entry.step
        if journal.outcome(entry.data.get("decides") or GATES[gate]) is None:
            return OpenGate(
                gate=gate,
                asked=entry.at,
                due=datetime.fromisoformat(entry.data["due"]),
                signer=entry.data["signer"],
                reminded=journal.last(gate, "reminded") is not None,
            )
    return None


def is_reminder_due(gate: OpenGate, now: datetime) -> bool:
    """Once, when half of the time has passed."""
    return not gate.reminded and now >= gate.asked + (gate.due - gate.asked) / 2
