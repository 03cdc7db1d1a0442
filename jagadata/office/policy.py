"""The office's policy: schedules, retention, deadlines, limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jagadata.office.people import Role
from jagadata.office.section import SectionModel
from jagadata.office.values import (
    Cron,
    FileNameTemplate,
    OneLine,
)
from jagadata.text.names import FILE_NAME


class RetentionPolicy(SectionModel):
    keep_last: Annotated[int, Field(ge=1)] = 12
    minimum_days: Annotated[int, Field(ge=0, le=36500)] = 30
    holds: list[OneLine] = Field(default_factory=list)  # backup ids that are never removed


Verify = Literal["restore", "read"]
"""Step 2: a real restore into a throw-away server, or only every byte read."""


class BackupPolicy(SectionModel):
    cron: Cron = "0 1 1 * *"
    review: bool = True  # step 6 waits for the Kasi
    review_days: Annotated[int, Field(ge=1, le=36500)] = 14
    verify: Verify = "restore"
    verify_gib: Annotated[float, Field(gt=0)] = 50  # larger databases are only read
    verify_minutes: Annotated[float, Field(gt=0)] = 60  # for one database; then it was not tested
    at_once: Annotated[int, Field(ge=1, le=16)] = 2  # systems dumped at the same time
    retention: RetentionPolicy = RetentionPolicy()
    file_name: FileNameTemplate = FILE_NAME


class RestorePolicy(SectionModel):
    downtime: Literal["sop", "minimal"] = "sop"
    sessions: Literal["end", "refuse"] = "end"
    approver: Role = "kasi_infrastruktur"
    approve_tests: bool = True  # the gate of purpose Uji; the one of Produksi can't be switched off
    acknowledgement: bool = True  # step 6 waits for the requester's answer
    approval_hours: Annotated[int, Field(ge=1, le=36500)] = 72
    acknowledgement_days: Annotated[int, Field(ge=1, le=36500)] = 3  # working days
    kept_days: Annotated[int, Field(ge=1, le=36500)] = 14
    test_days: Annotated[int, Field(ge=1, le=36500)] = 7
    switch_minutes: Annotated[float, Field(gt=0, le=240)] = (
        5  # dead-man's switch, renewed while there is progress
    )
    jobs: Annotated[int, Field(ge=1, le=32)] = 2
    max_minutes: Annotated[float, Field(gt=0)] | None = (
        None  # of one database beside; default five times what it should take, and at least 30
    )
    impact_tolerance: Annotated[float, Field(ge=0)] = (
        0.2  # how far live size may move between gate and stop (fraction)
    )


class Policy(SectionModel):
    backup: BackupPolicy = BackupPolicy()
    restore: RestorePolicy = RestorePolicy()
