"""What interrupted runs left behind: found, explained, and cleaned where nothing can be lost. `jaga sweep` and flows/watch.py.

Nothing is decided by taking a name apart: the names that a run may have made are computed from its id and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.collection.leftovers import find_unreceipted
from jagadata.errors import JagadataError
from jagadata.findings import ORPHAN_AGE, Leftover, Problem
from jagadata.restore import leftovers as restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.ports.store import Store, StoredObject
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
        *restore.make_inspections(place, by),
        *((store.name, partial(_uploads, store)) for store in place.stores),
        ("data tanpa manifes", partial(_orphans, place)),
        ("kiriman tanpa tanda terima", partial(find_unreceipted, place)),
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
