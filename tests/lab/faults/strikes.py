"""The SSH server of the host is killed or hangs while a restore is in steps 2 to 4; sshd comes back sooner or only after the service did."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jagadata.errors import JagadataError
from jagadata.lab.ssh_server import start_ssh
from jagadata.restore.letters import inform_requester
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision
from tests.lab.faults.kills import SWITCH_SECONDS
from tests.lab.faults.scenario import STEPS, Verdict
from tests.lab.faults.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator

BRIEF_SECONDS = 1.0
Blow = Literal["killed", "killed, gone", "hung", "hung, gone"]
"""SIGKILL or SIGSTOP; `gone`: sshd is back only when the service is, else after BRIEF_SECONDS."""
BLOWS: tuple[Blow, ...] = ("killed", "killed, gone", "hung", "hung, gone")
STRUCK = ("stop", "restore", "start")
"""The methods of Recovery for steps 2, 3 and 4."""
STEP = {"stop": 2, "restore": 3, "start": 4}


@dataclass(frozen=True)
class Struck:
    """What came of one blow: in which step, before which call, and for how long the service did not answer."""

    step: int
    label: str
    blow: Blow
    off_seconds: float
    verdict: Verdict

    def __str__(self) -> str:
        return f"sshd {self.blow} in step {self.step}, {self.label}: {self.verdict.status}, off {self.off_seconds:.1f} s: {'; '.join(self.verdict.broken)}"


class Blacksmith(Tap):
    """Counts the calls of each step, and calls `strike` before one of them, which then goes on."""

    def __init__(self, phase: str = "", at: int = -1, strike=None) -> None:
        super().__init__()
        self.phase, self.at, self.strike = phase, at, strike
        self.now = ""
        self.seen: dict[str, list[str]] = {name: [] for name in STRUCK}

    def due(self, channel: str, label: str) -> str:
        if self.now in self.seen and channel in ("ssh", "process", "commit"):
            seen = self.seen[self.now]
            seen.append(f"{channel} {label}")
            if not self.fired and (self.now, len(seen) - 1) == (self.phase, self.at):
                self.fired = True
                self.strike()
        return super().due(channel, label)


class Clock(threading.Thread):
    """The longest time that the service did not answer, asked every 50 ms."""

    def __init__(self, is_up) -> None:
        super().__init__()
        self.is_up, self.longest, self.up = is_up, 0.0, True
        self.went_off = False
        self._over = threading.Event()

    def run(self) -> None:
        since = time.monotonic()
        while not self._over.wait(0.05):
            self.up = self.is_up()
            if self.up:
                since = time.monotonic()
            else:
                self.went_off = True
                self.longest = max(self.longest, time.monotonic() - since)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.join()


class Anvil:
    """A scenario's SSH server, to be struck. `hand` starts it again: a thread that lives on, for a server dies with its parent."""

    def __init__(self, scenario, hand: ThreadPoolExecutor) -> None:
        self.scenario, self.hand = scenario, hand
        self._revival: Future[None] | None = None

    def strike(self, blow: Blow, clock: Clock) -> None:
        ssh = self.scenario.ssh
        os.kill(ssh.server.pid, signal.SIGSTOP if blow.startswith("hung") else signal.SIGKILL)
        self._revival = self.hand.submit(self._revive, blow, clock)

    def _revive(self, blow: Blow, clock: Clock) -> None:
        end = time.monotonic() + (60 if blow.endswith("gone") else BRIEF_SECONDS)
        time.sleep(BRIEF_SECONDS)
        deadline = time.monotonic() + 2 * SWITCH_SECONDS + 2  # for a service that never went off
        while time.monotonic() < end and (not clock.went_off or not clock.up):
            if not clock.went_off and time.monotonic() > deadline:
                break
            time.sleep(0.05)
        ssh = self.scenario.ssh
        if blow.startswith("hung"):
            os.kill(ssh.server.pid, signal.SIGCONT)
        else:
            ssh.server.stop()
            self.scenario.ssh = self.scenario.closing.enter_context(
                start_ssh(ssh.client_key.parent, port=ssh.port)
            )

    def join(self) -> None:
        if self._revival:
            self._revival.result()


def play(scenario, run: str, smith: Blacksmith) -> str:
    """As scenario.play_restore, with a short switch, and the smith told which step is at work."""
    with scenario.lab.place() as place, smith, contextlib.suppress(JagadataError):
        object.__setattr__(place.office.policy.restore, "switch_minutes", SWITCH_SECONDS / 60)
        restore = RestoreRun(place, run, scenario.lab.request())
        restore.receive()
        restore.decide(Decision(answer="yes", signer="rina", at=place.clock().isoformat()), restore.plan.hash)
        with restore.recovery() as recovery:
            for step in STEPS:
                smith.now = step
                getattr(recovery, step)()
            smith.now = ""
        inform_requester(restore)
    return "ended"


def list_calls(scenario) -> dict[str, list[str]]:
    """The calls of each step in a restore that nothing happens to."""
    smith = Blacksmith()
    verdict = scenario.check(None, play=lambda run: play(scenario, run, smith))
    assert verdict.broken == [], verdict
    return smith.seen


def strike_at(scenario, hand: ThreadPoolExecutor, phase: str, at: int, label: str, blow: Blow) -> Struck:
    anvil = Anvil(scenario, hand)

    def attack(run: str) -> None:
        smith = Blacksmith(phase, at, lambda: anvil.strike(blow, clock))
        try:
            play(scenario, run, smith)
        finally:
            anvil.join()
        end = time.monotonic() + 60
        while not scenario.lab.is_up() and time.monotonic() < end:
            time.sleep(0.05)

    with Clock(scenario.lab.is_up) as clock:
        verdict = scenario.check(None, play=attack)
    return Struck(STEP[phase], label, blow, clock.longest, verdict)


def run_strikes(scenario, first: int = 0, every: int = 1) -> Iterator[Struck]:
    """Each blow before each call of steps 2 to 4: from the first-th on, every so many-th."""
    seen = list_calls(scenario)
    places = [(phase, at, label) for phase in STRUCK for at, label in enumerate(seen[phase])]
    hand = scenario.closing.enter_context(ThreadPoolExecutor(1))
    blows = [(*place, blow) for place in places for blow in BLOWS]
    for phase, at, label, blow in blows[first::every]:
        yield strike_at(scenario, hand, phase, at, label, blow)
