"""What a way to reach people must be able to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something to tell people, already in words."""

    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[tuple[str, bytes]] = field(default=())  # file name, content
    headers: Sequence[tuple[str, str]] = field(default=())  # of a mail: In-Reply-To, Auto-Submitted; ASCII


class Channel(Protocol):
    """A way to reach people. Raises UnreachableError; returns a reference for the form ('e-mail ke …')."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> str: ...
