"""Between approval and stop: the plan computed again, and the backup fetched from the first store whose copy is whole."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.errors import DamagedError, NotFoundError, UnreachableError
from jagadata.restore.impact import measure_impact
from jagadata.restore.planning import (
    check_restore,
    find_backup,
    load_properties,
    make_plan,
    no_readable_copy,
    refuse_changed,
)
from jagadata.restore.recovery.swap import SideDatabase, make_names
from jagadata.restore.request import refuse_beyond_limits
from jagadata.restore.rollback import plan_rollback
from jagadata.stores.copies import from_first_good
from jagadata.vault.spool import fetch_archive, refuse_small_spool, unnamed_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jagadata.ports.data_source import Properties
    from jagadata.ports.store import Store
    from jagadata.restore.request import Impact, Plan, PlannedDataSet
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What lies ready: one side database per database with its decrypted archive, and the store that it came from."""

    sides: list[SideDatabase]
    backup: Backup
    properties: dict[str, Properties]
    store: str


def fetch_planned(
    place: Workplace,
    run: str,
    plan: Plan,
    shown: Impact,
    stack: contextlib.ExitStack,
    progress: Callable[[int], None],
) -> Fetched:
    """Check that exactly the approved plan still holds, then fetch. The archives are open until `stack` closes.

    Raises:
        RefusedError: the plan or the state changed since the approval, or the restore would fail.
        DamagedError, UnreachableError: no store gives the backup whole.
    """
    backup = find_backup(place, plan.request)
    if backup.id != plan.backup:  # a newer one came meanwhile: the approved one counts
        backup = place.catalog(plan.request.system).get(plan.backup)
    refuse_changed(plan, make_plan(place, plan.request, backup))
    spool = place.office.spool_folder
    refuse_small_spool(spool, sum(data.archive_size for data in backup.manifest.data))

    def fetch(store: Store) -> Fetched:
        with contextlib.ExitStack() as files:
            properties = load_properties(place, backup, store)
            check_restore(place, plan, properties)
            refuse_beyond_limits(shown, measure_impact(place, plan, backup, properties))
            sides = [
                _fetch(place, run, planned, backup, store, spool, files, progress) for planned in plan.data
            ]
            stack.push(files.pop_all())
        return Fetched(sides=sides, backup=backup, properties=properties, store=store.name)

    return from_first_good(
        backup.held_by(place.stores),
        fetch,
        missing=no_readable_copy(backup),
        passable=(DamagedError, NotFoundError, UnreachableError),
    ).value


def _fetch(
    place: Workplace,
    run: str,
    planned: PlannedDataSet,
    backup: Backup,
    store: Store,
    spool: Path,
    files: contextlib.ExitStack,
    progress: Callable[[int], None],
) -> SideDatabase:
    side, kept = make_names(run, planned.name)
    archive = files.enter_context(unnamed_file(spool))
    entry, versions = backup.manifest.database(planned.name), backup.versions_in(store.name)
    identities = place.identities_for(backup.manifest.recipients)
    fetch_archive(entry, store, versions, identities, archive, progress)
    return SideDatabase(planned=planned, side=side, kept=kept, archive=archive)


def plan_rollback_sides(place: Workplace, run: str, plan: Plan, shown: Impact) -> list[SideDatabase]:
    """What takes its name back in a rollback. Raises RefusedError if the plan or the state changed since the approval."""
    present, measured = plan_rollback(place, plan.request)
    refuse_changed(plan, present)
    refuse_beyond_limits(shown, measured)
    return [
        SideDatabase(
            planned=planned,
            side=planned.side,
            kept=make_names(run, planned.name)[1],
            identity=planned.side_identity,
        )
        for planned in plan.data
    ]
