"""An S3 server that takes 10,000 small parts (a real one wants them large), keeps them in a file, and cuts connections as told."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from tests.lab.faults.http_proxy import reset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class PartServer:
    """One object under any key. `cut_part` and `cut_answer` say for the n-th request (from 1) how it breaks: "" for not at all."""

    access_key, secret_key, region = "kunci", "rahasia", "us-east-1"

    def __init__(self, folder: Path, part_size: int) -> None:
        self.file = os.open(folder / "objek", os.O_RDWR | os.O_CREAT, 0o600)
        self.part_size = part_size
        self.parts: dict[int, tuple[str, int]] = {}
        self.size = -1
        self.token = ""
        self.count = {"PUT": 0, "GET": 0}
        self.cut_part: Callable[[int], str] = lambda _number: ""
        self.cut_answer: Callable[[int], int] = lambda _number: -1
        """How many bytes of the n-th download pass before it is cut; -1: all; -2: it goes silent after a megabyte."""
        self.over = threading.Event()
        outer = self

        class Handler(_Handler):
            store = outer

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        os.close(self.file)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_words) -> None:
        """Broken connections are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: PartServer

    def log_message(self, *_words) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        reset(self.connection)

    def do_PUT(self) -> None:
        store = self.store
        number = int(re.search(r"partNumber=(\d+)", self.path).group(1))
        length = int(self.headers["Content-Length"])
        store.count["PUT"] += 1
        kind = store.cut_part(store.count["PUT"])
        if kind == "silent":
            self.rfile.read(length)
            store.over.wait(60)
            return
        if kind in ("refused", "half sent"):
            self.rfile.read(length // 2 if kind == "half sent" else 0)
            self._cut()
            return
        data = self.rfile.read(length)
        etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        os.pwrite(store.file, data, (number - 1) * store.part_size)
        store.parts[number] = (etag, length)
        if kind == "lost":
            self._cut()
        else:
            self._answer(200, ETag=etag)

    def do_POST(self) -> None:
        store = self.store
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path.endswith("?uploads"):
            store.token = self.headers["x-amz-meta-jagadata-upload"]
            self._answer(
                200,
                b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
            )
            return
        wanted = [
            (int(number), etag.replace("&quot;", '"'))
            for number, etag in sorted(
                (
                    int(re.search(r"<PartNumber>(\d+)", one).group(1)),
                    re.search(r"<ETag>(.*?)</ETag>", one).group(1),
                )
                for one in re.findall(r"<Part>.*?</Part>", body.decode(), re.DOTALL)
            )
        ]
        if wanted != [(number, store.parts[number][0]) for number in range(1, len(store.parts) + 1)]:
            self._answer(400, b"<Error><Code>InvalidPart</Code></Error>")
            return
        store.size = sum(size for _, size in store.parts.values())
        self._answer(200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")

    def do_HEAD(self) -> None:
        if self.store.size < 0:
            self._answer(404)
            return
        self._answer(200, **self._description(self.store.size))

    def _description(self, length: int) -> dict[str, str]:
        return {
            "ETag": '"x"',
            "Last_Modified": "Mon, 02 Nov 2026 01:00:00 GMT",
            "Content_Length": str(length),
            "x_amz_meta_jagadata_upload": self.store.token,
        }

    def do_GET(self) -> None:
        store = self.store
        if self.path.endswith("?versioning"):
            self._answer(200, b"<VersioningConfiguration/>")
            return
        store.count["GET"] += 1
        passes = store.cut_answer(store.count["GET"])
        asked = re.match(r"bytes=(\d+)-", self.headers["Range"] or "")
        start = int(asked.group(1)) if asked else 0
        more = {"Content_Range": f"bytes {start}-{store.size - 1}/{store.size}"} if asked else {}
        self._answer(206 if asked else 200, **self._description(store.size - start), **more)
        end = store.size if passes == -1 else min(store.size, start + (2**20 if passes == -2 else passes))
        while start < end and (data := os.pread(store.file, min(2**18, end - start), start)):
            self.wfile.write(data)
            start += len(data)
        if passes == -2:
            store.over.wait(60)
        if passes != -1:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
