"""The steps of the retention flow as Prefect tasks; what they do is in jagadata/backup/retention.py and backup/prune.py."""

from __future__ import annotations

from typing import Any

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from jagadata.backup.prune import prune
from jagadata.workplace import Workplace
from tasks import artifacts
from tasks.runs import run_id


@task(name="Menerapkan kebijakan retensi", cache_policy=NO_CACHE, persist_result=False)
def apply(place: Workplace, *, dry_run: bool) -> State[Any]:
    """Show every backup with its decision and reasons; remove what goes, unless `dry_run`."""
    report = prune(place, dry_run=dry_run, run=run_id())
    artifacts.table("retensi", report.table(), "Back up yang disimpan dan yang dihapus, beserta alasannya")
    if report.problems:
        return Failed(message="; ".join(problem.what for problem in report.problems))
    return Completed(message=report.summary)
