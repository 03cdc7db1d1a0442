"""What of restores needs a person's attention: those under way, and the services and switches that they stop and arm."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.errors import BusyError, DamagedError, RefusedError
from jagadata.findings import Concern
from jagadata.restore.record import is_ended
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import PrepareBegun
from jagadata.text.formats import format_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.office.machines import System
    from jagadata.procedure import OpenRun
    from jagadata.workplace import Workplace


def make_inspections(
    place: Workplace, runs: Sequence[OpenRun]
) -> list[tuple[str, Callable[[], Iterator[Concern]]]]:
    """What is inspected and how, one by one."""
    running = [item.run for item in runs if item.state == "running"]
    return [
        *(
            (f"layanan {system.id}", partial(find_service_concerns, place, system))
            for system in place.office.systems
        ),
        ("restore", partial(find_long_restores, place, running)),
    ]


def find_long_restores(place: Workplace, running: Sequence[str]) -> Iterator[Concern]:
    """Restores that take much longer than their plan said."""
    for run_id in running:
        try:
            journal = place.journal(run_id)
        except (DamagedError, RefusedError):
            continue  # the watch itself names a journal that is not whole
        begun = journal.last(PrepareBegun.STEP, PrepareBegun.EVENT)
        if begun is None or is_ended(journal):
            continue
        run = RestoreRun(place, run_id)
        limit = timedelta(minutes=max(30.0, 4 * run.impact.minutes_total))
        if place.clock() - begun.at < limit:
            continue
        try:
            with place.server(run.system).exclusive(run.system):
                continue  # nobody works on it: the watch ends it (follow_up.is_abandoned)
        except BusyError:
            since = format_moment(begun.at, place.timezone)
            yield Concern(
                key=f"restore {run_id}",
                text=f"Restore {run.number()} sistem '{run.system}' berjalan sejak {since}, jauh lebih lama daripada rencananya.",
                action="Lihat kemajuannya di Prefect; sakelar pengaman mengaktifkan layanan bila tidak ada kemajuan lagi.",
            )


def find_service_concerns(place: Workplace, system: System) -> Iterator[Concern]:
    """Services that do not run, and a switch that fired; nothing while a restore holds the switch."""
    if not system.services:
        return
    control = place.services(system.id)
    switch = control.switch()
    if switch.state == "armed":
        return  # a restore is at work, or its switch will fire
    if switch.state == "fired":
        yield Concern(
            key=f"sakelar {system.id} {switch.token}",
            text=f"Sakelar pengaman sistem '{system.id}' bekerja pada {switch.token}: layanan diaktifkan tanpa restore selesai.",
            action="Periksa permohonan restore itu dengan `jaga forms`, lalu lanjutkan dengan `jaga resume` atau ajukan kembali.",
        )
    for unit in control.status():
        if unit.state not in ("running", "idle"):
            yield Concern(
                key=f"unit {unit.host} {unit.unit}",
                text=f"Layanan '{unit.unit}' di host '{unit.host}' (sistem '{system.id}') tidak berjalan: {unit.detail or unit.state}.",
                action="Aktifkan layanan itu, atau keluarkan dari berkas kantor bila memang tidak dipakai.",
            )
