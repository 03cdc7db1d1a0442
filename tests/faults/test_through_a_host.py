"""The database is reached through the application's host (`via`): one sshd then carries dump, restore, lock and swap, and dies."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from secrets import token_hex

import pytest

from jagadata.lab.ssh_server import start_ssh
from tests.lab.faults.kills import SWITCH_SECONDS
from tests.lab.faults.locks import slow_dump, wait_until_locked
from tests.lab.faults.scenario import RestoreScenario
from tests.lab.faults.strikes import run_strikes
from tests.lab.office import open_office

pytestmark = [pytest.mark.whole, pytest.mark.timeout(1800)]


@pytest.fixture
def scenario(lab, postgres):
    with ExitStack() as stack:
        system = f"sisurat-{token_hex(3)}"
        ssh = stack.enter_context(start_ssh(lab / f"{system}-ssh"))
        office = open_office(stack, lab / system, postgres, ssh, system)
        office.change(lambda value: value["servers"][0].update(via=f"aplikasi-{system}"))
        scenario = RestoreScenario(office)
        scenario.ssh, scenario.closing = ssh, stack
        yield scenario


def test_no_blow_to_the_sshd_that_leads_to_the_database_breaks_a_promise(scenario):
    blows = list(run_strikes(scenario, 1, int(os.environ.get("BLOWS") or 7)))
    for struck in blows:
        print(f"\n{struck}", end="")
    assert [str(struck) for struck in blows if struck.verdict.broken] == []
    assert max(struck.off_seconds for struck in blows) < 3 * SWITCH_SECONDS


def test_a_dump_that_loses_its_way_fails_by_name_and_the_next_one_succeeds(scenario):
    office, failures = scenario.lab, []

    def back_up():
        with office.place() as place:
            failures.extend(office.back_up(place, "run-putus").failures())

    thread = threading.Thread(target=back_up)
    with slow_dump(office):
        thread.start()
        wait_until_locked(office)
        os.kill(scenario.ssh.server.pid, signal.SIGKILL)
        thread.join(60)
        assert not thread.is_alive()  # noticed at once, not after a timeout
    scenario.ssh.server.stop()
    scenario.closing.enter_context(start_ssh(scenario.ssh.client_key.parent, port=scenario.ssh.port))
    assert len(failures) == 1, failures
    assert "langkah 1" in failures[0]
    with office.place() as place:
        assert office.back_up(place, "run-ulang").failures() == []
        runs = [backup.manifest.run for backup in place.catalog(office.application.system).backups]
        assert sorted(runs) == ["awal", "run-ulang"]
