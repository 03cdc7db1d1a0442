"""What each SOP's package offers: the kind of its runs, its gates, and what to look at, clean, check and call to mind.

`upkeep` and the ways in loop over these values; a new SOP fills one in and is known to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jagadata.evidence.journal import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta

    from jagadata.evidence.journal import Journal
    from jagadata.findings import Concern, Finding, Leftover
    from jagadata.signoff.gates import Gate, OpenGate
    from jagadata.workplace import Workplace

    Concerns = Iterable[tuple[str, Callable[[], Iterable[Concern]]]]
    Leftovers = Iterable[tuple[str, Callable[[], Iterable[Leftover]]]]
    Checks = Iterable[tuple[str, str, Callable[[], list[Finding]]]]

PROCEDURE = "procedure"
"""The value of a journal's `open` that names the kind of its run."""


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A flow run as the orchestrator knows it. `state`: waiting (suspended), running, or dead (failed, crashed, cancelled)."""

    run: str
    procedure: str
    state: Literal["waiting", "running", "dead"]


def none_of_its_own(place: Workplace, *_about: object) -> tuple[()]:
    """For an SOP that has nothing of the kind."""
    del place
    return ()


def nothing_to_do(place: Workplace, run: OpenRun, declare_dead: Callable[[], None]) -> str:
    """For an SOP whose dead runs leave nothing that must be ended."""
    del place, run, declare_dead
    return ""


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """One SOP as others see it. Each look has a name for its faults; one that fails hides no other."""

    name: str  # as journals, forms and OpenRun name the kind of a run
    tag: str  # of its flow runs
    deployments: tuple[str, ...]
    look_back: timedelta  # how long ago a run that still waits may have begun
    known_by: str  # a value of `open` in journals that do not name their kind yet
    gates: tuple[Gate, ...]
    remind: Callable[[Workplace, str, OpenGate], bool]  # False: no channel took it
    states: tuple[Literal["waiting", "running", "dead"], ...] = ("waiting",)  # of runs to follow up
    concerns: Callable[[Workplace, Sequence[OpenRun]], Concerns] = none_of_its_own
    leftovers: Callable[[Workplace, str], Leftovers] = none_of_its_own  # the text: who cleans
    checks: Callable[[Workplace], Checks] = none_of_its_own
    follow_up: Callable[[Workplace, OpenRun, Callable[[], None]], str] = nothing_to_do
    """End a run of these `states` if it is dead (the callable tells the orchestrator so); what was done, for the log."""

    def ran(self, journal: Journal) -> bool:
        """Whether this is the journal of one of its runs."""
        opened = journal.outcome(OPEN)
        if opened is None:
            return False
        kind = opened.get(PROCEDURE)
        return kind == self.name if kind else self.known_by in opened
