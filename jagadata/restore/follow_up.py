"""What is due on runs that wait or died: deadlines, one reminder each, and the end of a restore whose run is gone."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from jagadata.errors import BusyError, JagadataError, UnreachableError
from jagadata.restore.recovery.steps import RECOVERY
from jagadata.restore.recovery.swap import find_swapped, keep_sides
from jagadata.restore.run import RestoreRun

if TYPE_CHECKING:
    from jagadata.services.control import ServiceControl
    from jagadata.workplace import Workplace

ABANDONED_AFTER = timedelta(minutes=15)


def is_abandoned(place: Workplace, run_id: str) -> bool:
    """A restore past its approval on which nobody works, whatever Prefect believes: the system's lock is free, and nothing was noted for a while."""
    journal = place.journal(run_id)
    if not journal.began("prepare") or journal.outcome(RECOVERY) is not None:
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
    """End a restore whose run died: the service runs, the truth is written down. Returns the run if its requester must be told.

    Whoever still holds the system's lock is alive, whatever Prefect believes: it is left alone.
    """
    run = RestoreRun(place, run_id)
    if run.journal.outcome("open") is None or run.journal.outcome("5") is not None:
        return None
    if run.result is None and run.journal.began("2"):
        return run if _finish_recovery(place, run) else None
    if run.result is None:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(place.server(run.system).exclusive(run.system))
            except BusyError:
                return None
            except JagadataError:
                pass  # nothing was stopped; the request ends whether or not the server answers
            run.journal.refresh()
            if run.result is None and run.journal.began("2"):  # by one who had waited for the lock
                return None
            if run.result is None:
                run.close(
                    "Alur terhenti atau dibatalkan sebelum layanan dihentikan; tidak ada data yang diubah."
                )
    return run


def _finish_recovery(place: Workplace, run: RestoreRun) -> bool:
    """True once the outcome is written. While the database server is silent only the services are started."""
    control = place.services(run.system)
    try:
        with place.server(run.system).exclusive(run.system):
            _write_outcome(place, run, _bring_up(place, run, control))
    except BusyError:
        return False
    except UnreachableError:
        with contextlib.suppress(JagadataError):
            control.start()
        return False
    return True


def _bring_up(place: Workplace, run: RestoreRun, control: ServiceControl) -> dict[str, Any]:
    """Start, probe, and disarm the dead run's switch, which would refuse the next restore: {"actions": in words, and "answers", "on_at" if the services answer}."""
    try:
        control.start()
        answers = list(control.probe())
    except JagadataError as error:
        return {"actions": [f"layanan belum menjawab: {error.message}"]}
    begun = run.journal.last("2", "begin")
    with contextlib.suppress(JagadataError):  # it fired: then it is over anyway
        control.disarm(begun.data["token"] if begun else None)
    return {
        "actions": ["layanan dipastikan berjalan oleh tindak lanjut"],
        "answers": answers,
        "on_at": place.clock().isoformat(),
    }


def _write_outcome(place: Workplace, run: RestoreRun, facts: dict[str, Any]) -> None:
    """What the source itself tells is what happened, whatever the last line of the journal is."""
    plan, journal = run.plan, run.journal
    begun, intent = journal.last("2", "begin"), journal.last("swap", "begin")
    known = intent.data["databases"] if intent else None
    sides = find_swapped(place.server(run.system), run.run, plan, known)
    kept = keep_sides(place, run.run, plan, sides, swapped_back=False)
    if kept:
        facts |= {"kept": kept, "kept_days": place.office.policy.restore.kept_days}
    if begun:
        facts["off_at"] = begun.data["off_at"]
        if "on_at" in facts:
            off, on = (datetime.fromisoformat(facts[name]) for name in ("off_at", "on_at"))
            facts["downtime_seconds"] = round((on - off).total_seconds(), 1)
    reason = (
        "Alur terhenti setelah data dipulihkan."
        if sides
        else "Alur terhenti sebelum data ditukar; data yang berjalan tidak diubah."
    )
    status = "Selesai" if sides and "on_at" in facts else "Gagal"
    journal.note(RECOVERY, "done", **facts, status=status, reason=reason, fired=False, rows={})
