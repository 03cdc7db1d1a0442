"""A bucket as primary store that fails: a sample of the sweep over its requests (`make faults` has all), and whole storms."""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack

import pytest

from jagadata.adapters.s3.store import S3Store
from tests.lab.faults.http_proxy import HttpTap
from tests.lab.faults.s3_scenario import S3BackupScenario, S3RestoreScenario, open_s3_office
from tests.lab.faults.tap import Fault
from tests.lab.s3 import Fault as ProxyFault
from tests.lab.s3 import Proxy

SCENARIOS = {"backup": S3BackupScenario, "restore": S3RestoreScenario}


@pytest.fixture(scope="module")
def opened(lab, postgres, ssh_server, s3):
    """A function that opens the scenario of a procedure, each once."""
    with ExitStack() as stack:
        known = {}

        def open_one(name):
            if name not in known:
                folder = lab / f"s3-{name}"
                folder.mkdir()
                office = open_s3_office(stack, folder, postgres, ssh_server, f"s3-{name}", s3=s3)
                known[name] = SCENARIOS[name](office)
            return known[name]

        yield open_one


@pytest.mark.parametrize(
    ("only", "kind", "good"),
    [
        (r"^POST .*uploadId=", "lost", True),
        pytest.param(r"^PUT .*partNumber=2", "half sent", True, marks=pytest.mark.whole),
        pytest.param(r"^GET .*\.dump\.age", "flipped", False, marks=pytest.mark.whole),
    ],
)
def test_a_backup_outlives_a_broken_request_or_fails_by_name(opened, only, kind, good):
    scenario = opened("backup")
    tap = HttpTap(scenario.lab.proxy, Fault(0, kind), only=only)
    verdict = scenario.check(tap)
    assert tap.fired
    assert verdict.broken == []
    assert verdict.status == ("berhasil" if good else "gagal")


def test_a_line_that_never_lasts_for_a_megabyte_still_brings_the_object(s3):
    data = bytes(range(256)) * 2**13
    near = S3Store(
        "utama",
        bucket=s3.make_bucket("rapuh"),
        endpoint=s3.endpoint,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
    )
    near.put("data/1", data)
    with Proxy(s3.endpoint) as proxy:
        far = S3Store(
            "utama",
            bucket="rapuh",
            endpoint=proxy.url,
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            read_timeout=0.5,
            timeout=1,
        )
        proxy.faults.extend([ProxyFault(b"GET /rapuh/data", 300_000, silent=True)] * 4)
        with far.open("data/1") as stream:
            assert b"".join(iter(lambda: stream.read(2**20), b"")) == data
        assert not proxy.faults


class Weather:
    """Over a whole procedure: `judge(number, label)` says how each request fails; "" for not at all."""

    def __init__(self, proxy, judge) -> None:
        self.proxy, self.judge, self.count, self.failed = proxy, judge, 0, 0
        self._lock = threading.Lock()

    def _ask(self, label):
        with self._lock:
            self.count += 1
            number = self.count
        kind = self.judge(number, label)
        self.failed += bool(kind)
        return kind

    def __enter__(self):
        self.proxy.weather = self._ask
        return self

    def __exit__(self, *_error):
        self.proxy.weather = lambda _label: ""


def busy_now_and_then(number, _label):
    return "503" if number % 3 == 0 else ""


def slow_down_storm(number, _label):
    return "slow down" if 10 < number < 60 else ""


def no_uploads(_number, label):
    return "503" if label.startswith(("PUT", "POST")) and ".age." in label else ""


def never(_number, _label):
    return "503"


def slow(_number, _label):
    time.sleep(0.3)
    return ""


def cut_every_other(number, label):
    return "half sent" if re.match("PUT .*partNumber", label) and number % 2 else ""


@pytest.mark.whole
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "judge", [busy_now_and_then, slow_down_storm, no_uploads, never, slow, cut_every_other]
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_storm_over_the_whole_procedure_ends_well_or_cleanly(opened, name, judge):
    scenario = opened(name)
    weather, begun = Weather(scenario.lab.proxy, judge), time.monotonic()
    verdict = scenario.check(weather)
    print(
        f"\nBADAI {name} {judge.__name__}: {verdict.status} after {time.monotonic() - begun:.0f} s, "
        f"{weather.failed} of {weather.count} requests failed; {verdict.broken}"
    )
    assert verdict.broken == []
