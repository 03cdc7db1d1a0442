"""Asks a web service over HTTP once, directly or through a forwarded port; no proxies, no redirects.

A question ends on the wall clock: a timeout of a socket begins anew with each byte, and looking up a name has none.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jagadata.adapters.ca_file import read_ca
from jagadata.errors import UnreachableError
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from jagadata.office.machines import Probe

_BODY_LIMIT = 1 << 20
_CHUNK = 1 << 14


class HttpProbe:
    """Implements services.Prober. `folder`: where relative `ca` files start (the office file's)."""

    def __init__(self, folder: Path = Path()) -> None:
        self.folder = folder

    def ask(self, probe: Probe, *, port: int | None, seconds: float) -> str:
        """'HTTP 200 dalam 0,03 detik' when status and text are as wanted. Raises UnreachableError (transient) otherwise."""
        begun = time.monotonic()
        try:
            status, body = self._get(probe, port, seconds)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = (
                explain_os_error(error)
                if isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
                else str(error).strip() or type(error).__name__
            )
            raise UnreachableError(
                f"{probe.url} tidak menjawab: {reason}.", "Periksa bahwa layanannya berjalan.", transient=True
            ) from error
        if status != probe.status:
            raise UnreachableError(
                f"{probe.url} menjawab HTTP {status}, yang diharapkan {probe.status}.",
                "Periksa catatan (log) aplikasi.",
                transient=True,
            )
        if probe.contains and probe.contains not in body:
            raise UnreachableError(
                f"{probe.url} menjawab HTTP {status} tanpa teks '{probe.contains}'.",
                "Periksa halaman itu di peramban; mungkin yang tampil halaman pemeliharaan.",
                transient=True,
            )
        taken = f"{time.monotonic() - begun:.2f}".replace(".", ",")
        return f"{probe.url} menjawab HTTP {status} dalam {taken} detik"

    def _get(self, probe: Probe, port: int | None, seconds: float) -> tuple[int, str]:
        """Status and text, within `seconds`. What still waits then is cut off, and left behind where it can't be."""
        asking = _Asking(probe, port, time.monotonic() + seconds)
        trust = self._trust(probe) if urlsplit(probe.url).scheme == "https" else None
        found: queue.SimpleQueue[tuple[int, str] | BaseException] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found.put(asking.get(trust))
            except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
                found.put(error)

        threading.Thread(target=ask, name="http-probe", daemon=True).start()
        try:
            answer = found.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"belum selesai setelah {seconds:.0f} detik") from None
        finally:
            asking.cut()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _trust(self, probe: Probe) -> ssl.SSLContext:
        if probe.ca is None:
            return ssl.create_default_context()
        return ssl.create_default_context(
            cadata=read_ca(self.folder / probe.ca.expanduser(), where=probe.url)
        )


class _Asking:
    """One question, from a thread of its own; `end`: the monotonic second at which nobody waits for the answer any more."""

    def __init__(self, probe: Probe, port: int | None, end: float) -> None:
        self._probe, self._port, self._end = probe, port, end
        self._plain: socket.socket | None = None

    def get(self, trust: ssl.SSLContext | None) -> tuple[int, str]:
        url = urlsplit(self._probe.url)
        host = url.hostname or ""
        far = url.port or (443 if trust else 80)
        near = ("127.0.0.1", self._port) if self._port is not None else (host, far)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._plain = plain = socket.create_connection(near, timeout=self._left())
        try:
            connection = http.client.HTTPConnection(host, far, timeout=self._left())
            # The certificate is checked for the service's own name, also through a forward.
            connection.sock = trust.wrap_socket(plain, server_hostname=host) if trust else plain
            connection.request(
                "GET",
                path,
                headers={
                    "Host": url.netloc.rpartition("@")[2],
                    "User-Agent": "jagadata",
                    "Connection": "close",
                },
            )
            response = connection.getresponse()
            body = self._read(response)
            connection.close()
            return response.status, body
        finally:
            plain.close()

    def _read(self, response: http.client.HTTPResponse) -> str:
        """As much of the text as decides: a page that never ends (an event stream) is read until the wanted words came."""
        wanted = (self._probe.contains or "").encode()
        body = bytearray()
        while wanted not in body and len(body) < _BODY_LIMIT and time.monotonic() < self._end:
            data = response.read1(_CHUNK)
            if not data:
                break
            body += data
        return body.decode("utf-8", errors="replace")

    def _left(self) -> float:
        return max(0.01, self._end - time.monotonic())

    def cut(self) -> None:
        """Wake the thread, wherever it waits."""
        if self._plain is not None:
            with contextlib.suppress(OSError):
                self._plain.shutdown(socket.SHUT_RDWR)
