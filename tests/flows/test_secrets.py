"""Secrets in Prefect's blocks: what is missing, refused or out of reach is told as such, wherever it is needed."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prefect import __version__
from prefect.settings import PREFECT_API_URL, temporary_settings

from jagadata.errors import RefusedError, UnreachableError
from jagadata.lab.processes import free_port
from jagadata.office import secrets
from tasks.runs import prefect_secret


class Api(BaseHTTPRequestHandler):
    """A Prefect API that answers every question about a block with `status`."""

    status = 404

    def do_GET(self):
        version = self.path.endswith("/admin/version")
        self.send_response(200 if version else self.status)
        self.end_headers()
        self.wfile.write(f'"{__version__}"'.encode() if version else b'{"detail": "x"}')

    def log_message(self, *_words):
        pass


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, RefusedError, "Buat blok Secret 'sandi-dump' di Prefect"),
        (401, UnreachableError, "PREFECT_API_AUTH_STRING"),
        (None, UnreachableError, "Periksa server Prefect"),
    ],
)
def test_a_block_that_can_not_be_read_is_told_with_what_to_do(monkeypatch, status, error, words):
    secrets.register("uji", prefect_secret)  # a name of its own: other tests know no "prefect:"
    monkeypatch.setattr(Api, "status", status or 404)
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port if status else free_port()
        with (
            temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}),
            pytest.raises(error) as told,
        ):
            secrets.reveal("uji:sandi-dump", folder=Path())
        server.shutdown()
    assert words in told.value.hint
    assert "sandi-dump" in told.value.message
