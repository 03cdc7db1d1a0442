"""One run of SOP Back Up Data over several systems: what each numbered step came to, remembered by the run's journal.

A step *returns* its outcome (Berhasil, or Gagal and why), so that one failing system neither stops the others nor is
done again after the sign-off. The tasks of tasks/backup.py and `jaga backup` call these methods in order.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from jagadata import sop
from jagadata.backup.dump import Occasion, dump_system
from jagadata.backup.papers.filling import fill_backup_form
from jagadata.backup.papers.form import BackupForm
from jagadata.backup.publish import name_backup
from jagadata.backup.review import record_review
from jagadata.backup.secure import secure_backup
from jagadata.backup.steps import (
    DUMP,
    FILL,
    FOR_EACH_SYSTEM,
    PUBLISH,
    REVIEW,
    SECURE,
    VERIFY,
    Opened,
    StepResult,
)
from jagadata.backup.verify import verify_draft
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.evidence.lines import once
from jagadata.evidence.numbers import FORM_SERIES, next_number
from jagadata.papers.values import from_json, to_json
from jagadata.ports.progress import ignore
from jagadata.signoff.signers import Decision, Person, may_sign, sign
from jagadata.text.formats import format_bytes
from jagadata.text.periods import parse_period, period_of
from jagadata.vault.lock import LOCK_TIMEOUT, wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.workplace import Workplace

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class BackupOrder:
    """What a run is to do. `systems` empty: all of the office file; `period` empty: the WIB month of `scheduled`."""

    systems: Sequence[str] = ()
    period: str = ""
    kind: Literal["Terjadwal", "Manual", "Susulan"] = "Terjadwal"
    note: str = ""
    performer: str = ""  # id of an official; empty: the first who holds the role today


class BackupRun:
    """The run with this id. `scheduled` (aware) is when it was meant to start."""

    def __init__(
        self, place: Workplace, run: str, order: BackupOrder, *, scheduled: datetime | None = None
    ) -> None:
        self.place = place
        self.run = run
        self.order = order
        self.scheduled = scheduled or place.clock()
        self.journal: Journal = place.journal(run)
        self._at_once = threading.Semaphore(place.office.policy.backup.at_once)
        self._limits: dict[str, threading.Semaphore] = {}
        self._lock = threading.Lock()
        self.lock_timeout = LOCK_TIMEOUT

    def open(self) -> Opened:
        """Check the order and claim the form's number; nothing is dumped yet. Whoever goes on with the run gets the same.

        Raises RefusedError, NotFoundError.
        """
        return once(self.journal, Opened, self._open)

    def _open(self) -> Opened:
        office = self.place.office
        systems = list(dict.fromkeys(self.order.systems)) or [system.id for system in office.systems]
        for system in systems:
            office.system(system)
        present = period_of(self.place.clock(), self.place.timezone)
        period = (
            parse_period(self.order.period)
            if self.order.period
            else period_of(self.scheduled, self.place.timezone)
        )
        if period > present:
            raise RefusedError(
                f"Periode {period.text} belum tiba.", f"Pilih {present.text} atau bulan sebelumnya."
            )
        kind = self.order.kind
        if period < present:
            kind = "Susulan"  # a month that has passed is caught up, never backdated
        performer = self._performer()
        at = self.place.clock()
        number = next_number(self.place.records, office.office, FORM_SERIES, run=self.run, at=at)
        return Opened(
            systems=tuple(systems),
            period=str(period),
            kind=kind,
            number=number,
            performer=performer.id,
            note=self.order.note,
            at=at,
        )

    def _performer(self) -> Official:
        holders = self.place.office.holders("staf_aplikasi", self.place.today())
        if not self.order.performer and holders:
            return holders[0]
        for official in holders:
            if official.id == self.order.performer:
                return official
        raise RefusedError(
            f"Pelaksana '{self.order.performer or '-'}' tidak memegang peran Staf Seksi Pengembangan dan Pengelolaan Aplikasi TIK hari ini.",
            "Pilih pelaksana lain, atau perbarui 'officials' di berkas kantor.",
        )

    # --- steps 1 to 4, for each system ---

    def dump(self, system: str, progress: Callable[[int], None] = ignore) -> StepResult:
        """Step 1 for one system. A restore of it, or another backup, that is under way is waited for."""
        opened = self.open()
        occasion = Occasion(
            run=self.run,
            period=opened.period,
            kind=opened.kind,
            form_number=opened.number,
            note=opened.note,
        )

        waited: list[str] = []

        def attempt() -> StepResult:
            if waited:
                with self.place.server(system).exclusive(system, login="dump"):
                    pass  # free again
                self.journal.refresh()  # it may have been this very run, on a worker that was held for dead
                if done := self._result(DUMP, system):
                    return done
            with self._limit(system), self._at_once:  # given back while something else holds the lock
                return StepResult(draft=dump_system(self.place, system, occasion, progress))

        def notify(text: str) -> None:
            waited.append(text)
            log.warning("%s: %s", system, text)

        def work(_before: StepResult) -> StepResult:
            return wait_for_lock(
                attempt,
                notify,
                timeout=self.lock_timeout,
                never=(),
                hint="belum ada yang di-back up. Ulangi back up sistem ini setelah pekerjaan itu selesai.",
            )

        return self._step(DUMP, system, work)

    def verify(self, system: str, progress: Callable[[int], None] = ignore) -> StepResult:
        """Step 2 for one system: what the store gives back."""

        def work(before: StepResult) -> StepResult:
            return replace(before, draft=verify_draft(self.place, before.made_draft(), progress))

        return self._step(VERIFY, system, work)

    def name(self, system: str) -> StepResult:
        """Step 3 for one system: the official name, and the manifest with which the backup exists."""
        return self._step(
            PUBLISH,
            system,
            lambda before: replace(before, published=name_backup(self.place, before.made_draft())),
        )

    def secure(self, system: str, progress: Callable[[int], None] = ignore) -> StepResult:
        """Step 4 for one system. Its failure leaves the backup valid on the primary store, and stands on the form."""

        def work(before: StepResult) -> StepResult:
            backup = before.made_backup().backup
            secured = secure_backup(self.place, system, backup, run=self.run, progress=progress)
            return replace(before, secured=secured)

        return self._step(SECURE, system, work)

    def make_backups(self) -> None:
        """Steps 1 to 4 as far as they are not done yet, one system after the other: each that is through is a valid backup."""
        for system in self.open().systems:
            for number, step in enumerate((self.dump, self.verify, self.name, self.secure), 1):
                if self.waiting(number, [system]):
                    step(system)

    def carry_on(self) -> BackupForm:
        """Steps 1 to 5 as far as they are not done yet; what failed stands on the form."""
        self.make_backups()
        return self.fill_form()

    def _limit(self, system: str) -> threading.Semaphore:
        """At most so many dumps at once from one database server."""
        entry = self.place.office.server(self.place.office.system(system).server)
        with self._lock:
            return self._limits.setdefault(entry.name, threading.Semaphore(entry.parallel_backups))

    def _result(self, step: str, system: str) -> StepResult | None:
        """What one step came to, None where it did not end."""
        value = self.journal.outcome(step, system)
        return StepResult.from_json(value) if value else None

    def _before(self, step: str, system: str) -> StepResult:
        """What the steps before it came to. Raises RefusedError: they are not done."""
        if step == DUMP:
            return StepResult()
        for earlier in reversed(FOR_EACH_SYSTEM[: FOR_EACH_SYSTEM.index(step)]):
            if result := self._result(earlier, system):
                return result
        raise RefusedError(
            f"Langkah {step} untuk '{system}' dimulai sebelum langkah sebelumnya selesai.",
            "Jalankan SOP dari langkah 1.",
        )

    def _step(self, step: str, system: str, work: Callable[[StepResult], StepResult]) -> StepResult:
        before = self._before(step, system)
        if not before.ok:
            return before  # what failed earlier stays the outcome

        def result() -> StepResult:
            try:
                return work(before)
            except JagadataError as error:
                log.warning("%s: langkah %s gagal: %s", system, step, error)
                return before.refused(step, error)
            except Exception as error:
                log.exception("%s: langkah %s gagal", system, step)
                return before.failed(int(step), f"kesalahan tak terduga: {type(error).__name__}")

        return StepResult.from_json(self.journal.once(step, lambda: result().to_json(), system))

    # --- step 5 and 6 ---

    def fill_form(self) -> BackupForm:
        """Step 5: the form of the whole run, from what the steps came to."""
        value = self.journal.once(FILL, lambda: to_json(self._fill()))
        return from_json(BackupForm, value)

    def _fill(self) -> BackupForm:
        opened = self.open()
        return fill_backup_form(
            self.place.office,
            self.run,
            opened,
            {system: self.result(system) for system in opened.systems},
            stores={store.name: store.features().where for store in self.place.stores},
            at=self.place.clock(),
        )

    def result(self, system: str) -> StepResult:
        """What the four steps came to; a step that never ended (a journal that could not be written, a task that died) is a failure."""
        ended = [step for step in FOR_EACH_SYSTEM if self.journal.outcome(step, system)]
        last = ended[-1] if ended else ""
        found = (self._result(last, system) if last else None) or StepResult()
        if last == SECURE or not found.ok:
            return found
        return found.failed(
            int(last or 0) + 1,
            "terhenti sebelum selesai (run terputus, atau jurnal tidak dapat ditulis)",
            "Periksa penyimpanan dengan `jaga doctor`, lalu ulangi back up sistem ini.",
        )

    def reviewers(self) -> list[Official]:
        """Who may receive and check the form today: Pemeriksa is never the pelaksana. Raises RefusedError."""
        performer = self.place.office.official(self.open().performer)
        return may_sign(
            self.place.office,
            "kasi_aplikasi",
            self.place.today(),
            never=[Person(name=performer.name, nip=performer.nip)],
        )

    def without_reviewer(self) -> Decision | None:
        """Where nobody may examine the form today: what then stands for a decision, as for an expired gate."""
        try:
            self.reviewers()
        except RefusedError as error:
            return Decision(
                answer="expired", signer="", note=error.message, at=self.place.clock().isoformat()
            )
        return None

    def review(self, decision: Decision) -> BackupForm:
        """Step 6: the Kasi's decision, on every backup of this run and on the form. A gate that expired, or that nobody could answer, fails no backup."""
        value = self.journal.once(REVIEW, lambda: to_json(self._review(decision)))
        return from_json(BackupForm, value)

    def _review(self, decision: Decision) -> BackupForm:
        form = self.fill_form()
        if decision.answer == "expired":
            why = f": {decision.note}" if decision.note else " sampai batas waktu"
            return replace(form, remarks=(*form.remarks, f"belum diperiksa{why}"))
        if decision.signer not in [official.id for official in self.reviewers()]:
            raise NotFoundError(
                f"Pejabat '{decision.signer}' tidak berwenang memeriksa formulir ini.", "Pilih dari daftar."
            )
        at = datetime.fromisoformat(decision.at)
        text = "Diterima" if decision.answer == "yes" else "Dikembalikan"
        signature = sign(self.place.office, decision, "kasi_aplikasi", self.place.today(), at)
        for row in form.rows:
            if row.backup:
                record_review(
                    self.place,
                    row.system,
                    row.backup,
                    decision=text,
                    reviewer={"id": decision.signer, "name": signature.name},
                    note=decision.note,
                    run=self.run,
                )
        return replace(form, review=text, review_note=decision.note, reviewer=signature)  # type: ignore[arg-type]

    def filled_at(self) -> datetime:
        """When step 5 was done (UTC)."""
        return self.fill_form().at or self.place.clock()

    def reviewed_form(self) -> BackupForm:
        """The form with the Kasi's decision, if there is one yet."""
        value = self.journal.outcome(REVIEW)
        return from_json(BackupForm, value) if value else self.fill_form()

    def waiting(self, step: int, systems: Sequence[str]) -> list[str]:
        """Systems for which this step is still to be done: none once the form is filled in, for it is what gets signed."""
        if self.journal.outcome(FILL):
            return []
        return [
            system
            for system in systems
            if self.journal.outcome(str(step), system) is None and self._is_good(system, step - 1)
        ]

    def _is_good(self, system: str, step: int) -> bool:
        """Nothing has failed for this system up to that step."""
        if step == 0:
            return True
        result = self._result(str(step), system)
        return result is not None and result.ok

    def expected_bytes(self, system: str) -> int:
        """About how many encrypted bytes this system's backup has: as many as its newest one, else 0 (unknown)."""
        try:
            return self.place.catalog(system).newest(system).manifest.size
        except JagadataError:
            return 0

    def table(self) -> list[dict[str, str]]:
        """The results for the UI, one line for each system."""
        return [
            {
                "Aplikasi": row.application,
                "Hasil": row.outcome or "-",
                "File": ", ".join(file.name for file in row.files) or "-",
                "Ukuran": format_bytes(sum(file.size or 0 for file in row.files)) if row.files else "-",
                "Salinan kedua": row.second_copy or "-",
                "Keterangan": row.reason or row.obstacles or "-",
            }
            for row in self.fill_form().rows
        ]

    def failures(self) -> list[str]:
        """The systems without a whole result, each with its reason; a failed step 4 counts."""
        return [
            f"{system}: langkah {failure.step}: {failure.reason}"
            for system in self.open().systems
            if (failure := self.result(system).failure)
        ]

    def title(self) -> str:
        opened = self.open()
        return f"{sop.BACKUP_FORM} {opened.number}, periode {parse_period(opened.period).text}"
