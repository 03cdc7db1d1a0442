"""The steps of the watch as Prefect tasks; what they do is in jagadata/upkeep and in what each SOP offers."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

from prefect import resume_flow_run, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.states import AwaitingRetry, Crashed, Failed
from prefect.variables import Variable

from jagadata.backup.attempts import describe_end, may_be_taken_up
from jagadata.backup.concerns import missing_periods
from jagadata.backup.offers import BACKUP, DEPLOYMENT
from jagadata.errors import JagadataError
from jagadata.procedure import OpenRun
from jagadata.signoff.gates import REMINDED, is_reminder_due
from jagadata.upkeep import procedures, watch
from jagadata.upkeep.procedures import PROCEDURES, find_gate
from jagadata.workplace import Workplace
from tasks.gates import EXPIRED
from tasks.parameters import parse_choice, system_choices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

    from jagadata.findings import Concern


log = logging.getLogger("jagadata.tasks")
FORM_PATIENCE, START_PATIENCE = timedelta(minutes=1), timedelta(minutes=10)
"""How long a gate may be without its form, and a run be about to start."""
TAKEN_UP_FOR = timedelta(days=1)
"""How long ago a backup may have begun that is taken up again."""
REPORTED_AFTER = timedelta(seconds=12)
"""A worker that lives reports the death of a run twice, seconds apart; the second report would end what was begun again."""
_STATES: dict[StateType, Literal["waiting", "dead", "running"]] = {
    StateType.PAUSED: "waiting",
    StateType.RUNNING: "running",
    StateType.FAILED: "dead",
    StateType.CRASHED: "dead",
    StateType.CANCELLED: "dead",
}
NOTIFIED = "jagadata_diberitahukan"
"""Prefect's variable with the keys of what was notified while no store answered."""


@contextlib.contextmanager
def _holding_up_no_other(run: str) -> Iterator[None]:
    """What is wrong with one run is logged; watch.inspect names it to the office."""
    try:
        yield
    except JagadataError as error:
        log.warning("Run %s belum dapat ditindaklanjuti: %s", run, error)
    except Exception:
        log.exception("Run %s belum dapat ditindaklanjuti", run)


@task(name="Mencari run yang menunggu atau terhenti", cache_policy=NO_CACHE, persist_result=False)
def find_open_runs(place: Workplace) -> list[OpenRun]:
    """Runs of all SOPs that wait at a gate, restores that ended without ending themselves, and those under way."""
    found: list[OpenRun] = []
    with get_client(sync_client=True) as client:
        for procedure in PROCEDURES:
            types = [kind for kind, state in _STATES.items() if state in procedure.states]
            runs = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(
                    tags=FlowRunFilterTags(all_=[procedure.tag]),
                    state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)),
                    start_time=FlowRunFilterStartTime(after_=place.clock() - procedure.look_back),
                ),
                sort=FlowRunSort.START_TIME_DESC,
            )
            found += [
                OpenRun(
                    run=str(run.id),
                    procedure=procedure.name,
                    state=_STATES[run.state_type or StateType.FAILED],
                )
                for run in runs
            ]
    return found


@task(name="Menyelesaikan permohonan yang alurnya terhenti", cache_policy=NO_CACHE, persist_result=False)
def finish_dead(place: Workplace, runs: list[OpenRun]) -> None:
    by_name = {procedure.name: procedure for procedure in PROCEDURES}
    for item in runs:
        with _holding_up_no_other(item.run):
            done = by_name[item.procedure].follow_up(place, item, partial(_declare_dead, item.run))
            if done:
                log.warning("%s", done)


def _declare_dead(run: str) -> None:
    """Prefect holds it for running although nobody works on it: no heartbeats came, or their automation is gone."""
    from uuid import UUID

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(run), Crashed(message="Tidak ada yang mengerjakannya."), force=True)


@task(name="Mengulang run yang tersangkut", cache_policy=NO_CACHE, persist_result=False)
def revive(place: Workplace, runs: list[OpenRun]) -> None:
    """What Prefect itself leaves for ever: a gate whose form was never saved, and a run whose worker died before it began.

    The process may be killed between its Suspended state and the form: then nobody can answer (measured).
    """
    from uuid import UUID

    waiting = [UUID(item.run) for item in runs if item.state == "waiting"]
    with get_client(sync_client=True) as client:
        pending = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(any_=[procedure.tag for procedure in PROCEDURES]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PENDING])),
            )
        )
        formless = [run for run in map(client.read_flow_run, waiting) if _lacks_form(client, run)]
        for run, timeout in (
            *((one, FORM_PATIENCE) for one in formless),
            *((one, START_PATIENCE) for one in pending),
        ):
            if run.state is None or place.clock() - run.state.timestamp < timeout:
                continue
            with _holding_up_no_other(str(run.id)):
                # Ended first: only then does Prefect forget that this gate was asked.
                client.set_flow_run_state(run.id, Crashed(message="Run tersangkut."), force=True)
                client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
                log.warning("Run %s tersangkut (%s) dan dijalankan kembali", run.id, run.state.name)


def _lacks_form(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Suspended, and what it asks is not there."""
    keys = run.state.state_details.run_input_keyset if run.state and run.state.is_paused() else None
    return keys is not None and not client.filter_flow_run_input(run.id, keys["schema"], 1, set())


@task(name="Melanjutkan back up yang worker-nya mati", cache_policy=NO_CACHE, persist_result=False)
def take_up_backups(place: Workplace) -> None:
    """A backup that crashed goes on where its journal stands; one that did so too often is ended by name."""
    with get_client(sync_client=True) as client:
        crashed = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=[BACKUP.tag]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED])),
                start_time=FlowRunFilterStartTime(after_=place.clock() - TAKEN_UP_FOR),
            )
        )
        for run in crashed:
            with _holding_up_no_other(str(run.id)):
                _take_up(place, client, run)


def _take_up(place: Workplace, client: SyncPrefectClient, run: FlowRun) -> None:
    journal = place.journal(str(run.id))
    if not may_be_taken_up(journal):
        client.set_flow_run_state(run.id, Failed(name="Berhenti", message=describe_end(journal)), force=True)
        log.error("Run back up %s: %s", run.id, describe_end(journal))
        return
    died = run.state.timestamp if run.state else place.clock()
    time.sleep(max(0.0, (REPORTED_AFTER - (place.clock() - died)).total_seconds()))
    client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
    log.warning("Back up %s dilanjutkan setelah worker-nya mati", run.id)


@task(name="Menutup persetujuan yang lewat batas waktu", cache_policy=NO_CACHE, persist_result=False)
def close_overdue(place: Workplace, runs: list[OpenRun]) -> None:
    from uuid import UUID

    for item in runs:
        with _holding_up_no_other(item.run):
            gate = find_gate(place.journal(item.run)) if item.state == "waiting" else None
            if gate and place.clock() >= gate.due:
                _expire(UUID(item.run), gate.signer)


def _expire(run: UUID, signer: str) -> None:
    answer = {"keputusan": EXPIRED, "penandatangan": signer, "catatan": "Batas waktu terlewati."}
    resume_flow_run(run, run_input=answer)


@task(name="Mengingatkan", cache_policy=NO_CACHE, persist_result=False)
def remind(place: Workplace, runs: list[OpenRun]) -> None:
    for item in runs:
        with _holding_up_no_other(item.run):
            journal = place.journal(item.run)
            gate = find_gate(journal) if item.state == "waiting" else None
            if gate and is_reminder_due(gate, place.clock()) and procedures.remind(place, item.run, gate):
                journal.note(gate.name, REMINDED)


@task(name="Menyusulkan periode tanpa back up", cache_policy=NO_CACHE, persist_result=False)
def catch_up(place: Workplace) -> None:
    """Each missed period runs at most once, as Susulan; a run that is due or under way comes first."""
    missing = missing_periods(place, place.catalog())
    if not missing or _backup_is_due():
        return
    labels = system_choices(place.office)  # as the run form of the last `jaga apply` shows them
    for period in dict.fromkeys(str(period) for _, period in missing):
        systems = [system for system, one in missing if str(one) == period]
        order = {
            "sistem": [label for label in labels if parse_choice(label) in systems],
            "periode": period,
            "pelaksanaan": "Susulan",
            "catatan": "disusulkan oleh penjagaan",
        }
        run_deployment(
            DEPLOYMENT,
            parameters={"perintah": order},
            timeout=0,
            idempotency_key=f"susulan-{period}-{'-'.join(systems)}",
            as_subflow=False,
        )
        log.warning("Back up Susulan periode %s dijalankan untuk %s", period, ", ".join(systems))


def _backup_is_due() -> bool:
    """A backup runs, waits for a worker, or is late."""
    types = [StateType.PENDING, StateType.RUNNING]
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=["back-up"]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)),
            ),
            limit=1,
        )
        late = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=["back-up"]),
                state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"])),
            ),
            limit=1,
        )
    return bool(found or late)


@task(name="Memeriksa keadaan dan memberi tahu", cache_policy=NO_CACHE, persist_result=False)
def notify(place: Workplace, runs: list[OpenRun]) -> None:
    concerns = watch.inspect(place, runs)
    try:
        new, over = watch.notify_once(place, concerns)
    except JagadataError:
        _notify_without_stores(place, concerns)
        raise
    if Variable.unset(NOTIFIED):
        watch.notify(place, [], ["Penyimpanan menjawab kembali."])
    for concern in new:
        log.warning("%s %s", concern.text, concern.action)
    for text in over:
        log.info("Sudah pulih: %s", text)


def _notify_without_stores(place: Workplace, concerns: list[Concern]) -> None:
    """No store answers, so what was notified already is not known: Prefect remembers that meanwhile."""
    keys = sorted(concern.key for concern in concerns)
    if Variable.get(NOTIFIED) != keys and watch.notify(place, concerns):
        Variable.set(NOTIFIED, keys, overwrite=True)
