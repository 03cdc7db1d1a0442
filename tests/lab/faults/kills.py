"""kill -9 of the run's process at its calls: what the switch, the watch and `jaga resume` make of it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jagadata.errors import JagadataError
from jagadata.restore.run import RestoreRun
from tests.lab.faults.scenario import Verdict, carry_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SWITCH_SECONDS = 4
Rescue = Literal["watch", "resume", "switch"]
"""Who comes first after the death: the watch, a person with `jaga resume`, or nobody but the switch."""


@dataclass(frozen=True)
class Death:
    """What came of one kill: at which call, who came to the rescue, and for how long the service did not answer."""

    at: int
    label: str
    rescue: Rescue
    off_seconds: float
    verdict: Verdict

    def __str__(self) -> str:
        return f"kill #{self.at} {self.label} ({self.rescue}): {self.verdict.status}: {'; '.join(self.verdict.broken)}"


def kill_at(scenario, procedure: str, run: str, at: int) -> None:
    """Run the procedure in a process that kills itself at this call."""
    command = [sys.executable, "-m", "tests.lab.faults.driver", str(scenario.lab.path), procedure, run]
    done = subprocess.run(
        [*command, str(at), str(SWITCH_SECONDS)], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode not in (0, -9):
        raise RuntimeError(done.stderr[-2000:])


def run_kills(
    scenario, procedure: str, calls: Sequence[tuple[str, str]], positions: Sequence[int]
) -> Iterator[Death]:
    rescues: tuple[Rescue, ...] = ("watch", "resume", "switch")
    for number, at in enumerate(positions):
        rescue = rescues[number % 3]
        off = 0.0

        def play(run: str, at: int = at, rescue: Rescue = rescue) -> None:
            nonlocal off
            kill_at(scenario, procedure, run, at)
            begun = time.monotonic()
            if procedure == "restore" and rescue == "resume":
                with scenario.lab.place() as place, contextlib.suppress(JagadataError):
                    restore = RestoreRun(place, run)
                    if restore.may_go_on():
                        carry_out(restore)
            if rescue == "switch":
                while not scenario.lab.is_up() and time.monotonic() - begun < 60:
                    time.sleep(0.05)
            off = time.monotonic() - begun if rescue == "switch" else 0.0

        verdict = scenario.check(None, play=play)
        yield Death(at, " ".join(calls[at]), rescue, off, verdict)
