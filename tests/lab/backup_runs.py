"""Runs of SOP Back Up Data by their journal alone: what a step came to, and a run that broke off."""

from __future__ import annotations

from jagadata.backup.run import BackupOrder, BackupRun

HASH = "0" * 64

STREAM = {
    "objects": [{"key": "k", "version": None, "size": 1, "sha256": HASH}],
    "plain_size": 1,
    "plain_sha256": HASH,
}

DRAFT = {
    "format": 1,
    "backup": "b",
    "office": "Dinas Komunikasi dan Informatika",
    "system": "simpeg",
    "system_name": "Sistem Informasi Kepegawaian",
    "owner": "BKPSDM",
    "period": "2026-11",
    "occasion": "Terjadwal",
    "started_local": "2026-11-15 08.00.00 WIB",
    "finished_local": "2026-11-15 08.05.00 WIB",
    "source": {"name": "pg1", "version": "17.10", "system_identifier": "7301"},
    "recipients": [],
    "run": "putus",
    "form_number": "046/1/406.020/2026",
    "software": "jagadata 0.1.0",
    "started": "2026-11-15T01:00:00+00:00",
    "finished": "2026-11-15T01:05:00+00:00",
    "verification": {"at": "2026-11-15T01:06:00+00:00", "means": ["hash sesuai"]},
    "data": [
        {
            "database": "simpeg",
            "oid": 1,
            "size": 1,
            "tool": "pg_dump 17.10",
            "codec": "none",
            "archive": STREAM,
            "archive_size": 1,
            "properties": STREAM,
            "rows": {"public.pegawai": 3},
        }
    ],
}

NAMED = {"draft": DRAFT, "backup": "b", "manifest": HASH, "files": ["b.dump.age"]}


def run_that_did(place, *outcomes):
    """A run whose steps 1, 2, ... came to these outcomes, and which then broke off."""
    run = BackupRun(place, "putus", BackupOrder())
    run.open()
    for number, outcome in enumerate(outcomes, 1):
        run.journal.note(str(number), "done", "simpeg", **{"ok": True, **outcome})
    run.journal.note(str(len(outcomes) + 1), "begin", "simpeg")
    return run
