"""What a run of SOP Pengumpulan Data writes into its journal: the names of its steps, and what each came to, as values. Pure.

The numbers are the SOP's; the other names are of what this system adds. A decision stands under its gate's name (gates.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AliasChoices, Field

from jagadata.collection.gates import NAME
from jagadata.collection.proposal import Proposal
from jagadata.evidence.journal import OPEN
from jagadata.evidence.lines import Line

SCHEDULE, INVITE, MEET, COLLECT, TAKE_IN = "1", "2", "3", "4", "5"
STEPS: Final = (SCHEDULE, INVITE, MEET, COLLECT, TAKE_IN)
NUMBER: Final = "number"
"""A letter number; its subject is the series."""
SHEET: Final = "attendance-sheet"
MINUTES: Final = "minutes"
REMINDER: Final = "reminder"
EXTENSION: Final = "extension"
DATASET: Final = "dataset"
PUBLISH: Final = "publish"
CARRIED: Final = "carried"
"""The journal's note of when the steps ended that an earlier run had done."""
END: Final = "end"


@dataclass(frozen=True, kw_only=True)
class Opened(Line):
    """The round was claimed. `after`: the run that held it before, whose deeds went over."""

    STEP: ClassVar[str] = OPEN
    round: str
    at: datetime
    after: str = ""
    procedure: Literal["collection"] = NAME


@dataclass(frozen=True, kw_only=True)
class Scheduled(Line):
    """[langkah 1] The proposal as it was completed and confirmed."""

    STEP: ClassVar[str] = SCHEDULE
    proposal: Proposal
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Invited(Line):
    """[langkah 2] `failed`: ids of the OPD whose letters did not go out."""

    STEP: ClassVar[str] = INVITE
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Collected(Line):
    """[langkah 4] How many data sets were asked for, and how many came complete."""

    STEP: ClassVar[str] = COLLECT
    asked: int
    complete: int


@dataclass(frozen=True, kw_only=True)
class TakenIn(Line):
    """[langkah 5] Why not, by data set."""

    STEP: ClassVar[str] = TAKE_IN
    refusals: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DatasetTaken(Line):
    """One data set is in the inventory, under this label."""

    STEP: ClassVar[str] = DATASET
    label: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class DatasetPublished(Line):
    """One publisher has the data set; `where` people find it."""

    STEP: ClassVar[str] = PUBLISH
    where: Annotated[str, Field(validation_alias=AliasChoices("where", "place"))]


@dataclass(frozen=True, kw_only=True)
class Numbered(Line):
    """A letter has its number."""

    STEP: ClassVar[str] = NUMBER
    number: str


@dataclass(frozen=True, kw_only=True)
class Ended(Line):
    """The round is over: Selesai, Dibatalkan or Kedaluwarsa."""

    STEP: ClassVar[str] = END
    status: str
    reason: str = ""
