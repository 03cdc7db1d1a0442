"""One run of SOP Back Up Data over several systems: what each numbered step came to, remembered by the run's journal.

A step *returns* its outcome (Berhasil, or Gagal and why), so that one failing system neither stops the others nor is
done again after the sign-off. The tasks of tasks/backup.py and `jaga backup` call these methods in order.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from jagadata import sop
from jagadata.backup.dump import Occasion, dump_system
from jagadata.backup.papers.filling import fill_backup_form
from jagadata.backup.papers.form import BackupForm
from jagadata.backup.publish import name_backup
from jagadata.backup.review import record_review
from jagadata.backup.secure import secure_backup
from jagadata.backup.verify import verify_draft
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.papers.values import from_json, to_json
from jagadata.ports.progress import ignore
from jagadata.signoff.signers import Decision, Person, may_sign, sign
from jagadata.text.formats import format_bytes
from jagadata.text.names import make_number
from jagadata.text.periods import parse_period, period_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.workplace import Workplace

log = logging.getLogger(__name__)

Outcome = dict[str, Any]
"""JSON of a step for one system: {"ok": True, ...} or {"ok": False, "step": N, "reason": ..., "hint": ...}."""


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

    def open(self) -> dict[str, Any]:
        """Check the order and claim the form's number; nothing is dumped yet.

        Returns {"systems", "period", "kind", "number", "performer", "note"}: of the run, whoever goes on with it. Raises RefusedError, NotFoundError.
        """
        return self.journal.once("open", self._open)

    def _open(self) -> dict[str, Any]:
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
        year = at.astimezone(self.place.timezone).year
        sequence = self.place.records.claim_number("form", year, run=self.run, at=at.isoformat())
        info = office.office
        number = make_number(
            info.number, classification=info.classification, sequence=sequence, unit=info.unit_code, year=year
        )
        return {
            "systems": systems,
            "period": str(period),
            "kind": kind,
            "number": number,
            "performer": performer.id,
            "note": self.order.note,
            "at": at.isoformat(),
        }

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

    def dump(self, system: str, progress: Callable[[int], None] = ignore) -> Outcome:
        """Step 1 for one system."""
        opened = self.open()
        occasion = Occasion(
            run=self.run,
            period=opened["period"],
            kind=opened["kind"],
            form_number=opened["number"],
            note=opened.get("note", ""),
        )

        def work(_before: Outcome) -> Outcome:
            with self._limit(system), self._at_once:
                return {"draft": dump_system(self.place, system, occasion, progress)}

        return self._step("1", system, work, {"ok": True})

    def verify(self, system: str, progress: Callable[[int], None] = ignore) -> Outcome:
        """Step 2 for one system: what the store gives back."""
        return self._step(
            "2", system, lambda before: {"draft": verify_draft(self.place, before["draft"], progress)}
        )

    def name(self, system: str) -> Outcome:
        """Step 3 for one system: the official name, and the manifest with which the backup exists."""
        return self._step(
            "3", system, lambda before: {"draft": before["draft"], **name_backup(self.place, before["draft"])}
        )

    def secure(self, system: str, progress: Callable[[int], None] = ignore) -> Outcome:
        """Step 4 for one system. Its failure leaves the backup valid on the primary store, and stands on the form."""

        def work(before: Outcome) -> Outcome:
            return {
                **before,
                **secure_backup(self.place, system, before["backup"], run=self.run, progress=progress),
            }

        return self._step("4", system, work)

    def _limit(self, system: str) -> threading.Semaphore:
        """At most so many dumps at once from one database server."""
        entry = self.place.office.server(self.place.office.system(system).server)
        with self._lock:
            return self._limits.setdefault(entry.name, threading.Semaphore(entry.parallel_backups))

    def _step(
        self, step: str, system: str, work: Callable[[Outcome], Outcome], before: Outcome | None = None
    ) -> Outcome:
        earlier = (self.journal.outcome(str(number), system) for number in range(int(step) - 1, 0, -1))
        before = before or next((found for found in earlier if found), None)
        if before is None:
            raise RefusedError(
                f"Langkah {step} untuk '{system}' dimulai sebelum langkah sebelumnya selesai.",
                "Jalankan SOP dari langkah 1.",
            )
        if not before["ok"]:
            return before  # what failed earlier stays the outcome

        def outcome() -> Outcome:
            try:
                return {**work(before), "ok": True}
            except JagadataError as error:
                log.warning("%s: langkah %s gagal: %s", system, step, error)
                return {
                    "ok": False,
                    "step": int(step),
                    "reason": error.message,
                    "hint": error.hint,
                    **_made(before),
                }
            except Exception as error:
                log.exception("%s: langkah %s gagal", system, step)
                return {
                    "ok": False,
                    "step": int(step),
                    "reason": f"kesalahan tak terduga: {type(error).__name__}",
                    "hint": "",
                    **_made(before),
                }

        return self.journal.once(step, outcome, system)

    # --- step 5 and 6 ---

    def fill_form(self) -> BackupForm:
        """Step 5: the form of the whole run, from what the steps came to."""
        value = self.journal.once("5", lambda: to_json(self._fill()))
        return from_json(BackupForm, value)

    def _fill(self) -> BackupForm:
        opened = self.open()
        return fill_backup_form(
            self.place.office,
            self.run,
            opened,
            {system: self.outcome(system) for system in opened["systems"]},
            stores={store.name: store.features().where for store in self.place.stores},
            at=self.place.clock(),
        )

    def outcome(self, system: str) -> Outcome:
        """What the four steps came to; a step that never ended (a journal that could not be written, a task that died) is a failure."""
        last = next((number for number in (4, 3, 2, 1) if self.journal.outcome(str(number), system)), 0)
        found = self.journal.outcome(str(last), system) or {"ok": True}
        if last == 4 or not found["ok"]:
            return found
        return {
            "ok": False,
            "step": last + 1,
            "reason": "terhenti sebelum selesai (run terputus, atau jurnal tidak dapat ditulis)",
            "hint": "Periksa penyimpanan dengan `jaga doctor`, lalu ulangi back up sistem ini.",
            **_made(found),
        }

    def reviewers(self) -> list[Official]:
        """Who may receive and check the form today: Pemeriksa is never the pelaksana. Raises RefusedError."""
        performer = self.place.office.official(self.open()["performer"])
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
        value = self.journal.once("6", lambda: to_json(self._review(decision)))
        return from_json(BackupForm, value)

    def _review(self, decision: Decision) -> BackupForm:
        from dataclasses import replace

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
        value = self.journal.outcome("6")
        return from_json(BackupForm, value) if value else self.fill_form()

    def waiting(self, step: int, systems: Sequence[str]) -> list[str]:
        """Systems for which this step is still to be done: none once the form is filled in, for it is what gets signed."""
        if self.journal.outcome("5"):
            return []
        return [
            system
            for system in systems
            if self.journal.outcome(str(step), system) is None and self._is_good(system, step - 1)
        ]

    def _is_good(self, system: str, step: int) -> bool:
        """Nothing has failed for this system up to that step."""
        return step == 0 or bool((self.journal.outcome(str(step), system) or {}).get("ok"))

    def expected_bytes(self, system: str) -> int:
        """About how many encrypted bytes this system's backup has: as many as its newest one, else 0 (unknown)."""
        try:
            return self.place.catalog(system).newest(system).manifest.size
        except JagadataError:
            return 0

    def table(self) -> list[dict[str, Any]]:
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
            f"{system}: langkah {outcome['step']}: {outcome['reason']}"
            for system in self.open()["systems"]
            if not (outcome := self.outcome(system))["ok"]
        ]

    def title(self) -> str:
        opened = self.open()
        return f"{sop.BACKUP_FORM} {opened['number']}, periode {parse_period(opened['period']).text}"


def _made(before: Outcome) -> Outcome:
    """What an earlier step made and a later failure must not hide: the draft, and from step 3 on the backup."""
    return {name: before[name] for name in ("draft", "backup", "manifest", "files") if name in before}
