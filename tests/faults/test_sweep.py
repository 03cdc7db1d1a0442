"""A sample of the fault sweep (`make faults` runs it whole): some positions of every channel, each with another kind of failure."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.lab.faults.kills import SWITCH_SECONDS, run_kills
from tests.lab.faults.strikes import run_strikes
from tests.lab.faults.sweep import list_faults, open_scenario, run_sweep
from tests.lab.faults.tap import KINDS, Fault

PER_CHANNEL = 1


@pytest.fixture(scope="module", params=["backup", "restore"])
def swept(request, tmp_path_factory, lab):
    with ExitStack() as stack:
        folder = lab / f"sweep-{request.param}"
        folder.mkdir()
        scenario = open_scenario(stack, folder, request.param)
        calls, _ = list_faults(scenario)
        yield request.param, scenario, calls


def sample(calls):
    """From each channel so many calls, evenly spread, the kinds in turn."""
    chosen = []
    for channel, kinds in KINDS.items():
        own = [number for number, (found, _) in enumerate(calls) if found == channel]
        count = min(PER_CHANNEL, len(own))
        picked = [own[(2 * index + 1) * len(own) // (2 * count)] for index in range(count)]
        chosen += [Fault(at, kinds[index % len(kinds)]) for index, at in enumerate(picked, len(chosen))]
    return chosen


def test_no_fault_breaks_a_promise(swept):
    name, scenario, calls = swept
    findings = list(run_sweep(scenario, name, calls, sample(calls)))
    assert [str(one) for one in findings if one.verdict.broken] == []
    assert sum(one.fired for one in findings) > len(findings) / 2


def test_no_death_of_the_process_breaks_a_promise(swept):
    name, scenario, calls = swept
    deaths = list(run_kills(scenario, name, calls, range(len(calls))[len(calls) // 6 :: len(calls) // 3]))
    assert [str(death) for death in deaths if death.verdict.broken] == []


@pytest.mark.parametrize("swept", ["restore"], indirect=True)
def test_no_blow_to_sshd_breaks_a_promise(swept):
    _, scenario, _ = swept
    blows = list(run_strikes(scenario, 25, 60))
    assert [str(struck) for struck in blows if struck.verdict.broken] == []
    assert max(struck.off_seconds for struck in blows) < 3 * SWITCH_SECONDS


@pytest.mark.parametrize("swept", ["restore"], indirect=True)
def test_an_answer_about_free_space_that_is_no_number_is_named(swept):
    name, scenario, calls = swept
    at = next(
        number for number, (channel, label) in enumerate(calls) if channel == "ssh" and "df -B1" in label
    )
    (finding,) = run_sweep(scenario, name, calls, [Fault(at, "wrong answer")])
    assert finding.fired
    assert finding.verdict.broken == [], finding
