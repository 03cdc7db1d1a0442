"""An object of a bucket as a stream that survives cut and stalled connections."""

from __future__ import annotations

import contextlib
import io
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from jagadata.adapters.s3.bucket import waits
from jagadata.errors import AlreadyExistsError, DamagedError, UnreachableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from jagadata.adapters.s3.bucket import Bucket

_ATOM = 2**16
"""Bytes that must arrive over one connection to count: of a read that breaks off, nothing does."""
_PIECE = 2**20


class S3Reader(io.RawIOBase):
    """Goes on where it stopped, on the same bytes (version and If-Match), and ends only at the object's length."""

    def __init__(self, bucket: Bucket, key: str, version: dict[str, str]) -> None:
        super().__init__()
        self.bucket = bucket
        self.key = key
        self.version = version
        self.position = 0
        self.length = -1
        self._etag = ""
        self._body: Any = None
        self._connect()

    def _connect(self) -> None:
        more: dict[str, Any] = dict(self.version)
        if self.length >= 0:
            more |= {"Range": f"bytes={self.position}-", "IfMatch": self._etag}
        try:
            answer = self.bucket.call("get_object", self.key, **more)
        except AlreadyExistsError as error:  # 412: not the bytes that were begun
            raise DamagedError(
                f"Objek {self.key} di {self.bucket.where} berubah selama dibaca.",
                "Selidiki siapa yang menulis ke penyimpanan itu.",
            ) from error
        if self.length < 0:
            self._etag, self.length = answer["ETag"], answer["ContentLength"]
        elif answer["ContentLength"] != self.length - self.position:
            raise DamagedError(
                f"Server S3 dari {self.bucket.where} tidak melanjutkan {self.key} pada bita {self.position}.",
                "Pakai server S3 yang mendukung pembacaan sebagian (Range).",
            )
        self._body = answer["Body"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with memoryview(buffer).cast("B") as view:
            data = self.read(len(view))
            view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(_PIECE), b""))

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return self.readall()
        wanted = min(size, self.length - self.position)
        if wanted == 0:
            return b""
        fault: Exception = EOFError()
        for pause in waits(self.bucket.timeout):
            time.sleep(pause)
            try:
                if self._body is None:
                    self._connect()
                data: bytes = self._body.read(min(wanted, _ATOM))
            except (UnreachableError, BotoCoreError, HTTPError, OSError) as error:
                fault = error
            else:
                if data:
                    self.position += len(data)
                    return data
                fault = EOFError(f"{self.position} of {self.length} bytes")
            self._drop()
        raise UnreachableError(
            f"Pembacaan {self.key} dari {self.bucket.where} terputus pada bita {self.position} dari {self.length}.",
            "Periksa jaringan dan server S3-nya, lalu ulangi.",
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
