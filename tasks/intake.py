"""The intake of SOP Pengumpulan Data between the gates, as a Prefect task; what it does is in jagadata/collection."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from jagadata.collection.intake import delivery_table
from jagadata.collection.intake.late_arrivals import make_late_rows
from jagadata.collection.intake.run import list_deliveries, list_quarantine, list_unread_mails, take_in_round
from jagadata.collection.run import RoundRun
from tasks import artifacts

log = logging.getLogger("jagadata.tasks")


@task(
    name="Menerima, memeriksa, dan menjawab kiriman OPD",
    task_run_name="Menerima, memeriksa, dan menjawab kiriman OPD — {run.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def take_in(run: RoundRun) -> None:
    done = take_in_round(run)
    log.info("%s: %s", run.title, done.summary)
    for problem in done.problems:
        log.warning("%s: %s", problem.where, problem.what)
    if run.is_closed and not done.files:  # nothing new to show, for months
        return
    rows = delivery_table.make_delivery_rows(list_deliveries(run), run.place.timezone)
    artifacts.table(artifacts.make_key("penyampaian-data", str(run.round)), rows, run.title)
    held = list_quarantine(run)
    if held:
        artifacts.table(artifacts.make_key("karantina", str(run.round)), held, run.title)
    unread = list_unread_mails(run)
    if unread:
        artifacts.table(artifacts.make_key("perlu-dibaca", str(run.round)), unread, run.title)
    late = make_late_rows(run)
    if late:
        artifacts.table(artifacts.make_key("setelah-penutupan", str(run.round)), late, run.title)
