"""What a run of SOP Restore writes into its journal: the names of its steps, and the value that each kind of line holds. Pure.

The numbers are the SOP's; the other names are of what this system adds. evidence/lines.py writes and reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, PlainValidator

from jagadata.evidence.lines import Line
from jagadata.papers.values import BackupFile
from jagadata.restore.request import (
    Impact,
    Plan,
    RestoreRequest,
    parse_impact,
    parse_known,
    parse_plan,
)
from jagadata.signoff.signers import Answer, Decision

NAME: Final = "restore"
OPEN: Final = "open"
RECEIVE: Final = "1"
APPROVAL: Final = "approval"
PREPARE: Final = "prepare"
STOP: Final = "2"
RESTORE: Final = "3"
SIDE: Final = "side"
SWAP: Final = "swap"
START: Final = "4"
RECOVERY: Final = "recovery"
"""The whole of steps 2 to 4: its outcome ends the matter, whatever is run again."""
INFORM: Final = "5"
ACKNOWLEDGE: Final = "6"
CLOSE: Final = "closed"

APPROVAL_GATE: Final = "approval-gate"
ACKNOWLEDGEMENT_GATE: Final = "acknowledgement-gate"

Status = Literal["Diterima", "Diproses", "Selesai", "Gagal", "Ditolak"]
"""Status Aduan."""
CLOSED_UNCONFIRMED: Final = "ditutup tanpa konfirmasi"
RequesterAnswer = Literal["Diterima pemohon", "Belum diterima", "ditutup tanpa konfirmasi"]


# --- step 1 and the gate ---


@dataclass(frozen=True, kw_only=True)
class Opened(Line):
    """The request got its number. `procedure` says whose journal this is (lines before it was written lack it)."""

    STEP: ClassVar[str] = OPEN
    number: str
    at: datetime
    request: Annotated[RestoreRequest, PlainValidator(partial(parse_known, RestoreRequest))]
    procedure: Literal["restore"] = NAME


@dataclass(frozen=True, kw_only=True)
class Received(Line):
    """[langkah 1] The backup was found and proven, the plan made, the impact measured.

    `plan` stays as it was written: its hash is what gets approved, so `read_plan` passes nothing over.
    `means`: what was proven; `store`: whose copy; a rollback has neither, nor `files` and `backup_at`.
    """

    STEP: ClassVar[str] = RECEIVE
    plan: dict[str, Any]
    hash: str
    impact: Annotated[Impact, PlainValidator(parse_impact)]
    means: tuple[str, ...] = ()
    store: str = ""
    backup_at: Annotated[datetime | None, BeforeValidator(lambda text: text or None)] = None
    files: tuple[Annotated[BackupFile, PlainValidator(partial(parse_known, BackupFile))], ...] = ()

    def read_plan(self) -> Plan:
        """Raises RefusedError for a plan of another version."""
        return parse_plan(self.plan)

    @property
    def backup(self) -> str:
        return str(self.plan.get("backup", ""))

    @property
    def manifest(self) -> str:
        return str(self.plan.get("manifest", ""))

    @property
    def several_databases(self) -> bool:
        """Then each table's name in `impact` begins with its database's."""
        return len(self.plan.get("data", self.plan.get("databases", ()))) > 1


@dataclass(frozen=True, kw_only=True)
class Refused(Line):
    """[langkah 1] The request can't be carried out, and why."""

    STEP: ClassVar[str] = RECEIVE
    EVENT: ClassVar[str] = "failed"
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Approval(Line):
    """The approver's decision on exactly the plan with this hash (tambahan)."""

    STEP: ClassVar[str] = APPROVAL
    answer: Answer
    signer: str
    note: str = ""
    at: str = ""
    proof: Literal["none", "paper"] = "none"
    reference: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    plan: str = ""

    @property
    def decision(self) -> Decision:
        return Decision(
            answer=self.answer,
            signer=self.signer,
            note=self.note,
            at=self.at,
            proof=self.proof,
            reference=self.reference,
            values=self.values,
        )


@dataclass(frozen=True, kw_only=True)
class Closed(Line):
    """A run that died, was cancelled, or that nobody wants to go on with."""

    STEP: ClassVar[str] = CLOSE
    reason: str = ""
    status: Status = "Gagal"
    at: datetime | None = None


# --- steps 2 to 4 ---


@dataclass(frozen=True, kw_only=True)
class PrepareBegun(Line):
    STEP: ClassVar[str] = PREPARE
    EVENT: ClassVar[str] = "begin"


@dataclass(frozen=True, kw_only=True)
class PrepareNote(Line):
    """What is waited for or was found, in words."""

    STEP: ClassVar[str] = PREPARE
    EVENT: ClassVar[str] = "note"
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Prepared(Line):
    STEP: ClassVar[str] = PREPARE


@dataclass(frozen=True, kw_only=True)
class StopBegun(Line):
    """[langkah 2] Written before the switch is armed with `token`: from here on leaving means starting."""

    STEP: ClassVar[str] = STOP
    EVENT: ClassVar[str] = "begin"
    token: str
    off_at: datetime


@dataclass(frozen=True, kw_only=True)
class Stopped(Line):
    """[langkah 2] What shows that the services are off, and whose sessions were ended."""

    STEP: ClassVar[str] = STOP
    proof: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    off_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreBegun(Line):
    STEP: ClassVar[str] = RESTORE
    EVENT: ClassVar[str] = "begin"


@dataclass(frozen=True, kw_only=True)
class Restored(Line):
    """[langkah 3] Built beside, and swapped in `swap_seconds` where there was a swap. `rows`: all of each database; `tables`: of all."""

    STEP: ClassVar[str] = RESTORE
    restored_from: datetime | None = None
    restored_until: datetime | None = None
    swap_seconds: float | None = None
    rows: dict[str, int] | None = None
    tables: int = 0


@dataclass(frozen=True, kw_only=True)
class SideBegun(Line):
    """The side database of the line's subject is about to be made under this name."""

    STEP: ClassVar[str] = SIDE
    EVENT: ClassVar[str] = "begin"
    side: str = ""


@dataclass(frozen=True, kw_only=True)
class SideMade(Line):
    STEP: ClassVar[str] = SIDE
    side: str = ""
    identity: str | None = None


@dataclass(frozen=True, kw_only=True)
class SideCounted(Line):
    """The rows of each table of the line's subject, as restored; written before they are held to the manifest."""

    STEP: ClassVar[str] = SIDE
    EVENT: ClassVar[str] = "counted"
    tables: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SwapIntent(Line):
    """What the swap will do with one database, so that a later attempt can see whether it happened. See record.read_swap_intents."""

    STEP: ClassVar[str] = SWAP
    name: str
    side: str
    kept: str
    side_identity: str | None = None
    live_identity: str | None = None


@dataclass(frozen=True, kw_only=True)
class SwapBegun(Line):
    STEP: ClassVar[str] = SWAP
    EVENT: ClassVar[str] = "begin"
    databases: tuple[SwapIntent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Swapped(Line):
    STEP: ClassVar[str] = SWAP
    seconds: float = 0


@dataclass(frozen=True, kw_only=True)
class SwappedBack(Line):
    """The restored data did not carry the service: the old data has its name back."""

    STEP: ClassVar[str] = SWAP
    EVENT: ClassVar[str] = "failed"
    text: str = "data lama dikembalikan"
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class StartBegun(Line):
    STEP: ClassVar[str] = START
    EVENT: ClassVar[str] = "begin"


@dataclass(frozen=True, kw_only=True)
class Started(Line):
    """[langkah 4] The services run since `on_at`, and what each of them answered; `notes`: helpers that did not start."""

    STEP: ClassVar[str] = START
    on_at: datetime
    answers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StartFailed(Line):
    STEP: ClassVar[str] = START
    EVENT: ClassVar[str] = "failed"
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class RestoreResult(Line):
    """What steps 2 to 4 came to. recovery/result.py alone makes it.

    `reason`: why it failed; `actions`: what was done to make it safe, in words; `fired`: the switch started the services;
    `exit_code`: where it was refused before anything was stopped; `downtime_seconds`: measured; the rest as the steps left it.
    """

    STEP: ClassVar[str] = RECOVERY
    status: Literal["Selesai", "Gagal"]
    reason: str = ""
    actions: tuple[str, ...] = ()
    fired: bool = False
    exit_code: int | None = None
    fetched_from: str | None = None
    off_at: datetime | None = None
    proof: tuple[str, ...] | None = None
    sessions: tuple[str, ...] | None = None
    restored_from: datetime | None = None
    restored_until: datetime | None = None
    swap_seconds: float | None = None
    rows: dict[str, int] | None = None
    tables: int = 0
    on_at: datetime | None = None
    answers: tuple[str, ...] | None = None
    downtime_seconds: float | None = None
    swapped_back: bool = False
    kept: tuple[str, ...] | None = None
    kept_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class RecoveryBroken(Line):
    """Steps 2 to 4 broke off by something that is no answer (an interrupt): what was made safe; they may be gone on with."""

    STEP: ClassVar[str] = RECOVERY
    EVENT: ClassVar[str] = "failed"
    message: str = ""
    actions: tuple[str, ...] = ()


# --- steps 5 and 6 ---


@dataclass(frozen=True, kw_only=True)
class Informed(Line):
    """[langkah 5] The requester was notified, and how."""

    STEP: ClassVar[str] = INFORM
    how: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Acknowledgement(Line):
    """[langkah 6] The requester's answer, recorded by staff ("by") "atas nama pemohon" with medium and reference; or its closing."""

    STEP: ClassVar[str] = ACKNOWLEDGE
    answer: RequesterAnswer
    by: str = ""
    how: str = ""
    note: str = ""
    at: datetime
