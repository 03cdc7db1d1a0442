"""A store in an S3 bucket (AWS, Ceph, Swift, MinIO, ...): multipart streams, conditional writes, retention locks where they are real.

Traps that shape this (docs/adr/0003): some servers take `PUT key?retention` as a plain PUT and replace the object, so no
retention call is made unless the bucket says that Object Lock is enabled; lock headers on uploads are ignored by others,
so locks are set after completion and read back; a versioned bucket takes later versions of any key, so the first one counts.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from jagadata.adapters.s3.bucket import Addressing, Bucket
from jagadata.adapters.s3.reader import S3Reader
from jagadata.adapters.s3.upload import S3Upload, put_once
from jagadata.errors import NotFoundError, RefusedError
from jagadata.ports.store import StoredObject, StoreFeatures, Tampering
from jagadata.stores.layout import check_key, check_prefix, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PART_SIZE = 16 * 2**20


class S3Store:
    """Implements ports.Store on one bucket and prefix.

    In seconds: `connect_timeout`; `read_timeout`, after which a stalled transfer is taken up anew where it stood;
    `timeout`, for which a transfer under way is tried again without getting further.
    """

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
        addressing: Addressing = "auto",
        part_size: int = PART_SIZE,
        connect_timeout: float = 10,
        read_timeout: float = 30,
        timeout: float = 120,
    ) -> None:
        self.name = name
        self.part_size = part_size
        self.bucket = Bucket(
            name,
            bucket=bucket,
            prefix=prefix,
            endpoint=endpoint,
            region=region,
            access_key=access_key,
            secret_key=secret_key,
            ca=ca,
            addressing=addressing,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            timeout=timeout,
        )

    def features(self) -> StoreFeatures:
        """What the bucket says. `conditional` is known for certain after the first small `put`."""
        bucket = self.bucket
        where = bucket.endpoint or "AWS"
        versions = bucket.versioned()
        return StoreFeatures(
            versions=versions,
            lock=bucket.lock() == "yes",
            conditional=versions or bucket.conditional is not False,
            where=f"s3://{bucket.name}/{bucket.prefix} di {where}",
            device=f"s3:{where.rstrip('/')}/{bucket.name}",
        )

    # --- writing ---

    def create(self, key: str) -> S3Upload:
        if self.bucket.find(check_key(key)) is not None:
            raise self.bucket.taken(key)
        return S3Upload(self.bucket, key, self.part_size)

    def put(self, key: str, data: bytes) -> StoredObject:
        return put_once(self.bucket, check_key(key), data)

    # --- reading ---

    @contextlib.contextmanager
    def open(self, key: str, *, version: str | None = None) -> Iterator[BinaryIO]:
        with S3Reader(self.bucket, check_key(key), self.bucket.version(key, version)) as reader:
            yield cast("BinaryIO", reader)

    def get(self, key: str, *, version: str | None = None) -> bytes:
        with self.open(key, version=version) as stream:
            return stream.read()

    def find(self, key: str) -> StoredObject | None:
        return self.bucket.find(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        yield from self.bucket.list(check_prefix(prefix))

    def tampering(self, prefix: str) -> Iterator[Tampering]:
        if not self.bucket.versioned():
            return
        versions: dict[str, int] = {}
        markers: dict[str, int] = {}
        for page in self.bucket.pages("list_object_versions", check_prefix(prefix)):
            for item in page.get("Versions", []):
                versions[item["Key"]] = versions.get(item["Key"], 0) + 1
            for item in page.get("DeleteMarkers", []):
                markers[item["Key"]] = markers.get(item["Key"], 0) + 1
        for full in sorted(versions.keys() | markers.keys()):
            key, later, deleted = (
                full.removeprefix(self.bucket.prefix),
                versions.get(full, 0) - 1,
                markers.get(full, 0),
            )
            found = [f"{later} versi kemudian"] * (later > 0) + [f"{deleted} penanda hapus"] * (deleted > 0)
            if found and is_key(key):
                rest = "versi pertama tetap dipakai" if full in versions else "tidak ada versi yang tersisa"
                yield Tampering(key=key, what=f"{' dan '.join(found)}; {rest}")

    # --- locks and removal ---

    def lock(self, stored: StoredObject, until: datetime) -> datetime | None:
        """Set or prolong a COMPLIANCE lock; the date read back. Raises RefusedError where the bucket may not be asked."""
        if self.bucket.lock() == "hidden":
            raise RefusedError(
                f"Kunci akses untuk {self.bucket.where} tidak boleh membaca konfigurasi Object Lock.",
                "Berikan hak s3:GetBucketObjectLockConfiguration, atau isi lock_days: 0 di berkas kantor.",
            )
        if self.bucket.lock() != "yes":
            return None
        version = self.bucket.version(stored.key, stored.version)
        mode, held = self._retention(stored.key, version)
        if held is None or held < until.replace(microsecond=0) or mode != "COMPLIANCE":
            until = max(until, held) if held else until
            self.bucket.call(
                "put_object_retention",
                stored.key,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
                **version,
            )
            mode, held = self._retention(stored.key, version)
        return held if mode == "COMPLIANCE" else None

    def locked_until(self, stored: StoredObject) -> datetime | None:
        if self.bucket.lock() != "yes":
            return None
        return self._retention(stored.key, self.bucket.version(stored.key, stored.version))[1]

    def _retention(self, key: str, version: dict[str, str]) -> tuple[str, datetime | None]:
        try:
            answer: dict[str, Any] = self.bucket.call("get_object_retention", key, **version)
        except NotFoundError:
            return "", None
        retention = answer.get("Retention", {})
        return retention.get("Mode", ""), retention.get("RetainUntilDate")

    def remove(self, stored: StoredObject) -> None:
        try:
            until = self.locked_until(stored)
            if until and until > datetime.now(UTC):
                raise RefusedError(
                    f"Objek {stored.key} di {self.bucket.where} dikunci sampai {until:%Y-%m-%d}.",
                    "Tunggu sampai kuncinya berakhir.",
                )
            self.bucket.call("delete_object", stored.key, **self.bucket.version(stored.key, stored.version))
        except NotFoundError:
            return  # gone already

    # --- leftovers ---

    def _uploads(self, older_than: timedelta) -> Sequence[tuple[str, str]]:
        limit = datetime.now(UTC) - older_than
        return [
            (key, item["UploadId"])
            for page in self.bucket.pages("list_multipart_uploads", "")
            for item in page.get("Uploads", [])
            if item["Initiated"] < limit and is_key(key := item["Key"].removeprefix(self.bucket.prefix))
        ]

    def leftovers(self, older_than: timedelta) -> Sequence[str]:
        return sorted(key for key, _ in self._uploads(older_than))

    def sweep_leftovers(self, older_than: timedelta) -> Sequence[str]:
        swept = []
        for key, upload in self._uploads(older_than):
            with contextlib.suppress(NotFoundError):  # ended meanwhile
                self.bucket.call("abort_multipart_upload", key, UploadId=upload)
                swept.append(key)
        return sorted(swept)
