"""What interrupted runs left behind: found, explained, and cleaned where nothing can be lost. `jaga sweep` and flows/sweep.py.

What an SOP leaves is its package's to say (`Procedure.leftovers`); here is what any run may leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError
from jagadata.findings import ORPHAN_AGE, Leftover, Problem
from jagadata.stores import layout
from jagadata.upkeep.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jagadata.ports.store import Store
    from jagadata.procedure import Procedure
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


def sweep(
    place: Workplace, *, dry_run: bool, by: str, procedures: Sequence[Procedure] = PROCEDURES
) -> SweepReport:
    """Look everywhere; unless `dry_run`, clean what is safe to clean. Safe at any time: what a living run uses is locked or too young."""
    problems: list[Problem] = []
    found: list[Leftover] = []
    cleaned: list[str] = []
    looks: list[tuple[str, Callable[[], Iterable[Leftover]]]] = [
        *(look for procedure in procedures for look in procedure.leftovers(place, by)),
        *((store.name, partial(_uploads, store)) for store in place.stores),
        *((store.name, partial(_probes, place, store)) for store in place.stores),
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


def _probes(place: Workplace, store: Store) -> Iterator[Leftover]:
    """What `jaga doctor` wrote with a key that may not delete."""
    for stored in store.list(layout.PROBES):
        if place.clock() - stored.modified >= ORPHAN_AGE:
            yield Leftover(
                where=f"penyimpanan {store.name}",
                name=stored.key,
                what="uji tulis dari `jaga doctor`",
                action="dihapus",
                clean=partial(store.remove, stored),
            )
