"""SOP Pengumpulan Data as a flow: five numbered steps, alive for weeks through its gates; data comes in by flows/intake.py."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks import data_collection as steps
from tasks.parameters import PerintahPengumpulan
from tasks.runs import open_round

_CURRENT = PerintahPengumpulan()


@flow(
    name="SOP Pengumpulan Data",
    description="SOP/06/406.020/2019, prosedur Pengumpulan Data: dari rapat koordinasi sampai inventaris, satu run setiap putaran.",
    flow_run_name="Pengumpulan Data {perintah.putaran}",
    persist_result=False,
    retries=0,
)
def data_collection(perintah: PerintahPengumpulan = _CURRENT) -> Any:
    """Prepare the meeting, invite, meet, collect from every OPD, take into the inventory."""
    with open_round(perintah) as run:
        while run.is_preparing:
            steps.ask_completion(run)
            steps.ask_confirmation(run)
            steps.step_1(run)
            steps.ask_signature(run)
        if steps.goes_on(run):
            steps.step_2(run)
            steps.ask_attendance(run)
            steps.step_3(run)
            while run.is_collecting:
                steps.ask_closing(run)
            steps.step_4(run)
            steps.step_5(run)
        return steps.ending(run)
