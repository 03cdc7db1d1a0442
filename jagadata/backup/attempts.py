"""How often a run of SOP Back Up was begun: one whose worker died goes on by itself, and not for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jagadata.backup.gates import REVIEW_GATE
from jagadata.backup.steps import FILL

if TYPE_CHECKING:
    from jagadata.evidence.journal import Journal

ATTEMPT: Final = "attempt"
"""The journal's step that notes that a process begins with the run."""
MOST_ATTEMPTS = 3
"""Each may do any step that is not done yet; the one after them only ends the run: form, messages, sign-off."""


def count_attempts(journal: Journal) -> int:
    """Processes that began since the run last came further than its systems: the form was filled in, or a gate asked."""
    attempts = 0
    for entry in journal.entries:
        if entry.step == ATTEMPT:
            attempts += 1
        elif entry.step == REVIEW_GATE.name or (entry.step == FILL and entry.event == "done"):
            attempts = 0
    return attempts


def note_attempt(journal: Journal, worker: str) -> int:
    """Note that a process on this machine begins with the run; the number of the attempt."""
    journal.note(ATTEMPT, "note", worker=worker)
    return count_attempts(journal)


def may_be_taken_up(journal: Journal) -> bool:
    """Whether a run that died is to be begun again."""
    return count_attempts(journal) <= MOST_ATTEMPTS


def describe_end(journal: Journal) -> str:
    """Why a run that died is not begun again, for people."""
    return (
        f"Run back up ini sudah dimulai {count_attempts(journal)} kali dan setiap kali mati; tidak dilanjutkan lagi. "
        "Periksa memori dan log worker, lalu jalankan SOP Back Up Data untuk sistem yang belum selesai."
    )
