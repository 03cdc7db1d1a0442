"""A channel that keeps what it was given: for tests and for `jaga demo` without a mail server."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.errors import RefusedError, UnreachableError
from jagadata.ports.channel import Delivery

if TYPE_CHECKING:
    from jagadata.errors import JagadataError
    from jagadata.ports.channel import Message


class MemoryChannel:
    """Messages in the order in which they were sent. While `fault` is set, sending raises it; who is in `deferred` is put off."""

    def __init__(self, name: str = "memori", *, addressed: bool = True) -> None:
        self.name = name
        self.addressed = addressed
        self.deferred: set[str] = set()
        self.sent: list[Message] = []
        self.fault: JagadataError | None = None
        self._lock = threading.Lock()

    def send(self, message: Message) -> Delivery:
        if self.fault:
            raise self.fault
        if not self.addressed:
            return self._send_notice(message)
        if not message.to:
            raise RefusedError(
                f"Pesan '{message.subject}' tidak punya penerima.", "Isi alamat penerima di berkas kantor."
            )
        reached = tuple(address for address in message.to if address not in self.deferred)
        deferred = tuple(address for address in message.to if address in self.deferred)
        if not reached:
            raise UnreachableError(f"Pesan '{message.subject}' ditunda.", transient=True)
        with self._lock:
            self.sent.append(replace(message, to=reached))
        return Delivery(reference=f"e-mail ke {', '.join(reached)}", reached=reached, deferred=deferred)

    def _send_notice(self, message: Message) -> Delivery:
        if not message.notice:
            raise RefusedError(f"Surat '{message.subject}' bukan untuk saluran '{self.name}'.")
        with self._lock:
            self.sent.append(message)
        return Delivery(reference=f"saluran {self.name}")
