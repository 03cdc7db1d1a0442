"""One run of SOP Restore Data: what each numbered step came to, remembered by the run's journal; the form is made from it alone.

The tasks of tasks/restore.py and `jaga restore` call these methods in order. Steps 2 to 4 are carried out by `recovery()`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jagadata.errors import JagadataError, RefusedError
from jagadata.ports.progress import ignore
from jagadata.restore.impact import measure_impact
from jagadata.restore.papers.filling import Filled, fill_restore_form
from jagadata.restore.planning import (
    check_restore,
    check_services,
    find_backup,
    load_properties,
    make_plan,
    prove_backup,
)
from jagadata.restore.recovery.steps import RECOVERY, Recovery
from jagadata.restore.request import (
    Impact,
    Plan,
    RestoreRequest,
    parse_impact,
    parse_plan,
    parse_restore_request,
)
from jagadata.restore.rollback import plan_rollback
from jagadata.signoff.signers import Decision, Person, may_sign
from jagadata.text.names import make_number
from jagadata.text.periods import add_working_days

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.restore.papers.form import RestoreForm, Status
    from jagadata.workplace import Workplace

APPROVAL = "approval"
"""Journal step of the gate before step 2 (tambahan)."""


class RestoreRun:
    """The run with this id. `request` may be None where the run has been received already."""

    def __init__(self, place: Workplace, run: str, request: RestoreRequest | None = None) -> None:
        self.place = place
        self.run = run
        self.request = request
        self.journal: Journal = place.journal(run)

    @property
    def system(self) -> str:
        return self.asked().system

    # --- step 1 and the gate ---

    def receive(self, progress: Callable[[int], None] = ignore) -> dict[str, Any]:
        """Step 1: number the request, find and prove the backup, make the plan, measure the impact. Nothing is stopped or changed.

        Raises:
            JagadataError: the request can't be carried out, with every reason; the request keeps its number.
        """
        self.number()
        return self.journal.once("1", lambda: self._receive(progress))

    def number(self) -> str:
        """The request's number, claimed before anything else so that a refused one is on record too."""
        request = self.asked()

        def claim() -> dict[str, Any]:
            self.place.office.system(request.system)
            at, info = self.place.clock(), self.place.office.office
            year = at.astimezone(self.place.timezone).year
            sequence = self.place.records.claim_number("form", year, run=self.run, at=at.isoformat())
            number = make_number(
                info.number,
                classification=info.classification,
                sequence=sequence,
                unit=info.unit_code,
                year=year,
            )
            stamped = request if request.requested_at else replace(request, requested_at=at.isoformat())
            return {"number": number, "at": at.isoformat(), "request": asdict(stamped)}

        return str(self.journal.once("open", claim)["number"])

    def _receive(self, progress: Callable[[int], None]) -> dict[str, Any]:
        opened = self.journal.outcome("open") or {}
        request = parse_restore_request(opened["request"])
        self.approvers()  # nobody who may approve: told now, not at the gate
        if request.rollback:
            plan, impact = plan_rollback(self.place, request)
            check_services(self.place, plan)
            return {
                "plan": plan.to_json(),
                "hash": plan.hash,
                "impact": impact.to_json(),
                "means": [],
                "store": "",
                "backup_at": "",
                "files": [],
            }
        backup = find_backup(self.place, request)
        store, means = prove_backup(self.place, backup, progress)
        plan = make_plan(self.place, request, backup)
        properties = load_properties(self.place, backup, store)
        check_restore(self.place, plan, properties)
        check_services(self.place, plan)
        impact = measure_impact(self.place, plan, backup, properties)
        files = [
            {
                "name": data.file_name,
                "database": data.database,
                "size": sum(entry.size for entry in data.archive.objects),
            }
            | {"sha256": data.archive.objects[0].sha256}
            for data in backup.manifest.data
        ]
        return {
            "plan": plan.to_json(),
            "hash": plan.hash,
            "impact": impact.to_json(),
            "means": means,
            "store": store.name,
            "backup_at": backup.manifest.started.isoformat(),
            "files": files,
        }

    @property
    def plan(self) -> Plan:
        return parse_plan(self._received()["plan"])

    @property
    def impact(self) -> Impact:
        return parse_impact(self._received()["impact"])

    def _received(self) -> dict[str, Any]:
        received = self.journal.outcome("1")
        if received is None:
            raise RefusedError("Langkah 1 belum selesai.", "Jalankan SOP dari langkah 1.")
        return received

    def received_at(self) -> datetime:
        """When the request got its number (UTC)."""
        return datetime.fromisoformat((self.journal.outcome("open") or {})["at"])

    def expected_bytes(self) -> int:
        """Decrypted bytes of the backup, for the progress shown; 0 where it is not known yet."""
        request = self.asked()
        if request.rollback:
            return 0
        try:
            manifest = find_backup(self.place, request).manifest
        except JagadataError:
            return 0
        return sum(data.archive.plain_size for data in manifest.data)

    def needs_approval(self) -> bool:
        """Production always; a restore test only if the office wants it."""
        return self.plan.mode != "uji" or self.place.office.policy.restore.approve_tests

    def approvers(self) -> list[Official]:
        """Who may approve today: holders of the role, never the requester. Raises RefusedError."""
        request = self.asked()
        return may_sign(
            self.place.office,
            self.place.office.policy.restore.approver,
            self.place.today(),
            never=[Person(name=request.requester, nip=request.nip, email=request.email)],
        )

    def asked(self) -> RestoreRequest:
        """The request as it was numbered. Raises RefusedError where this run has none."""
        opened = self.journal.outcome("open")
        if opened:
            return parse_restore_request(opened["request"])
        if self.request is None:
            raise RefusedError(
                "Run ini belum memuat permohonan.", "Ajukan melalui formulir SOP Restore Data."
            )
        return self.request

    def decide(self, decision: Decision, plan_hash: str) -> bool:
        """Record the approver's decision on exactly this plan; True if it may go on.

        Raises:
            RefusedError: the decision is for another plan, or the signer may not sign.
        """
        if plan_hash != self._received()["hash"]:
            raise RefusedError(
                "Persetujuan ini untuk rencana lain.", "Muat ulang halaman, lalu nilai rencana yang sekarang."
            )
        if decision.answer != "expired" and decision.signer not in [
            official.id for official in self.approvers()
        ]:
            raise RefusedError(
                f"Pejabat '{decision.signer}' tidak berwenang menyetujui permohonan ini.",
                "Pilih pejabat dari daftar.",
            )
        value = self.journal.once(APPROVAL, lambda: {**decision.to_json(), "plan": plan_hash})
        return bool(value["answer"] == "yes")

    @property
    def decision(self) -> Decision | None:
        value = self.journal.outcome(APPROVAL)
        if not value:
            return None
        try:
            return Decision(**{name: item for name, item in value.items() if name != "plan"})
        except TypeError as error:
            raise RefusedError(
                "Keputusan pada run ini ditulis versi Jagadata lain.",
                "Lanjutkan dengan versi yang menulisnya.",
            ) from error

    @property
    def is_closed(self) -> bool:
        """Ended although steps 2 to 4 never came to an end: its run died or was cancelled."""
        return self.journal.outcome("closed") is not None

    def may_go_on(self) -> bool:
        """Received, approved where that is needed, and not closed."""
        if self.journal.outcome("1") is None or self.is_closed:
            return False
        return not self.needs_approval() or (self.decision is not None and self.decision.answer == "yes")

    # --- steps 2 to 4 ---

    def recovery(self, progress: Callable[[int], None] = ignore) -> Recovery:
        """What carries out the approved plan. Raises RefusedError without an approval of this very plan, or once it is closed."""
        if self.is_closed and self.result is None:
            raise RefusedError(
                "Permohonan ini sudah ditutup, dan pemohonnya sudah diberi tahu.", "Ajukan permohonan baru."
            )
        if self.needs_approval():
            value = self.journal.outcome(APPROVAL)
            if value is None or value["answer"] != "yes" or value["plan"] != self.plan.hash:
                raise RefusedError("Restore ini belum disetujui.", "Tunggu keputusan pejabat yang berwenang.")
        return Recovery(
            place=self.place, journal=self.journal, plan=self.plan, shown=self.impact, progress=progress
        )

    @property
    def result(self) -> dict[str, Any] | None:
        """The outcome of steps 2 to 4, once there is one."""
        return self.journal.outcome(RECOVERY)

    # --- steps 5 and 6 ---

    @property
    def status(self) -> str:
        """Status Aduan."""
        result, decision = self.result, self.decision
        if result:
            return str(result["status"])
        if decision and decision.answer != "yes":
            return "Ditolak"
        if self.journal.last("1", "failed") and not self.journal.outcome("1"):
            return "Ditolak"
        if closed := self.journal.last("closed"):
            return str(closed.data.get("status", "Gagal"))
        return "Diproses" if self.journal.outcome("1") else "Diterima"

    @property
    def reason(self) -> str:
        """Why it was refused or failed; empty otherwise."""
        result, decision, refused, closed = (
            self.result,
            self.decision,
            self.journal.last("1", "failed"),
            self.journal.last("closed"),
        )
        if result:
            return str(result.get("reason", ""))
        if decision and decision.answer != "yes":
            return decision.note or (
                "tidak ada keputusan sampai batas waktu" if decision.answer == "expired" else ""
            )
        if refused and not self.journal.outcome("1"):
            return f"{refused.data['message']} {refused.data['hint']}".strip()
        return str(closed.data.get("reason", "")) if closed else ""

    def record_information(self, how: str) -> None:
        """Step 5: the requester was told, and how."""
        self.journal.once("5", lambda: {"how": how, "at": self.place.clock().isoformat()})

    def acknowledgement_due(self) -> date:
        """The last working day for the requester's answer."""
        told = self.journal.outcome("5")
        start = datetime.fromisoformat(told["at"]) if told else self.place.clock()
        days = self.place.office.policy.restore.acknowledgement_days
        return add_working_days(
            start.astimezone(self.place.timezone).date(), days, self.place.office.holidays
        )

    def recorders(self) -> list[Official]:
        """Who may record the requester's answer today: the staff, else their Kasi; empty where nobody holds either role."""
        office, today = self.place.office, self.place.today()
        return office.holders("staf_infrastruktur", today) or office.holders("kasi_infrastruktur", today)

    def acknowledge(self, *, answer: str, recorded_by: str, how: str, note: str = "") -> None:
        """Step 6: the requester's acknowledgement, recorded by staff "atas nama pemohon" with medium and reference; or its closing."""
        at = self.place.clock().isoformat()
        self.journal.once(
            "6", lambda: {"answer": answer, "by": recorded_by, "how": how, "note": note, "at": at}
        )

    def form(self) -> RestoreForm:
        """The form as filled so far, from the journal alone."""
        opened = self.journal.outcome("open") or {}
        state = Filled(
            run=self.run,
            number=str(opened.get("number", "")),
            request=self.asked(),
            received=self.journal.outcome("1"),
            decision=self.decision,
            result=self.result or {},
            informed=self.journal.outcome("5"),
            acknowledged=self.journal.outcome("6"),
            status=self.status,  # type: ignore[arg-type] # the journal holds no other
            reason=self.reason,
        )
        return fill_restore_form(self.place.office, state, now=self.place.clock())

    def close(self, reason: str, status: Status = "Gagal") -> None:
        """End a run that died, was cancelled, or that nobody wants to go on with; the form then says so."""
        self.journal.once(
            "closed", lambda: {"reason": reason, "status": status, "at": self.place.clock().isoformat()}
        )
