"""SOP Pengumpulan Data as others see it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.collection.doctor import make_checks
from jagadata.collection.gates import GATES, NAME
from jagadata.collection.leftovers import find_unreceipted
from jagadata.collection.letters.dispatch import remind_of_gate
from jagadata.procedure import Procedure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jagadata.findings import Leftover
    from jagadata.workplace import Workplace


def _leftovers(place: Workplace, by: str) -> Iterator[tuple[str, Callable[[], Iterable[Leftover]]]]:
    del by
    yield "kiriman tanpa tanda terima", partial(find_unreceipted, place)


COLLECTION = Procedure(
    name=NAME,
    tag="pengumpulan-data",
    deployments=("SOP Pengumpulan Data/putaran", "Penerimaan Data/penerimaan"),
    look_back=timedelta(days=400),  # a round lives for months
    known_by="round",
    gates=GATES,
    remind=remind_of_gate,
    leftovers=_leftovers,
    checks=make_checks,
)
