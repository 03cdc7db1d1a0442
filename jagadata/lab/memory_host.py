"""A host in memory that answers as host_script.sh does: units, listening ports and the switch; for tests of what builds on hosts."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError, UnreachableError
from jagadata.ports.host import Completed
from jagadata.services.script import services_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.office.machines import Service, System


@dataclass
class _Switch:
    state: str = "disarmed"
    token: str = "-"  # noqa: S105 - no secret: the script's word for none
    deadline: float = 0
    span: float = 0
    reason: str = "-"
    spent: set[str] = field(default_factory=set)


class MemoryHost:
    """Implements ports.Host for the commands that ServiceControl sends; `clock` gives seconds.

    `units` maps unit to running; `stubborn` units do not obey; `unreachable` cuts the network; `log` holds what was asked.
    Units fire back on by themselves: whoever looks after the deadline finds them running.
    """

    def __init__(
        self, name: str, systems: Sequence[System], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.units: dict[str, bool] = {}
        self.stubborn: set[str] = set()
        self.unreachable = False
        self.log: list[str] = []
        self.script = "-"
        self.limits: dict[str, int] = {}
        self._services: dict[str, list[Service]] = {}
        self._switches: dict[str, _Switch] = {}
        for system in systems:
            self._services[system.id] = services_on(system, name)
            self.units |= {service.unit: True for service in self._services[system.id]}
            self._switches[system.id] = _Switch()
        self._clock = clock
        self._lock = threading.RLock()

    # --- ports.Host ---

    def run(
        self, argv: Sequence[str], *, stdin: str = "", timeout: float = 30, check: bool = True
    ) -> Completed:
        if self.unreachable:
            raise UnreachableError(
                f"Host '{self.name}' tidak dapat dihubungi.", "Periksa jaringan.", transient=True
            )
        del timeout  # nothing here takes time
        with self._lock:
            self._fire()
            code, stdout = self._answer(list(argv), stdin)
        if check and code != 0:
            raise JagadataError(f"Perintah di host '{self.name}' gagal (kode {code}).", "Periksa host itu.")
        return Completed(argv=tuple(argv), code=code, stdout=stdout, stderr="", seconds=0)

    @contextlib.contextmanager
    def forward(self, address: str, port: int) -> Iterator[int]:
        """The port itself: this host shares our loopback."""
        del address
        if self.unreachable:
            raise UnreachableError(
                f"Host '{self.name}' tidak dapat dihubungi.", "Periksa jaringan.", transient=True
            )
        yield port

    def close(self) -> None:
        """Nothing is open."""

    # --- what tests do to it ---

    def reboot(self) -> None:
        """Everything runs again; an armed switch counts as fired."""
        with self._lock:
            for unit in self.units:
                self.units[unit] = True
            for switch in self._switches.values():
                if switch.state == "armed":
                    self._mark_fired(switch, "reboot")

    # --- the script's verbs ---

    def _answer(self, argv: list[str], stdin: str) -> tuple[int, str]:
        if argv[:1] == ["cat"]:
            return 0, "  sl  local_address rem_address   st\n" + "".join(
                f"   0: 0100007F:{service.port:04X} 00000000:0000 0A\n"
                for services in self._services.values()
                for service in services
                if service.port and self.units[service.unit]
            )
        if argv[-1] not in self._services:
            return (0, "") if argv[:2] == ["sh", "-c"] else (64, "")  # the upload; a system that is not here
        verb, system = argv[-2:]
        words = [] if verb in ("status", "switch") else stdin.split()
        self.log.append(" ".join([verb, system, *words]))
        if verb == "stop" and self._switches[system].state != "armed":
            return 12, self._tell(self._switches[system])
        if verb in ("status", "stop", "start"):
            return self._act(verb, self._services[system], words)
        return self._move(verb, self._switches[system], words)

    def _act(self, verb: str, services: list[Service], wishes: list[str]) -> tuple[int, str]:
        if set(wishes) - {service.unit for service in services}:
            return 64, ""
        lines, code = [f"script {self.script}\n"] if verb == "status" else [], 0
        for service in services:
            if verb != "status" and wishes and service.unit not in wishes:
                continue
            if verb == "stop":
                lines.append(self._line("was", service))
            if verb != "status" and service.unit not in self.stubborn:
                self.units[service.unit] = verb == "start"
            obeyed = verb == "status" or self.units[service.unit] == (verb == "start")
            if verb == "status" or not obeyed:
                lines.append(self._line("unit", service))
            if verb == "status":
                lines.append(f"limit {service.manager} {service.unit} {self.limits.get(service.unit, 10)}\n")
            code = code if obeyed else 13
        return code, "".join(lines)

    def _line(self, kind: str, service: Service) -> str:
        state = "running RUNNING" if self.units[service.unit] else "stopped STOPPED"
        return f"{kind} {service.manager} {service.unit} {state} -\n"

    def _move(self, verb: str, switch: _Switch, words: list[str]) -> tuple[int, str]:
        code = 0
        token = words[0] if words else ""
        if verb != "switch" and not re.fullmatch(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,99}", token):
            return 65, ""
        if verb == "arm":
            if len(words) != 2 or not words[1].isdecimal() or not 0 < int(words[1]) <= 14400:
                return 65, ""
            if switch.state == "armed" and switch.token != token:
                code = 11
            elif token in switch.spent:
                code = 10
            else:
                switch.state, switch.token, switch.span, switch.reason = "armed", token, float(words[1]), "-"
                switch.deadline = self._clock() + switch.span
        elif verb in ("renew", "disarm") and (switch.state, switch.token) != ("disarmed", token):
            code = self._judge(switch, token)
            if code == 0 and verb == "renew":
                switch.deadline = self._clock() + switch.span
            elif code == 0:
                switch.state, switch.deadline = "disarmed", self._clock()
        elif verb == "renew":
            code = 12
        return code, self._tell(switch) if code or verb == "switch" else ""

    def _judge(self, switch: _Switch, token: str) -> int:
        if switch.state == "armed":
            return 0 if switch.token == token else 11
        return 10 if switch.state == "fired" or token in switch.spent else 12

    def _tell(self, switch: _Switch) -> str:
        seconds = abs(switch.deadline - self._clock()) if switch.deadline else 0
        watcher = "alive" if switch.state == "armed" else "dead"
        return f"switch {switch.state} {switch.token} {seconds:.0f} {switch.reason} {watcher}\n"

    def _fire(self) -> None:
        for system, switch in self._switches.items():
            if switch.state == "armed" and self._clock() >= switch.deadline:
                self._mark_fired(switch, "deadline")
                for service in self._services[system]:
                    self.units[service.unit] = True

    def _mark_fired(self, switch: _Switch, reason: str) -> None:
        switch.state, switch.reason = "fired", reason
        switch.spent.add(switch.token)
