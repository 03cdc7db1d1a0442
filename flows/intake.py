"""The intake as a flow, every quarter of an hour: what OPD send while a round of SOP Pengumpulan Data takes data in."""

from __future__ import annotations

from prefect import flow

from jagadata.collection.intake.run import list_open_rounds
from tasks import intake as steps
from tasks.runs import workplace


@flow(
    name="Penerimaan Data",
    description="Kiriman OPD dari surel dan folder: tanda terima, pemeriksaan, jawaban, pengingat; selama ada putaran yang terbuka.",
    flow_run_name="Penerimaan Data",
    persist_result=False,
)
def intake() -> None:
    """Take in what came for each open round."""
    with workplace() as place:
        for run in list_open_rounds(place):
            steps.take_in(run)
