"""The system's lock: nothing is stopped yet, so whatever holds it and ends by itself is waited for."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from jagadata.errors import BusyError, JagadataError, RestoreRunningError
from jagadata.evidence.lines import write
from jagadata.restore.steps import PrepareNote
from jagadata.text.formats import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.evidence.journal import Journal
    from jagadata.ports.data_source import DataSource, Swap

log = logging.getLogger(__name__)
Lock = TypeVar("Lock")
LOCK_TIMEOUT = 30 * 60.0
"""For how long (s) a restore waits for a backup of its system, before it is refused."""
PAUSE, NOTIFY_EVERY = 2.0, 5 * 60.0
"""Seconds between two tries, and between two lines that report the wait (less than follow_up.ABANDONED_AFTER)."""


def acquire_lock(
    server: DataSource, system: str, journal: Journal, stack: contextlib.ExitStack, *, timeout: float
) -> Swap:
    """Hold the system's lock as a restore until `stack` closes, once it is free. Raises BusyError, see `wait_for_lock`."""

    def take() -> Swap:
        return stack.enter_context(server.exclusive(system, restoring=True))

    def notify(text: str) -> None:
        """In the run's log, and in the journal: a run that notes nothing for a while counts as abandoned."""
        log.warning(text)
        with contextlib.suppress(JagadataError):  # a store that is away is reported when it is needed
            write(journal, PrepareNote(text=text))

    return wait_for_lock(take, notify, timeout=timeout)


def wait_for_lock(
    take: Callable[[], Lock],
    notify: Callable[[str], None],
    *,
    timeout: float = LOCK_TIMEOUT,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Lock:
    """What `take` returns, once it is not refused any more; `notify` hears what is waited for, and again every five minutes.

    Raises:
        RestoreRunningError: another restore is at work; at once.
        BusyError: something else still is, after `timeout` seconds.
    """
    begun, notified = clock(), -NOTIFY_EVERY
    while True:
        try:
            return take()
        except RestoreRunningError:
            raise
        except BusyError as error:
            now = clock()
            if now - begun >= timeout:
                error.hint = (
                    f"Sudah ditunggu selama {format_duration(now - begun)}, dan belum ada yang dihentikan. "
                    "Ajukan kembali setelah pekerjaan itu selesai."
                )
                raise
            if now - begun - notified >= NOTIFY_EVERY:
                notify(f"Menunggu: {error.message}")
                notified = now - begun
            sleep(min(PAUSE, begun + timeout - now))
