"""Which run holds a round: claimed in the store, one after the other, and taken over with all that was done. The last claim counts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from jagadata.collection.gates import find_gate
from jagadata.collection.round import Round, parse_round
from jagadata.collection.steps import CARRIED, STEPS, Ended, Opened
from jagadata.errors import AlreadyExistsError, RefusedError
from jagadata.evidence.journal import OPEN
from jagadata.evidence.lines import read_outcome
from jagadata.stores import layout

if TYPE_CHECKING:
    from jagadata.evidence.journal import Journal
    from jagadata.workplace import Workplace

ROUND_KIND = "application/vnd.jagadata.round+json"
FINISHED = "Selesai"


def find_holder(place: Workplace, round: Round) -> str:
    """The run that holds this round, '' if none does yet."""
    keys = sorted(place.records.keys(layout.make_claims_prefix(str(round))))
    return str(place.records.read(keys[-1], ROUND_KIND).value["run"]) if keys else ""


def find_rounds(place: Workplace) -> list[Round]:
    """Every round that some run ever held, oldest first."""
    names = {name for key in place.records.keys(layout.ROUNDS) if (name := layout.parse_claimed_round(key))}
    return sorted((parse_round(name) for name in names), key=lambda one: (one.first_day, one.every))


def claim(place: Workplace, round: Round, run: str) -> None:
    """Raises RefusedError: another run was faster."""
    number = 1 + len(place.records.keys(layout.make_claims_prefix(str(round))))
    at = place.clock().isoformat()
    try:
        place.records.write(
            layout.make_claim_key(str(round), number),
            ROUND_KIND,
            {"at": at, "run": run, "round": str(round)},
        )
    except AlreadyExistsError:
        raise RefusedError(
            f"Putaran {round.text} baru saja dimulai oleh run lain.", "Lihat run itu di UI Prefect."
        ) from None


def take_over(
    place: Workplace, round: Round, before: str, journal: Journal, *, allowed: bool
) -> datetime | None:
    """An ended round may begin anew; one under way only where `allowed`, and then goes on where it stopped.

    Returns when the round that goes on was opened: what came since then belongs to it. Killed half-way, it goes on copying.
    """
    earlier = place.journal(before)
    end = read_outcome(earlier, Ended)
    if end and end.status == FINISHED:
        raise RefusedError(
            f"Putaran {round.text} sudah selesai oleh run {before}.", "Pilih putaran berikutnya."
        )
    if end:
        return None
    if not allowed:
        raise RefusedError(
            f"Putaran {round.text} sedang berjalan pada run {before}.",
            "Buka run itu (Resume atau Retry). Bila run itu sudah tidak ada, jalankan dengan 'Ambil alih'.",
        )
    done = [entry for entry in earlier.entries if entry.event == "done" and _goes_over(entry.step)]
    copied = sum(entry.event == "done" for entry in journal.entries)
    for entry in done[copied:]:
        journal.note(entry.step, "done", entry.subject, **entry.data)
    ends = {step: at.isoformat() for step in STEPS if (at := ended(earlier, step))}
    journal.note(CARRIED, "note", ends=ends)
    opened = read_outcome(earlier, Opened)
    return opened.at if opened else None


def ended(journal: Journal, step: str) -> datetime | None:
    """When a numbered step ended, in whichever run; what was carried over was written down anew."""
    entry, carried = journal.last(step), journal.last(CARRIED, "note")
    if entry and carried and entry.sequence < carried.sequence and step in carried.data["ends"]:
        return datetime.fromisoformat(carried.data["ends"][step])
    return entry.at if entry else None


def _goes_over(step: str) -> bool:
    """Not who asked for a decision: the new run asks with a link of its own."""
    return step != OPEN and not (step.startswith("mail:") and find_gate(step.removeprefix("mail:")))
