"""The watch as a flow, every few minutes: runs that died, gates past their deadline, services, backups and stores."""

from __future__ import annotations

from prefect import flow

from tasks import watch as steps
from tasks.runs import workplace


@flow(
    name="Penjagaan",
    description="Run yang terhenti, persetujuan yang lewat batas, layanan yang mati, periode tanpa back up, penyimpanan yang diam.",
    flow_run_name="Penjagaan",
    persist_result=False,
)
def watch() -> None:
    """Repair what is safe, and tell the office the rest: once, not every time."""
    with workplace() as place:
        steps.take_up_backups(place)
        runs = steps.find_open_runs(place)
        steps.revive(place, runs)
        steps.finish_dead(place, runs)
        steps.close_overdue(place, runs)
        steps.remind(place, runs)
        steps.notify(place, runs)
        steps.catch_up(place)
