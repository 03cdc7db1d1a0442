"""What is done to a side database before it may go live: counted and analyzed at once, for the service is off meanwhile."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PULSE_SECONDS = 1.0


def count_and_analyze(
    count: Callable[[], T],
    analyze: Callable[[], None],
    pulse: Callable[[], None],
    give_up: Callable[[], object],
) -> T:
    """What `count` returns once both are done. `pulse` is called each second; what it raises ends both by `give_up`."""
    with ThreadPoolExecutor(2, thread_name_prefix="side") as pool:
        counted, analyzed = pool.submit(count), pool.submit(analyze)
        both: tuple[Future[Any], ...] = (counted, analyzed)
        try:
            while wait(both, timeout=PULSE_SECONDS).not_done:
                pulse()
        except BaseException:
            give_up()  # else leaving would wait for them
            raise
    analyzed.result()
    return counted.result()
