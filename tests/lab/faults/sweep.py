"""The fault sweep: each call that leaves the process fails once, at every position, in every way of its channel."""

from __future__ import annotations

import pickle
import shutil
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jagadata.lab.postgres import start_postgres
from jagadata.lab.ssh_server import start_ssh
from tests.lab.faults.kills import run_kills
from tests.lab.faults.s3_scenario import S3BackupScenario, S3RestoreScenario, open_s3_office
from tests.lab.faults.scenario import BackupScenario, RestoreScenario, Verdict
from tests.lab.faults.strikes import run_strikes
from tests.lab.faults.tap import Fault
from tests.lab.office import open_office

if TYPE_CHECKING:
    from collections.abc import Iterator

ALIKE = ("folder", "s3")
KILL_EVERY = 12
"""A process is killed at every so many-th call."""
SCENARIOS = {"backup": BackupScenario, "restore": RestoreScenario}
S3_SCENARIOS = {"s3-backup": S3BackupScenario, "s3-restore": S3RestoreScenario}


@dataclass(frozen=True)
class Finding:
    scenario: str
    at: int
    channel: str
    label: str
    kind: str
    fired: bool
    verdict: Verdict
    seconds: float

    def __str__(self) -> str:
        broken = "; ".join(self.verdict.broken)
        return f"{self.scenario} #{self.at} {self.channel} {self.label!r} {self.kind}: {self.verdict.status}: {broken}"


def open_scenario(stack: ExitStack, folder: Path, name: str):
    """A scenario on servers of its own."""
    postgres = stack.enter_context(start_postgres(folder / "pg"))
    ssh = stack.enter_context(start_ssh(folder / "ssh"))
    if name in S3_SCENARIOS:
        return S3_SCENARIOS[name](open_s3_office(stack, folder, postgres, ssh, f"sweep-{name}"))
    lab = open_office(stack, folder / "k", postgres, ssh, f"sweep-{name}")
    scenario = SCENARIOS[name](lab)
    scenario.ssh, scenario.closing = ssh, stack
    return scenario


def list_faults(scenario) -> tuple[list[tuple[str, str]], list[Fault]]:
    """The calls of one run without a fault, and every fault that they allow."""
    tap = scenario.tap()
    verdict = scenario.check(tap)
    if verdict.broken:
        raise AssertionError(f"the run without a fault breaks: {verdict.broken}")
    return tap.calls, [Fault(at, kind) for at, call in enumerate(tap.calls) for kind in scenario.kinds(*call)]


def choose(calls: list[tuple[str, str]], faults: list[Fault], every: int) -> list[Fault]:
    """All faults but those of files and requests, of which there are most and which are alike: every so many."""
    files = [fault for fault in faults if calls[fault.at][0] in ALIKE]
    others = [fault for fault in faults if calls[fault.at][0] not in ALIKE]
    return sorted([*others, *files[::every]], key=lambda fault: fault.at)


def run_sweep(scenario, name: str, calls: list[tuple[str, str]], faults: list[Fault]) -> Iterator[Finding]:
    for fault in faults:
        tap, begun = scenario.tap(fault), time.monotonic()
        verdict = scenario.check(tap)
        channel, label = tap.calls[fault.at] if fault.at < len(tap.calls) else calls[fault.at]
        yield Finding(
            name, fault.at, channel, label, fault.kind, tap.fired, verdict, time.monotonic() - begun
        )


def summarize(findings: list[Finding], positions: dict[str, int]) -> str:
    """The table of the report: positions x kinds tried, and what broke."""
    tried: Counter[tuple[str, str]] = Counter()
    broken: Counter[tuple[str, str]] = Counter()
    kinds: dict[tuple[str, str], set[str]] = {}
    for one in findings:
        kinds.setdefault((one.scenario, one.channel), set()).add(one.kind)
        if one.fired:
            tried[one.scenario, one.channel] += 1
            broken[one.scenario, one.channel] += bool(one.verdict.broken)
    lines = [f"{'procedure':10} {'channel':10} {'kinds':>6} {'tried':>6} {'broken':>7}"]
    lines += [
        f"{scenario:10} {channel:10} {len(kinds[scenario, channel]):6} {count:6} {broken[scenario, channel]:7}"
        for (scenario, channel), count in sorted(tried.items())
    ]
    lines.append(
        f"{len(findings)} faults tried ({sum(one.fired for one in findings)} reached) at "
        + ", ".join(f"{count} positions of {name}" for name, count in positions.items())
    )
    lines += [f"BROKEN {one}" for one in findings if one.verdict.broken]
    return "\n".join(lines)


def work(name: str, shard: int, shards: int, every: int, target: Path) -> None:
    """One share of one scenario's faults on servers of its own; what was found goes into `target`, line by line."""
    folder = Path(tempfile.mkdtemp(prefix="jaga-faults-"))
    folder.chmod(0o755)
    findings: list[Finding] = []
    try:
        with ExitStack() as stack:
            scenario = open_scenario(stack, folder, name)
            calls, faults = list_faults(scenario)
            chosen = choose(calls, faults, every)[shard::shards]
            print(f"{name}: {len(calls)} positions, {len(faults)} faults, {len(chosen)} here", flush=True)
            for number, finding in enumerate(run_sweep(scenario, name, calls, chosen), 1):
                findings.append(finding)
                if finding.verdict.broken:
                    print(f"BROKEN {finding}", flush=True)
                if number % 50 == 0:
                    print(f"{name}/{shard}: {number} of {len(chosen)}", flush=True)
            deaths = []
            kills = range(len(calls))[::KILL_EVERY][shard::shards] if name in SCENARIOS else ()
            for death in run_kills(scenario, name, calls, kills):
                deaths.append(death)
                if death.verdict.broken:
                    print(f"BROKEN {death}", flush=True)
            strikes = []
            if name == "restore":
                for struck in run_strikes(scenario, shard, shards):
                    strikes.append(struck)
                    if struck.verdict.broken:
                        print(f"BROKEN {struck}", flush=True)
            target.write_bytes(pickle.dumps((len(calls), findings, deaths, strikes)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
