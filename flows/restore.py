"""SOP Restore Data as a flow: six numbered steps; the approval before the second is added by this system (tambahan)."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks import restore as steps
from tasks.parameters import Permohonan
from tasks.runs import open_restore


@flow(
    name="SOP Restore Data",
    description="SOP/06/406.020/2019, prosedur Restore Data: permohonan, persetujuan (tambahan), lalu langkah 2 sampai 6.",
    flow_run_name="Restore Data — {permohonan.nama_aplikasi}",
    persist_result=False,
    retries=0,
)
def restore(permohonan: Permohonan) -> Any:
    """Bring an application back: stop, restore beside, swap, start, inform the requester."""
    with open_restore(permohonan) as run:
        if steps.step_1(run) and steps.ask_approval(run):
            steps.recover(run)
            if run.result is None:
                return steps.elsewhere(run)
        steps.step_5(run)
        if run.status in ("Selesai", "Gagal"):
            steps.step_6(run)
        return steps.ending(run)
