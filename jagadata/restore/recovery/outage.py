"""The time in which the services are off: begun by arming the dead-man's switch, ended by a start that is seen to answer."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError, RefusedError
from jagadata.evidence.lines import count, read_last, write
from jagadata.restore.recovery.heartbeat import SwitchRenewer
from jagadata.restore.recovery.retry import retry_until
from jagadata.restore.steps import Started, StopBegun

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from jagadata.evidence.journal import Journal
    from jagadata.services.control import ServiceControl


@dataclass(kw_only=True)
class Outage:
    """Of one system, in one run; an earlier attempt of the run may have begun it. `span`: the switch's time in seconds.

    `off_at`: since when the services may be off; `started`: when they were seen to answer again.
    """

    control: ServiceControl
    journal: Journal
    clock: Callable[[], datetime]
    span: float
    off_at: datetime | None = None
    started: Started | None = None
    _renewer: SwitchRenewer | None = field(default=None, init=False)

    @property
    def is_open(self) -> bool:
        """From here on leaving means starting."""
        return self.off_at is not None and self.started is None

    # --- how it begins ---

    def inherit(self) -> bool:
        """Go on with the outage of an earlier attempt that died, if its switch is still armed."""
        earlier = read_last(self.journal, StopBegun)
        if earlier is None or not self.control.take_over_switch(earlier.token):
            return False
        self.off_at = earlier.off_at
        return True

    def inherit_unguarded(self) -> None:
        """The switch of an earlier attempt fired or is gone; what it stopped may be off since."""
        earlier = read_last(self.journal, StopBegun)
        if earlier is not None:
            self.off_at = earlier.off_at

    def end_earlier(self) -> None:
        """Start what an earlier attempt stopped and no switch guards any more, before anything else is tried."""
        earlier = read_last(self.journal, StopBegun)
        if earlier is None:
            return
        self.control.start()
        with contextlib.suppress(JagadataError):  # armed on some hosts only
            self.control.disarm(earlier.token)

    def arm(self) -> None:
        """Arm the switch under a new token, written down before. Raises RefusedError while another one is armed."""
        attempt = 1 + count(self.journal, StopBegun)
        begun = StopBegun(token=f"{self.journal.run}-{attempt}", off_at=self.clock())
        write(self.journal, begun)
        self.control.arm(begun.token, self.span)
        self.off_at = begun.off_at

    # --- while it lasts ---

    def renew(self) -> None:
        """From now on the switch is renewed as long as there is progress."""
        self._renewer = SwitchRenewer(self.control, self.span)
        self._renewer.start()

    @property
    def is_guarded(self) -> bool:
        """The switch is armed by us, and renewed."""
        return self._renewer is not None

    def progress(self, *, quiet: float = 0) -> None:
        """See SwitchRenewer.progress."""
        if self._renewer:
            self._renewer.progress(quiet=quiet)

    def stop(self) -> None:
        """Stop the services; those that take long by their manager's own setting are waited for."""
        self.progress(quiet=sum(self.control.stop_seconds().values()))
        self.control.stop()
        self.progress()

    def check(self) -> None:
        """Renew the switch now. Raises SwitchFiredError, and RefusedError where it was never armed."""
        if self._renewer is None:
            raise RefusedError(
                "Pertukaran nama ditolak: penghentian layanan belum dibuktikan.",
                "Jalankan langkah 2 lebih dahulu.",
            )
        self._renewer.check()

    # --- how it ends ---

    def start(self) -> Started:
        """Start the services, ask them, and disarm. Raises JagadataError as long as they do not answer."""
        self.progress(quiet=self.control.start_seconds)
        answered = self.control.start_and_ask()
        self.progress()
        self.started = Started(on_at=self.clock(), answers=answered.answers, notes=answered.notes)
        self.release()
        with contextlib.suppress(JagadataError):  # a switch that fires late only starts what runs
            retry_until(self.control.disarm, seconds=10)
        return self.started

    def bring_up(self) -> list[str]:
        """Start for as long as it takes; what came of it, in words. A host that is away is waited for until its switch has surely fired."""
        try:
            retry_until(self.start, seconds=2 * self.span)
        except JagadataError as fault:
            return [
                f"layanan belum menjawab: {fault.message}",
                "sakelar pengaman di host tetap terpasang dan akan mencoba mengaktifkan layanan",
            ]
        return ["layanan diaktifkan kembali"]

    def release(self) -> None:
        """Renew the switch no more."""
        if self._renewer:
            self._renewer.stop()
