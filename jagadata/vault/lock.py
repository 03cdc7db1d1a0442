"""Wait for a system's lock: whatever holds it ends by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from jagadata.errors import BusyError, RestoreRunningError
from jagadata.text.formats import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

Lock = TypeVar("Lock")
LOCK_TIMEOUT = 30 * 60.0
"""For how long (s) a restore waits for a backup of its system, and a backup for a restore, before it is refused."""
PAUSE, NOTIFY_EVERY = 2.0, 5 * 60.0
"""Seconds between two tries, and between two lines that report the wait (less than restore/follow_up.ABANDONED_AFTER)."""
_NOTHING_STOPPED = "belum ada yang dihentikan. Ajukan kembali setelah pekerjaan itu selesai."


def wait_for_lock(
    take: Callable[[], Lock],
    notify: Callable[[str], None],
    *,
    timeout: float = LOCK_TIMEOUT,
    never: tuple[type[BusyError], ...] = (RestoreRunningError,),
    hint: str = _NOTHING_STOPPED,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Lock:
    """What `take` returns, once it is not refused any more; `notify` hears what is waited for, and again every five minutes.

    Raises BusyError: of a kind that is `never` waited for, at once; something else that is still at work after `timeout` seconds.
    """
    begun, notified = clock(), -NOTIFY_EVERY
    while True:
        try:
            return take()
        except never:
            raise
        except BusyError as error:
            now = clock()
            if now - begun >= timeout:
                error.hint = f"Sudah ditunggu selama {format_duration(now - begun)}, dan {hint}"
                raise
            if now - begun - notified >= NOTIFY_EVERY:
                notify(f"Menunggu: {error.message}")
                notified = now - begun
            sleep(min(PAUSE, begun + timeout - now))
