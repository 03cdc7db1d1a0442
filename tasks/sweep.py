"""The step of the sweep as a Prefect task; what it does is in jagadata/upkeep/sweep.py."""

from __future__ import annotations

from typing import Any

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from jagadata.upkeep.sweep import sweep
from jagadata.workplace import Workplace
from tasks import artifacts


@task(name="Membersihkan sisa run yang terputus", cache_policy=NO_CACHE, persist_result=False)
def clean(place: Workplace, *, dry_run: bool) -> State[Any]:
    """Show every leftover with what it is; clean what is safe, unless `dry_run`."""
    report = sweep(place, dry_run=dry_run, by="pembersihan terjadwal")
    artifacts.table("pembersihan", report.table(), "Sisa run yang terputus dan basis data simpanan")
    if report.problems:
        return Failed(message="; ".join(f"{problem.where}: {problem.what}" for problem in report.problems))
    return Completed(message=report.summary)
