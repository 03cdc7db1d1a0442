"""What interrupted runs left behind: found, explained, and cleaned where nothing can be lost. `jaga sweep` and flows/watch.py.

Nothing is decided by taking a name apart: the names that a run may have made are computed from its id and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.collection.leftovers import find_unreceipted
from jagadata.errors import BusyError, JagadataError
from jagadata.findings import ORPHAN_AGE, Leftover, Problem
from jagadata.restore.abandoned import end as end_request
from jagadata.restore.abandoned import find_unended
from jagadata.restore.kept import current_name_of, drop_kept, list_kept
from jagadata.restore.recovery.swap import find_swapped, keep_sides, make_names
from jagadata.restore.run import RestoreRun
from jagadata.text.formats import format_date
from jagadata.vault.identity import with_identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.office.machines import System
    from jagadata.ports.data_source import DataSetFacts
    from jagadata.ports.store import Store, StoredObject
    from jagadata.restore.recovery.swap import Side
    from jagadata.workplace import Workplace

UPLOAD_AGE = timedelta(days=1)
"""Uploads that began before and never ended: no transfer takes that long without getting further."""


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """What was found, the names of what was cleaned, and what could not be looked at or cleaned."""

    found: tuple[Leftover, ...]
    cleaned: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def summary(self) -> str:
        return f"{len(self.found)} ditemukan, {len(self.cleaned)} dibersihkan, {len(self.problems)} masalah"

    def table(self) -> list[dict[str, str]]:
        """One line for each leftover."""
        return [
            {
                "Tempat": one.where,
                "Nama": one.name,
                "Keterangan": one.what,
                "Tindakan": one.action,
                "Hasil": "dibersihkan" if one.name in self.cleaned else "",
            }
            for one in self.found
        ]


def sweep(place: Workplace, *, dry_run: bool, by: str) -> SweepReport:
    """Look everywhere; unless `dry_run`, clean what is safe to clean. Safe at any time: what a living run uses is locked or too young."""
    problems: list[Problem] = []
    found: list[Leftover] = []
    cleaned: list[str] = []
    looks: list[tuple[str, Callable[[], Iterator[Leftover]]]] = [
        *((f"sistem {system.id}", partial(_databases, place, system)) for system in place.office.systems),
        ("basis data simpanan", partial(_expired, place, by)),
        *((store.name, partial(_uploads, store)) for store in place.stores),
        ("data tanpa manifes", partial(_orphans, place)),
        ("kiriman tanpa tanda terima", partial(find_unreceipted, place)),
        ("permohonan yang tidak berakhir", partial(_requests, place)),
        *((system.id, partial(_switches, place, system)) for system in place.office.systems),
    ]
    for where, look in looks:
        try:
            for leftover in look():
                found.append(leftover)
                if not dry_run and leftover.clean and _clean(leftover, problems):
                    cleaned.append(leftover.name)
        except JagadataError as error:
            problems.append(Problem(where=where, what=f"{error.message} {error.hint}".strip()))
    return SweepReport(found=tuple(found), cleaned=tuple(cleaned), problems=tuple(problems))


def _clean(leftover: Leftover, problems: list[Problem]) -> bool:
    try:
        if leftover.clean:
            leftover.clean()
    except JagadataError as error:
        problems.append(Problem(where=f"{leftover.name} ({leftover.where})", what=error.message))
        return False
    return True


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
    return sorted({key.split("/")[1] for key in place.records.keys("runs/")})


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


def _uploads(store: Store) -> Iterator[Leftover]:
    for name in store.leftovers(UPLOAD_AGE):
        yield Leftover(
            where=f"penyimpanan {store.name}",
            name=name,
            what="unggahan yang tidak pernah selesai",
            action="dibatalkan",
            clean=lambda: _abort(store),
        )


def _abort(store: Store) -> None:
    store.sweep_leftovers(UPLOAD_AGE)


def _orphans(place: Workplace) -> Iterator[Leftover]:
    """Data without a manifest in any store: of a backup that failed. Looked at only while every store answers."""
    objects: list[tuple[Store, StoredObject]] = []
    manifests: set[str] = set()
    whole: set[str] = set()
    for store in place.stores:
        for prefix in ("systems/", "doctor/"):
            for stored in store.list(prefix):
                if stored.key.endswith("/manifest.json"):
                    manifests.add(stored.key.removesuffix("manifest.json"))
                elif "/receipts/" in stored.key:
                    whole.add(stored.key.partition("receipts/")[0])
                else:
                    objects.append((store, stored))
    for store, stored in objects:
        backup, data, _ = stored.key.partition("/data/")
        if stored.key.startswith("systems/") and (not data or f"{backup}/" in manifests):
            continue
        if place.clock() - stored.modified < ORPHAN_AGE:
            continue
        if f"{backup}/" in whole:
            yield Leftover(
                where=f"penyimpanan {store.name}",
                name=stored.key,
                what="data back up yang pernah utuh, tetapi manifesnya hilang",
                action="selidiki; dapat dipulihkan dengan tangan (docs/format.md)",
            )
            continue
        probe = stored.key.startswith("doctor/")
        yield Leftover(
            where=f"penyimpanan {store.name}",
            name=stored.key,
            what="uji tulis dari `jaga doctor`" if probe else "data back up yang gagal (tanpa manifes)",
            action="dihapus",
            clean=partial(store.remove, stored),
        )


def _switches(place: Workplace, system: System) -> Iterator[Leftover]:
    for state in place.services(system.id).switches() if system.services else ():
        if state.state == "fired":
            reason = "host dinyalakan ulang" if state.reason == "reboot" else "batas waktu"
            yield Leftover(
                where=f"host {state.host}",
                name=f"sakelar {system.id}",
                what=f"sakelar pengaman bekerja ({reason}) pada {state.token}",
                action="layanan sudah diaktifkan; restore berikutnya memasangnya kembali",
            )
