"""The numbered steps of SOP Restore Data as Prefect tasks; what they do is in jagadata/restore/run.py and restore/recovery/steps.py."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Cancelled, Completed, Failed

from jagadata import sop
from jagadata.errors import JagadataError
from jagadata.restore.gates import ACKNOWLEDGEMENT, APPROVAL
from jagadata.restore.letters import ask_for_approval, close_restore, confirm_receipt, inform_requester
from jagadata.restore.papers.markdown import render_plan, render_restore
from jagadata.restore.papers.plan_sheet import make_plan_facts
from jagadata.restore.recovery.steps import Recovery
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import (
    CLOSED_UNCONFIRMED,
    RequesterAnswer,
)
from tasks import artifacts, gates

if TYPE_CHECKING:
    from prefect import State


log = logging.getLogger("jagadata.tasks")
STEPS = sop.RESTORE
PREPARATION = "Persiapan: rencana dihitung ulang dan berkas back up diambil (tambahan)"


def _title(number: int) -> dict[str, Any]:
    step = STEPS.step(number)
    return {"name": step.title, "description": step.text, "cache_policy": NO_CACHE, "persist_result": False}


@task(**_title(1))
def receive(run: RestoreRun) -> None:
    with artifacts.Progress(
        artifacts.make_key("periksa", run.run), run.expected_bytes(), "Memeriksa back up"
    ) as progress:
        run.receive(progress)
    artifacts.markdown(
        artifacts.make_key("permohonan", run.run),
        render_restore(run.form(), run.place.timezone),
        "Permohonan restore",
    )
    artifacts.markdown(
        artifacts.make_key("rencana", run.run),
        render_plan(run.plan, run.impact),
        "Rencana dan dampak restore",
    )
    confirm_receipt(run)


@task(name=PREPARATION, cache_policy=NO_CACHE, persist_result=False)
def prepare(recovery: Recovery, total: int) -> None:
    with artifacts.Progress(
        artifacts.make_key("ambil", recovery.journal.run), total, "Mengambil back up"
    ) as progress:
        recovery.progress = progress
        recovery.prepare()


@task(**_title(2))
def stop(recovery: Recovery) -> None:
    recovery.stop()


@task(**_title(3))
def restore(recovery: Recovery) -> None:
    recovery.restore()


@task(**_title(4))
def start(recovery: Recovery) -> None:
    recovery.start()


@task(**_title(5))
def inform(run: RestoreRun) -> None:
    inform_requester(run)
    artifacts.markdown(
        artifacts.make_key("formulir-restore", run.run),
        render_restore(run.form(), run.place.timezone),
        "Formulir Permohonan Restore Data",
    )


@task(**_title(6))
def acknowledge(run: RestoreRun, answer: RequesterAnswer, recorded_by: str, how: str, note: str) -> None:
    run.acknowledge(answer=answer, recorded_by=recorded_by, how=how, note=note)
    close_restore(run)
    artifacts.markdown(
        artifacts.make_key("formulir-restore", run.run),
        render_restore(run.form(), run.place.timezone),
        "Formulir Permohonan Restore Data",
    )


def step_1(run: RestoreRun) -> bool:
    """True if the request can be carried out; a refused one is on record, and its reason with it.

    One that was ended because its run died or was cancelled stays so, whoever presses Retry: its requester was informed.
    """
    if run.is_closed:
        return False
    if run.received is not None:
        return True
    try:
        receive(run)
    except JagadataError as error:
        log.error("Permohonan ditolak: %s", error)  # noqa: TRY400 - the words are for staff, the trace helps nobody
        return False
    return True


def ask_approval(run: RestoreRun) -> bool:
    """The gate before step 2 (tambahan): on exactly this plan, by someone who holds the role and is not the requester."""
    if not run.needs_approval():
        return True
    known = run.decision
    if known:
        return known.answer == "yes"
    ask_for_approval(run, link=gates.run_page(run.place, run.run))
    plan = run.plan
    decision = gates.ask(
        run.journal,
        APPROVAL,
        text=render_restore(run.form(), run.place.timezone, facts=make_plan_facts(plan, run.impact)),
        signers=run.approvers(),
        due=APPROVAL.deadline(run.place.office, run.received_at()),
    )
    return run.decide(decision, plan.hash)


def recover(run: RestoreRun) -> None:
    """Steps 2 to 4 in one process: what holds the lock and the switch cannot be handed over."""
    if run.result is not None:
        return
    with run.recovery() as recovery:
        prepare(recovery, run.expected_bytes())
        stop(recovery)
        restore(recovery)
        start(recovery)


def step_5(run: RestoreRun) -> None:
    if not run.is_informed:
        inform(run)


def step_6(run: RestoreRun) -> None:
    """The requester has no account here: staff record the answer "atas nama pemohon"; no answer closes it after the deadline."""
    if run.is_acknowledged or not run.place.office.policy.restore.acknowledgement:
        return
    staff = run.recorders()
    if not staff:
        acknowledge(run, CLOSED_UNCONFIRMED, "", "tidak ada petugas yang dapat mencatat jawaban", "")
        return
    due = datetime.combine(run.acknowledgement_due(), time(17), tzinfo=run.place.timezone).astimezone(UTC)
    decision = gates.ask(
        run.journal,
        ACKNOWLEDGEMENT,
        text=render_restore(run.form(), run.place.timezone)
        + "\n\nCatat jawaban pemohon **atas nama pemohon**; tulis media dan rujukannya (misalnya: telepon 08.30 WIB, nomor agenda) pada Catatan.",
        signers=staff,
        due=due,
    )
    if decision.answer == "expired":
        acknowledge(run, CLOSED_UNCONFIRMED, "", "tidak ada jawaban sampai batas waktu", "")
        return
    answer: RequesterAnswer = "Diterima pemohon" if decision.answer == "yes" else "Belum diterima"
    acknowledge(
        run,
        answer,
        run.place.office.official(decision.signer).name,
        decision.note or "dicatat petugas",
        decision.note,
    )


def elsewhere(run: RestoreRun) -> State[Any]:
    """Another worker carries this very run out: nobody is informed and nothing is written here."""
    return Failed(message=f"Run {run.run} sedang dikerjakan di tempat lain.")


def ending(run: RestoreRun) -> State[Any]:
    """The run's last state, named as the form's Status Aduan."""
    status, title = run.status, f"{sop.RESTORE_FORM} {run.number()}"
    if status == "Selesai":
        unconfirmed = run.form().acknowledged == CLOSED_UNCONFIRMED
        return Completed(name="Ditutup tanpa konfirmasi" if unconfirmed else "Selesai", message=title)
    if status == "Ditolak":
        return Cancelled(name="Ditolak", message=f"{title}: {run.reason}")
    return Failed(message=f"{title}: {run.reason}")
