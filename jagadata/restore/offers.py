"""SOP Restore as others see it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from jagadata.procedure import Procedure
from jagadata.restore import concerns, follow_up
from jagadata.restore.checks import make_checks
from jagadata.restore.gates import GATES
from jagadata.restore.leftovers import make_inspections
from jagadata.restore.letters import inform_again, inform_requester, remind
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.procedure import OpenRun
    from jagadata.workplace import Workplace


def end_dead(place: Workplace, item: OpenRun, declare_dead: Callable[[], None]) -> str:
    """End a restore on which nobody works, and tell its requester; what was done, ''."""
    if item.state == "waiting":
        return ""
    if item.state == "running":
        if not follow_up.is_abandoned(place, item.run):
            return ""
        declare_dead()
    ended = follow_up.finish_dead(place, item.run)
    if ended is not None:
        inform_requester(ended)
        return f"Permohonan {ended.number()} diselesaikan: {ended.status}"
    run = RestoreRun(place, item.run)
    if run.opened and inform_again(run):
        return f"Pemohon {run.number()} kini sudah diberi tahu"
    return ""


RESTORE = Procedure(
    name=NAME,
    tag="restore",
    deployments=("SOP Restore Data/permohonan",),
    look_back=timedelta(days=60),
    known_by="request",
    gates=GATES,
    remind=remind,
    states=("waiting", "running", "dead"),
    concerns=concerns.make_inspections,
    leftovers=make_inspections,
    checks=make_checks,
    follow_up=end_dead,
)
