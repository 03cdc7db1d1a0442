"""What interrupted restores left: databases beside the live ones, kept ones past their day, requests that nobody ended.

Nothing is decided by taking a name apart: the names that a run may have made are computed from its id and compared.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.errors import BusyError
from jagadata.findings import Leftover
from jagadata.restore.abandoned import end as end_request
from jagadata.restore.abandoned import find_unended
from jagadata.restore.kept import current_name_of, drop_kept, list_kept
from jagadata.restore.recovery.swap import find_swapped, keep_sides, make_names
from jagadata.restore.run import RestoreRun
from jagadata.stores import layout
from jagadata.text.formats import format_date
from jagadata.vault.identity import with_identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jagadata.office.machines import System
    from jagadata.ports.data_source import DataSetFacts
    from jagadata.restore.recovery.swap import Side
    from jagadata.workplace import Workplace


def make_inspections(place: Workplace, by: str) -> Iterator[tuple[str, Callable[[], Iterable[Leftover]]]]:
    """Each look with the name for its faults; `by`: who cleans."""
    for system in place.office.systems:
        yield f"sistem {system.id}", partial(_databases, place, system)
    yield "basis data simpanan", partial(_expired, place, by)
    yield "permohonan yang tidak berakhir", partial(_requests, place)


def _requests(place: Workplace) -> Iterator[Leftover]:
    for run in find_unended(place):
        yield Leftover(
            where="catatan run",
            name=run.run,
            what=f"permohonan restore {run.number()} yang terhenti; pemohonnya belum diberi tahu",
            action="diakhiri menurut keadaan yang sebenarnya, dan pemohonnya diberi tahu",
            clean=partial(end_request, place, run.run),
        )


def _run_ids(place: Workplace) -> list[str]:
    return sorted({layout.parse_run(key) for key in place.records.keys(layout.RUNS)})


def _databases(place: Workplace, system: System) -> Iterator[Leftover]:
    """Databases beside the live ones that no record of kept databases explains."""
    server = place.server(system.id)
    known = {one.identity for one in list_kept(place, system.id) if not one.dropped}
    try:
        with server.exclusive(system.id):
            for run in _run_ids(place):
                for name in system.databases:
                    for beside in make_names(run, name):
                        facts = server.look(beside)
                        if facts is not None and facts.identity not in known:
                            yield _explain(place, system, run, beside, facts)
    except BusyError:
        return  # a run is at work; what is beside belongs to it


def _explain(place: Workplace, system: System, run: str, beside: str, facts: DataSetFacts) -> Leftover:
    journal = place.journal(run)
    server, identity = place.server(system.id), facts.identity
    notes = [
        with_identities(entry.data, server.facts().system_identifier)
        for entry in journal.entries
        if entry.step == "side" and entry.data.get("side") == beside
    ]
    made = any(note.get("identity", identity) == identity for note in notes)
    if made and journal.last("swap", "begin") is None:
        return Leftover(
            where=f"server {server.name}",
            name=beside,
            what=f"basis data yang dibuat restore {run} dan tidak jadi dipakai",
            action="dihapus",
            clean=partial(server.forget, beside, identity=identity),
        )
    intent = journal.last("swap", "begin")
    if intent is not None or journal.began("2"):
        restore = RestoreRun(place, run)
        sides = find_swapped(server, run, restore.plan, intent.data["databases"] if intent else None)
        old = any(side.kept == beside and side.planned.identity == identity for side in sides)
        if old:
            return Leftover(
                where=f"server {server.name}",
                name=beside,
                what=f"data lama dari restore {run} yang belum tercatat",
                action="dicatat sebagai basis data simpanan",
                clean=partial(_record, place, restore, sides),
            )
        never_live = made and journal.last("swap", "done") is None and journal.last("4", "begin") is None
        if never_live:
            return Leftover(
                where=f"server {server.name}",
                name=beside,
                what=f"basis data yang dibuat restore {run} dan tidak jadi ditukar",
                action="dihapus",
                clean=partial(server.forget, beside, identity=identity),
            )
    return Leftover(
        where=f"server {server.name}",
        name=beside,
        what=f"basis data yang mungkin pernah dipakai, dari restore {run}",
        action="periksa isinya; hapus sendiri bila tidak diperlukan",
    )


def _record(place: Workplace, run: RestoreRun, sides: Sequence[Side]) -> None:
    keep_sides(place, run.run, run.plan, sides, swapped_back=False)


def _expired(place: Workplace, by: str) -> Iterator[Leftover]:
    """Kept databases: past their day they go, evidence of a cyber incident never."""
    for one in list_kept(place):
        if one.dropped:
            continue
        until = format_date(one.until, place.timezone)
        if one.incident:
            action, clean = "disimpan: barang bukti insiden siber", None
        elif place.clock() < one.until:
            action, clean = f"disimpan sampai {until}", None
        elif current_name_of(place, one) not in ("beside", "gone"):
            action, clean = "dibiarkan: kini bernama lain (rollback), atau ada di server lain", None
        else:
            action, clean = "dihapus (lewat tanggalnya)", partial(drop_kept, place, one, by=by)
        yield Leftover(
            where=f"sistem {one.system}",
            name=one.kept,
            what=f"{one.what} dari restore {one.run}",
            action=action,
            clean=clean,
        )
