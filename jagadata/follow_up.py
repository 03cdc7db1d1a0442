"""What is due on runs that wait or died: deadlines, one reminder each, and the end of a restore whose run is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from jagadata.errors import JagadataError
from jagadata.recovery import RECOVERY
from jagadata.restore_run import RestoreRun

if TYPE_CHECKING:
    from jagadata.journal import Entry, Journal
    from jagadata.workplace import Workplace

GATES = {"review": "6", "approval-gate": "approval", "acknowledgement-gate": "6"}
"""Each gate and the journal step that holds its decision."""


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A flow run as Prefect knows it. `state`: waiting (suspended) or dead (failed, crashed, cancelled)."""

    run: str
    procedure: Literal["backup", "restore"]
    state: Literal["waiting", "dead"]


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
    for gate, step in GATES.items():
        asked: Entry | None = journal.last(gate, "asked")
        if asked and journal.outcome(step) is None:
            return OpenGate(
                gate=gate,
                asked=asked.at,
                due=datetime.fromisoformat(asked.data["due"]),
                signer=asked.data["signer"],
                reminded=journal.last(gate, "reminded") is not None,
            )
    return None


def is_reminder_due(gate: OpenGate, now: datetime) -> bool:
    """Once, when half of the time has passed."""
    return not gate.reminded and now >= gate.asked + (gate.due - gate.asked) / 2


def finish_dead(place: Workplace, run_id: str) -> RestoreRun | None:
    """End a restore whose run died: the service runs, the truth is written down. Returns the run if its requester must be told.

    Safe to do at any moment, even beside a process that still lives: it proves the stop again before it swaps.
    """
    run = RestoreRun(place, run_id)
    if run.journal.outcome("open") is None or run.journal.outcome("5") is not None:
        return None
    if run.journal.began("2") and run.result is None:
        _finish_recovery(place, run)
    elif run.result is None:
        run.close("Alur terhenti atau dibatalkan sebelum layanan dihentikan; tidak ada data yang diubah.")
    return run


def _finish_recovery(place: Workplace, run: RestoreRun) -> None:
    plan = run.plan
    system = plan.request.system
    control = place.services(system)
    actions: list[str] = []
    facts = {"off_at": next(entry.at.isoformat() for entry in run.journal.entries if entry.step == "2")}
    try:
        control.start()
        facts["answers"] = list(control.probe())  # type: ignore[assignment]
        facts["on_at"] = place.clock().isoformat()
        actions.append("layanan dipastikan berjalan oleh tindak lanjut")
    except JagadataError as error:
        actions.append(f"layanan belum menjawab: {error.message}")
    swapped = _was_swapped(place, run)
    good = swapped and "on_at" in facts
    reason = (
        "Alur terhenti setelah data dipulihkan."
        if swapped
        else "Alur terhenti sebelum data ditukar; data yang berjalan tidak diubah."
    )
    run.journal.note(
        RECOVERY,
        "done",
        status="Selesai" if good else "Gagal",
        reason=reason,
        actions=actions,
        fired=False,
        rows={},
        **facts,
    )


def _was_swapped(place: Workplace, run: RestoreRun) -> bool:
    intent = run.journal.last("swap", "begin")
    if intent is None:
        return False
    server = place.server(run.plan.request.system)
    return all(
        (facts := server.database(item["name"])) is not None and facts.oid == item["side_oid"]
        for item in intent.data["databases"]
    )
