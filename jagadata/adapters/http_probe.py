"""Asks a web service over HTTP once, directly or through a forwarded port; no proxies, no redirects."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jagadata.errors import JagadataError, UnreachableError

if TYPE_CHECKING:
    from jagadata.office.machines import Probe

_BODY_LIMIT = 1 << 20


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
            reason = str(error).strip() or type(error).__name__
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
        url = urlsplit(probe.url)
        host, secure = url.hostname or "", url.scheme == "https"
        far = url.port or (443 if secure else 80)
        near = ("127.0.0.1", port) if port is not None else (host, far)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        plain = socket.create_connection(near, timeout=seconds)
        try:
            connection = http.client.HTTPConnection(host, far, timeout=seconds)
            # The certificate is checked for the service's own name, also through a forward.
            connection.sock = self._trust(probe).wrap_socket(plain, server_hostname=host) if secure else plain
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
            body = response.read(_BODY_LIMIT)
            connection.close()
            return response.status, body.decode("utf-8", errors="replace")
        finally:
            plain.close()

    def _trust(self, probe: Probe) -> ssl.SSLContext:
        if probe.ca is None:
            return ssl.create_default_context()
        path = self.folder / probe.ca.expanduser()
        try:
            return ssl.create_default_context(cafile=str(path))
        except OSError as error:
            raise JagadataError(
                f"Sertifikat CA {path} untuk {probe.url} tidak dapat dibaca: {error.strerror or error}.",
                "Perbaiki lokasi 'ca' pada probe di berkas kantor.",
            ) from error
