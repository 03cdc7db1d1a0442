"""What stands between a store and its server in the tests: a proxy that breaks connections, and a server of the old kind."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import re
import socket
import ssl
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


def make_certificate(path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Fault:
    """Once the client sent `after`, let `passed` bytes of the answer through; then cut the connection, or go silent."""

    after: bytes
    passed: int = 0
    silent: bool = False


@dataclass
class Proxy:
    """A TCP proxy on a port of its own. Faults come one after the other; without any left it only passes on."""

    endpoint: str
    faults: deque[Fault] = field(default_factory=deque)
    refuses: bool = False

    def __enter__(self):
        address = urlsplit(self.endpoint)
        self._server = (address.hostname, address.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._armed = False
        self._count = 0
        self._mutex = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_error):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            _reset(one)
        for thread in self._threads:
            thread.join()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses:
                _reset(client)
                continue
            server = socket.create_connection(self._server)
            self._open |= {client, server}
            for source, target, back in ((client, server, False), (server, client, True)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, back))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source, target, back):
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                if self.refuses:
                    break
                data, over = self._judge(data) if back else (self._look(data), None)
                target.sendall(data)
                if over is not None and over.silent:
                    return  # both stay open and nothing comes
                if over is not None:
                    break
        for one in (source, target):
            _reset(one)

    def _look(self, data):
        with self._mutex:
            if self.faults and self.faults[0].after in data:
                self._armed, self._count = True, 0
        return data

    def _judge(self, data):
        with self._mutex:
            if not (self._armed and self.faults):
                return data, None
            fault = self.faults[0]
            rest = fault.passed - self._count
            self._count += len(data)
            if self._count < fault.passed:
                return data, None
            self._armed = False
            self.faults.popleft()
            return data[:rest], fault


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a server insists on."""

    digest: bool = False  # Content-MD5 on each write, as a bucket with Object Lock and a default retention
    virtual: bool = False  # the bucket in the name, never in the path
    unversioned: bool = False  # 501 on everything about versions and locks


class Dialect:
    """An HTTP proxy before a real server that enforces its rules, then signs the request anew as that server takes it.

    It is reached as an endpoint, or as a client's proxy (`http_proxy`): then names such as bucket.localhost need not resolve.
    """

    def __init__(self, server, rules: Rules):
        self.refused: list[str] = []
        outer, target = self, urlsplit(server.endpoint)
        keys = Credentials(server.access_key, server.secret_key)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def refuse(self, status, code):
                outer.refused.append(code)
                body = f"<Error><Code>{code}</Code></Error>".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_PUT(self):
                data = self.rfile.read(int(self.headers["Content-Length"] or 0))
                address = urlsplit(self.path)  # absolute when we are a proxy
                name = (address.hostname or self.headers["Host"].partition(":")[0]).partition(".")[0]
                path = address.path
                if rules.virtual and name in ("localhost", "127"):
                    return self.refuse(403, "SecondLevelDomainForbidden")
                if rules.virtual:
                    path = f"/{name}{path}"
                if rules.unversioned and re.search(
                    r"(^|&)(versioning|versions|object-lock|retention)", address.query
                ):
                    return self.refuse(501, "NotImplemented")
                if rules.digest and data and self.command == "PUT":
                    sent = self.headers["Content-MD5"]
                    if not sent:
                        return self.refuse(400, "InvalidRequest")
                    if sent != base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode():
                        return self.refuse(400, "BadDigest")
                return self.pass_on(path + (f"?{address.query}" if address.query else ""), data)

            def pass_on(self, path, data):
                kept = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower().startswith(("x-amz-meta", "x-amz-object", "range", "if-", "content-md5"))
                }
                request = AWSRequest(self.command, f"http://{target.netloc}{path}", data=data, headers=kept)
                S3SigV4Auth(keys, "s3", server.region).add_auth(request)
                connection = http.client.HTTPConnection(target.netloc, timeout=30)
                connection.request(self.command, path, body=data, headers=dict(request.headers.items()))
                answer = connection.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                size = answer.getheader("Content-Length") if self.command == "HEAD" else len(body)
                self.send_header("Content-Length", str(size or 0))
                self.end_headers()
                self.wfile.write(body)
                connection.close()

            do_GET = do_HEAD = do_POST = do_DELETE = do_PUT  # noqa: N815 - the names that http.server calls

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _reset(one):
    """Close as a router that lost its memory would: RST, both ways."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    one.close()


class OldServer:
    """An S3 server that knows objects and nothing else: it ignores conditions, or answers 501 to them (`refuses`)."""

    access_key, secret_key, region = "kunci", "rahasia", "us-east-1"

    def __init__(self, *, refuses: bool = False, certificate: Path | None = None):
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, code, body=b"", **headers):
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if "Content_Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_PUT(self):
                outer.requests.append(f"PUT {self.path}")
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if refuses and self.headers["If-None-Match"]:
                    self.answer(501, b"<Error><Code>NotImplemented</Code></Error>")
                    return
                outer.objects[self.path] = (data, self.headers["x-amz-meta-jagadata-upload"] or "")
                self.answer(200, ETag='"x"')

            def do_GET(self):
                outer.requests.append(f"{self.command} {self.path}")
                if self.path.endswith("?versioning"):
                    self.answer(200, b"<VersioningConfiguration/>")
                elif self.path in outer.objects:
                    data, token = outer.objects[self.path]
                    date = "Mon, 02 Nov 2026 01:00:00 GMT"
                    more = {"x_amz_meta_jagadata_upload": token} if token else {}
                    self.answer(
                        200, data, ETag='"x"', Last_Modified=date, Content_Length=str(len(data)), **more
                    )
                elif re.search(r"\?(object-lock|retention)", self.path):
                    self.answer(405, b"<Error><Code>MethodNotAllowed</Code></Error>")
                else:
                    self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

            do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_arguments: None  # who refuses the certificate hangs up
            self.endpoint = self.endpoint.replace("http:", "https:")

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def make_bucket(self, name, **_options):
        return name
