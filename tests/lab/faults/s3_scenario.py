"""The two SOPs with an S3 bucket as primary store, behind a proxy: each of its requests is a position of the sweep."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, ClassVar

from jagadata.adapters.s3.store import S3Store
from jagadata.connections import RealConnections
from jagadata.lab.swift import start_swift
from jagadata.office.file import load_office
from jagadata.workplace import Workplace
from tests.lab.faults.http_proxy import HttpProxy, HttpTap, kinds_of
from tests.lab.faults.scenario import BackupScenario, RestoreScenario
from tests.lab.office import OfficeLab, open_office

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from jagadata.office.stores import StoreEntry
    from jagadata.ports.store import Store
    from tests.lab.faults.tap import Fault

PART = 2**20
"""The smallest part that Swift takes."""
LOAD = 2_300_000
"""Bytes that no compressor makes smaller: three parts."""


class QuickConnections(RealConnections):
    """As in life, but the store gives up after seconds, not minutes, and cuts its uploads small."""

    READ_TIMEOUT: ClassVar[float] = 1.5
    TIMEOUT: ClassVar[float] = 6

    def store(self, entry: StoreEntry) -> Store:
        if entry.kind == "directory":
            return super().store(entry)
        return S3Store(
            entry.name,
            bucket=entry.bucket,
            endpoint=entry.endpoint,
            access_key=self._reveal(entry.access_key),
            secret_key=self._reveal(entry.secret_key),
            part_size=PART,
            connect_timeout=2,
            read_timeout=self.READ_TIMEOUT,
            timeout=self.TIMEOUT,
        )


class S3Lab(OfficeLab):
    """An office whose primary store is a bucket; `client` reaches it past the proxy."""

    def place(self) -> Workplace:
        office = load_office(self.path)
        return Workplace(office, connections=QuickConnections(office))


def open_s3_office(
    stack: ExitStack, folder: Path, postgres, ssh, system: str, *, kind: str = "plain", s3=None
) -> S3Lab:
    """Swift (one of its own unless `s3` is given), a proxy before it, and an office whose primary store is a bucket there."""
    s3 = s3 or stack.enter_context(start_swift(folder / "swift"))
    bucket = s3.make_bucket(f"utama-{system}", versioned=kind == "versioned")
    proxy = stack.enter_context(HttpProxy(s3.endpoint, "s3"))
    keys = folder / "k" / "keys"
    keys.mkdir(parents=True)
    for name, text in (("s3-kunci", s3.access_key), ("s3-rahasia", s3.secret_key)):
        (keys / name).write_text(text, encoding="ascii")
        (keys / name).chmod(0o600)
    primary = {
        "kind": "s3",
        "name": "utama",
        "bucket": bucket,
        "endpoint": proxy.url,
        "access_key": "file:keys/s3-kunci",
        "secret_key": "file:keys/s3-rahasia",
    }
    lab = open_office(stack, folder / "k", postgres, ssh, system, primary=primary)
    lab.postgres.sql("CREATE TABLE aplikasi.lampiran (isi bytea)", lab.application.database)
    lab.postgres.sql(
        f"INSERT INTO aplikasi.lampiran VALUES (decode('{os.urandom(LOAD).hex()}', 'hex'))",
        lab.application.database,
    )
    lab.postgres.sql(f'ALTER TABLE aplikasi.lampiran OWNER TO "app_{system.replace("-", "_")}"', system)
    far = S3Lab(**vars(lab))
    far.bucket, far.proxy, far.client, far.versioned = bucket, proxy, s3.client(), kind == "versioned"
    return far


class Bucket:
    """What a scenario does with its primary store, past the proxy."""

    def tap(self, fault: Fault | None = None) -> HttpTap:
        return HttpTap(self.lab.proxy, fault)

    def kinds(self, channel: str, label: str) -> tuple[str, ...]:
        return kinds_of(label) if channel == "s3" else super().kinds(channel, label)

    def _objects(self) -> set[tuple[str, str]]:
        """(key, version) of everything; a bucket without versions has the version ""."""
        bucket, client = self.lab.bucket, self.lab.client
        if not self.lab.versioned:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            return {(one["Key"], "") for page in pages for one in page.get("Contents", [])}
        pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket)
        return {
            (one["Key"], one["VersionId"])
            for page in pages
            for kind in ("Versions", "DeleteMarkers")
            for one in page.get(kind, [])
        }

    def _everything(self):
        return super()._everything() | self._objects()

    def _remove(self, what) -> None:
        if not isinstance(what, tuple):
            super()._remove(what)
            return
        key, version = what
        more = {"VersionId": version} if version else {}
        self.lab.client.delete_object(Bucket=self.lab.bucket, Key=key, **more)

    def files(self) -> dict[str, str]:
        client, found = self.lab.client, super().files()
        for key, version in self._objects():
            if key.startswith("systems/"):
                more = {"VersionId": version} if version else {}
                body = client.get_object(Bucket=self.lab.bucket, Key=key, **more)["Body"].read()
                found[f"s3:{key}@{version}"] = hashlib.sha256(body).hexdigest()
        return found


class S3BackupScenario(Bucket, BackupScenario):
    """SOP Back Up into a bucket."""


class S3RestoreScenario(Bucket, RestoreScenario):
    """SOP Restore from a bucket."""
