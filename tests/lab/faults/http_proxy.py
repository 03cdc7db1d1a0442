"""An HTTP proxy before a real server (S3, Prefect): it counts the requests, and lets one of them fail in one way."""

from __future__ import annotations

import contextlib
import http.client
import re
import select
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.faults.tap import Fault

ANSWERS = {
    "500": (500, "InternalError"),
    "503": (503, "ServiceUnavailable"),
    "slow down": (503, "SlowDown"),
    "permission": (403, "AccessDenied"),
    "disk full": (507, "QuotaExceeded"),
    "not found": (404, "NoSuchKey"),
}
"""Kinds that answer in the server's stead: nothing reaches it."""
EVERYWHERE = ("500", "503", "slow down", "permission", "refused", "silent", "lost")
WRITING = ("disk full", "half sent", "flipped sent")
READING = ("not found", "cut", "stall", "truncated", "flipped")
SMALL = 2
"""Bytes: a shorter body has no middle."""
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


class HttpTap:
    """As `tap.Tap`, for requests: a context manager; `calls` lists (channel, label); `fired` is set once the fault happened."""

    def __init__(self, proxy: HttpProxy, fault: Fault | None = None, *, only: str = "") -> None:
        self.proxy = proxy
        self.fault = fault
        self.only = re.compile(only)
        self.calls: list[tuple[str, str]] = []
        self.fired = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.proxy.tap = self
        return self

    def __exit__(self, *_error: object) -> None:
        self.proxy.tap = None

    def due(self, label: str) -> str:
        if not self.only.search(label):
            return ""
        with self._lock:
            number = len(self.calls)
            self.calls.append((self.proxy.channel, label))
        if self.fault is None or self.fault.at != number:
            return ""
        self.fired = True
        return self.fault.kind


class HttpProxy:
    """Listens on a port of its own; without a tap it only passes on. `weather` decides for every request, for storms."""

    def __init__(self, endpoint: str, channel: str) -> None:
        address = urlsplit(endpoint)
        self.upstream = (address.hostname or "127.0.0.1", address.port or 80)
        self.channel = channel
        self.tap: HttpTap | None = None
        self.weather: Callable[[str], str] = lambda _label: ""
        self.over = threading.Event()
        outer = self

        class Handler(_Handler):
            proxy = outer

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()

    def judge(self, label: str) -> str:
        kind = self.tap.due(label) if self.tap else ""
        return kind or self.weather(label)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *words) -> None:
        super().__init__(*words)
        self._open: set[socket.socket] = set()

    def get_request(self):
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        for one in list(self._open):
            reset(one)

    def handle_error(self, *_words) -> None:
        """Broken connections are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: HttpProxy

    def log_message(self, *_words) -> None:
        pass

    def do_any(self) -> None:
        if self.headers.get("Upgrade"):
            self._tunnel()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.proxy.judge(f"{self.command} {self.path}")
        if kind in ANSWERS:
            self._refuse(*ANSWERS[kind])
        elif kind == "refused":
            self._break()
        elif kind == "half sent":
            self._send_half(body)
            self._break()
        else:
            self._pass_on(flip(body) if kind == "flipped sent" else body, kind)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_any  # noqa: N815 - the names that http.server calls

    def _refuse(self, status: int, code: str) -> None:
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>x</Message></Error>".encode()
        self._answer(status, [("Content-Type", "application/xml")], text)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int = -1) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _break(self) -> None:
        self.close_connection = True
        reset(self.connection)

    def _wait_in_silence(self) -> None:
        """Until the client has had enough, or the proxy ends."""
        while not self.proxy.over.is_set():
            if select.select([self.connection], [], [], 0.1)[0]:
                break
        self._break()

    def _head(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name.lower() not in _HOP}

    def _send_half(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self._head().items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        with contextlib.suppress(OSError):
            connection.endheaders(body[: len(body) // 2])
            reset(connection.sock)

    def _pass_on(self, body: bytes, kind: str) -> None:
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self._head().items():
                connection.putheader(name, value)
            if body or self.command in ("PUT", "POST", "PATCH"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            found = answer.read()
        except (OSError, http.client.HTTPException):
            self._break()
            return
        finally:
            connection.close()
        headers, length = answer.getheaders(), len(found)
        if self.command == "HEAD":
            length = int(answer.getheader("Content-Length") or 0)
        if kind == "lost":
            self._break()
        elif kind == "silent":
            self._wait_in_silence()
        elif kind in ("cut", "stall") and length > SMALL:
            self._answer(answer.status, headers, found[: length // 2], length)
            if kind == "stall":
                self._wait_in_silence()
            self._break()
        elif kind == "truncated":
            self._answer(answer.status, headers, found[: length // 2])
        elif kind == "flipped":
            self._answer(answer.status, headers, flip(found))
        elif kind == "stale":
            self._answer(answer.status, headers, forget_the_last(found))
        else:
            self._answer(answer.status, headers, found, length)

    def _tunnel(self) -> None:
        """A web socket: passed on as it is."""
        self.close_connection = True
        lines = [self.requestline, *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        with contextlib.suppress(OSError), socket.create_connection(self.proxy.upstream) as server:
            server.sendall("\r\n".join(lines).encode("latin-1"))
            pair = {self.connection: server, server: self.connection}
            while not self.proxy.over.is_set():
                for one in select.select(list(pair), [], [], 0.2)[0]:
                    data = one.recv(2**16)
                    if not data:
                        return
                    pair[one].sendall(data)


def kinds_of(label: str) -> tuple[str, ...]:
    """The ways in which this request can fail."""
    method, _, path = label.partition(" ")
    if method == "HEAD":
        return (*EVERYWHERE, "not found")
    if method == "GET":
        return (*EVERYWHERE, *READING, *(("stale",) if "prefix=" in path else ()))
    return (*EVERYWHERE, *WRITING) if method in ("PUT", "POST") else EVERYWHERE


def flip(data: bytes) -> bytes:
    """One bit in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :] if data else data


def forget_the_last(listing: bytes) -> bytes:
    """A listing as an eventually consistent server shows it: without its newest entry."""
    entries = list(re.finditer(rb"<(Contents|Version)>.*?</\1>", listing, re.DOTALL))
    if not entries:
        return listing
    last = entries[-1]
    return listing[: last.start()] + listing[last.end() :]


def reset(one: socket.socket) -> None:
    """Close as a router that lost its memory would: RST, both ways."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        one.close()
