"""Months without a backup."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from jagadata.findings import Concern
from jagadata.text.periods import due_in, parse_period, period_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.text.periods import Period
    from jagadata.vault.catalog import Catalog
    from jagadata.workplace import Workplace


GRACE = timedelta(hours=24)
"""How long after its time a monthly backup may be missing."""


PERIODS_BACK = 3
"""Missed periods that are caught up, at most; older ones stay missing, nobody can make them any more."""


def missing_periods(place: Workplace, catalog: Catalog) -> list[tuple[str, Period]]:
    """(system, period) whose backup should be there since `GRACE` and is not; oldest first.

    A system counts from its first backup on: before that there is nothing that could have been missed.
    """
    now = place.clock()
    present = period_of(now, place.timezone)
    missing: list[tuple[str, Period]] = []
    for system in place.office.systems:
        own = [parse_period(backup.manifest.period) for backup in catalog.of(system.id)]
        if not own:
            continue
        for back in range(PERIODS_BACK, -1, -1):
            period = present.plus(-back)
            due = due_in(place.office.policy.backup.cron, period, place.timezone) + GRACE
            if period > min(own) and period not in own and now >= due:
                missing.append((system.id, period))
    return sorted(missing, key=lambda item: (str(item[1]), item[0]))


def make_periods(place: Workplace) -> Iterator[Concern]:
    catalog = place.catalog()
    for backup in catalog.ahead():
        yield Concern(
            key=f"waktu {backup.id}",
            text=f"Back up '{backup.id}' sistem '{backup.manifest.system}' dibuat dengan jam yang salah: waktunya lebih maju.",
            action="Back up itu tidak dihitung sebagai yang terbaru. Samakan jam dengan NTP, lalu buat back up baru.",
        )
    for system, period in missing_periods(place, catalog):
        yield Concern(
            key=f"periode {system} {period}",
            text=f"Sistem '{system}' belum memiliki back up untuk periode {period.text}.",
            action="Back up Susulan dijalankan sendiri; periksa hasilnya, atau jalankan SOP Back Up Data dari Prefect.",
        )
