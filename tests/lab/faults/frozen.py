"""A machine that is paused: our own process stops itself at one call."""

from __future__ import annotations

import os
import re
import signal

from tests.lab.faults import driver
from tests.lab.faults.kills import SWITCH_SECONDS
from tests.lab.faults.tap import Tap


class Frozen(Tap):
    """Stops its own process at one call, as a machine that is paused."""

    def __init__(self, after: str, at: str) -> None:
        super().__init__()
        self.waiting = [after, at]

    def due(self, channel: str, label: str) -> str:
        if self.waiting and re.search(self.waiting[0], f"{channel} {label}"):
            self.waiting.pop(0)
            if not self.waiting:
                os.kill(os.getpid(), signal.SIGSTOP)
        return super().due(channel, label)


def freeze(office, run, after, at):
    """In a process of its own."""
    driver.main(office, "restore", run, -1, SWITCH_SECONDS, Frozen(after, at))
