"""A restore's turn: nothing is stopped yet, so whatever holds the system's lock and ends by itself is waited for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from jagadata.calendar import format_duration
from jagadata.errors import BusyError, RestoreRunningError

if TYPE_CHECKING:
    from collections.abc import Callable

Lock = TypeVar("Lock")
PATIENCE = 30 * 60.0
"""For how long (s) a restore waits for a backup of its system, before it is refused."""
PAUSE, TOLD_EVERY = 2.0, 5 * 60.0
"""Seconds between two tries, and between two lines that tell of the wait (less than follow_up.ABANDONED_AFTER)."""


def wait_for_turn(
    take: Callable[[], Lock],
    tell: Callable[[str], None],
    *,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Lock:
    """What `take` returns, once it is not refused any more; `tell` is told what is waited for, and again every five minutes.

    Raises:
        RestoreRunningError: another restore is at work; at once.
        BusyError: something else still is, after `patience` seconds.
    """
    begun, told = clock(), -TOLD_EVERY
    while True:
        try:
            return take()
        except RestoreRunningError:
            raise
        except BusyError as error:
            now = clock()
            if now - begun >= patience:
                error.hint = (
                    f"Sudah ditunggu selama {format_duration(now - begun)}, dan belum ada yang dihentikan. "
                    "Ajukan kembali setelah pekerjaan itu selesai."
                )
                raise
            if now - begun - told >= TOLD_EVERY:
                tell(f"Menunggu: {error.message}")
                told = now - begun
            sleep(min(PAUSE, begun + patience - now))
