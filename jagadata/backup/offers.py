"""SOP Back Up as others see it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.backup.checks import make_checks
from jagadata.backup.concerns import make_periods
from jagadata.backup.gates import GATES
from jagadata.backup.leftovers import make_inspections
from jagadata.backup.letters import remind
from jagadata.backup.steps import NAME
from jagadata.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jagadata.findings import Concern
    from jagadata.procedure import OpenRun
    from jagadata.workplace import Workplace

DEPLOYMENT = "SOP Back Up Data/bulanan"


def _concerns(
    place: Workplace, runs: Sequence[OpenRun]
) -> Iterator[tuple[str, Callable[[], Iterable[Concern]]]]:
    del runs
    yield "periode", partial(make_periods, place)


BACKUP = Procedure(
    name=NAME,
    tag="back-up",
    deployments=(DEPLOYMENT, "Retensi Back Up/retensi"),
    look_back=timedelta(days=60),
    known_by="systems",
    gates=GATES,
    remind=remind,
    concerns=_concerns,
    leftovers=make_inspections,
    checks=make_checks,
)
