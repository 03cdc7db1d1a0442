"""A small CKAN portal for tests: its action API over TLS, written after CKAN's own source (views/api.py, logic/action, logic/schema.py).

What it keeps of the real one: JSON and multipart requests, {help, success, result | error}, status codes (400, 403, 404, 409, 500),
tokens in `Authorization`, organisations and their members, unique names, names of deleted packages that stay taken, private packages,
`package_update` that drops what is not sent, `resource_patch` that does not, uploads with size, url and `url_type`, `clean_format`,
`metadata_modified`, extras that come back sorted, own fields on resources, `ckan.max_resource_size`.
"""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import threading
import uuid
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.lab.s3 import make_certificate

ROOT_FIELDS = {"title", "notes", "author", "maintainer", "license_id", "version", "url", "private", "state"}


class ActionError(Exception):
    def __init__(self, status, kind, **error):
        self.status = status
        self.body = {"success": False, "error": {"__type": kind, **error}}


def invalid(**faults):
    return ActionError(409, "Validation Error", **{name: [text] for name, text in faults.items()})


def not_found(what):
    return ActionError(404, "Not Found Error", message=f"Not found: {what}")


def denied(text):
    return ActionError(403, "Authorization Error", message=f"Access denied: {text}")


@dataclass
class Portal:
    """Everything that the portal holds. `faults[ACTION]` is what happens to its next calls: a status, 'hang', 'cut', 'lost', 'echo'."""

    url: str = ""
    tokens: dict = field(default_factory=dict)  # token -> organisations that its owner edits
    organizations: dict = field(default_factory=dict)  # name -> id
    packages: dict = field(default_factory=dict)  # id -> package
    files: dict = field(default_factory=dict)  # resource id -> bytes
    calls: list = field(default_factory=list)
    faults: dict = field(default_factory=dict)
    max_resource_size: int = 10 * 2**20
    clock: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def organize(self, name):
        self.organizations[name] = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))

    def package(self, name):
        return next((one for one in self.packages.values() if one["name"] == name), None)

    # --- actions ---

    def call(self, action, user, data):
        with self.lock:
            return getattr(self, f"do_{action}")(user, data)

    def _find(self, user, data):
        key = data.get("id") or data.get("name_or_id")
        found = self.packages.get(key) or self.package(key)
        edits = found and found["owner_org"] in user
        if found is None or (found["state"] == "deleted" and not edits):
            raise not_found("Dataset was not found.")
        if found["private"] and not edits:
            raise denied(f"User not authorized to read package {found['id']}")
        return found

    def _edit(self, user, data):
        found = self._find(user, data)
        if found["owner_org"] not in user:
            raise denied(f"User not authorized to edit package {found['id']}")
        return found

    def do_organization_show(self, user, data):
        if data["id"] not in self.organizations:
            raise not_found("Organization was not found.")
        return {"id": self.organizations[data["id"]], "name": data["id"], "is_organization": True}

    def do_package_show(self, user, data):
        return json.loads(json.dumps(self._find(user, data)))

    def do_package_create(self, user, data):
        if not user:
            raise denied("Action package_create requires an authenticated user")
        if not re.fullmatch(r"[a-z0-9_-]{2,100}", data.get("name", "")):
            raise invalid(
                name="Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"
            )
        if self.package(data["name"]):
            raise invalid(name="That URL is already in use.")
        if data.get("owner_org") not in self.organizations.values():
            raise invalid(owner_org="Organization does not exist")
        if data["owner_org"] not in user:
            raise denied(f"User not authorized to add dataset to organization {data['owner_org']}")
        return self._save({"id": str(uuid.uuid4()), "state": "active", "metadata_created": self._now()}, data)

    def do_package_update(self, user, data):
        before = self._edit(user, data)
        kept = {key: before[key] for key in ("id", "name", "owner_org", "state", "metadata_created")}
        return self._save(kept, {"private": False, **data})

    def _save(self, kept, data):
        extras = data.get("extras", [])
        keys = [one["key"] for one in extras]
        if len(set(keys)) < len(keys) or ROOT_FIELDS & set(keys):
            raise invalid(extras="There is a schema field with the same name")
        resources = []
        for given in data.get("resources", []):
            one = {key: value for key, value in given.items() if key != "upload" and value is not None}
            one.setdefault("id", str(uuid.uuid4()))
            one["format"] = {"csv": "CSV", "json": "JSON"}.get(one.get("format", ""), one.get("format", ""))
            resources.append({**one, "package_id": kept["id"], "state": "active", "position": len(resources)})
        package = {
            **{
                name: data.get(name)
                for name in ("title", "notes", "author", "maintainer", "license_id", "version")
            },
            "name": data["name"],
            "owner_org": data["owner_org"],
            "private": bool(data.get("private")),
            **kept,
            "metadata_modified": self._now(),
            "extras": sorted(
                ({"key": one["key"], "value": one["value"]} for one in extras), key=lambda x: x["key"]
            ),
            "resources": resources,
            "num_resources": len(resources),
            "organization": {"id": data["owner_org"]},
        }
        self.packages[package["id"]] = package
        return json.loads(json.dumps(package))

    def do_resource_create(self, user, data):
        package = self._edit(user, {"id": data.pop("package_id")})
        return self._resource(package, {"id": str(uuid.uuid4()), **data}, len(package["resources"]))

    def do_resource_update(self, user, data):
        for package in self.packages.values():
            for number, one in enumerate(package["resources"]):
                if one["id"] == data["id"]:
                    self._edit(user, {"id": package["id"]})
                    return self._resource(package, data, number)
        raise not_found("Resource was not found.")

    def do_resource_patch(self, user, data):
        there = [one for package in self.packages.values() for one in package["resources"]]
        before = next((one for one in there if one["id"] == data["id"]), None)
        if before is None:
            raise not_found("Resource was not found.")
        return self.do_resource_update(user, {**before, **data})

    def _resource(self, package, data, number):
        upload = data.pop("upload", None)
        if upload:
            name, content = upload
            if len(content) > self.max_resource_size:
                raise invalid(upload="File upload too large")
            self.files[data["id"]] = content
            data["url"] = f"{self.url}/dataset/{package['id']}/resource/{data['id']}/download/{name.lower()}"
            data["url_type"], data["last_modified"] = "upload", self._now()
            data.setdefault("size", len(content))
        if "size" in data:
            data["size"] = int(data["size"])
        resources = [*package["resources"][:number], data, *package["resources"][number + 1 :]]
        self._save(
            {key: package[key] for key in ("id", "state", "metadata_created")},
            {**package, "resources": resources},
        )
        return self.packages[package["id"]]["resources"][number]

    def _now(self):
        self.clock += 1
        return f"2026-01-01T00:00:{self.clock:09}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: 40 ms each call otherwise

    def log_message(self, *_):
        pass

    def do_POST(self):
        portal, action = self.server.portal, self.path.rsplit("/", 1)[-1]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        portal.calls.append(action)
        fault = (portal.faults.get(action) or [None]).pop(0)
        if fault == "hang":
            portal.closing.wait(3)
            self.close_connection = True
            return
        if fault == "cut":
            self.close_connection = True
            return
        if isinstance(fault, int):
            self._answer(fault, "<html>Internal Server Error</html>")
            return
        token = self.headers.get("Authorization", "")
        if fault == "echo":
            self._answer(500, f"<html>unexpected: Authorization: {token}</html>")
            return
        user = {
            portal.organizations[name]
            for name in portal.tokens.get(token, ())
            if name in portal.organizations
        }
        try:
            if not hasattr(portal, f"do_{action}"):
                self._answer(400, f"Action name not known: {action}")
                return
            result = portal.call(action, user, self._data(body))
        except ActionError as error:
            self._answer(error.status, json.dumps(error.body))
            return
        if fault == "lost":  # done, but nobody hears of it
            self.close_connection = True
            return
        self._answer(200, json.dumps({"success": True, "result": result}))

    def _data(self, body):
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/form-data"):
            return json.loads(body)
        message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        data = {}
        for part in message.iter_parts():
            value = part.get_payload(decode=True)
            name, file = part.get_param("name", header="content-disposition"), part.get_filename()
            data[name] = (file, value) if file else value.decode()
        return data

    def _answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, *_):
        """A client that refuses the certificate or goes away is its own business."""

    def finish_request(self, request, client_address):
        request.do_handshake()
        super().finish_request(request, client_address)


@contextlib.contextmanager
def start_portal(folder):
    """A portal on 127.0.0.1 with a certificate of its own; (portal, path of the certificate)."""
    pem = make_certificate(folder / "portal.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.portal = Portal(url=f"https://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.portal, pem
    finally:
        server.portal.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
