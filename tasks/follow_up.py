"""The steps of the follow-up flow as Prefect tasks; what they do is in jagadata/follow_up.py."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from prefect import resume_flow_run, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort

from jagadata import follow_up, post
from jagadata.errors import JagadataError
from jagadata.follow_up import OpenRun
from jagadata.workplace import Workplace
from tasks.gates import EXPIRED

if TYPE_CHECKING:
    from uuid import UUID


log = logging.getLogger("jagadata.tasks")
LOOK_BACK = timedelta(days=60)


@task(name="Mencari run yang menunggu atau terhenti", cache_policy=NO_CACHE, persist_result=False)
def find_open_runs(place: Workplace) -> list[OpenRun]:
    """Runs of both SOPs that wait at a gate, and restores that ended without ending themselves."""
    dead, waiting = (StateType.FAILED, StateType.CRASHED, StateType.CANCELLED), (StateType.PAUSED,)
    found: list[OpenRun] = []
    with get_client(sync_client=True) as client:
        for tag, types in (("restore", (*dead, *waiting)), ("back-up", waiting)):
            runs = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(
                    tags=FlowRunFilterTags(all_=[tag]),
                    state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
                    start_time=FlowRunFilterStartTime(after_=place.clock() - LOOK_BACK),
                ),
                sort=FlowRunSort.START_TIME_DESC,
            )
            found += [
                OpenRun(
                    run=str(run.id),
                    procedure="restore" if tag == "restore" else "backup",
                    state="waiting" if run.state_type == StateType.PAUSED else "dead",
                )
                for run in runs
            ]
    return found


@task(name="Menyelesaikan permohonan yang alurnya terhenti", cache_policy=NO_CACHE, persist_result=False)
def finish_dead(place: Workplace, runs: list[OpenRun]) -> None:
    for item in runs:
        if item.procedure != "restore" or item.state != "dead":
            continue
        run = follow_up.finish_dead(place, item.run)
        if run is not None:
            post.inform_requester(run)
            log.warning("Permohonan %s diselesaikan: %s", run.number(), run.status)


@task(name="Menutup persetujuan yang lewat batas waktu", cache_policy=NO_CACHE, persist_result=False)
def close_overdue(place: Workplace, runs: list[OpenRun]) -> None:
    from uuid import UUID

    for item in runs:
        gate = follow_up.find_gate(place.journal(item.run)) if item.state == "waiting" else None
        if gate and place.clock() >= gate.due:
            _expire(UUID(item.run), gate.signer)


def _expire(run: UUID, signer: str) -> None:
    answer = {"keputusan": EXPIRED, "penandatangan": signer, "catatan": "Batas waktu terlewati."}
    resume_flow_run(run, run_input=answer)


@task(name="Mengingatkan", cache_policy=NO_CACHE, persist_result=False)
def remind(place: Workplace, runs: list[OpenRun]) -> None:
    for item in runs:
        journal = place.journal(item.run)
        gate = follow_up.find_gate(journal) if item.state == "waiting" else None
        if gate is None or not follow_up.is_reminder_due(gate, place.clock()):
            continue
        try:
            post.remind(place, item.run, gate)
        except JagadataError as error:
            log.warning("Pengingat gagal: %s", error)
            continue
        journal.note(gate.gate, "reminded")
