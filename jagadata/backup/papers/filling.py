"""The Formulir Pelaksanaan Back Up of one run, filled in from what its steps came to."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jagadata.backup.papers.form import BackupForm, BackupRow
from jagadata.papers.values import BackupFile, Signature
from jagadata.text.formats import describe_cron, format_number
from jagadata.vault.manifest import parse_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.office.file import Office
    from jagadata.office.machines import System


def fill_backup_form(
    office: Office,
    run: str,
    opened: dict[str, Any],
    outcomes: Mapping[str, dict[str, Any]],
    *,
    stores: Mapping[str, str],
    at: datetime,
) -> BackupForm:
    """The form of the whole run, from what steps 1 to 4 came to for each system.

    `stores`: what each is called on paper, the primary one first; `at`: when the form is filled in (aware).
    """
    timezone = ZoneInfo(office.office.timezone)
    performer = office.official(opened["performer"])
    return BackupForm(
        number=opened["number"],
        period=opened["period"],
        schedule=describe_cron(office.policy.backup.cron, timezone),
        occasion=opened["kind"],
        office=office.office.name,
        city=office.office.city,
        at=at,
        rows=tuple(
            _row(office, office.system(system), outcome, stores) for system, outcome in outcomes.items()
        ),
        note=opened.get("note", ""),
        performer=Signature(
            name=performer.name,
            nip=performer.nip,
            post=performer.post,
            role="staf_aplikasi",
            at=at,
        ),
        run=run,
    )


def _row(office: Office, system: System, outcome: dict[str, Any], stores: Mapping[str, str]) -> BackupRow:
    server = office.server(system.server)
    row: dict[str, Any] = {
        "system": system.id,
        "application": system.name,
        "owner": system.owner,
        "source": system.location or f"{server.name} ({server.address})",
        "objects": "Basis Data " + ", ".join(system.databases),
    }
    draft = outcome.get("draft", {})
    times: dict[str, Any] = {
        name: datetime.fromisoformat(draft[name]) for name in ("started", "finished") if name in draft
    }
    made = "backup" in outcome
    entries = parse_entries(draft)
    if not made:
        return BackupRow(
            **row, **times, outcome="Gagal", reason=outcome["reason"], obstacles=outcome.get("hint", "")
        )
    primary = next(iter(stores))
    locked = outcome.get("locked_until")
    return BackupRow(
        **row,
        **times,
        outcome="Berhasil",
        verification=tuple(draft["verification"]["means"]),
        evidence=f"{format_number(sum(len(entry.rows) for entry in entries))} tabel, "
        f"{format_number(sum(sum(entry.rows.values()) for entry in entries))} baris",
        files=tuple(
            BackupFile(
                name=name,
                database=entry.database,
                size=sum(item.size for item in entry.archive.objects),
                sha256=entry.archive.objects[0].sha256
                if len(entry.archive.objects) == 1
                else entry.archive.plain_sha256,
            )
            for name, entry in zip(outcome["files"], entries, strict=True)
        ),
        storage=stores[primary],
        second_copy=stores.get(outcome.get("copy", ""), ""),
        encryption="age (X25519, ChaCha20-Poly1305)",
        hash_matches=outcome.get("hash_matches") if outcome.get("copy") else None,
        retained_until=_retained(office, draft["finished"], locked),
        obstacles="; ".join(
            [*([] if outcome["ok"] else [f"langkah 4: {outcome['reason']}"]), *outcome.get("remarks", [])]
        ),
        backup=outcome["backup"],
        manifest=outcome["manifest"],
    )


def _retained(office: Office, finished: str, locked: str | None) -> date:
    """At least until then: the lock, or the policy's minimum."""
    minimum = datetime.fromisoformat(finished) + timedelta(days=office.policy.backup.retention.minimum_days)
    until = max(minimum, datetime.fromisoformat(locked)) if locked else minimum
    return until.astimezone(ZoneInfo(office.office.timezone)).date()
