"""What is due on runs that wait or died: deadlines, one reminder each, and the end of a restore whose run is gone."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from jagadata.errors import BusyError, JagadataError, UnreachableError
from jagadata.evidence.lines import count, read_last, write
from jagadata.restore.record import is_ended, is_informed, read_swap_intents
from jagadata.restore.recovery.result import make_result, read_course
from jagadata.restore.recovery.swap import find_swapped, keep_sides
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import PrepareBegun, Started, StopBegun

if TYPE_CHECKING:
    from jagadata.services.control import ServiceControl
    from jagadata.workplace import Workplace

ABANDONED_AFTER = timedelta(minutes=15)


def is_abandoned(place: Workplace, run_id: str) -> bool:
    """A restore past its approval on which nobody works, whatever Prefect believes: the system's lock is free, and nothing was noted for a while."""
    journal = place.journal(run_id)
    if not count(journal, PrepareBegun) or is_ended(journal):
        return False
    if place.clock() - journal.entries[-1].at < ABANDONED_AFTER:
        return False
    run = RestoreRun(place, run_id)
    try:
        with place.server(run.system).exclusive(run.system):
            return True
    except JagadataError:
        return False


def finish_dead(place: Workplace, run_id: str) -> RestoreRun | None:
    """End a restore whose run died: the service runs, the truth is written down. Returns the run if its requester must be notified.

    Whoever still holds the system's lock is alive, whatever Prefect believes: it is left alone.
    """
    run = RestoreRun(place, run_id)
    if run.opened is None or is_informed(run.journal):
        return None
    if not is_ended(run.journal) and count(run.journal, StopBegun):
        return run if _finish_recovery(place, run) else None
    if not is_ended(run.journal):
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(place.server(run.system).exclusive(run.system))
            except BusyError:
                return None
            except JagadataError:
                pass  # nothing was stopped; the request ends whether or not the server answers
            run.journal.refresh()
            if not is_ended(run.journal) and count(
                run.journal, StopBegun
            ):  # by one who had waited for the lock
                return None
            if not is_ended(run.journal):
                run.close(
                    "Alur terhenti atau dibatalkan sebelum layanan dihentikan; tidak ada data yang diubah."
                )
    return run


def _finish_recovery(place: Workplace, run: RestoreRun) -> bool:
    """True once the result is written. While the database server is silent only the services are started."""
    control = place.services(run.system)
    try:
        with place.server(run.system).exclusive(run.system):
            _write_result(place, run, control)
    except BusyError:
        return False
    except UnreachableError:
        with contextlib.suppress(JagadataError):
            control.start()
        return False
    return True


def _write_result(place: Workplace, run: RestoreRun, control: ServiceControl) -> None:
    """Start the services; then what the source itself shows is what happened, whatever the last line of the journal is."""
    started, action = _bring_up(place, run, control)
    intents = read_swap_intents(run.journal, run.plan.system_identifier)
    sides = find_swapped(place.server(run.system), run.run, run.plan, intents)
    kept = keep_sides(place, run.run, run.plan, sides, swapped_back=False)
    days = place.office.policy.restore.kept_days
    course = replace(read_course(run.journal), started=started, kept=kept, kept_days=days)
    reason = (
        "Alur terhenti setelah data dipulihkan."
        if sides
        else "Alur terhenti sebelum data ditukar; data yang berjalan tidak diubah."
    )
    failed = not sides or started is None
    write(run.journal, make_result(course, failed=failed, reason=reason, actions=[action]))


def _bring_up(place: Workplace, run: RestoreRun, control: ServiceControl) -> tuple[Started | None, str]:
    """Start, probe, and disarm the dead run's switch, which would refuse the next restore; None while the services do not answer."""
    try:
        answered = control.start_and_ask()
        started = Started(answers=answered.answers, notes=answered.notes, on_at=place.clock())
    except JagadataError as error:
        return None, f"layanan belum menjawab: {error.message}"
    begun = read_last(run.journal, StopBegun)
    with contextlib.suppress(JagadataError):  # it fired: then it is over anyway
        control.disarm(begun.token if begun else None)
    return started, "layanan dipastikan berjalan oleh tindak lanjut"
