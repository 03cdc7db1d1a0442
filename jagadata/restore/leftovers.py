"""What interrupted restores left behind: databases beside the live ones, requests that nobody ended, switches that fired.

Nothing is decided by taking a name apart: the names that a run may have made are computed from its id and compared.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.errors import BusyError
from jagadata.evidence.lines import count, read_all
from jagadata.findings import Leftover
from jagadata.restore.abandoned import end_abandoned, find_abandoned
from jagadata.restore.kept import current_name_of, drop_kept, list_kept
from jagadata.restore.record import read_sides_made, read_swap_intents
from jagadata.restore.recovery.swap import find_swapped, keep_sides, make_names
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import SideBegun, StartBegun, StopBegun, SwapBegun, Swapped
from jagadata.stores import layout
from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.evidence.journal import Journal
    from jagadata.office.machines import System
    from jagadata.restore.recovery.swap import SideDatabase
    from jagadata.workplace import Workplace


def make_inspections(place: Workplace, by: str) -> list[tuple[str, Callable[[], Iterator[Leftover]]]]:
    """Where to look and how, one by one; `by`: who drops what is past its day."""
    systems = place.office.systems
    return [
        *((f"sistem {system.id}", partial(find_side_databases, place, system)) for system in systems),
        ("basis data simpanan", partial(find_kept, place, by)),
        ("permohonan yang tidak berakhir", partial(find_requests, place)),
        *((system.id, partial(find_switches, place, system)) for system in systems),
    ]


def find_side_databases(place: Workplace, system: System) -> Iterator[Leftover]:
    """Databases beside the live ones that no record of kept databases explains."""
    server = place.server(system.id)
    known = {kept.identity for kept in list_kept(place, system.id) if not kept.dropped}
    try:
        with server.exclusive(system.id):
            for run in _run_ids(place):
                for name in system.databases:
                    for beside in make_names(run, name):
                        facts = server.look(beside)
                        if facts is not None and facts.identity not in known:
                            yield _explain(place, system, run, beside, facts.identity)
    except BusyError:
        return  # a run is at work; what is beside belongs to it


def _run_ids(place: Workplace) -> list[str]:
    return sorted({layout.parse_run(key) for key in place.records.keys(layout.RUNS)})


def _explain(place: Workplace, system: System, run: str, beside: str, identity: str) -> Leftover:
    journal, server = place.journal(run), place.server(system.id)
    made = _made_by(journal, beside, identity, server.facts().system_identifier)
    swapping = count(journal, SwapBegun) > 0
    drop = partial(server.forget, beside, identity=identity)
    if made and not swapping:
        what = f"basis data yang dibuat restore {run} dan tidak jadi dipakai"
        return _leftover(server.name, beside, what, "dihapus", drop)
    if swapping or count(journal, StopBegun):
        restore = RestoreRun(place, run)
        intents = read_swap_intents(journal, restore.plan.system_identifier)
        sides = find_swapped(server, run, restore.plan, intents)
        if any(side.kept == beside and side.planned.identity == identity for side in sides):
            return _leftover(
                server.name,
                beside,
                f"data lama dari restore {run} yang belum tercatat",
                "dicatat sebagai basis data simpanan",
                partial(_record, place, restore, sides),
            )
        if made and not count(journal, Swapped) and not count(journal, StartBegun):  # it was never live
            what = f"basis data yang dibuat restore {run} dan tidak jadi ditukar"
            return _leftover(server.name, beside, what, "dihapus", drop)
    return _leftover(
        server.name,
        beside,
        f"basis data yang mungkin pernah dipakai, dari restore {run}",
        "periksa isinya; hapus sendiri bila tidak diperlukan",
    )


def _made_by(journal: Journal, beside: str, identity: str, server: str) -> bool:
    """The run noted that it makes a database of this name: as begun, or as made with this identity."""
    begun = any(line.side == beside for _, line in read_all(journal, SideBegun))
    made = any(
        line.side == beside and line.identity in (None, identity) for line in read_sides_made(journal, server)
    )
    return begun or made


def _leftover(
    server: str, name: str, what: str, action: str, clean: Callable[[], None] | None = None
) -> Leftover:
    return Leftover(where=f"server {server}", name=name, what=what, action=action, clean=clean)


def _record(place: Workplace, run: RestoreRun, sides: Sequence[SideDatabase]) -> None:
    keep_sides(place, run.run, run.plan, sides, swapped_back=False)


def find_kept(place: Workplace, by: str) -> Iterator[Leftover]:
    """Kept databases: past their day they go, evidence of a cyber incident never."""
    for kept in list_kept(place):
        if kept.dropped:
            continue
        until = format_date(kept.until, place.timezone)
        if kept.incident:
            action, clean = "disimpan: barang bukti insiden siber", None
        elif place.clock() < kept.until:
            action, clean = f"disimpan sampai {until}", None
        elif current_name_of(place, kept) not in ("beside", "gone"):
            action, clean = "dibiarkan: kini bernama lain (rollback), atau ada di server lain", None
        else:
            action, clean = "dihapus (lewat tanggalnya)", partial(drop_kept, place, kept, by=by)
        yield Leftover(
            where=f"sistem {kept.system}",
            name=kept.kept,
            what=f"{kept.what} dari restore {kept.run}",
            action=action,
            clean=clean,
        )


def find_requests(place: Workplace) -> Iterator[Leftover]:
    """Requests on which nobody works, and whose requester was not informed."""
    for run in find_abandoned(place):
        yield Leftover(
            where="catatan run",
            name=run.run,
            what=f"permohonan restore {run.number()} yang terhenti; pemohonnya belum diberi tahu",
            action="diakhiri menurut keadaan yang sebenarnya, dan pemohonnya diberi tahu",
            clean=partial(end_abandoned, place, run.run),
        )


def find_switches(place: Workplace, system: System) -> Iterator[Leftover]:
    """Switches that fired: for a person to know; the next restore arms them again."""
    for state in place.services(system.id).switches() if system.services else ():
        if state.state == "fired":
            reason = "host dinyalakan ulang" if state.reason == "reboot" else "batas waktu"
            yield Leftover(
                where=f"host {state.host}",
                name=f"sakelar {system.id}",
                what=f"sakelar pengaman bekerja ({reason}) pada {state.token}",
                action="layanan sudah diaktifkan; restore berikutnya memasangnya kembali",
            )
