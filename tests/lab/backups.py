"""Backups of a catalog as values, of so many days ago, with receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jagadata.vault.catalog import Backup
from jagadata.vault.manifest import BackupReceipt, Manifest

NOW = datetime(2026, 11, 15, tzinfo=UTC)

HASH = "0" * 64

ENTRY = {"key": "k", "version": None, "size": 1, "sha256": HASH}

STREAM = {"objects": [ENTRY], "plain_size": 1, "plain_sha256": HASH}

DATA = {
    "database": "d",
    "oid": 1,
    "size": 1,
    "tool": "pg_dump 17",
    "codec": "none",
    "archive": STREAM,
    "archive_size": 1,
    "properties": STREAM,
    "rows": {},
}


def backup(name, days_ago, *receipts, system="simpeg"):
    at = NOW - timedelta(days=days_ago)
    manifest = Manifest.model_validate(
        {
            "backup": name,
            "at": at,
            "office": "o",
            "system": system,
            "system_name": system,
            "owner": "OPD",
            "period": "2026-01",
            "occasion": "Terjadwal",
            "started": at,
            "finished": at,
            "started_local": "",
            "finished_local": "",
            "source": {"name": "pg", "version": "17", "system_identifier": "1"},
            "data": [DATA],
            "verification": {"at": at, "means": []},
            "recipients": [],
            "run": "r",
            "form_number": "1",
            "software": "s",
        }
    )
    made = [
        BackupReceipt.model_validate(
            {"backup": name, "manifest": HASH, "at": at + timedelta(hours=number), **receipt}
        )
        for number, receipt in enumerate(receipts)
    ]
    return Backup(manifest=manifest, digest=HASH, envelope=b"", stores=("utama",), receipts=tuple(made))
