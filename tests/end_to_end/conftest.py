"""One Prefect server with everything deployed and a worker, over one office: shared by the end-to-end tests."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from itertools import count

import pytest

from jagadata.adapters.orchestrator.prefect_api import PrefectApi
from jagadata.demo.agencies import make_collection
from jagadata.lab.prefect_server import start_prefect_server, start_worker
from tests.lab.deaths import SWITCH_SECONDS
from tests.lab.deployed import Deployed
from tests.lab.office import open_office


def pytest_itemcollected(item):
    """A Prefect server, a worker and a process for each run take their time on a busy machine; a hang is still noticed."""
    if not list(item.iter_markers("timeout")):
        item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="package")
def deployed(lab, postgres, ssh_server):
    with ExitStack() as stack:
        folder = lab / "kantor"
        collection = make_collection(postgres, folder, database="satu_data_e2e")
        office = open_office(
            stack, folder, postgres, ssh_server, "sisurat-e2e", verify="restore", collection=collection
        )
        with office.place() as place:  # so that no test needs another to have run
            assert office.back_up(place).failures() == []
        server = stack.enter_context(start_prefect_server(folder / "prefect", auth="jaga:rahasia-uji"))
        environment = {**server.environment(), "JAGADATA_OFFICE": str(office.path)}
        for _twice in range(2):  # set-up again changes nothing
            subprocess.run(
                [sys.executable, "-m", "deployments"], env=environment, check=True, capture_output=True
            )
        worker = stack.enter_context(start_worker(server, office.path, folder / "worker"))
        api = PrefectApi(f"{server.url}/api", server.auth)
        stack.callback(api.close)
        yield Deployed(
            office=office,
            ssh=ssh_server,
            server=server,
            worker=worker,
            api=api,
            environment=environment,
            folder=folder,
            closing=stack,
        )


numbers = count()


@pytest.fixture(scope="module")
def office(deployed):
    """A short switch, and nothing slow that another module left."""
    lab = deployed.office
    lab.change(
        lambda value: value["policy"].setdefault("restore", {}).update(switch_minutes=SWITCH_SECONDS / 60)
    )
    lab.sql("DROP TABLE IF EXISTS aplikasi.lambat_sekali, aplikasi.pelan_sekali")
    return lab


@pytest.fixture
def fresh(deployed, office):
    """200 letters, a backup of them, no mail."""
    office.fill()
    with office.place() as place:
        assert office.back_up(place, f"awal-{next(numbers)}").failures() == []
    for path in office.mail.folder.glob("*.eml"):
        path.unlink()
    return deployed
