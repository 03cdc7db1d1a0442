"""What a way to reach people must be able to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something to tell people, already in words. A letter is for its addressees alone."""

    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[tuple[str, bytes]] = field(default=())  # file name, content
    headers: Sequence[tuple[str, str]] = field(default=())  # of a mail: In-Reply-To, Auto-Submitted; ASCII
    notice: str = ""
    """What the office itself may be told of it in a room of its own: names no person, no paper. Empty: nothing."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of a message that at least somebody got."""

    reference: str
    """For the form: 'e-mail ke …', also who was refused."""
    reached: Sequence[str] = ()
    deferred: Sequence[str] = ()
    """Addresses that the server takes later (greylisting, a full mailbox): to be sent to again."""


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str: ...

    @property
    def addressed(self) -> bool:
        """A message reaches whom it names. Otherwise it reaches a room of the office, whoever it names: only notices go there."""

    def send(self, message: Message) -> Delivery:
        """Send to all that it names, or, where not addressed, its notice.

        Raises:
            RefusedError: nobody was named, or everybody was refused for good.
            UnreachableError: nobody could be reached now; `transient` where the same may succeed later.
        """


def reaches(channel: Channel, message: Message) -> bool:
    """Whether this channel brings the message to those it is meant for, and to nobody else."""
    return bool(message.to) if channel.addressed else bool(message.notice)
