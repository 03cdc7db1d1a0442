"""Doing what must be done although a host may be away for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 3


def retry_until(
    act: Callable[[], object],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Call `act` until it succeeds: up to three times, and as often as it takes within `seconds` while its faults may pass (transient).

    Raises:
        JagadataError: the last fault.
    """
    end, pause, tries = clock() + seconds, 0.5, 0
    while True:
        tries += 1
        try:
            act()
        except JagadataError as error:
            left = end - clock()
            if (not error.transient or left <= 0) and tries >= TRIES:
                raise
            if error.transient and left > 0:
                sleep(min(pause, left))
                pause = min(2 * pause, 5)
        else:
            return
