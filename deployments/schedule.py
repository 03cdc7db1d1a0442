"""The schedule of the monthly backup as the office file says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import CronSchedule

if TYPE_CHECKING:
    from jagadata.office import Office

DEPLOYMENT = "SOP Back Up Data/bulanan"
SLUG = "bulanan"


def set_backup_schedule(office: Office) -> None:
    """Make the schedule with our slug follow `policy.backup.cron` and the office's time zone."""
    wanted = CronSchedule(cron=office.policy.backup.cron, timezone=office.office.timezone)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
        for item in client.read_deployment_schedules(deployment.id):
            if item.slug == SLUG and item.schedule != wanted:
                client.update_deployment_schedule(deployment.id, item.id, schedule=wanted)
