"""The Formulir Permohonan Restore Data of one run, filled in from what its journal holds so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from jagadata.papers.values import Signature
from jagadata.restore.papers.form import RestoreForm
from jagadata.restore.steps import CLOSED_UNCONFIRMED
from jagadata.signoff.signers import sign
from jagadata.text.formats import format_moment, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.office.file import Office
    from jagadata.office.people import Official
    from jagadata.restore.record import RunRecord
    from jagadata.restore.request import RestoreRequest
    from jagadata.restore.steps import Acknowledgement, Received, RestoreResult
    from jagadata.signoff.signers import Decision

Row = tuple[str, int | None, int | None]
"""A table, its rows in the backup, its rows after the restore."""


def fill_restore_form(office: Office, run: RunRecord, *, now: datetime) -> RestoreForm:
    """The form as it stands after the last step that was done; `now` is aware."""
    timezone = ZoneInfo(office.office.timezone)
    request, received, result = run.request, run.received, run.result
    informed, answered, decision = run.informed, run.acknowledgement, run.decision
    system = office.system(request.system)
    holders = office.holders("staf_infrastruktur", now.astimezone(timezone).date())
    approver_role = office.policy.restore.approver
    actions = result.actions if result else ()
    return RestoreForm(
        number=run.number,
        at=datetime.fromisoformat(request.requested_at or now.isoformat()),
        requester=request.requester,
        nip=request.nip,
        post=request.post,
        unit=request.unit,
        phone=request.phone,
        email=request.email,
        system=system.id,
        application=system.name,
        database=", ".join(system.databases),
        incident_at=request.occurred_at,
        damage=request.damage,
        cause=request.suspected_cause,
        reason=request.reason,
        point=_point(request, received, timezone),
        purpose=request.purpose,
        impact=request.service_impact,
        approved_stop=request.downtime_allowed,
        personal_data=request.personal_data,
        cyber_incident=request.cyber_incident,
        fallback=request.fallback
        or "Data lama tetap disimpan; satu perintah (jaga rollback) mengembalikannya.",
        office=office.office.name,
        city=office.office.city,
        officer=_officer(holders[0]) if holders else Signature(role="staf_infrastruktur"),
        files=received.files if received else (),
        backup=received.backup if received else "",
        backup_at=received.backup_at if received else None,
        manifest=received.manifest if received else "",
        hash_matches=True if received and received.files else None,
        stopped=result.off_at if result else None,
        restore_started=result.restored_from if result else None,
        restore_finished=result.restored_until if result else None,
        started=result.on_at if result else None,
        off_seconds=result.downtime_seconds if result else None,
        verification=_verification(result),
        rows=make_rows(received, run.counted),
        status=run.status,
        status_reason=run.reason,
        informed_at=informed.at if informed else None,
        informed_by=informed.how if informed else "",
        acknowledged=answered.answer if answered else None,
        acknowledged_by=answered.how if answered else "",
        acknowledgement=_acknowledgement(request, answered),
        approval=_approval(decision),
        approval_note=decision.note if decision else "",
        approver=_sign(office, decision) if decision and decision.signer else Signature(role=approver_role),
        plan=received.hash if received else "",
        kept=f"{', '.join(result.kept)} ({result.kept_days} hari)" if result and result.kept else "",
        run=run.run,
        remarks=(*_paper_remark(decision), *actions),
    )


def make_rows(received: Received | None, counted: Mapping[str, Mapping[str, int]]) -> tuple[Row, ...]:
    """The tables of what was restored, rows in the backup against rows afterwards; those that differ first, for a paper cuts off the rest."""
    if received is None:
        return ()
    several = received.several_databases
    rows: list[Row] = []
    for database, tables in counted.items():
        prefix = f"{database}: " if several else ""
        held = {
            table.removeprefix(prefix): backup
            for table, (_live, backup) in received.impact.rows.items()
            if table.startswith(prefix) and (backup or table.removeprefix(prefix) in tables)
        }
        rows += [
            (prefix + table, held.get(table, 0), tables.get(table, 0)) for table in sorted({*held, *tables})
        ]
    return tuple(sorted(rows, key=lambda row: row[1] == row[2]))


def _sign(office: Office, decision: Decision) -> Signature:
    """As the signer stood on the day of the decision; the form may be made anew much later."""
    at = datetime.fromisoformat(decision.at)
    day = at.astimezone(ZoneInfo(office.office.timezone)).date()
    return sign(office, decision, office.policy.restore.approver, day, at)


def _point(request: RestoreRequest, received: Received | None, timezone: ZoneInfo) -> str:
    if request.rollback:
        return "Data sebelum restore terakhir (rollback)"
    text = "Back up terbaru yang terverifikasi" if not request.backup else "Back up pilihan"
    if received is None or received.backup_at is None:
        return text
    return f"{text}: {format_moment(received.backup_at, timezone)}"


def _verification(result: RestoreResult | None) -> str:
    if result is None:
        return ""
    words = []
    if result.rows:
        words.append(
            f"{format_number(result.tables)} tabel, "
            f"{format_number(sum(result.rows.values()))} baris sesuai manifes back up"
        )
    return "; ".join([*words, *(result.answers or ())])


def _acknowledgement(request: RestoreRequest, answered: Acknowledgement | None) -> Signature:
    signature = Signature(name=request.requester, nip=request.nip, post=request.post, role="pemohon")
    if answered and answered.answer != CLOSED_UNCONFIRMED:
        return replace(signature, at=answered.at, remark=f"atas nama pemohon, dicatat {answered.by}")
    return signature


def _paper_remark(decision: Decision | None) -> tuple[str, ...]:
    if decision is None or decision.proof != "paper":
        return ()
    return (f"persetujuan di luar sistem: surat {decision.reference}",)


def _officer(official: Official) -> Signature:
    return Signature(name=official.name, nip=official.nip, post=official.post, role="staf_infrastruktur")


def _approval(decision: Decision | None) -> Literal["Menyetujui", "Tidak Menyetujui"] | None:
    if decision is None or decision.answer == "expired":
        return None
    return "Menyetujui" if decision.answer == "yes" else "Tidak Menyetujui"
