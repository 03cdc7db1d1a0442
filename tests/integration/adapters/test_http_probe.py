"""Asking a web service: what it takes as an answer, and that it ends on the wall clock whatever the service does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from jagadata.adapters.http_probe import HttpProbe
from jagadata.errors import UnreachableError
from jagadata.office.machines import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@contextlib.contextmanager
def serve(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that does with each connection what `talk` says, until the event is set."""
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()
    threads: list[threading.Thread] = []

    def hold(near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            talk(near, over)

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=hold, args=(near,)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(10)


def _trickle(first: bytes, drop: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def talk(near: socket.socket, over: threading.Event) -> None:
        near.sendall(first)
        while not over.wait(0.1):
            near.sendall(drop)

    return talk


ENDLESS = {
    "a page that never ends": (_trickle(HEAD, b"data: x\n\n"), "tidak-pernah"),
    "a head that never ends": (_trickle(b"HTTP/1.1 200 OK\r\n", b"X"), None),
    "a status that never ends": (_trickle(b"H", b""), None),
    "headers without an end": (_trickle(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), None),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_service_that_never_comes_to_an_end_is_given_up_in_time(kind: str) -> None:
    talk, wanted = ENDLESS[kind]
    with serve(talk) as port:
        begun = time.monotonic()
        with pytest.raises(UnreachableError):
            HttpProbe().ask(Probe(url=f"http://127.0.0.1:{port}/", contains=wanted), port=None, seconds=1)
        assert time.monotonic() - begun < 5


def test_a_handshake_that_never_ends_is_given_up_in_time() -> None:
    with serve(_trickle(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", b"a")) as port:
        begun = time.monotonic()
        with pytest.raises(UnreachableError):
            HttpProbe().ask(Probe(url=f"https://127.0.0.1:{port}/"), port=None, seconds=1)
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("wanted", ["data: siap", None])
def test_an_event_stream_answers_as_soon_as_it_says_what_is_wanted(wanted: str | None) -> None:
    with serve(_trickle(HEAD, b"data: siap\n\n")) as port:
        begun = time.monotonic()
        answer = HttpProbe().ask(
            Probe(url=f"http://127.0.0.1:{port}/alir", contains=wanted), port=None, seconds=10
        )
        assert "HTTP 200" in answer
        assert time.monotonic() - begun < 5
