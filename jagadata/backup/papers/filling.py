"""The Formulir Pelaksanaan Back Up of one run, filled in from what its steps came to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jagadata.backup.papers.form import BackupForm, BackupRow
from jagadata.papers.values import BackupFile, Signature
from jagadata.text.formats import describe_cron, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.backup.steps import Opened, StepResult
    from jagadata.office.file import Office
    from jagadata.office.machines import System
    from jagadata.vault.manifest import DataEntry, ManifestDraft


def fill_backup_form(
    office: Office,
    run: str,
    opened: Opened,
    results: Mapping[str, StepResult],
    *,
    stores: Mapping[str, str],
    at: datetime,
) -> BackupForm:
    """The form of the whole run, from what steps 1 to 4 came to for each system.

    `stores`: what each is called on paper, the primary one first; `at`: when the form is filled in (aware).
    """
    timezone = ZoneInfo(office.office.timezone)
    performer = office.official(opened.performer)
    return BackupForm(
        number=opened.number,
        period=opened.period,
        schedule=describe_cron(office.policy.backup.cron, timezone),
        occasion=opened.kind,
        office=office.office.name,
        city=office.office.city,
        at=at,
        rows=tuple(_row(office, office.system(system), result, stores) for system, result in results.items()),
        note=opened.note,
        performer=Signature(
            name=performer.name,
            nip=performer.nip,
            post=performer.post,
            role="staf_aplikasi",
            at=at,
        ),
        run=run,
    )


def _row(office: Office, system: System, result: StepResult, stores: Mapping[str, str]) -> BackupRow:
    server = office.server(system.server)
    draft, failure = result.draft, result.failure
    row = BackupRow(
        system=system.id,
        application=system.name,
        owner=system.owner,
        source=system.location or f"{server.name} ({server.address})",
        objects="Basis Data " + ", ".join(system.databases),
        started=draft.started if draft else None,
        finished=draft.finished if draft else None,
    )
    if draft is None or result.published is None:
        reason, hint = (failure.reason, failure.hint) if failure else ("", "")
        return replace(row, outcome="Gagal", reason=reason, obstacles=hint)
    made = replace(
        row,
        outcome="Berhasil",
        verification=tuple(draft.verification.means) if draft.verification else (),
        evidence=f"{format_number(sum(len(entry.rows) for entry in draft.data))} tabel, "
        f"{format_number(sum(sum(entry.rows.values()) for entry in draft.data))} baris",
        files=tuple(map(_file, result.published.files, draft.data)),
        storage=next(iter(stores.values())),
        encryption="age (X25519, ChaCha20-Poly1305)",
        retained_until=_retained(office, draft.finished, None),
        obstacles="; ".join(
            [*([f"langkah 4: {failure.reason}"] if failure else []), *_name_shortfalls(draft)]
        ),
        backup=result.published.backup,
        manifest=result.published.manifest,
    )
    if result.secured is None:
        return made
    secured = result.secured
    return replace(
        made,
        second_copy=stores.get(secured.copy, ""),
        hash_matches=secured.hash_matches if secured.copy else None,
        retained_until=_retained(office, draft.finished, secured.locked_until),
        obstacles="; ".join([made.obstacles] * bool(made.obstacles) + list(secured.remarks)),
    )


SHORTFALLS_TOLD = 10


def _name_shortfalls(draft: ManifestDraft) -> list[str]:
    """What a restore of this backup would not make again, by name."""
    names = [one.what for entry in draft.data if entry.proof for one in entry.proof.shortfalls]
    more = [f"dan {len(names) - SHORTFALLS_TOLD} hal lain"] if len(names) > SHORTFALLS_TOLD else []
    return [*names[:SHORTFALLS_TOLD], *more]


def _file(name: str, entry: DataEntry) -> BackupFile:
    objects = entry.archive.objects
    return BackupFile(
        name=name,
        database=entry.database,
        size=sum(item.size for item in objects),
        sha256=objects[0].sha256 if len(objects) == 1 else entry.archive.plain_sha256,
    )


def _retained(office: Office, finished: datetime, locked: datetime | None) -> date:
    """At least until then: the lock, or the policy's minimum."""
    minimum = finished + timedelta(days=office.policy.backup.retention.minimum_days)
    until = max(minimum, locked) if locked else minimum
    return until.astimezone(ZoneInfo(office.office.timezone)).date()
