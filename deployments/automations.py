"""Automations on the Prefect server: notice runs that died, and finish what they left. Set again they stay the same."""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

WATCH = "Penjagaan/berkala"
HEARTBEAT_SECONDS = 30
"""PREFECT_RUNNER_HEARTBEAT_FREQUENCY of the worker (deployments/systemd/jagadata-worker.service)."""

_ENDED = (
    "Completed",
    "Failed",
    "Cancelled",
    "Crashed",
    "TimedOut",
    "Ditolak",
    "Selesai",
    "Diterima",
    "Dikembalikan",
)
_WAITING = ("Suspended", "Paused", "Cancelling", "AwaitingRetry")


def make_automations() -> list[AutomationCore]:
    """The automations as they should be."""
    with get_client(sync_client=True) as client:
        watch = client.read_deployment_by_name(WATCH).id
    silent = AutomationCore(
        name="Jagadata: run tanpa detak jantung",
        description="Worker mati tidak melaporkan apa pun; tanpa detak selama 3 menit run dinyatakan Crashed.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat"}
            | {f"prefect.flow-run.{name}" for name in (*_ENDED, *_WAITING)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=6 * HEARTBEAT_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="Tidak ada detak jantung: worker atau mesinnya mati.",
            )
        ],
    )
    died = AutomationCore(
        name="Jagadata: restore terhenti",
        description="Permohonan restore yang alurnya gagal, dibatalkan, atau mati segera ditindaklanjuti dan pemohonnya diberi tahu.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "Cancelled", "TimedOut")},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.restore"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=watch, parameters={})],
    )
    return [silent, died]


def set_automations() -> None:
    """Create or update ours by name."""
    with get_client(sync_client=True) as client:
        for wanted in make_automations():
            known = client.read_automations_by_name(wanted.name)
            if known:
                client.update_automation(known[0].id, wanted)
                for double in known[1:]:
                    client.delete_automation(double.id)
            else:
                client.create_automation(wanted)
