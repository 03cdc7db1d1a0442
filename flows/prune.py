"""Retention as a flow: shows what is kept and removed, with the reason for each, and does it."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from tasks import prune as steps
from tasks.runs import workplace


@flow(
    name="Retensi Back Up",
    description="Menghapus data back up yang lewat masa simpan menurut kebijakan kantor; manifes, tanda terima, dan formulir tetap.",
    flow_run_name="Retensi",
    persist_result=False,
)
def prune(
    hanya_tampilkan: Annotated[
        bool, Field(title="Hanya tampilkan", description="Tidak menghapus apa pun.")
    ] = True,
) -> Any:
    """Show and carry out the retention policy."""
    with workplace() as place:
        return steps.apply(place, dry_run=hanya_tampilkan)
