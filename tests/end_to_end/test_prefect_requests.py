"""Requests to the Prefect server fail, one at a time, between the worker and the server: a restore ends well or is ended by the watch, a backup ends well or does at Retry.

`make faults` runs a sample of SAMPLE positions (all: SAMPLE=0), the kinds of failure in turn.
"""

from __future__ import annotations

import os
import time

import pytest

from jagadata.errors import JagadataError
from jagadata.lab.prefect_server import start_worker
from tests.lab.deaths import SWITCH_SECONDS
from tests.lab.faults.http_proxy import HttpProxy, HttpTap
from tests.lab.faults.strikes import Clock
from tests.lab.faults.tap import Fault
from tests.lab.prefect_runs import REPORT_SECONDS, check_copies, force, settle, tell_the_end
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(3600)]

SAMPLE = int(os.environ.get("SAMPLE") or 16)
KINDS = ("500", "lost", "silent", "cut", "503", "refused")
REQUEST_SECONDS = 5
OF_A_RUN = r"/api/(?!work_pools|health|admin|csrf|deployments/[^/]*$|ready|collections|automations)"
"""Not the worker's own: its polling and heartbeats."""


@pytest.fixture(scope="module")
def behind(deployed):
    """The worker stands behind a proxy, and waits for an answer for seconds only."""
    with HttpProxy(deployed.server.url, "prefect") as proxy:
        deployed.worker.stop()
        environment = {
            "PREFECT_API_URL": f"{proxy.url}/api",
            "PREFECT_API_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
        }
        deployed.worker = start_worker(
            deployed.server, deployed.office.path, deployed.folder / "worker-jauh", environment=environment
        )
        yield proxy
        deployed.restart_worker()


def restore_once(deployed, tap):
    """Ask, approve, carry out, acknowledge; what became of it, and for how long the service was off."""
    lab = deployed.office
    lab.sql("DELETE FROM aplikasi.surat WHERE id > 150")
    for path in lab.mail.folder.glob("*.eml"):
        path.unlink()
    with Clock(lab.is_up) as clock:
        with tap:
            run = deployed.ask_restore()
            found = settle(deployed, run, seconds=240)
        status = tell_the_end(deployed, run)
    return found.state, status, clock.longest


def back_up_once(deployed, tap):
    """Back up, and receive; a run that died is retried, as in the UI."""
    lab, system = deployed.office, deployed.office.application.system
    with Clock(lab.is_up) as clock:
        with tap:
            run = deployed.api.run("SOP Back Up Data/bulanan", {})
            found = first = settle(deployed, run, seconds=240)
        if found.kind != "COMPLETED":
            time.sleep(REPORT_SECONDS)
            force(deployed, run, "SCHEDULED", "AwaitingRetry")
            wait_until(lambda: deployed.api.read(run).kind not in ("SCHEDULED", "CRASHED", "FAILED"), 60)
            found = settle(deployed, run)
    with lab.place() as place:
        own = [backup for backup in place.catalog(system).backups if backup.manifest.run == run]
        assert [set(backup.stores) for backup in own] == [{"utama", "kedua"}]
        check_copies(place, own[0])
    return first.state, found.state, clock.longest


@pytest.mark.parametrize(("once", "good"), [(restore_once, "Selesai"), (back_up_once, "Diterima")])
def test_no_failed_request_leaves_a_run_without_its_end(fresh, behind, once, good):
    plain = HttpTap(behind, only=OF_A_RUN)
    assert once(fresh, plain)[1] == good
    labels, broken = [label for _, label in plain.calls], []
    step = max(1, len(labels) // SAMPLE) if SAMPLE else 1
    print(f"\n{len(labels)} requests: {once.__name__}")
    for number, at in enumerate(range(0, len(labels), step)):
        tap, begun = HttpTap(behind, Fault(at, KINDS[number % len(KINDS)]), only=OF_A_RUN), time.monotonic()
        try:
            state, status, off = once(fresh, tap)
            if once is back_up_once and status != good:
                broken.append(f"#{at} {KINDS[number % len(KINDS)]}: {status}")
        except (AssertionError, JagadataError) as error:
            state, status, off = "?", "?", 0.0
            broken.append(f"#{at} {KINDS[number % len(KINDS)]}: {error}"[:400])
        label = tap.calls[at][1] if at < len(tap.calls) else "-"
        print(
            f"PREFECT #{at} {KINDS[number % len(KINDS)]} {label[:70]}: {state}/{status} off {off:.1f} s, "
            f"{time.monotonic() - begun:.0f} s{'' if tap.fired else ' (not reached)'}",
            flush=True,
        )
        if off > SWITCH_SECONDS * 2 + 10:
            broken.append(f"#{at}: off {off:.1f} s")
    assert broken == []
