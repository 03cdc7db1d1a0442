"""SOP Back Up Data as a flow: six numbered steps, and the Kasi's sign-off before the sixth."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks import backup as steps
from tasks.parameters import PerintahBackup
from tasks.runs import open_backup

_EVERYTHING = PerintahBackup()


@flow(
    name="SOP Back Up Data",
    description="SOP/06/406.020/2019, prosedur Back Up Data: enam langkah, ditutup pemeriksaan oleh Kasi.",
    flow_run_name="Back Up Data",
    persist_result=False,
    retries=0,
)
def backup(perintah: PerintahBackup = _EVERYTHING) -> Any:
    """Back up the chosen systems (none: all), fill in the form, and let the Kasi receive it."""
    with open_backup(perintah) as run:
        systems = run.open().systems
        steps.steps_1_to_4(run, systems)
        steps.step_5(run)
        decision = steps.ask_review(run)
        steps.step_6(run, decision)
        return steps.ending(run)
