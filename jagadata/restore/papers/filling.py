"""The Formulir Permohonan Restore Data of one run, filled in from what its journal holds so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jagadata.papers.values import BackupFile, Signature
from jagadata.restore.papers.form import CLOSED_UNCONFIRMED, RestoreForm
from jagadata.signoff.signers import sign
from jagadata.text.formats import format_moment, format_number

if TYPE_CHECKING:
    from jagadata.office.file import Office
    from jagadata.office.people import Official
    from jagadata.restore.papers.form import Status
    from jagadata.restore.request import RestoreRequest
    from jagadata.signoff.signers import Decision


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a run holds so far, as the form needs it: the outcomes of its steps, None where one was not done yet."""

    run: str
    number: str
    request: RestoreRequest
    received: dict[str, Any] | None
    decision: Decision | None
    result: dict[str, Any]
    informed: dict[str, Any] | None
    acknowledged: dict[str, Any] | None
    status: Status
    reason: str


def fill_restore_form(office: Office, run: Filled, *, now: datetime) -> RestoreForm:
    """The form as it stands after the last step that was done; `now` is aware."""
    timezone = ZoneInfo(office.office.timezone)
    request, received, result = run.request, run.received, run.result
    told, answered, decision = run.informed, run.acknowledged, run.decision
    system = office.system(request.system)
    holders = office.holders("staf_infrastruktur", now.astimezone(timezone).date())
    approver_role = office.policy.restore.approver
    remarks = [text for text in (_paper_remark(decision),) if text]
    if result.get("actions"):
        remarks += result["actions"]
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
        files=tuple(BackupFile(**item) for item in received["files"]) if received else (),
        backup=received["plan"]["backup"] if received else "",
        backup_at=_time(received["backup_at"]) if received else None,
        manifest=received["plan"]["manifest"] if received else "",
        hash_matches=True if received and received["files"] else None,
        stopped=_time(result.get("off_at")),
        restore_started=_time(result.get("restored_from")),
        restore_finished=_time(result.get("restored_until")),
        started=_time(result.get("on_at")),
        off_seconds=result.get("downtime_seconds"),
        verification=_verification(result),
        status=run.status,
        status_reason=run.reason,
        informed_at=_time(told["at"]) if told else None,
        informed_by=told["how"] if told else "",
        acknowledged=answered["answer"] if answered else None,
        acknowledged_by=answered["how"] if answered else "",
        acknowledgement=_acknowledgement(request, answered),
        approval=_approval(decision),
        approval_note=decision.note if decision else "",
        approver=_sign(office, decision) if decision and decision.signer else Signature(role=approver_role),
        plan=received["hash"] if received else "",
        kept=f"{', '.join(result['kept'])} ({result['kept_days']} hari)" if result.get("kept") else "",
        run=run.run,
        remarks=tuple(remarks),
    )


def _sign(office: Office, decision: Decision) -> Signature:
    """As the signer stood on the day of the decision; the form may be made anew much later."""
    at = datetime.fromisoformat(decision.at)
    day = at.astimezone(ZoneInfo(office.office.timezone)).date()
    return sign(office, decision, office.policy.restore.approver, day, at)


def _point(request: RestoreRequest, received: dict[str, Any] | None, timezone: ZoneInfo) -> str:
    if request.rollback:
        return "Data sebelum restore terakhir (rollback)"
    text = "Back up terbaru yang terverifikasi" if not request.backup else "Back up pilihan"
    if not received:
        return text
    return f"{text}: {format_moment(datetime.fromisoformat(received['backup_at']), timezone)}"


def _verification(result: dict[str, Any]) -> str:
    words = []
    if result.get("rows"):
        words.append(
            f"{format_number(result.get('tables', 0))} tabel, "
            f"{format_number(sum(result['rows'].values()))} baris sesuai manifes back up"
        )
    words += [str(answer) for answer in result.get("answers", [])]
    return "; ".join(words)


def _acknowledgement(request: RestoreRequest, answered: dict[str, Any] | None) -> Signature:
    signature = Signature(name=request.requester, nip=request.nip, post=request.post, role="pemohon")
    if answered and answered["answer"] != CLOSED_UNCONFIRMED:
        return replace(
            signature, at=_time(answered["at"]), remark=f"atas nama pemohon, dicatat {answered['by']}"
        )
    return signature


def _paper_remark(decision: Decision | None) -> str:
    return (
        f"persetujuan di luar sistem: surat {decision.reference}"
        if decision and decision.proof == "paper"
        else ""
    )


def _officer(official: Official) -> Signature:
    return Signature(name=official.name, nip=official.nip, post=official.post, role="staf_infrastruktur")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _approval(decision: Decision | None) -> Any:
    return (
        None
        if decision is None or decision.answer == "expired"
        else "Menyetujui"
        if decision.answer == "yes"
        else "Tidak Menyetujui"
    )
