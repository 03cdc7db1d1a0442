"""Renews the dead-man's switch while there is progress, from a thread of its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError, SwitchFiredError

if TYPE_CHECKING:
    from jagadata.services.control import ServiceControl


class SwitchRenewer:
    """Renews every quarter of the switch's time, as long as `progress()` was called within that time.

    Without progress it lets the switch fire: after at most twice `seconds` the services run again.
    """

    def __init__(self, control: ServiceControl, seconds: float) -> None:
        self.control = control
        self.seconds = seconds
        self.fired: SwitchFiredError | None = None
        self._last_progress = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="switch-renewer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def progress(self, *, quiet: float = 0) -> None:
        """The restore got further; for the next `quiet` seconds nothing more is heard of it although it goes on."""
        self._last_progress = time.monotonic() + quiet

    def check(self) -> None:
        """Renew now, in this thread. Raises SwitchFiredError."""
        self.progress()
        if self.fired:
            raise self.fired
        self.control.renew()

    def stop(self) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def _run(self) -> None:
        while not self._end.wait(self.seconds / 4):
            if time.monotonic() - self._last_progress > self.seconds:
                continue
            try:
                self.control.renew()
            except SwitchFiredError as error:
                self.fired = error
                return
            except JagadataError:
                continue  # the network is away; the switch decides
