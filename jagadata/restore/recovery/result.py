"""What steps 2 to 4 of a restore came to: its one author, for a run that carries them out and for one that ends a dead run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.errors import SwitchFiredError
from jagadata.evidence.lines import read_last, read_outcome
from jagadata.restore.steps import Restored, RestoreResult, Started, StopBegun, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jagadata.errors import JagadataError
    from jagadata.evidence.journal import Journal


@dataclass(frozen=True, kw_only=True)
class Course:
    """How far steps 2 to 4 got, and what each of them left; `off_at`: since when the services may be off."""

    fetched_from: str | None = None
    off_at: datetime | None = None
    stopped: Stopped | None = None
    restored: Restored | None = None
    started: Started | None = None
    swapped_back: bool = False
    kept: tuple[str, ...] = ()
    kept_days: int = 0


def read_course(journal: Journal) -> Course:
    """What the journal of a run that died holds of steps 2 and 3. Whether it swapped, only the server can tell."""
    begun = read_last(journal, StopBegun)
    return Course(
        off_at=begun.off_at if begun else None,
        stopped=read_last(journal, Stopped),
        restored=read_outcome(journal, Restored),
    )


def make_result(
    course: Course,
    *,
    failed: bool,
    error: JagadataError | None = None,
    reason: str = "",
    actions: Sequence[str] = (),
) -> RestoreResult:
    """`error` ended it (or disturbed one that succeeded all the same), `reason` says why in its place; `actions` made it safe, in words."""
    stopped, restored, started = course.stopped, course.restored, course.started
    fault = f"{error.message} {error.hint}".strip() if error else ""
    if fault and not failed:  # the new data carries the service, whatever stood in between
        actions, fault = [*actions, f"sempat terganggu: {fault}"], ""
    notes = started.notes if started else ()
    if notes and not failed:
        reason = " ".join(filter(None, (reason, f"Selesai dengan catatan: {'; '.join(notes)}.")))
    return RestoreResult(
        status="Gagal" if failed else "Selesai",
        reason=reason or fault,
        actions=tuple(actions),
        fired=isinstance(error, SwitchFiredError),
        exit_code=error.exit_code if error and course.off_at is None else None,
        fetched_from=course.fetched_from,
        off_at=course.off_at,
        proof=stopped.proof if stopped else None,
        sessions=stopped.sessions if stopped else None,
        restored_from=restored.restored_from if restored else None,
        restored_until=restored.restored_until if restored else None,
        swap_seconds=restored.swap_seconds if restored else None,
        rows=restored.rows if restored else None,
        tables=restored.tables if restored else 0,
        on_at=started.on_at if started else None,
        answers=started.answers if started else None,
        downtime_seconds=_seconds_off(course),
        swapped_back=course.swapped_back,
        kept=course.kept or None,
        kept_days=course.kept_days if course.kept else None,
    )


def _seconds_off(course: Course) -> float | None:
    if course.off_at is None or course.started is None:
        return None
    return round((course.started.on_at - course.off_at).total_seconds(), 1)
