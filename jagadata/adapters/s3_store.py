"""A store in an S3 bucket (AWS, Ceph, Swift, MinIO, ...): multipart streams, conditional writes, retention locks where they are real.

Traps that shape this (docs/adr/0003): some servers take `PUT key?retention` as a plain PUT and replace the object, so no
retention call is made unless the bucket says that Object Lock is enabled; lock headers on uploads are ignored by others,
so locks are set after completion and read back; a versioned bucket takes later versions of any key, so the first one counts.
"""

from __future__ import annotations

import contextlib
import io
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from jagadata.errors import AlreadyExistsError, JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.ports import StoredObject, StoreFeatures, Tampering
from jagadata.store_keys import check_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

PART_SIZE = 16 * 2**20
_PARTS_AT_ONCE = 2
_READ_ATTEMPTS = 6
_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "403", "Forbidden"}
_MISSING = {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}


class S3Store:
    """Implements ports.Store on one bucket and prefix."""

    def __init__(
        self,
        name: str,
        *,
        bucket: str,
        prefix: str = "",
        endpoint: str | None = None,
        region: str = "us-east-1",
        access_key: str,
        secret_key: str,
        ca: Path | None = None,
        part_size: int = PART_SIZE,
    ) -> None:
        self.name = name
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.endpoint = endpoint
        self.part_size = part_size
        self._features: StoreFeatures | None = None
        self.client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            verify=str(ca) if ca else None,
            config=Config(
                connect_timeout=10,
                read_timeout=30,
                retries={"mode": "standard", "max_attempts": 4},
                s3={"addressing_style": "path" if endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                max_pool_connections=10,
            ),
        )

    def call(self, operation: str, key: str = "", **arguments: Any) -> Any:
        """One request on the bucket. Raises what `explain` makes of its failure."""
        if key:
            arguments["Key"] = self.prefix + check_key(key)
        try:
            return getattr(self.client, operation)(Bucket=self.bucket, **arguments)
        except (ClientError, BotoCoreError) as error:
            raise self.explain(error, key) from error

    def explain(self, error: Exception, key: str = "") -> JagadataError:
        """The fault in words; never with credentials in it."""
        place = f"penyimpanan '{self.name}' (bucket {self.bucket})"
        if not isinstance(error, ClientError):
            return UnreachableError(
                f"S3 {place} tidak menjawab: {type(error).__name__}.",
                "Periksa jaringan dan endpoint.",
                transient=True,
            )
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _TAKEN or status == 412:
            return AlreadyExistsError(
                f"Objek {key} sudah ada di {place}.", "Isi penyimpanan tidak pernah ditimpa."
            )
        if code in _MISSING and code != "NoSuchBucket":
            return NotFoundError(f"Objek {key} tidak ada di {place}.", "Periksa dengan `jaga backups`.")
        if code in _REFUSED or status in (401, 403):
            hint = {
                "NoSuchBucket": "Buat bucket itu atau perbaiki 'bucket' di berkas kantor.",
                "AccessDenied": "Berikan hak yang kurang kepada kunci akses ini, atau objek itu sedang dikunci.",
            }.get(code, "Periksa access_key dan secret_key di berkas kantor.")
            return RefusedError(f"Permintaan ke {place} ditolak: {code or status}.", hint)
        if status >= 500 or code in ("SlowDown", "RequestTimeout", "InternalError"):
            return UnreachableError(
                f"S3 {place} sedang terganggu: {code or status}.", "Coba lagi sebentar lagi.", transient=True
            )
        return JagadataError(
            f"Permintaan ke {place} gagal: {code or status}.", "Periksa dengan `jaga doctor`."
        )

    # --- what it has ---

    def features(self) -> StoreFeatures:
        if self._features is None:
            versions = self.call("get_bucket_versioning").get("Status") == "Enabled"
            try:
                found = self.call("get_object_lock_configuration")
                lock = found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"
            except UnreachableError:
                raise
            except JagadataError:
                lock = False  # the usual answer of a bucket or a server without locks
            where = self.endpoint or "AWS"
            self._features = StoreFeatures(
                versions=versions,
                lock=lock,
                place=f"s3://{self.bucket}/{self.prefix} di {where}",
                device=f"s3:{where}/{self.bucket}",
            )
        return self._features

    # --- writing ---

    def create(self, key: str) -> _S3Upload:
        check_key(key)
        if self.find(key) is not None:
            raise AlreadyExistsError(
                f"Objek {key} sudah ada di penyimpanan '{self.name}'.",
                "Isi penyimpanan tidak pernah ditimpa.",
            )
        return _S3Upload(self, key)

    def put(self, key: str, data: bytes) -> StoredObject:
        if not self.features().conditional and self.find(key) is not None:
            raise AlreadyExistsError(
                f"Objek {key} sudah ada di penyimpanan '{self.name}'.",
                "Isi penyimpanan tidak pernah ditimpa.",
            )
        answer = self.call("put_object", key, Body=data, IfNoneMatch="*", ContentLength=len(data))
        return self._stored(key, answer, len(data))

    def _stored(self, key: str, answer: dict[str, Any], size: int) -> StoredObject:
        version = answer.get("VersionId")
        return StoredObject(
            key=key,
            size=size,
            modified=datetime.now(UTC),
            version=version if version not in (None, "null") else None,
        )

    # --- reading ---

    @contextlib.contextmanager
    def open(self, key: str, *, version: str | None = None) -> Iterator[BinaryIO]:
        version = version or self._first_version(key)
        with _S3Reader(self, key, version) as reader:
            yield cast("BinaryIO", reader)

    def get(self, key: str, *, version: str | None = None) -> bytes:
        with self.open(key, version=version) as stream:
            pieces = []
            while data := stream.read(2**20):
                pieces.append(data)
        return b"".join(pieces)

    def _first_version(self, key: str) -> str | None:
        if not self.features().versions:
            return None
        found = self.find(key)
        if found is None:
            raise NotFoundError(
                f"Objek {key} tidak ada di penyimpanan '{self.name}'.", "Periksa dengan `jaga backups`."
            )
        return found.version

    def find(self, key: str) -> StoredObject | None:
        if self.features().versions:
            return next((stored for stored in self.list(key) if stored.key == key), None)
        try:
            answer = self.call("head_object", key)
        except NotFoundError:
            return None
        return StoredObject(key=key, size=answer["ContentLength"], modified=answer["LastModified"])

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if self.features().versions:
            yield from self._list_versions(prefix)
            return
        for page in self._pages("list_objects_v2", prefix):
            for item in page.get("Contents", []):
                yield StoredObject(
                    key=item["Key"].removeprefix(self.prefix),
                    size=item["Size"],
                    modified=item["LastModified"],
                )

    def _pages(self, operation: str, prefix: str) -> Iterator[dict[str, Any]]:
        try:
            yield from self.client.get_paginator(operation).paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
        except (ClientError, BotoCoreError) as error:
            raise self.explain(error, prefix) from error

    def _list_versions(self, prefix: str) -> Iterator[StoredObject]:
        """The first version of each key. Servers list versions of a key newest first; pages may cut between them."""
        first: dict[str, Any] = {}
        for page in self._pages("list_object_versions", prefix):
            for item in page.get("Versions", []):
                known = first.get(item["Key"])
                if known is None or item["LastModified"] <= known["LastModified"]:
                    first[item["Key"]] = item
        for key in sorted(first):
            item = first[key]
            version = item["VersionId"]
            yield StoredObject(
                key=key.removeprefix(self.prefix),
                size=item["Size"],
                modified=item["LastModified"],
                version=version if version != "null" else None,
            )

    def tampering(self, prefix: str) -> Iterator[Tampering]:
        if not self.features().versions:
            return
        counts: dict[str, int] = {}
        for page in self._pages("list_object_versions", prefix):
            for item in page.get("Versions", []):
                counts[item["Key"]] = counts.get(item["Key"], 0) + 1
            for item in page.get("DeleteMarkers", []):
                yield Tampering(
                    key=item["Key"].removeprefix(self.prefix),
                    what="penanda hapus; versi pertama tetap dipakai",
                )
        for key, count in counts.items():
            if count > 1:
                yield Tampering(
                    key=key.removeprefix(self.prefix),
                    what=f"{count - 1} versi kemudian; versi pertama tetap dipakai",
                )

    # --- locks and removal ---

    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        if not self.features().lock:
            return None
        version = {"VersionId": stored.version} if stored.version else {}
        self.call(
            "put_object_retention",
            stored.key,
            Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
            **version,
        )
        return self.locked_until(stored)

    def locked_until(self, stored: StoredObject) -> datetime | None:
        if not self.features().lock:
            return None
        version = {"VersionId": stored.version} if stored.version else {}
        try:
            answer = self.call("get_object_retention", stored.key, **version)
        except UnreachableError:
            raise
        except JagadataError:
            return None  # no retention on this version
        until: datetime | None = answer.get("Retention", {}).get("RetainUntilDate")
        return until

    def remove(self, stored: StoredObject) -> None:
        until = self.locked_until(stored)
        if until and until > datetime.now(UTC):
            raise RefusedError(
                f"Objek {stored.key} di '{self.name}' dikunci sampai {until:%Y-%m-%d}.",
                "Tunggu sampai kuncinya berakhir.",
            )
        version = {"VersionId": stored.version} if stored.version else {}
        self.call("delete_object", stored.key, **version)

    # --- leftovers ---

    def _uploads(self, older_than: timedelta) -> Iterator[tuple[str, str]]:
        limit = datetime.now(UTC) - older_than
        for page in self._pages("list_multipart_uploads", ""):
            for item in page.get("Uploads", []):
                if item["Initiated"] < limit:
                    yield item["Key"], item["UploadId"]

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        return [key.removeprefix(self.prefix) for key, _ in self._uploads(older_than)]

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        swept = []
        for key, upload in list(self._uploads(older_than)):
            self.call("abort_multipart_upload", key.removeprefix(self.prefix), UploadId=upload)
            swept.append(key.removeprefix(self.prefix))
        return swept


class _S3Upload:
    """A push writer: parts go out from a small pool while the next one fills; `commit` completes it only if the key is free."""

    def __init__(self, store: S3Store, key: str) -> None:
        self.store = store
        self.key = key
        self.size = 0
        self._buffer = bytearray()
        self._upload = ""
        self._parts: list[dict[str, Any]] = []
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: set[Future[dict[str, Any]]] = set()
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._upload and not self._done:
            with contextlib.suppress(JagadataError):  # what stays is swept by age
                self.store.call("abort_multipart_upload", self.key, UploadId=self._upload)

    def write(self, data: bytes, /) -> int:
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) > self.store.part_size:
            self._send(bytes(self._buffer[: self.store.part_size]))
            del self._buffer[: self.store.part_size]
        return len(data)

    def _send(self, part: bytes) -> None:
        if not self._upload:
            self._upload = self.store.call("create_multipart_upload", self.key)["UploadId"]
            self._pool = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="s3")
        if len(self._waiting) >= _PARTS_AT_ONCE:
            self._collect(wait(self._waiting, return_when=FIRST_COMPLETED)[0])
        number = len(self._parts) + len(self._waiting) + 1
        if self._pool is not None:
            self._waiting.add(self._pool.submit(self._send_part, number, part))

    def _send_part(self, number: int, part: bytes) -> dict[str, Any]:
        answer = self.store.call(
            "upload_part",
            self.key,
            UploadId=self._upload,
            PartNumber=number,
            Body=part,
            ContentLength=len(part),
        )
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _collect(self, ended: set[Future[dict[str, Any]]]) -> None:
        for future in ended:
            self._waiting.discard(future)
            self._parts.append(future.result())

    def commit(self) -> StoredObject:
        if not self._upload:
            self._done = True
            return self.store.put(self.key, bytes(self._buffer))
        self._send(bytes(self._buffer))
        self._collect(wait(self._waiting)[0])
        parts = sorted(self._parts, key=lambda part: int(part["PartNumber"]))
        # Some servers ignore the condition on this request: look first, so that only a true race is left to them.
        if self.store.find(self.key) is not None:
            raise AlreadyExistsError(
                f"Objek {self.key} sudah ada di penyimpanan '{self.store.name}'.",
                "Isi penyimpanan tidak pernah ditimpa.",
            )
        answer = self.store.call(
            "complete_multipart_upload",
            self.key,
            UploadId=self._upload,
            MultipartUpload={"Parts": parts},
            IfNoneMatch="*",
        )
        self._done = True
        found = self.store.find(self.key)
        if found is None or found.size != self.size:
            raise JagadataError(
                f"Objek {self.key} di '{self.store.name}' berukuran {found.size if found else 0}, seharusnya {self.size}.",
                "Ulangi; bila tetap terjadi, periksa server S3-nya.",
                transient=True,
            )
        version = answer.get("VersionId") or found.version
        return StoredObject(
            key=self.key,
            size=self.size,
            modified=found.modified,
            version=version if version != "null" else None,
        )


class _S3Reader(io.RawIOBase):
    """The object as a stream; a cut or stalled transfer goes on where it stopped, on the same bytes (If-Match)."""

    def __init__(self, store: S3Store, key: str, version: str | None) -> None:
        super().__init__()
        self.store = store
        self.key = key
        self.version = {"VersionId": version} if version else {}
        self.place = 0
        self._etag = ""
        self._length = -1
        self._body: Any = None
        self._connect()

    def _connect(self) -> None:
        more: dict[str, Any] = dict(self.version)
        if self.place:
            more |= {"Range": f"bytes={self.place}-", "IfMatch": self._etag}
        answer = self.store.call("get_object", self.key, **more)
        self._body = answer["Body"]
        if self._length < 0:
            self._etag, self._length = answer["ETag"], answer["ContentLength"]
        elif self.place and answer.get("ResponseMetadata", {}).get("HTTPStatusCode") != 206:
            raise JagadataError(
                f"Penyimpanan '{self.store.name}' tidak dapat melanjutkan pembacaan {self.key}.",
                "Ulangi.",
                transient=True,
            )

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        fault: Exception = EOFError()
        for attempt in range(_READ_ATTEMPTS):
            try:
                if self._body is None:
                    self._connect()
                data: bytes = self._body.read(size if size >= 0 else None)
            except (UnreachableError, OSError, BotoCoreError, HTTPError) as error:
                self._drop()
                fault = error
            else:
                self.place += len(data)
                if data or self.place >= self._length or size == 0:
                    return data
                self._drop()  # an end before the end
                fault = EOFError(f"{self.place} of {self._length} bytes")
            if attempt < _READ_ATTEMPTS - 1:
                time.sleep(min(8.0, 0.2 * 2**attempt))
        raise UnreachableError(
            f"Pembacaan {self.key} dari '{self.store.name}' terputus pada bita {self.place} dari {self._length}.",
            "Periksa jaringan dan server S3, lalu ulangi.",
            transient=True,
        ) from fault

    def _drop(self) -> None:
        if self._body is not None:
            with contextlib.suppress(Exception):
                self._body.close()
        self._body = None

    def close(self) -> None:
        self._drop()
        super().close()
