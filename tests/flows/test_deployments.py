"""prefect.yaml is held to the code: entrypoints resolve, parameters fit, schedules and steps are the SOP's."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.utilities.importtools import import_object

from deployments.automations import WATCH
from deployments.schedule import DEPLOYMENT, INTAKE, ROUND, SLUG
from jagadata import sop
from jagadata.upkeep.doctor import DEPLOYMENTS
from tasks import backup, data_collection, restore
from tests.lab.repository import ROOT

PLAN = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("entry", PLAN["deployments"], ids=lambda entry: entry["name"])
def test_each_deployment_has_a_flow_that_takes_its_parameters(entry):
    flow = import_object(entry["entrypoint"])
    known = set(flow.parameters.properties)
    assert set(entry.get("parameters", {})) <= known
    for schedule in entry["schedules"]:
        assert set(schedule.get("parameters", {})) <= known
        ZoneInfo(schedule["timezone"])
        assert schedule["slug"]
    assert entry["description"]
    assert entry["tags"]
    assert flow.retries == 0
    assert flow.persist_result is False


def test_the_names_that_the_code_uses_are_deployed():
    names = {f"{import_object(entry['entrypoint']).name}/{entry['name']}" for entry in PLAN["deployments"]}
    assert {WATCH, DEPLOYMENT, ROUND, INTAKE, *DEPLOYMENTS} == names
    monthly = next(entry for entry in PLAN["deployments"] if entry["name"] == "bulanan")
    assert [(schedule["slug"], schedule["cron"]) for schedule in monthly["schedules"]] == [
        (SLUG, "0 1 1 * *")
    ]


def test_the_restore_holds_no_lease_and_no_limit():
    entry = next(entry for entry in PLAN["deployments"] if entry["name"] == "permohonan")
    assert "concurrency_limit" not in entry
    for step in (restore.prepare, restore.stop, restore.restore, restore.start, restore.inform):
        assert not step.tags
        assert step.retries == 0


def test_task_names_are_the_sops_own_words():
    ours = [backup.dump, backup.verify, backup.name, backup.secure, backup.fill_form, backup.receive_form]
    assert [task.name for task in ours] == [step.title for step in sop.BACKUP.steps]
    ours = [
        restore.receive,
        restore.stop,
        restore.restore,
        restore.start,
        restore.inform,
        restore.acknowledge,
    ]
    assert [task.name for task in ours] == [step.title for step in sop.RESTORE.steps]
    ours = [
        data_collection.prepare,
        data_collection.invite,
        data_collection.meet,
        data_collection.collect,
        data_collection.take_inventory,
    ]
    assert [task.name for task in ours] == [step.title for step in sop.DATA_COLLECTION.steps]


def test_run_forms_are_in_indonesian_with_labels():
    for flow, model, titles in (
        ("flows.restore.restore", "Permohonan", {"Nama aplikasi", "Uraian kerusakan data", "Tujuan restore"}),
        (
            "flows.backup.backup",
            "PerintahBackup",
            {"Nama aplikasi/sistem", "Periode (TTTT-BB)", "Pelaksanaan"},
        ),
    ):
        form = import_object(flow).parameters.model_dump()["definitions"][model]["properties"]
        assert titles <= {field["title"] for field in form.values()}
