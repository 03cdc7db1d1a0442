"""A port on 127.0.0.1 that leads elsewhere: accepts, opens the far side, carries bytes both ways."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_CHUNK = 1 << 18


class Stream(Protocol):
    """The far side: a socket or an SSH channel."""

    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...
    def shutdown(self, how: int, /) -> None: ...
    def close(self) -> None: ...


class Forwarder:
    """Listens from the moment that it is made; a connection whose far side can't be opened is closed at once.

    Leaving the context ends the listener and every connection.
    """

    def __init__(self, open_far_side: Callable[[], Stream], *, name: str) -> None:
        self._open = open_far_side
        self._name = name
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._streams: set[Stream | socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = False
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._ended = True
            streams = [*self._streams, self._listener]
        for stream in streams:
            with contextlib.suppress(OSError, EOFError):
                stream.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in recv or accept
            _close(stream)
        for thread in list(self._threads):
            thread.join(5)

    def _spawn(self, target: Callable[..., None], *values: object) -> None:
        thread = threading.Thread(
            target=target, args=values, name=f"forward-{self._name}-{self.port}", daemon=True
        )
        self._threads = [other for other in self._threads if other.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._spawn(self._connect, near)

    def _connect(self, near: socket.socket) -> None:
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            far = self._open()
        except Exception:  # noqa: BLE001 - whatever it was, the client sees a closed connection, as with a closed port
            near.close()
            return
        with self._lock:
            ended = self._ended
            if not ended:
                self._streams |= {near, far}
        if ended:
            _close(near)
            _close(far)
            return
        back = threading.Thread(
            target=self._carry, args=(far, near), name=f"forward-{self._name}-back", daemon=True
        )
        back.start()
        self._carry(near, far)
        back.join()
        with self._lock:
            self._streams -= {near, far}
        _close(near)
        _close(far)

    def _carry(self, source: Stream, target: Stream) -> None:
        """Until the source ends; then the target is told so, and the other direction goes on."""
        try:
            while data := source.recv(_CHUNK):
                target.sendall(data)
        except (OSError, EOFError):
            for stream in (source, target):  # broken, not ended: both directions are over
                with contextlib.suppress(OSError, EOFError):
                    stream.shutdown(socket.SHUT_RDWR)
            return
        with contextlib.suppress(OSError, EOFError):
            target.shutdown(socket.SHUT_WR)


def _close(stream: Stream | socket.socket) -> None:
    with contextlib.suppress(OSError, EOFError):  # an SSH channel says goodbye, over a line that may be dead
        stream.close()
