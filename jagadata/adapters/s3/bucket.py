"""One bucket and prefix of an S3 server: requests, pages, and which version of a key is the object."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jagadata.adapters.s3.errors import UNSUPPORTED, VIRTUAL_ONLY, explain_fault, fault_code
from jagadata.errors import JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.ports.store import StoredObject
from jagadata.stores.layout import check_key, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jagadata.errors import AlreadyExistsError

TOKEN = "jagadata-upload"  # noqa: S105 - the name of a metadata field
"""Metadata of every object: a random mark of the one upload that made it."""

Addressing = Literal["auto", "path", "virtual"]
"""Where the bucket stands in an address; "auto": in the path with an endpoint of one's own, until the server wants it otherwise."""

_loader = botocore.loaders.create_loader()


def _session() -> botocore.session.Session:
    """Nothing of the account that runs us may redirect a backup: no ~/.aws, no profile, no AWS_ENDPOINT_URL."""
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    session.register_component("data_loader", _loader)  # the service's description is read once
    return session


def waits(timeout: float) -> Iterator[float]:
    """Pauses (s) before each attempt: none, then growing ones, for as long as timeout lasts."""
    yield 0
    pause, end = 0.25, time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        yield min(pause, left)
        pause = min(2 * pause, 15)


def _add_digest(params: dict[str, Any], **_: Any) -> None:
    """Content-MD5 on everything that is sent: buckets with Object Lock refuse a write without it, other servers check what arrived."""
    body, headers = params.get("body"), params["headers"]
    if isinstance(body, io.BytesIO):
        body = body.getbuffer()
    if (
        params.get("method") in ("PUT", "POST")
        and isinstance(body, bytes | bytearray | memoryview)
        and len(body)
    ):
        headers["Content-MD5"] = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


@dataclass(frozen=True, kw_only=True)
class Held:
    """What stands under a key, and the mark of the upload that put it there ("" where the server keeps none)."""

    stored: StoredObject
    token: str


class Bucket:
    """Requests on one bucket below one prefix; every failure comes out as a JagadataError. Safe to use from several threads."""

    def __init__(
        self,
        store: str,
        *,
        bucket: str,
        prefix: str,
        endpoint: str | None,
        region: str,
        access_key: str,
        secret_key: str,
        ca: Path | None,
        addressing: Addressing = "auto",
        connect_timeout: float,
        read_timeout: float,
        timeout: float,
    ) -> None:
        self.store = store
        self.name = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.endpoint = endpoint
        self.where = f"penyimpanan '{store}' (bucket {bucket})"
        self.timeout = timeout
        self.conditional: bool | None = None
        """Whether If-None-Match is honoured; None until it was seen."""
        self._versioned: bool | None = None
        self._lock: Literal["yes", "no", "hidden"] | None = None
        self._learns = addressing == "auto" and endpoint is not None
        style: Addressing = addressing if addressing != "auto" else "path" if endpoint else "auto"
        self._options: dict[str, Any] = {
            "endpoint_url": endpoint,
            "region_name": region,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "verify": str(ca) if ca else None,
        }
        self._timeouts: dict[str, Any] = {"connect_timeout": connect_timeout, "read_timeout": read_timeout}
        self.client: Any = self._connect(style)

    def _connect(self, style: Addressing) -> Any:
        try:
            client = _session().create_client(
                "s3",
                **self._options,
                config=Config(
                    **self._timeouts,
                    retries={"mode": "standard", "total_max_attempts": 4},
                    s3={"addressing_style": style},
                    # boto3's default checksums are unknown to older servers; the manifest's SHA-256 is what counts.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # the stubs lag behind
                    max_pool_connections=10,
                ),
            )
        except ValueError as error:
            raise RefusedError(
                f"Alamat {self.endpoint!r} untuk penyimpanan '{self.store}' tidak sah.",
                "Tulis 'endpoint' sebagai https://NAMA[:PORT] di berkas kantor.",
            ) from error
        client.meta.events.register("before-call.s3", _add_digest)
        return client

    def _learn(self, error: JagadataError) -> bool:
        """A server that wants the bucket in its own name (virtual-hosted style) says so at the first request: then it gets that."""
        if not self._learns or fault_code(error.__cause__ or error) not in VIRTUAL_ONLY:  # type: ignore[arg-type] # a cause is an Exception
            return False
        self._learns, self.client = False, self._connect("virtual")
        return True

    def call(self, operation: str, key: str | None = None, **arguments: Any) -> Any:
        """One request, on `key` if there is one. Raises what `explain_fault` makes of its failure."""
        if key is not None:
            arguments["Key"] = self.prefix + check_key(key)
        while True:
            try:
                return self._ask(operation, key or "", arguments)
            except JagadataError as error:
                if not self._learn(error):
                    raise

    def _ask(self, operation: str, key: str, arguments: dict[str, Any]) -> Any:
        try:
            return getattr(self.client, operation)(Bucket=self.name, **arguments)
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._explain(error, operation, key) from error

    def _explain(self, error: Exception, operation: str, key: str) -> JagadataError:
        return explain_fault(error, operation=operation, key=key, where=self.where)

    def call_once(self, operation: str, key: str, **arguments: Any) -> Any:
        """A write that must not replace anything. Raises AlreadyExistsError where the server sees to that."""
        if self.conditional is not False:
            try:
                return self.call(operation, key, IfNoneMatch="*", **arguments)
            except JagadataError as error:
                if fault_code(error.__cause__ or error) not in UNSUPPORTED:  # type: ignore[arg-type] # a cause is an Exception
                    raise
                self.conditional = False
        return self.call(operation, key, **arguments)

    def pages(self, operation: str, prefix: str, size: int = 1000) -> Iterator[dict[str, Any]]:
        if self._learns:
            self.versioned()  # which style it wants is learned before the first page
        paginator = self.client.get_paginator(operation)
        try:
            yield from paginator.paginate(
                Bucket=self.name, Prefix=self.prefix + prefix, PaginationConfig={"PageSize": size}
            )
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._explain(error, operation, prefix) from error

    def taken(self, key: str) -> AlreadyExistsError:
        from jagadata.errors import AlreadyExistsError

        return AlreadyExistsError(
            f"Objek {key} sudah ada di {self.where}.",
            "Isi penyimpanan tidak pernah ditimpa; pakai kunci lain.",
        )

    # --- what it has ---

    def versioned(self) -> bool:
        """Versions may exist: also in a bucket whose versioning was suspended later."""
        if self._versioned is None:
            try:
                status = self.call("get_bucket_versioning").get("Status")
            except JagadataError as error:
                if fault_code(error.__cause__ or error) not in UNSUPPORTED:  # type: ignore[arg-type] # as below
                    raise
                status = None  # a server that does not know the question keeps no versions
            self._versioned = status in ("Enabled", "Suspended")
        return self._versioned

    def lock(self) -> Literal["yes", "no", "hidden"]:
        """Whether the bucket itself says that it has Object Lock; "hidden": these credentials may not ask."""
        if self._lock is None:
            try:
                found = self.call("get_object_lock_configuration").get("ObjectLockConfiguration", {})
                self._lock = "yes" if found.get("ObjectLockEnabled") == "Enabled" else "no"
            except UnreachableError:
                raise
            except RefusedError as error:
                if fault_code(error.__cause__ or error) != "AccessDenied":  # type: ignore[arg-type] # as above
                    raise
                self._lock = "hidden"
            except JagadataError:
                self._lock = "no"  # the usual answers of a bucket, or of a server, without locks
        return self._lock

    # --- which version is the object ---

    def firsts(self, prefix: str, size: int = 1000) -> Iterator[dict[str, Any]]:
        """The first version of each key: versions are listed key by key, last stored first (ListObjectVersions); pages may cut between.

        The order counts, not LastModified: Ceph takes that before it stores, so two writers may have it the other way round.
        """
        first: dict[str, Any] | None = None
        for page in self.pages("list_object_versions", prefix, size):
            for item in page.get("Versions", []):
                if first is not None and item["Key"] != first["Key"]:
                    yield first
                first = item
        if first is not None:
            yield first

    def stored(self, item: dict[str, Any]) -> StoredObject:
        """An entry of a listing. In a bucket with versions, "null" is a version like any other."""
        return StoredObject(
            key=item["Key"].removeprefix(self.prefix),
            size=item["Size"],
            modified=item["LastModified"],
            version=item.get("VersionId"),
        )

    def list(self, prefix: str) -> Iterator[StoredObject]:
        found: Iterator[dict[str, Any]]
        if self.versioned():
            found = self.firsts(prefix)
        else:
            found = (
                item for page in self.pages("list_objects_v2", prefix) for item in page.get("Contents", [])
            )
        # What has no key of ours (a folder made in a web console) is not ours.
        yield from (one for one in map(self.stored, found) if is_key(one.key))

    def find(self, key: str) -> StoredObject | None:
        if self.versioned():
            return self._first(check_key(key))
        found = self._head(key)
        return self._described(key, found) if found else None

    def held(self, key: str) -> Held | None:
        """As `find`, and whose mark it bears."""
        first = self._first(check_key(key)) if self.versioned() else None
        if self.versioned() and first is None:
            return None
        found = self._head(key, **self._select(first))
        if found is None:
            return None
        metadata = {name.lower(): value for name, value in found.get("Metadata", {}).items()}
        return Held(stored=first or self._described(key, found), token=metadata.get(TOKEN, ""))

    def _first(self, key: str) -> StoredObject | None:
        first = next(self.firsts(key, 50), None)  # a key sorts before all that it is a prefix of
        return self.stored(first) if first and first["Key"] == self.prefix + key else None

    def _select(self, stored: StoredObject | None) -> dict[str, str]:
        return {"VersionId": stored.version} if stored and stored.version else {}

    def _head(self, key: str, **version: str) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self.call("head_object", key, **version)
        except NotFoundError:
            return None
        return answer

    def _described(self, key: str, answer: dict[str, Any]) -> StoredObject:
        return StoredObject(key=key, size=answer["ContentLength"], modified=answer["LastModified"])

    def version(self, key: str, wanted: str | None) -> dict[str, str]:
        """The arguments that select this version, or the first one where none is wanted. Raises NotFoundError."""
        if not self.versioned():
            return {}
        if wanted is None:
            found = self.find(key)
            if found is None or found.version is None:
                raise NotFoundError(
                    f"Objek {key} tidak ada di {self.where}.", "Periksa dengan `jaga backups`."
                )
            wanted = found.version
        return {"VersionId": wanted}
