"""What the journal of one restore holds so far, as values; Status Aduan and its reason follow from them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jagadata.evidence.lines import read_last, read_outcome
from jagadata.procedure import PROCEDURE
from jagadata.restore.request import other_version
from jagadata.restore.steps import (
    ACKNOWLEDGE,
    CLOSE,
    NAME,
    OPEN,
    PREPARE,
    SWAP,
    Acknowledgement,
    Approval,
    Closed,
    Informed,
    Opened,
    Received,
    Refused,
    RestoreResult,
    SideCounted,
    SideMade,
    SwapBegun,
)
from jagadata.vault.identity import with_identities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.evidence.journal import Journal
    from jagadata.restore.request import RestoreRequest
    from jagadata.restore.steps import Status, SwapIntent
    from jagadata.signoff.signers import Decision


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The outcomes of a run's steps, None where one was not done yet. `counted`: rows of each table as restored, by database."""

    run: str
    request: RestoreRequest
    opened: Opened | None
    received: Received | None
    refused: Refused | None
    approval: Approval | None
    result: RestoreResult | None
    closed: Closed | None
    informed: Informed | None
    acknowledgement: Acknowledgement | None
    counted: Mapping[str, Mapping[str, int]]

    @property
    def number(self) -> str:
        return self.opened.number if self.opened else ""

    @property
    def decision(self) -> Decision | None:
        return self.approval.decision if self.approval else None

    @property
    def status(self) -> Status:
        """Status Aduan."""
        if self.result:
            return self.result.status
        if self.approval and self.approval.answer != "yes":
            return "Ditolak"
        if self.refused and not self.received:
            return "Ditolak"
        if self.closed:
            return self.closed.status
        return "Diproses" if self.received else "Diterima"

    @property
    def reason(self) -> str:
        """Why it was refused or failed; empty otherwise."""
        if self.result:
            return self.result.reason
        if self.approval and self.approval.answer != "yes":
            expired = self.approval.answer == "expired"
            return self.approval.note or ("tidak ada keputusan sampai batas waktu" if expired else "")
        if self.refused and not self.received:
            return f"{self.refused.message} {self.refused.hint}".strip()
        return self.closed.reason if self.closed else ""


def read_record(journal: Journal, request: RestoreRequest) -> RunRecord:
    """Raises RefusedError for lines of another version that this one can't read."""
    return RunRecord(
        run=journal.run,
        request=request,
        opened=read_outcome(journal, Opened),
        received=read_outcome(journal, Received),
        refused=read_last(journal, Refused),
        approval=read_outcome(journal, Approval),
        result=read_outcome(journal, RestoreResult),
        closed=read_last(journal, Closed),
        informed=read_outcome(journal, Informed),
        acknowledgement=read_outcome(journal, Acknowledgement),
        counted=read_counted(journal),
    )


def read_counted(journal: Journal) -> dict[str, dict[str, int]]:
    """Database to its tables' rows as restored by the attempt that counts: the one that swapped, or else the last one."""
    counted: dict[str, dict[str, int]] = {}
    swapping = False
    for entry in journal.entries:
        if (entry.step, entry.event) == (SWAP, "begin"):
            swapping = True
        elif (entry.step, entry.event) == (PREPARE, "begin") and not swapping:
            counted = {}  # what an earlier attempt built is removed
        elif (entry.step, entry.event) == (SideCounted.STEP, SideCounted.EVENT):
            counted[entry.subject] = SideCounted.from_json(entry.data).tables
    return counted


def read_swap_intents(journal: Journal, server: str) -> tuple[SwapIntent, ...] | None:
    """What the last swap was to do, whatever version wrote it; None where none was begun. `server`: its system identifier."""
    entry = journal.last(SwapBegun.STEP, SwapBegun.EVENT)
    if entry is None:
        return None
    databases = [_with_identities(item, server) for item in entry.data.get("databases", ())]
    return SwapBegun.from_json({**entry.data, "databases": databases}).databases


def read_sides_made(journal: Journal, server: str) -> list[SideMade]:
    """The side databases that the run made, whatever version wrote it down."""
    return [
        SideMade.from_json(_with_identities(entry.data, server))
        for entry in journal.entries
        if (entry.step, entry.event) == (SideMade.STEP, SideMade.EVENT)
    ]


def _with_identities(value: dict[str, Any], server: str) -> dict[str, Any]:
    try:
        return with_identities(value, server)
    except (TypeError, AttributeError) as error:
        raise other_version("Baris jurnal", error) from error


def is_restore(journal: Journal) -> bool:
    """The journal of a restore request; also where it was written before a run's kind stood in it."""
    opened = journal.outcome(OPEN)
    return opened is not None and opened.get(PROCEDURE, NAME) == NAME and "request" in opened


def is_informed(journal: Journal) -> bool:
    """The requester was notified of what became of the request: the run is nobody's to end any more."""
    return journal.outcome(Informed.STEP) is not None


def is_ended(journal: Journal) -> bool:
    """Steps 2 to 4 came to an end, good or bad."""
    return journal.outcome(RestoreResult.STEP) is not None


def is_closed(journal: Journal) -> bool:
    """Ended although steps 2 to 4 never came to an end: its run died or was cancelled, or was not wanted any more."""
    return journal.outcome(CLOSE) is not None


def is_acknowledged(journal: Journal) -> bool:
    return journal.outcome(ACKNOWLEDGE) is not None
