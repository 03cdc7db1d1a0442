"""The services of one system: stopped in order and proven stopped, started in reverse and asked; and the switch that guards them.

SOP Restore, steps 2 and 4. Everything on a host is done by one script (host_script.sh): root's own with `control: script`,
else uploaded into the login user's folder, so that the dead-man's switch starts the very services that we stop.
All listed services are started again, also one that was already down before: it may be down because of the damage.
"""

from __future__ import annotations

import itertools
import math
import time
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError, RefusedError, SwitchFiredError, UnreachableError
from jagadata.services.agent import HostAgent
from jagadata.services.states import Answered, SwitchState, UnitAction, UnitState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jagadata.office.machines import HostEntry, Probe, Service, System
    from jagadata.ports.host import Host
    from jagadata.ports.probe import Prober

_GRAVITY = ("disarmed", "armed", "fired")
_ASK_AGAIN_SECONDS = 0.5


class ServiceControl:
    """Stops and starts what the office file lists for one system. `clock` and `sleep` are seconds; threads may share one.

    `connect` gives the open host of a name; `probe` asks over HTTP (adapters/http_probe.py).
    """

    def __init__(
        self,
        system: System,
        hosts: Mapping[str, HostEntry],
        connect: Callable[[str], Host],
        *,
        probe: Prober,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system = system
        self._connect, self._probe, self._clock, self._sleep = connect, probe, clock, sleep
        names = dict.fromkeys(service.host for service in system.services)  # in the order of the file
        self._gates = {name: HostAgent(system, hosts[name], connect) for name in names}
        self._token = ""

    # --- services ---

    def status(self) -> tuple[UnitState, ...]:
        """Every service, in the order of the file. Raises JagadataError where a host can't tell."""
        found = {(state.host, state.unit): state for gate in self._gates.values() for state in gate.status()}
        return tuple(
            found.get((service.host, service.unit))
            or UnitState(
                host=service.host,
                unit=service.unit,
                manager=service.manager,
                state="unknown",
                detail="tidak ada dalam daftar skrip host",
            )
            for service in self.system.services
        )

    def script_version(self, host: str) -> str:
        """See HostAgent.script_version."""
        return self._gates[host].script_version()

    def stop(self) -> tuple[UnitAction, ...]:
        """Stop the services in the order of the file. Raises JagadataError; what comes after the fault is left alone."""
        actions: list[UnitAction] = []
        for host, services in self._runs():
            begun = self._clock()
            before = self._gates[host].act("stop", services)
            seconds = self._clock() - begun
            actions += [
                UnitAction(host=host, unit=item.unit, seconds=seconds, was_running=before.get(item.unit))
                for item in services
            ]
        return tuple(actions)

    def start(self) -> tuple[UnitAction, ...]:
        """Start all services in reverse order; one that fails does not keep the others down. Raises JagadataError afterwards."""
        actions: list[UnitAction] = []
        faults: list[JagadataError] = []
        for host, services in reversed(self._runs()):
            begun = self._clock()
            try:
                self._gates[host].act("start", services)
            except JagadataError as error:
                faults.append(error)
                continue
            seconds = self._clock() - begun
            actions += [UnitAction(host=host, unit=item.unit, seconds=seconds) for item in reversed(services)]
        _raise_all(faults)
        return tuple(actions)

    def _runs(self) -> list[tuple[str, list[Service]]]:
        """Neighbours on one host go in one call: the service is off for as short as may be."""
        return [
            (host, list(services))
            for host, services in itertools.groupby(self.system.services, key=lambda service: service.host)
        ]

    def prove_stopped(self) -> tuple[str, ...]:
        """What shows that every service is off, in words for the form. Raises RefusedError that names what still runs."""
        proof, faults = [], []
        listening = {
            name: gate.listening()
            for name, gate in self._gates.items()
            if any(service.host == name and service.port for service in self.system.services)
        }
        for service, state in zip(self.system.services, self.status(), strict=True):
            where = f"'{service.unit}' di host '{service.host}'"
            if state.state == "running":
                faults.append(f"{where} masih berjalan ({state.detail})")
            elif state.state == "unknown":
                faults.append(f"{where} tidak dapat dipastikan ({state.detail})")
            elif state.wakers:
                faults.append(f"{where} dapat dinyalakan lagi oleh {', '.join(state.wakers)}")
            elif service.port and service.port in listening[service.host]:
                faults.append(f"port {service.port} di host '{service.host}' masih terbuka")
            else:
                port = f", port {service.port} tertutup" if service.port else ""
                proof.append(f"{service.unit} di {service.host}: berhenti ({state.detail}){port}")
        if faults:
            raise RefusedError(
                f"Layanan sistem '{self.system.id}' belum terbukti berhenti: " + "; ".join(faults) + ".",
                "Hentikan yang disebut (socket, timer, dan cron termasuk layanan), atau cantumkan di services berkas kantor.",
            )
        return tuple(proof)

    def stop_seconds(self) -> dict[str, int]:
        """For how long each unit may take to stop, by its manager's own setting; `host/unit` to seconds."""
        return {
            f"{name}/{unit}": seconds
            for name, gate in self._gates.items()
            for unit, seconds in gate.stop_limits().items()
        }

    @property
    def start_seconds(self) -> float:
        """For how long a start may take until every probe is answered."""
        longest = max((one.probe.timeout for one in self.system.services if one.probe), default=0)
        return 90 * len(self.system.services) + longest

    def start_and_ask(self) -> Answered:
        """Start all, then ask. A helper that does not start is a note where every probe is answered: the data carries the system.

        Raises JagadataError as long as the services do not answer.
        """
        fault: JagadataError | None = None
        try:
            self.start()
        except UnreachableError:
            raise
        except JagadataError as error:
            fault = error
        try:
            answers = self._ask_all()
        except JagadataError as error:
            raise self._silent([error, *map(_not_running, self._down())]) from error
        down = self._down()
        helpers = {(one.host, one.unit) for one in self.system.services if one.is_helper}
        if fault and (not answers or not down or any((one.host, one.unit) not in helpers for one in down)):
            raise fault
        if down and not (answers and all((one.host, one.unit) in helpers for one in down)):
            raise self._silent([_not_running(state) for state in down])
        notes = (
            f"layanan pembantu '{one.unit}' di host '{one.host}' tidak berjalan ({one.detail})"
            for one in down
        )
        return Answered(answers=answers, notes=tuple(notes))

    def probe(self) -> tuple[str, ...]:
        """What each service answers, asked until its deadline (all deadlines begin now). Raises UnreachableError."""
        fault: JagadataError | None = None
        answers: tuple[str, ...] = ()
        try:
            answers = self._ask_all()
        except JagadataError as error:
            fault = error
        down = [_not_running(state) for state in self._down()]
        if fault or down:
            raise self._silent([*([fault] if fault else []), *down])
        return answers

    def _ask_all(self) -> tuple[str, ...]:
        begun, answers, faults = self._clock(), [], []
        for service in self.system.services:
            if service.probe is None:
                continue
            try:
                answers.append(f"{service.unit}: {self._ask(service.probe, begun)}")
            except JagadataError as error:
                faults.append(error)
        if faults:
            raise UnreachableError("; ".join(fault.message.rstrip(".") for fault in faults) + ".")
        return tuple(answers)

    def _down(self) -> list[UnitState]:
        return [state for state in self.status() if state.state not in ("running", "idle")]

    def _silent(self, faults: Sequence[JagadataError]) -> UnreachableError:
        return UnreachableError(
            f"Layanan sistem '{self.system.id}' belum menjawab: "
            + "; ".join(fault.message.rstrip(".") for fault in faults)
            + ".",
            "Periksa catatan (log) aplikasi di host itu, lalu periksa alamat pada probe di berkas kantor.",
        )

    def _ask(self, probe: Probe, begun: float) -> str:
        fault: JagadataError | None = None
        while True:
            left = probe.timeout - (self._clock() - begun)
            if left <= 0 and fault:
                raise fault
            try:
                return self._ask_once(probe, max(1.0, min(left, 10.0)))
            except JagadataError as error:
                fault = error
            self._sleep(_ASK_AGAIN_SECONDS)

    def _ask_once(self, probe: Probe, seconds: float) -> str:
        if probe.via is None:
            return self._probe.ask(probe, port=None, seconds=seconds)
        from urllib.parse import urlsplit

        url = urlsplit(probe.url)
        far = url.port or (443 if url.scheme == "https" else 80)
        with self._connect(probe.via).forward(url.hostname or "127.0.0.1", far) as port:
            return self._probe.ask(probe, port=port, seconds=seconds)

    # --- the dead-man's switch ---

    def arm(self, token: str, seconds: float) -> None:
        """Arm on every host before anything stops. Raises RefusedError while another token is armed; then none stays armed."""
        armed: list[HostAgent] = []
        for gate in self._gates.values():
            try:
                gate.arm(token, math.ceil(seconds))
            except BaseException:
                for other in armed:
                    _quietly(other, token)
                raise
            armed.append(gate)
        self._token = token

    def take_over_switch(self, token: str) -> bool:
        """Take over the switch that an earlier attempt of the same run armed; True if it is still armed on every host."""
        self._token = token
        try:
            self.renew()
        except JagadataError:
            self._token = ""
            return False
        return True

    def renew(self) -> None:
        """Put the deadline off again, on every host. Raises SwitchFiredError: fired, rebooted, gone or another token."""
        if not self._token and self._gates:
            raise SwitchFiredError(
                f"Sakelar pengaman sistem '{self.system.id}' belum dipasang.",
                "Pasang sakelar sebelum menghentikan layanan.",
            )
        faults: list[JagadataError] = []
        for gate in self._gates.values():
            try:
                gate.renew(self._token)
            except JagadataError as error:
                faults.append(error)
        fired = next((fault for fault in faults if isinstance(fault, SwitchFiredError)), None)
        if fired:
            raise fired
        _raise_all(faults)

    def disarm(self, token: str | None = None) -> None:
        """Disarm our own token (or the one given by a person). All hosts are tried. Raises SwitchFiredError if it had fired."""
        token = token or self._token
        if not token:
            return
        faults: list[JagadataError] = []
        for gate in self._gates.values():
            try:
                gate.disarm(token)
            except JagadataError as error:
                faults.append(error)
        _raise_all(faults)
        self._token = ""

    def switch(self) -> SwitchState:
        """The gravest state of all hosts: fired, then armed, then disarmed."""
        states = self.switches()
        if not states:
            return SwitchState(host="", state="disarmed")
        return max(states, key=lambda state: _GRAVITY.index(state.state))

    def switches(self) -> tuple[SwitchState, ...]:
        return tuple(gate.switch() for gate in self._gates.values())


def _not_running(state: UnitState) -> JagadataError:
    return JagadataError(f"Unit '{state.unit}' di host '{state.host}' tidak berjalan ({state.detail}).")


def _quietly(gate: HostAgent, token: str) -> None:
    """Disarm after a refusal elsewhere; where even that fails, the switch only starts services that run."""
    import contextlib

    with contextlib.suppress(JagadataError):
        gate.disarm(token)


def _raise_all(faults: Sequence[JagadataError]) -> None:
    if not faults:
        return
    if len(faults) == 1:
        raise faults[0]
    raise JagadataError(
        " ".join(fault.message for fault in faults),
        faults[0].hint,
        transient=all(fault.transient for fault in faults),
    ) from faults[0]
