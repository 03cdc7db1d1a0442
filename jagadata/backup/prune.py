"""Carry out the retention policy: remove data objects, never manifests, receipts or forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.backup.retention import apply_policy
from jagadata.errors import JagadataError
from jagadata.findings import Problem
from jagadata.stores import layout
from jagadata.vault.catalog import write_receipt

if TYPE_CHECKING:
    from jagadata.backup.retention import RetentionDecision
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace


@dataclass(frozen=True, kw_only=True)
class PruneReport:
    """What was decided for every backup, what was removed, and what could not be read or removed."""

    decisions: tuple[RetentionDecision, ...]
    removed: tuple[str, ...]
    problems: tuple[Problem, ...]
    dry_run: bool

    @property
    def summary(self) -> str:
        going = sum(not decision.keep for decision in self.decisions)
        if self.dry_run:
            return f"{len(self.decisions)} back up diperiksa, {going} akan dihapus (belum ada yang dihapus)"
        return f"{len(self.decisions)} back up diperiksa, {len(self.removed)} dihapus, {len(self.problems)} masalah"

    def table(self) -> list[dict[str, str]]:
        """One line for each backup."""
        return [
            {
                "Sistem": decision.backup.manifest.system,
                "Back up": decision.backup.id,
                "Periode": decision.backup.manifest.period,
                "Keputusan": "disimpan" if decision.keep else "dihapus",
                "Alasan": "; ".join(decision.reasons),
            }
            for decision in self.decisions
        ]


def prune(place: Workplace, *, dry_run: bool, run: str, system: str | None = None) -> PruneReport:
    """Decide for every readable backup and, unless `dry_run`, remove what goes, oldest first. Safe to run again.

    What can't be read is a problem, and stays, and so does all that a store which does not answer may have a hold on;
    what has lost its data, or was made by a wrong clock, counts for nothing that others may go for. The present is what
    worker, stores and databases agree that has come.
    """
    moment = place.moment(system)
    catalog = place.catalog(system).as_of(moment)
    problems, removed = list(catalog.problems), []
    whole = []
    for backup in catalog.backups:
        if not backup.pruned and not _has_data(place, backup):
            problems.append(
                Problem(where=backup.id, what="Data back up ini tidak lengkap di penyimpanan mana pun.")
            )
        else:
            whole.append(backup)
    decisions = apply_policy(
        whole,
        place.office.policy.backup.retention,
        moment.astimezone(place.timezone),
        ahead={backup.id for backup in catalog.ahead()},
        names=catalog.names,
        unclear={backup.id for backup in whole if catalog.is_unclear(backup)},
    )
    if not dry_run:
        for decision in reversed([one for one in decisions if not one.keep]):
            faults = _remove(place, decision.backup)
            problems += faults
            if not faults:
                why = "; ".join(decision.reasons)
                write_receipt(place.records, decision.backup, "prune", place.clock(), run=run, reason=why)
                removed.append(decision.backup.id)
    return PruneReport(decisions=decisions, removed=tuple(removed), problems=tuple(problems), dry_run=dry_run)


def _has_data(place: Workplace, backup: Backup) -> bool:
    """Whether some store holds every data object at its size. (Whether the bytes are right: `jaga verify`.)"""
    for store in place.stores:
        try:
            found = {
                stored.key: stored.size
                for stored in store.list(layout.make_data_prefix(backup.manifest.system, backup.id))
            }
        except JagadataError:
            continue
        if all(found.get(entry.key) == entry.size for entry in backup.manifest.objects):
            return True
    return False


def _remove(place: Workplace, backup: Backup) -> list[Problem]:
    """Remove the data objects of one backup from every store; what a store refuses is a problem."""
    faults = []
    for store in place.stores:
        for entry in backup.manifest.objects:
            try:
                stored = store.find(entry.key)
                if stored is not None:
                    store.remove(stored)
            except JagadataError as error:
                faults.append(Problem(where=f"{entry.key} di {store.name}", what=error.message))
    return faults
