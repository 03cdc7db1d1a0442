"""What services and switches are, as the host's script tells it: values and their parsers. No I/O."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from jagadata.ports.host import Completed

State = Literal["running", "stopped", "unknown", "idle"]
"""`idle`: it ends by itself, does not run now, and only people start it."""


@dataclass(frozen=True, kw_only=True)
class UnitState:
    """One service as its manager sees it. `wakers`: active sockets, timers or paths that would start it again."""

    host: str
    unit: str
    manager: str
    state: State
    detail: str  # the manager's own word
    wakers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnitAction:
    """One service that was stopped or started."""

    host: str
    unit: str
    seconds: float  # of the call that did it; neighbours on one host share a call
    was_running: bool | None = None  # before the stop; None: a start


@dataclass(frozen=True, kw_only=True)
class SwitchState:
    """The dead-man's switch of one host. `fired` also stands for a host that was rebooted while armed."""

    host: str
    state: Literal["disarmed", "armed", "fired"]
    token: str = ""
    seconds: float = 0  # armed: until it fires; else: since it fired or was disarmed
    reason: Literal["", "deadline", "reboot"] = ""
    watched: bool = False  # its watcher lives on the host


_DETAILS = {
    "aside": "berkas cron disisihkan",
    "in-place": "berkas cron terpasang",
    "at-work": "pekerjaannya sedang berjalan",
}
"""What the script says of what no manager has a word for."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The services carry the system again. `notes`: helpers that did not start although all else answers."""

    answers: tuple[str, ...]
    notes: tuple[str, ...] = ()


def parse_units(host: str, text: str, *, kind: Literal["unit", "was"] = "unit") -> list[UnitState]:
    """The `unit` (now) or `was` (before a stop) lines of the script: MANAGER UNIT STATE DETAIL WAKERS."""
    states: list[UnitState] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 6 and words[0] == kind and words[3] in ("running", "stopped", "unknown", "idle"):
            _, manager, unit, state, detail, wakers = words
            states.append(
                UnitState(
                    host=host,
                    unit=unit,
                    manager=manager,
                    state=cast("State", state),
                    detail=_DETAILS.get(detail, detail),
                    wakers=() if wakers == "-" else tuple(wakers.split(",")),
                )
            )
    return states


def parse_limits(text: str) -> dict[str, int]:
    """The `limit` lines of the script: for how many seconds each unit may take to stop; none from an older script."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == "limit" and words[3].isdecimal():
            found[words[2]] = int(words[3])
    return found


def parse_switch(host: str, done: Completed) -> SwitchState:
    """The `switch` line of the script: STATE TOKEN SECONDS REASON WATCHER. Raises JagadataError where there is none."""
    for line in done.stdout.splitlines():
        words = line.split()
        if (
            len(words) == 6
            and words[0] == "switch"
            and words[1] in ("disarmed", "armed", "fired")
            and words[3].lstrip("-").isdecimal()
        ):
            return SwitchState(
                host=host,
                state=cast("Literal['disarmed', 'armed', 'fired']", words[1]),
                token="" if words[2] == "-" else words[2],
                seconds=float(words[3]),
                reason=cast("Literal['', 'deadline', 'reboot']", words[4] if words[4] != "-" else ""),
                watched=words[5] == "alive",
            )
    raise JagadataError(
        f"Skrip di host '{host}' tidak menjawab keadaan sakelar: {(done.stderr or done.stdout)[-300:] or 'kosong'}",
        f"Pasang ulang skripnya dari `jaga host prepare {host}`.",
    )


def parse_listening(text: str) -> set[int]:
    """Ports that listen, from /proc/net/tcp and tcp6 (state 0A). Source: proc(5)."""
    ports: set[int] = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == "0A" and ":" in words[1]:
            with contextlib.suppress(ValueError):
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports
