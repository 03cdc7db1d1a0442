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

BACKUP_SILENCE = timedelta(seconds=75)
"""A backup without a heartbeat for so long is taken up by another worker: one beat may be lost, two are a death.

Taken up although it lives, it dumps nothing twice: the system's lock and the journal decide. 75 s, 10 s of the watch's own
start, and the workers' questions for work stay below 120 s.
"""
PENDING_SILENCE = timedelta(seconds=120)
"""How long a run of the watch or another of its kind may be about to start."""
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
_STARTING = ("Pending", "Submitting", "InfrastructurePending")
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
    silent_backup = AutomationCore(
        name="Jagadata: back up tanpa detak jantung",
        description="Back up yang worker-nya mati dinyatakan Crashed setelah 75 detik, dan dilanjutkan oleh penjagaan.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat"}
            | {f"prefect.flow-run.{name}" for name in (*_ENDED, *_WAITING)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.back-up"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=BACKUP_SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="Tidak ada detak jantung: worker atau mesinnya mati. Dilanjutkan sendiri.",
            )
        ],
    )
    stuck = AutomationCore(
        name="Jagadata: pemeliharaan tersangkut",
        description="Penjagaan yang mati sebelum mulai tidak menghalangi yang berikutnya.",
        trigger=EventTrigger(
            after={f"prefect.flow-run.{name}" for name in _STARTING},
            expect={f"prefect.flow-run.{name}" for name in ("Running", *_ENDED, *_WAITING)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.pemeliharaan"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=PENDING_SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, name="Crashed", message="Tidak pernah mulai: worker-nya mati."
            )
        ],
    )
    died = AutomationCore(
        name="Jagadata: restore terhenti",
        description="Restore atau back up yang alurnya gagal, dibatalkan, atau mati segera ditindaklanjuti.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "Cancelled", "TimedOut")},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.role": "tag",
                "prefect.resource.id": ["prefect.tag.restore", "prefect.tag.back-up"],
            },
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=watch, parameters={})],
    )
    return [silent, silent_backup, stuck, died]


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
