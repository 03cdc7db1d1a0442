"""`make faults`: the whole sweep on both cores, every EVERY-th fault of files (default 1: all), then a table and every promise that broke."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.faults.kills import SWITCH_SECONDS, Death
from tests.lab.faults.sweep import S3_SCENARIOS, SCENARIOS, Finding, summarize, work

if TYPE_CHECKING:
    from tests.lab.faults.strikes import Struck


def main() -> int:
    every = int(os.environ.get("EVERY") or 1)
    names = sys.argv[1:] or [*SCENARIOS, *S3_SCENARIOS]
    shards = 2
    found: list[Finding] = []
    deaths: list[Death] = []
    strikes: list[Struck] = []
    positions: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        for name in names:
            jobs = []
            for shard in range(shards):
                target = Path(folder) / f"{name}-{shard}"
                job = context.Process(target=work, args=(name, shard, shards, every, target))
                job.start()
                jobs.append((job, target))
            for job, target in jobs:
                job.join()
                if job.exitcode:
                    return 1
                count, findings, dead, struck = pickle.loads(target.read_bytes())  # noqa: S301 - our own
                positions[name] = count
                found += findings
                deaths += dead
                strikes += struck
    print(summarize(found, positions))
    for what, blows in (("kills of the process", deaths), ("blows to sshd", strikes)):
        longest = max((one.off_seconds for one in blows), default=0)
        print(
            f"{len(blows)} {what}; longest time without an answer: {longest:.1f} s (switch: {SWITCH_SECONDS} s)"
        )
        for one in blows:
            if one.verdict.broken:
                print(f"BROKEN {one}")
    return 1 if any(one.verdict.broken for one in (*found, *deaths, *strikes)) else 0


if __name__ == "__main__":
    sys.exit(main())
