"""Objects on their way into a bucket: written once or not at all, and never twice by a request that was repeated."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Self

from jagadata.adapters.s3.bucket import TOKEN, waits
from jagadata.errors import AlreadyExistsError, DamagedError, JagadataError, NotFoundError, UnreachableError

if TYPE_CHECKING:
    from types import TracebackType

    from jagadata.adapters.s3.bucket import Bucket
    from jagadata.ports.store import StoredObject

_PARTS_AT_ONCE = 2
_MOST_PARTS = 10_000
_PROBE_SIZE = 2**16


def put_once(bucket: Bucket, key: str, data: bytes) -> StoredObject:
    """One conditional PutObject.

    An answer may be lost and the request repeated, which then finds the key taken: by ourselves, as the mark tells.

    Raises:
        AlreadyExistsError: the key is somebody else's.
    """
    # Looked up first where the condition may not hold, and with versions: Swift keeps a version of what it refuses.
    if (bucket.versioned() or not bucket.conditional) and bucket.find(key) is not None:
        raise bucket.taken(key)
    token = secrets.token_hex(16)
    body: dict[str, Any] = {"Body": data, "ContentLength": len(data), "Metadata": {TOKEN: token}}
    for pause in (0.2, 1.0, None):
        try:
            answer = bucket.call_once("put_object", key, **body)
        except AlreadyExistsError as error:
            held = bucket.held(key)
            if held is not None:
                if held.token == token:
                    return held.stored
                raise bucket.taken(key) from error
            if pause is None:
                raise
            time.sleep(pause)  # a conflict with somebody who then gave up
        else:
            break
    if bucket.conditional is None and not bucket.versioned() and len(data) <= _PROBE_SIZE:
        _probe(bucket, key, body)
    return _settle(bucket, key, token, len(data), answer.get("VersionId"))


def _probe(bucket: Bucket, key: str, body: dict[str, Any]) -> None:
    """Learn whether the condition is honoured by sending the same object again: leaves nothing, whatever the answer."""
    try:
        bucket.call_once("put_object", key, **body)
        bucket.conditional = False
    except AlreadyExistsError:
        bucket.conditional = True
    except JagadataError:
        return  # the object is safe; asked again next time


def _settle(bucket: Bucket, key: str, token: str, size: int, version: str | None) -> StoredObject:
    """What stands under the key now, if it is ours. Servers that ignore the condition let two writers believe so."""
    held = bucket.held(key)
    if held is not None and held.token not in ("", token):
        if version and version != held.stored.version:  # only the first version counts: take ours back
            with contextlib.suppress(JagadataError):
                bucket.call("delete_object", key, VersionId=version)
        raise bucket.taken(key)
    if held is None or held.stored.size != size:
        raise DamagedError(
            f"Objek {key} di {bucket.where} berukuran {held.stored.size if held else 0} bita setelah ditulis, "
            f"seharusnya {size}.",
            "Periksa server S3-nya dengan `jaga doctor`, lalu ulangi.",
        )
    return held.stored


class S3Upload:
    """A push writer (ports.Upload): parts go out two at a time while the next one fills; memory is about five parts."""

    def __init__(self, bucket: Bucket, key: str, part_size: int) -> None:
        self.bucket = bucket
        self.key = key
        self.part_size = part_size
        self.size = 0
        self._buffer = bytearray()
        self._token = secrets.token_hex(16)
        self._upload = ""
        self._parts: list[dict[str, Any]] = []
        self._started = 0
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: set[Future[dict[str, Any]]] = set()
        self._left = threading.Event()
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._upload and not self._done:
            with contextlib.suppress(JagadataError):  # what stays is swept by age
                self.bucket.call("abort_multipart_upload", self.key, UploadId=self._upload)

    def write(self, data: bytes, /) -> int:
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) > self.part_size:
            with memoryview(self._buffer) as view:
                part = bytes(view[: self.part_size])
            del self._buffer[: self.part_size]
            self._send(part)
        return len(data)

    def _send(self, part: bytes) -> None:
        if self._pool is None:
            answer = self.bucket.call("create_multipart_upload", self.key, Metadata={TOKEN: self._token})
            self._upload = answer["UploadId"]
            self._pool = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="s3-part")
        if len(self._waiting) >= _PARTS_AT_ONCE:
            self._collect(wait(self._waiting, return_when=FIRST_COMPLETED)[0])
        if self._started == _MOST_PARTS:
            raise JagadataError(
                f"Objek {self.key} melebihi {_MOST_PARTS} bagian di {self.bucket.where}.",
                "Perbesar ukuran bagian, atau potong alirannya menjadi beberapa objek.",
            )
        self._started += 1
        self._waiting.add(self._pool.submit(self._send_part, self._started, part))

    def _send_part(self, number: int, part: bytes) -> dict[str, Any]:
        """Tried for longer than botocore does: a dump of hours outlives a minute without network."""
        fault: JagadataError | None = None
        for pause in waits(self.bucket.timeout):
            if self._left.wait(pause):
                break
            try:
                answer = self.bucket.call(
                    "upload_part",
                    self.key,
                    UploadId=self._upload,
                    PartNumber=number,
                    Body=part,
                    ContentLength=len(part),
                )
            except UnreachableError as error:
                fault = error
            else:
                return {"PartNumber": number, "ETag": answer["ETag"]}
        raise fault or CancelledError

    def _collect(self, ended: set[Future[dict[str, Any]]]) -> None:
        for future in ended:
            self._waiting.discard(future)
            self._parts.append(future.result())

    def commit(self) -> StoredObject:
        if not self._upload:
            stored = put_once(self.bucket, self.key, bytes(self._buffer))
            self._done = True
            return stored
        self._send(bytes(self._buffer))
        self._buffer.clear()
        self._collect(wait(self._waiting)[0])
        # Some servers ignore the condition on this request: look first, so that only a true race is left to them.
        if self.bucket.find(self.key) is not None:
            raise self.bucket.taken(self.key)
        version = self._complete()
        self._done = True
        return _settle(self.bucket, self.key, self._token, self.size, version)

    def _complete(self) -> str | None:
        parts = sorted(self._parts, key=lambda part: int(part["PartNumber"]))
        try:
            answer = self.bucket.call_once(
                "complete_multipart_upload",
                self.key,
                UploadId=self._upload,
                MultipartUpload={"Parts": parts},
            )
        except (AlreadyExistsError, NotFoundError, UnreachableError) as error:
            # An answer may have been lost: then the object is there and the upload is gone.
            held = self.bucket.held(self.key)
            if held is not None and held.token == self._token:
                return held.stored.version
            if held is not None:
                raise self.bucket.taken(self.key) from error
            raise
        version: str | None = answer.get("VersionId")
        return version
