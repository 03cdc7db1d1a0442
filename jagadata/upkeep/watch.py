"""What the watch looks at besides single runs: stores, services, switches, journals, and what each SOP names. Notified once, and once when over.

What was notified stands in the store (`watch/`), so that any worker knows it.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import partial
from typing import TYPE_CHECKING, Literal

from jagadata.errors import (
    AlreadyExistsError,
    DamagedError,
    JagadataError,
    RefusedError,
    UnreachableError,
)
from jagadata.evidence.mirror import copy_missing
from jagadata.findings import Concern
from jagadata.papers import outbox
from jagadata.stores import layout
from jagadata.upkeep.mails import render_watch
from jagadata.upkeep.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jagadata.office.people import Role
    from jagadata.procedure import OpenRun, Procedure
    from jagadata.workplace import Workplace

WATCH_KIND = "application/vnd.jagadata.watch+json"


def inspect(
    place: Workplace, runs: Sequence[OpenRun] = (), procedures: Sequence[Procedure] = PROCEDURES
) -> list[Concern]:
    """Everything that is wrong now, with these runs under way or waiting; one check that fails is a concern of its own and hides nothing."""
    found: list[Concern] = []
    alive = [item.run for item in runs if item.state != "dead"]
    checks: list[tuple[str, Callable[[], Iterable[Concern]]]] = [
        ("penyimpanan", partial(_stores, place)),
        ("salinan catatan", partial(_copies, place)),
        ("jurnal", partial(_journals, place, alive)),
    ]
    for procedure in procedures:
        own = [item for item in runs if item.procedure == procedure.name]
        checks += procedure.concerns(place, own)
    for name, check in checks:
        try:
            found += check()
        except JagadataError as error:
            found.append(Concern(key=f"periksa {name}", text=f"{name}: {error.message}", action=error.hint))
    return found


def _stores(place: Workplace) -> Iterator[Concern]:
    for store in place.stores:
        try:
            store.find(layout.WATCH_PROBE)
        except JagadataError as error:
            yield Concern(key=f"penyimpanan {store.name}", text=error.message, action=error.hint)


def _copies(place: Workplace) -> Iterator[Concern]:
    """What a store missed while it was away is copied now; a store that is silent is a concern of its own."""
    if len(place.stores) > 1:
        with contextlib.suppress(UnreachableError):
            for problem in copy_missing(place.stores, place.seals):
                yield Concern(
                    key=f"salinan {problem.where}",
                    text=f"{problem.where} tidak disalin ke penyimpanan yang lain: {problem.what}",
                    action="Periksa kedua penyimpanan dengan `jaga backups` dan `jaga doctor`.",
                )


def _journals(place: Workplace, runs: Sequence[str]) -> Iterator[Concern]:
    """Runs that nobody can go on with, because their journal is not whole or of another version."""
    for run in runs:
        try:
            place.journal(run)
        except (DamagedError, RefusedError) as error:
            yield Concern(key=f"jurnal {run}", text=error.message, action=error.hint)


def notify_once(place: Workplace, concerns: list[Concern]) -> tuple[list[Concern], list[str]]:
    """Mail what is new and what is over; returns both. Nothing new: no mail. What could not be mailed is new the next time too.

    Raises UnreachableError while no store answers: what was notified already stands there (see `notify`).
    """
    opened = _open_concerns(place)
    now = {concern.key for concern in concerns}
    new = [concern for concern in concerns if concern.key not in opened]
    over = [text for key, text in opened.items() if key not in now]
    if (new or over) and not notify(place, new, over):
        return new, over
    for concern in new:
        _write(place, concern.key, concern.text, "open")
    for key, text in opened.items():
        if key not in now:
            _write(place, key, text, "over")
    return new, over


def notify(place: Workplace, new: Sequence[Concern], over: Sequence[str] = ()) -> bool:
    """Mail to those who hold an infrastructure role; False if no channel took it."""
    roles: tuple[Role, ...] = ("kasi_infrastruktur", "staf_infrastruktur", "kasi_aplikasi")
    holders = [official for role in roles for official in place.office.holders(role, place.today())]
    to = [official.email for official in holders if official.email]
    return outbox.send(place, render_watch(new, over, to=to, office=place.office.office.name))[0]


def _open_concerns(place: Workplace) -> dict[str, str]:
    """What was notified and is not over: text by key."""
    lines: dict[str, list[str]] = {}
    for key in sorted(place.records.keys(layout.WATCH)):
        lines.setdefault(layout.parse_concern(key), []).append(key)
    found: dict[str, str] = {}
    for keys in lines.values():
        try:
            value = place.records.read(keys[-1], WATCH_KIND).value
        except DamagedError:
            continue  # notified again, rather than never
        if value.get("state") == "open":
            found[str(value.get("key"))] = str(value.get("text"))
    return found


def _write(place: Workplace, key: str, text: str, state: Literal["open", "over"]) -> None:
    folder = hashlib.sha256(key.encode()).hexdigest()[:24]
    at = place.clock()
    value = {"at": at.isoformat(), "key": key, "text": text, "state": state}
    try:
        place.records.write(layout.make_watch_key(folder, at, state), WATCH_KIND, value)
    except AlreadyExistsError:
        return
