"""A channel that keeps what it was given: for tests and for `jaga demo` without a mail server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from jagadata.errors import JagadataError
    from jagadata.ports.channel import Message


class MemoryChannel:
    """Messages in the order in which they were sent. While `fault` is set, sending raises it."""

    def __init__(self, name: str = "memori") -> None:
        self.name = name
        self.sent: list[Message] = []
        self.fault: JagadataError | None = None
        self._lock = threading.Lock()

    def send(self, message: Message) -> str:
        if self.fault:
            raise self.fault
        if not message.to:
            raise RefusedError(
                f"Pesan '{message.subject}' tidak punya penerima.", "Isi alamat penerima di berkas kantor."
            )
        with self._lock:
            self.sent.append(message)
        return f"e-mail ke {', '.join(message.to)}"
