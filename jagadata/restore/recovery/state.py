"""How far a recovery is. Pure."""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Whether the services are off is another matter (outage.py): an earlier attempt may have stopped them."""

    WAITING = auto()  # for the system's lock; nothing was touched
    PREPARED = auto()  # the plan holds, the backup is fetched
    STOPPED = auto()  # the services are proven to be off
    SWAPPING = auto()  # begun, and nobody has heard yet how it ended
    SWAPPED = auto()  # the restored data has the live name
    SWAPPED_BACK = auto()  # it did not carry the service: the old data has its name again
    STARTED = auto()  # the services run on the restored data
    ENDED = auto()  # the result is written, by us or by another worker; or the request was closed
    ELSEWHERE = auto()  # another worker carries this very run out: its result is not ours to write
