"""Stores on real servers, and what is written to them."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jagadata.adapters.s3.store import S3Store

if TYPE_CHECKING:
    from jagadata.ports.store import StoredObject

PART = 2**20

EARLIER = timedelta(seconds=-60)  # an age that everything has

_numbers = itertools.count(1)

_buckets: dict[tuple[str, str], str] = {}


def pattern(size: int, start: int = 0) -> bytes:
    """Bytes without a short period, the same in every run."""
    block = b"".join(((start + number) * 2654435761 % 2**32).to_bytes(4, "big") for number in range(4096))
    return (block * (size // len(block) + 1))[:size]


def new_prefix() -> str:
    """A prefix that nothing was ever written below."""
    return f"uji-{next(_numbers)}"


def s3_store(server, kind: str, *, prefix: str | None = None, **options) -> S3Store:
    """A store on a bucket of this server: plain, versioned or lock; below a prefix of its own unless one is given."""
    bucket = _buckets.get((server.endpoint, kind))
    if bucket is None:
        options_of_bucket = {"plain": {}, "versioned": {"versioned": True}, "lock": {"lock": True}}[kind]
        bucket = _buckets[server.endpoint, kind] = server.make_bucket(f"kantor-{kind}", **options_of_bucket)
    arguments = {
        "bucket": bucket,
        "prefix": prefix or new_prefix(),
        "endpoint": server.endpoint,
        "region": server.region,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "part_size": PART,
    }
    return S3Store("utama", **(arguments | options))


CEPH = pytest.mark.needs("ceph")


def write(store, key: str, data: bytes, piece: int = 300_000) -> StoredObject:
    with store.create(key) as upload:
        for start in range(0, len(data), piece):
            assert upload.write(data[start : start + piece]) == len(data[start : start + piece])
        return upload.commit()


def keys(store, prefix: str = "") -> list[str]:
    return [stored.key for stored in store.list(prefix)]
