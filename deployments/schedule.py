"""The schedules as the office file says them: the monthly backup, the rounds of data collection and their intake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import CronSchedule

if TYPE_CHECKING:
    from jagadata.office.file import Office

DEPLOYMENT = "SOP Back Up Data/bulanan"
SLUG = "bulanan"
ROUND = "SOP Pengumpulan Data/putaran"
INTAKE = "Penerimaan Data/penerimaan"
EVERY_QUARTER_HOUR = "*/15 * * * *"


def set_schedules(office: Office) -> None:
    """Make the schedules with our slugs follow the office file and its time zone; data collection rests where it is not used."""
    collection = office.collection
    wanted = {
        DEPLOYMENT: (office.policy.backup.cron, True),
        ROUND: (collection.cron if collection else "0 8 1 1,7 *", collection is not None),
        INTAKE: (EVERY_QUARTER_HOUR, collection is not None),
    }
    with get_client(sync_client=True) as client:
        for name, (cron, active) in wanted.items():
            schedule = CronSchedule(cron=cron, timezone=office.office.timezone)
            deployment = client.read_deployment_by_name(name)
            for item in client.read_deployment_schedules(deployment.id):
                if item.slug == name.partition("/")[2] and (item.schedule, item.active) != (schedule, active):
                    client.update_deployment_schedule(
                        deployment.id, item.id, active=active, schedule=schedule
                    )
