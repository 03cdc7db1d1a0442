"""The sweep as a flow: what interrupted runs left behind, explained, and cleaned where nothing can be lost."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from tasks import sweep as steps
from tasks.runs import workplace


@flow(
    name="Pembersihan",
    description="Sisa run yang terputus dan basis data simpanan yang lewat tanggalnya: ditampilkan, dijelaskan, dibersihkan.",
    flow_run_name="Pembersihan",
    persist_result=False,
)
def sweep(
    hanya_tampilkan: Annotated[
        bool, Field(title="Hanya tampilkan", description="Tidak membersihkan apa pun.")
    ] = True,
) -> Any:
    """Show what is left of interrupted runs, and clean it."""
    with workplace() as place:
        return steps.clean(place, dry_run=hanya_tampilkan)
