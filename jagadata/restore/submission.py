"""A restore request without Prefect: who may submit it, approve it on paper, withdraw it, and carry it out. The rules of every way in.

`jaga restore` and `jaga resume` ask here; a page for officials would ask the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.errors import BusyError, JagadataError, NotFoundError, RefusedError
from jagadata.ports.progress import ignore
from jagadata.restore.letters import close_restore, confirm_receipt, inform_requester
from jagadata.restore.record import is_ended, is_restore
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import PREPARE
from jagadata.signoff.signers import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.restore.request import Purpose
    from jagadata.restore.steps import RequesterAnswer
    from jagadata.workplace import Workplace


@dataclass(frozen=True, kw_only=True)
class PaperApproval:
    """An approval given outside the system: the official's id and the number of the letter; "" where there is none."""

    signer: str = ""
    letter: str = ""

    @property
    def is_complete(self) -> bool:
        return bool(self.signer and self.letter)


# --- before it is received ---


def refuse_unapproved(place: Workplace, purpose: Purpose, paper: PaperApproval) -> None:
    """Production needs an approval, a restore test only where the office wants it. Raises RefusedError before anything is read."""
    if not paper.is_complete and (purpose == "Produksi" or place.office.policy.restore.approve_tests):
        raise RefusedError(
            f"Restore {purpose} memerlukan persetujuan.",
            "Sebutkan --approved-by PEJABAT dan --letter NOMOR surat persetujuannya.",
        )


def submit(run: RestoreRun, paper: PaperApproval, *, system: str, again: bool) -> None:
    """Number the request. `again`: a run that was submitted before is gone on with.

    Raises:
        NotFoundError: there is no such run.
        RefusedError: it is for another system, or that official may not approve it.
    """
    if again and not is_restore(run.journal):
        raise NotFoundError(
            f"Run '{run.run}' tidak ada di penyimpanan.", "Lihat nomornya dengan `jaga forms`."
        )
    if run.system != system:
        raise RefusedError(
            f"Run '{run.run}' adalah permohonan untuk sistem '{run.system}'.", "Perbaiki --system."
        )
    if paper.signer:
        known = [official.id for official in run.approvers()]
        if paper.signer not in known:
            raise RefusedError(
                f"Pejabat '{paper.signer}' tidak berwenang menyetujui permohonan ini.",
                f"Sebutkan --approved-by dengan salah satu dari: {', '.join(known)}.",
            )
    run.number()


def receive(run: RestoreRun, progress: Callable[[int], None] = ignore) -> None:
    """Step 1, and its letter: what is received is confirmed, the requester of what is refused is notified. Raises JagadataError."""
    try:
        run.receive(progress)
    except JagadataError:
        inform_requester(run)
        raise
    confirm_receipt(run)


def approve_on_paper(run: RestoreRun, paper: PaperApproval) -> None:
    """Record the approval given outside the system, where one is needed and none is on record. Raises RefusedError."""
    if not run.needs_approval() or run.approval is not None:
        return
    if not paper.is_complete:
        raise RefusedError("Restore ini memerlukan persetujuan.", "Sebutkan --approved-by dan --letter.")
    decision = Decision(
        answer="yes",
        signer=paper.signer,
        note=f"surat {paper.letter}",
        at=run.place.clock().isoformat(),
        proof="paper",
        reference=paper.letter,
    )
    run.decide(decision, run.plan.hash)


def withdraw(run: RestoreRun) -> bool:
    """The officer's no ends a request that was not begun yet: its requester is informed, and nobody waits for it for ever.

    False where an attempt began before: this no is not its end.
    """
    run.journal.refresh()
    if run.journal.began(PREPARE):
        return False
    run.close("Dibatalkan petugas sebelum apa pun dihentikan; tidak ada data yang diubah.", "Ditolak")
    inform_requester(run)
    return True


# --- carried out ---


def refuse_unresumable(run: RestoreRun) -> None:
    """Raises RefusedError for a run that was not approved or was closed, and has no result to report."""
    if not is_ended(run.journal) and not run.may_go_on():
        raise RefusedError(
            f"Permohonan {run.number()} belum disetujui atau sudah ditutup ({run.status}).",
            "Setujui dengan `jaga approve`, atau ajukan permohonan baru.",
        )


def recover(run: RestoreRun, progress: Callable[[int], None] = ignore) -> None:
    """Steps 2 to 4, unless they ended before. Raises RefusedError without an approval."""
    if not is_ended(run.journal):
        with run.recovery(progress) as recovery:
            recovery.carry_out()


def finish(run: RestoreRun) -> None:
    """Step 5: inform the requester of the result. Raises BusyError where another worker still carries it out."""
    if run.result is None:
        raise BusyError(
            f"Run {run.run} sedang dikerjakan di tempat lain.", "Tunggu sampai selesai; lihat `jaga forms`."
        )
    inform_requester(run)


def raise_unless_restored(run: RestoreRun) -> None:
    """Raises JagadataError that says why, with the exit code of the fault that refused it."""
    result = run.result
    if result is None or result.status != "Selesai":
        error = JagadataError(f"Restore {run.number()} {run.status}: {run.reason}")
        if result is not None and result.exit_code is not None:
            error.exit_code = result.exit_code
        raise error


# --- step 6 ---


def record_acknowledgement(
    place: Workplace, run_id: str, *, answer: RequesterAnswer, note: str, recorder: str = ""
) -> str:
    """Record the requester's answer "atas nama pemohon" where no Prefect run asks for it; returns who recorded it and on which request.

    `recorder`: the official's id, needed where several may record it.

    Raises:
        NotFoundError: no such restore request.
        RefusedError: it is not that far, the answer is on record, or that official may not record it.
    """
    if not is_restore(place.journal(run_id)):
        raise NotFoundError(
            f"Permohonan restore dengan run '{run_id}' tidak ada.", "Lihat nomornya dengan `jaga forms`."
        )
    run = RestoreRun(place, run_id)
    if not run.is_informed or run.status not in ("Selesai", "Gagal"):
        raise RefusedError(
            f"Permohonan {run.number()} belum sampai langkah 6 ({run.status}).",
            "Selesaikan lebih dahulu dengan `jaga resume`.",
        )
    if run.is_acknowledged:
        raise RefusedError(
            f"Jawaban atas permohonan {run.number()} sudah dicatat.", "Lihat dengan `jaga forms`."
        )
    name = _choose_recorder(run, recorder)
    run.acknowledge(answer=answer, recorded_by=name, how=note, note=note)
    close_restore(run)
    return f"{answer}: dicatat pada permohonan {run.number()} oleh {name}."


def _choose_recorder(run: RestoreRun, recorder: str) -> str:
    chosen = [official for official in run.recorders() if recorder in ("", official.id)]
    if len(chosen) == 1:
        return chosen[0].name
    known = ", ".join(official.id for official in run.recorders()) or "(tidak ada)"
    raise RefusedError(
        f"Petugas '{recorder}' tidak berwenang mencatatnya."
        if recorder
        else "Petugas yang mencatat belum jelas.",
        f"Sebutkan --as dengan salah satu dari: {known}.",
    )
