"""What the watch looks at besides single runs: services, switches, periods, stores, long restores. Told once, and once when over.

What is told stands in the store (`watch/`), so that any worker knows it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

from jagadata import papers, post
from jagadata.calendar import due_in, format_moment, parse_period, period_of
from jagadata.errors import (
    AlreadyExistsError,
    BusyError,
    DamagedError,
    JagadataError,
    RefusedError,
)
from jagadata.recovery import RECOVERY
from jagadata.restore_run import RestoreRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.calendar import Period
    from jagadata.catalog import Catalog
    from jagadata.office import Role, System
    from jagadata.workplace import Workplace

WATCH_KIND = "application/vnd.jagadata.watch+json"
GRACE = timedelta(hours=24)
"""How long after its time a monthly backup may be missing."""
PERIODS_BACK = 3
"""Missed periods that are caught up, at most; older ones stay missing, nobody can make them any more."""


@dataclass(frozen=True, kw_only=True)
class Concern:
    """Something that is not as it should be. `key` stays the same as long as it is the same concern."""

    key: str
    text: str
    action: str


def look(place: Workplace, running: Sequence[str] = (), waiting: Sequence[str] = ()) -> list[Concern]:
    """Everything that is wrong now (ids of restores under way, and of runs that wait at a gate); one check that fails is a concern of its own and hides nothing."""
    found: list[Concern] = []
    checks: list[tuple[str, Callable[[], Iterator[Concern]]]] = [
        ("penyimpanan", partial(_stores, place)),
        *((f"layanan {system.id}", partial(_services, place, system)) for system in place.office.systems),
        ("periode", partial(_periods, place)),
        ("jurnal", partial(_journals, place, (*running, *waiting))),
        ("restore", partial(_long_restores, place, running)),
    ]
    for name, check in checks:
        try:
            found += check()
        except JagadataError as error:
            found.append(Concern(key=f"periksa {name}", text=f"{name}: {error.message}", action=error.hint))
    return found


def _stores(place: Workplace) -> Iterator[Concern]:
    for store in place.stores:
        try:
            store.find("jagadata-watch")
        except JagadataError as error:
            yield Concern(key=f"penyimpanan {store.name}", text=error.message, action=error.hint)


def _services(place: Workplace, system: System) -> Iterator[Concern]:
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
        if unit.state != "running":
            yield Concern(
                key=f"unit {unit.host} {unit.unit}",
                text=f"Layanan '{unit.unit}' di host '{unit.host}' (sistem '{system.id}') tidak berjalan: {unit.detail or unit.state}.",
                action="Aktifkan layanan itu, atau keluarkan dari berkas kantor bila memang tidak dipakai.",
            )


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


def _periods(place: Workplace) -> Iterator[Concern]:
    for system, period in missing_periods(place, place.catalog()):
        yield Concern(
            key=f"periode {system} {period}",
            text=f"Sistem '{system}' belum memiliki back up untuk periode {period.text}.",
            action="Back up Susulan dijalankan sendiri; periksa hasilnya, atau jalankan SOP Back Up Data dari Prefect.",
        )


def _journals(place: Workplace, runs: Sequence[str]) -> Iterator[Concern]:
    """Runs that nobody can go on with, because their memory is not whole or of another version."""
    for run_id in runs:
        try:
            place.journal(run_id)
        except (DamagedError, RefusedError) as error:
            yield Concern(key=f"jurnal {run_id}", text=error.message, action=error.hint)


def _long_restores(place: Workplace, running: Sequence[str]) -> Iterator[Concern]:
    """Restores that take much longer than their plan said."""
    for run_id in running:
        try:
            journal = place.journal(run_id)
        except (DamagedError, RefusedError):
            continue  # told by _journals
        begun = journal.last("prepare", "begin")
        if begun is None or journal.outcome(RECOVERY) is not None:
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


def tell_once(place: Workplace, concerns: list[Concern]) -> tuple[list[Concern], list[str]]:
    """Mail what is new and what is over; returns both. Nothing new: no mail. What could not be mailed is new the next time too.

    Raises UnreachableError while no store answers: what was told already stands there (see `tell`).
    """
    opened = _open_concerns(place)
    now = {concern.key for concern in concerns}
    new = [concern for concern in concerns if concern.key not in opened]
    over = [text for key, text in opened.items() if key not in now]
    if (new or over) and not tell(place, new, over):
        return new, over
    for concern in new:
        _write(place, concern.key, concern.text, "open")
    for key, text in opened.items():
        if key not in now:
            _write(place, key, text, "over")
    return new, over


def tell(place: Workplace, new: Sequence[Concern], over: Sequence[str] = ()) -> bool:
    """Mail to those who hold an infrastructure role; False if no channel took it."""
    roles: tuple[Role, ...] = ("kasi_infrastruktur", "staf_infrastruktur", "kasi_aplikasi")
    holders = [official for role in roles for official in place.office.holders(role, place.today())]
    to = [official.email for official in holders if official.email]
    return post.send(place, papers.render_watch(new, over, to=to, office=place.office.office.name))[0]


def _open_concerns(place: Workplace) -> dict[str, str]:
    """What was told and is not over: text by key."""
    lines: dict[str, list[str]] = {}
    for key in sorted(place.records.keys("watch/")):
        lines.setdefault(key.split("/")[1], []).append(key)
    found: dict[str, str] = {}
    for keys in lines.values():
        try:
            value = place.records.read(keys[-1], WATCH_KIND).value
        except DamagedError:
            continue  # told again, rather than never
        if value.get("state") == "open":
            found[str(value.get("key"))] = str(value.get("text"))
    return found


def _write(place: Workplace, key: str, text: str, state: Literal["open", "over"]) -> None:
    folder = hashlib.sha256(key.encode()).hexdigest()[:24]
    stamp = place.clock().strftime("%Y%m%dt%H%M%S%fz").lower()
    value = {"at": place.clock().isoformat(), "key": key, "text": text, "state": state}
    try:
        place.records.write(f"watch/{folder}/{stamp}-{state}.json", WATCH_KIND, value)
    except AlreadyExistsError:
        return
