"""The stores of the office file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from jagadata.office.section import SectionModel
from jagadata.office.values import (
    BucketName,
    Identifier,
    OneLine,
    SecretReference,
    StorePrefix,
    Url,
)


class S3StoreEntry(SectionModel):
    kind: Literal["s3"]
    name: Identifier
    endpoint: Url | None = None
    region: OneLine = "us-east-1"
    bucket: BucketName
    prefix: StorePrefix | None = None
    access_key: SecretReference
    secret_key: SecretReference
    ca: Path | None = None
    addressing: Literal["auto", "path", "virtual"] = "auto"  # where the bucket stands in the address
    lock_days: Annotated[int, Field(ge=0, le=36500)] = 0  # 0: no retention lock


class DirectoryStoreEntry(SectionModel):
    kind: Literal["directory"]
    name: Identifier
    path: Path
    lock_days: Literal[0] = 0


StoreEntry = Annotated[S3StoreEntry | DirectoryStoreEntry, Field(discriminator="kind")]
