"""One run of SOP Restore Data: what each numbered step came to, remembered by the run's journal; the form is made from it alone.

The tasks of tasks/restore.py and `jaga restore` call these methods in order. Steps 2 to 4 are carried out by `recovery()`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError, RefusedError
from jagadata.evidence.lines import once, read_outcome
from jagadata.evidence.numbers import FORM_SERIES, next_number
from jagadata.papers.values import BackupFile
from jagadata.ports.progress import ignore
from jagadata.restore.impact import add_long_stops, measure_impact
from jagadata.restore.papers.filling import fill_restore_form
from jagadata.restore.planning import (
    check_restore,
    check_services,
    find_backup,
    load_properties,
    make_plan,
    prove_backup,
    tell_state,
)
from jagadata.restore.record import is_acknowledged, is_closed, is_informed, read_record
from jagadata.restore.recovery.steps import Recovery
from jagadata.restore.rollback import plan_rollback
from jagadata.restore.steps import (
    Acknowledgement,
    Approval,
    Closed,
    Informed,
    Opened,
    Received,
    RestoreResult,
)
from jagadata.signoff.signers import Person, may_sign
from jagadata.text.periods import add_working_days

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.restore.papers.form import RestoreForm
    from jagadata.restore.record import RunRecord
    from jagadata.restore.request import Impact, Plan, RestoreRequest
    from jagadata.restore.steps import RequesterAnswer, Status
    from jagadata.signoff.signers import Decision
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace


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

    def receive(self, progress: Callable[[int], None] = ignore) -> Received:
        """Step 1: number the request, find and prove the backup, make the plan, measure the impact. Nothing is stopped or changed.

        Raises:
            JagadataError: the request can't be carried out, with every reason; the request keeps its number.
        """
        self.number()
        return once(self.journal, Received, lambda: self._receive(progress))

    def number(self) -> str:
        """The request's number, claimed before anything else so that a refused one is on record too."""
        return once(self.journal, Opened, self._open).number

    def _open(self) -> Opened:
        request = self.asked()
        self.place.office.system(request.system)
        at = self.place.clock()
        number = next_number(self.place.records, self.place.office.office, FORM_SERIES, run=self.run, at=at)
        stamped = request if request.requested_at else replace(request, requested_at=at.isoformat())
        return Opened(number=number, at=at, request=stamped)

    def _receive(self, progress: Callable[[int], None]) -> Received:
        request = self.asked()
        self.approvers()  # nobody who may approve: reported now, not at the gate
        if request.rollback:
            plan, impact = plan_rollback(self.place, request)
            check_services(self.place, plan)
            impact = add_long_stops(self.place, plan, impact)
            return Received(plan=plan.to_json(), hash=plan.hash, impact=impact)
        backup = find_backup(self.place, request)
        store, means = prove_backup(self.place, backup, progress)
        plan = make_plan(self.place, request, backup)
        properties = load_properties(self.place, backup, store)
        check_restore(self.place, plan, properties)
        check_services(self.place, plan)
        return Received(
            plan=plan.to_json(),
            hash=plan.hash,
            impact=add_long_stops(self.place, plan, measure_impact(self.place, plan, backup, properties)),
            means=(*means, *tell_state(self.place, backup)),
            store=store.name,
            backup_at=backup.manifest.started,
            files=_list_files(backup),
        )

    @property
    def plan(self) -> Plan:
        return self._received().read_plan()

    @property
    def impact(self) -> Impact:
        return self._received().impact

    @property
    def received(self) -> Received | None:
        return read_outcome(self.journal, Received)

    def _received(self) -> Received:
        received = self.received
        if received is None:
            raise RefusedError("Langkah 1 belum selesai.", "Jalankan SOP dari langkah 1.")
        return received

    @property
    def opened(self) -> Opened | None:
        return read_outcome(self.journal, Opened)

    def received_at(self) -> datetime:
        """When the request got its number (UTC); now where it has none yet."""
        opened = self.opened
        return opened.at if opened else self.place.clock()

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
        opened = self.opened
        if opened:
            return opened.request
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
        if plan_hash != self._received().hash:
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
        line = Approval.from_json({**decision.to_json(), "plan": plan_hash})
        return once(self.journal, Approval, lambda: line).answer == "yes"

    @property
    def approval(self) -> Approval | None:
        return read_outcome(self.journal, Approval)

    @property
    def decision(self) -> Decision | None:
        approval = self.approval
        return approval.decision if approval else None

    @property
    def is_closed(self) -> bool:
        """Ended although steps 2 to 4 never came to an end: its run died or was cancelled."""
        return is_closed(self.journal)

    def may_go_on(self) -> bool:
        """Received, approved where that is needed, and not closed."""
        if self.received is None or self.is_closed:
            return False
        return not self.needs_approval() or (self.decision is not None and self.decision.answer == "yes")

    # --- steps 2 to 4 ---

    def recovery(self, progress: Callable[[int], None] = ignore) -> Recovery:
        """What carries out the approved plan. Raises RefusedError without an approval of this very plan, or once it is closed."""
        if self.is_closed and self.result is None:
            raise RefusedError(
                "Permohonan ini sudah ditutup, dan pemohonnya sudah diberi tahu.", "Ajukan permohonan baru."
            )
        approval = self.approval
        if self.needs_approval() and (
            approval is None or approval.answer != "yes" or approval.plan != self.plan.hash
        ):
            raise RefusedError("Restore ini belum disetujui.", "Tunggu keputusan pejabat yang berwenang.")
        return Recovery(
            place=self.place, journal=self.journal, plan=self.plan, shown=self.impact, progress=progress
        )

    @property
    def result(self) -> RestoreResult | None:
        """What steps 2 to 4 came to, once they ended."""
        return read_outcome(self.journal, RestoreResult)

    # --- steps 5 and 6 ---

    @property
    def record(self) -> RunRecord:
        """All that the journal holds so far."""
        return read_record(self.journal, self.asked())

    @property
    def status(self) -> Status:
        """Status Aduan."""
        return self.record.status

    @property
    def reason(self) -> str:
        """Why it was refused or failed; empty otherwise."""
        return self.record.reason

    def record_information(self, how: str) -> None:
        """Step 5: the requester was notified, and how."""
        once(self.journal, Informed, lambda: Informed(how=how, at=self.place.clock()))

    @property
    def is_informed(self) -> bool:
        """Step 5 is done."""
        return is_informed(self.journal)

    @property
    def is_acknowledged(self) -> bool:
        """Step 6 is done."""
        return is_acknowledged(self.journal)

    def acknowledgement_due(self) -> date:
        """The last working day for the requester's answer."""
        informed = read_outcome(self.journal, Informed)
        start = informed.at if informed else self.place.clock()
        days = self.place.office.policy.restore.acknowledgement_days
        return add_working_days(
            start.astimezone(self.place.timezone).date(), days, self.place.office.holidays
        )

    def recorders(self) -> list[Official]:
        """Who may record the requester's answer today: the staff, else their Kasi; empty where nobody holds either role."""
        office, today = self.place.office, self.place.today()
        return office.holders("staf_infrastruktur", today) or office.holders("kasi_infrastruktur", today)

    def acknowledge(self, *, answer: RequesterAnswer, recorded_by: str, how: str, note: str = "") -> None:
        """Step 6: the requester's acknowledgement, recorded by staff "atas nama pemohon" with medium and reference; or its closing."""
        at = self.place.clock()
        line = Acknowledgement(answer=answer, by=recorded_by, how=how, note=note, at=at)
        once(self.journal, Acknowledgement, lambda: line)

    def form(self) -> RestoreForm:
        """The form as filled so far, from the journal alone."""
        return fill_restore_form(self.place.office, self.record, now=self.place.clock())

    def close(self, reason: str, status: Status = "Gagal") -> None:
        """End a run that died, was cancelled, or that nobody wants to go on with; the form then says so."""
        line = Closed(reason=reason, status=status, at=self.place.clock())
        once(self.journal, Closed, lambda: line)


def _list_files(backup: Backup) -> tuple[BackupFile, ...]:
    return tuple(
        BackupFile(
            name=data.file_name,
            database=data.database,
            size=sum(entry.size for entry in data.archive.objects),
            sha256=data.archive.objects[0].sha256,
        )
        for data in backup.manifest.data
    )
