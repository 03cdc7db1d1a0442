"""Follow-up as a flow: deadlines of gates, reminders, and requests whose run died."""

from __future__ import annotations

from prefect import flow

from tasks import follow_up as steps
from tasks.runs import workplace


@flow(
    name="Tindak Lanjut",
    description="Batas waktu persetujuan, pengingat, dan permohonan yang alurnya terhenti.",
    flow_run_name="Tindak lanjut",
    persist_result=False,
)
def follow_up() -> None:
    """Close what is overdue, remind, and finish what died; each person is told once."""
    with workplace() as place:
        runs = steps.find_open_runs(place)
        steps.finish_dead(place, runs)
        steps.close_overdue(place, runs)
        steps.remind(place, runs)
