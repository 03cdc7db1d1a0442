"""The numbered steps of SOP Back Up Data as Prefect tasks; what they do is in jagadata/backup/run.py."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from jagadata import sop
from jagadata.backup.attempts import may_be_taken_up
from jagadata.backup.gates import REVIEW_GATE
from jagadata.backup.letters import ask_for_review, file_backup_form, notify_failures, notify_review
from jagadata.backup.papers.markdown import render_backup
from jagadata.backup.run import BackupRun
from jagadata.backup.steps import FILL, REVIEW
from jagadata.signoff.signers import Decision
from tasks import artifacts, gates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prefect import State
    from prefect.tasks import Task

    from jagadata.backup.steps import StepResult

STEPS = sop.BACKUP


def _title(number: int) -> dict[str, Any]:
    step = STEPS.step(number)
    return {"name": step.title, "description": step.text, "cache_policy": NO_CACHE, "persist_result": False}


def _shown(result: StepResult) -> Any:
    """A failed step is red in the UI, while the flow goes on with the other systems."""
    return Failed(message=result.failure.reason) if result.failure else result


def _watched(
    what: str, run: BackupRun, system: str, step: Callable[[str, Callable[[int], None]], StepResult]
) -> StepResult:
    """What the step came to, with a progress artifact while it lasts."""
    key = artifacts.make_key(what, system)
    with artifacts.Progress(key, run.expected_bytes(system), system) as progress:
        result = step(system, progress)
        progress.whole = result.ok
    return result


@task(**_title(1), task_run_name=f"{STEPS.step(1).title} — {{system}}")
def dump(run: BackupRun, system: str) -> Any:
    return _shown(_watched("backup", run, system, run.dump))


@task(**_title(2), task_run_name=f"{STEPS.step(2).title} — {{system}}")
def verify(run: BackupRun, system: str) -> Any:
    return _shown(_watched("verifikasi", run, system, run.verify))


@task(**_title(3), task_run_name=f"{STEPS.step(3).title} — {{system}}")
def name(run: BackupRun, system: str) -> Any:
    return _shown(run.name(system))


@task(**_title(4), task_run_name=f"{STEPS.step(4).title} — {{system}}")
def secure(run: BackupRun, system: str) -> Any:
    return _shown(run.secure(system))


@task(**_title(5))
def fill_form(run: BackupRun) -> None:
    form = run.fill_form()
    file_backup_form(run.place, form, step=5)
    artifacts.table(artifacts.make_key("hasil-backup", run.run), run.table(), run.title())
    artifacts.markdown(
        artifacts.make_key("formulir-backup", run.run),
        render_backup(form, run.place.timezone),
        run.title(),
    )
    link = gates.run_page(run.place, run.run)
    notify_failures(run, link=link)
    if run.place.office.policy.backup.review:
        ask_for_review(run, link=link)


@task(**_title(6))
def receive_form(run: BackupRun, decision: Decision) -> None:
    form = run.review(decision)
    file_backup_form(run.place, form, step=6)
    artifacts.markdown(
        artifacts.make_key("formulir-backup", run.run),
        render_backup(form, run.place.timezone),
        run.title(),
    )
    notify_review(run, form)


FOR_EACH_SYSTEM: tuple[Task[Any, Any], ...] = (dump, verify, name, secure)
AT_ONCE = 4
"""Systems under way at the same time; how many are dumped at once the office file says (policy.backup.at_once)."""


def steps_1_to_4(run: BackupRun, systems: Sequence[str]) -> None:
    """Chained for each system, several systems at a time: one that is through is a valid backup, whatever becomes of the run."""
    if not may_be_taken_up(run.journal):
        return  # it died too often: what is done stands on the form, and the rest as not ended
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sistem") as pool:
        chains = [pool.submit(contextvars.copy_context().run, _chain, run, system) for system in systems]
        try:
            for chain in chains:
                chain.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _chain(run: BackupRun, system: str) -> None:
    """What is not done yet of steps 1 to 4; what came out is in the journal."""
    for number, step in enumerate(FOR_EACH_SYSTEM, 1):
        if run.waiting(number, [system]):
            _state: Any = step(run, system, return_state=True)


def step_5(run: BackupRun) -> None:
    _unless_done(run, FILL, lambda: fill_form(run))


def step_6(run: BackupRun, decision: Decision | None) -> None:
    if decision is not None:
        _unless_done(run, REVIEW, lambda: receive_form(run, decision))


def _unless_done(run: BackupRun, step: str, work: Callable[[], None]) -> None:
    if run.journal.outcome(step) is None:
        work()


def ask_review(run: BackupRun) -> Decision | None:
    """The gate of step 6; None where the office has switched it off. It is not opened where nobody may answer."""
    if not run.place.office.policy.backup.review:
        return None
    return run.without_reviewer() or gates.ask(
        run.journal,
        REVIEW_GATE,
        text=render_backup(run.fill_form(), run.place.timezone),
        signers=run.reviewers(),
        due=REVIEW_GATE.deadline(run.place.office, run.filled_at()),
    )


def ending(run: BackupRun) -> State[Any]:
    """The run's last state: it shows failed systems, and the Kasi's decision."""
    failures, form = run.failures(), run.reviewed_form()
    if failures:
        return Failed(message="Sebagian sistem gagal: " + "; ".join(failures))
    return Completed(name=form.review or "Selesai", message=run.title())
