"""What the watch looks at besides single runs: services, switches, periods, stores, long restores. Told once, and once when over.

What is told stands in the store (`watch/`), so that any worker knows it.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Literal

from jagadata.backup.concerns import make_periods
from jagadata.errors import (
    AlreadyExistsError,
    DamagedError,
    JagadataError,
)
from jagadata.findings import Concern
from jagadata.papers import outbox
from jagadata.restore import concerns as restore
from jagadata.upkeep.mails import render_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.office.people import Role
    from jagadata.workplace import Workplace

WATCH_KIND = "application/vnd.jagadata.watch+json"


def look(place: Workplace, running: Sequence[str] = (), waiting: Sequence[str] = ()) -> list[Concern]:
    """Everything that is wrong now (ids of restores under way, and of runs that wait at a gate); one check that fails is a concern of its own and hides nothing."""
    found: list[Concern] = []
    checks: list[tuple[str, Callable[[], Iterator[Concern]]]] = [
        ("penyimpanan", partial(_stores, place)),
        ("periode", partial(make_periods, place)),
        *restore.make_inspections(place, running, waiting),
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
    return outbox.send(place, render_watch(new, over, to=to, office=place.office.office.name))[0]


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
