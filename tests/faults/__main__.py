"""`make faults`: the whole sweep on both cores, every EVERY-th fault of files (default 1: all), then a table and every promise that broke."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import tempfile
from pathlib import Path

from tests.faults.kills import SWITCH_SECONDS, Death
from tests.faults.sweep import SCENARIOS, Finding, summarize, work


def main() -> int:
    every = int(os.environ.get("EVERY") or 1)
    names = sys.argv[1:] or list(SCENARIOS)
    shards = 2
    found: list[Finding] = []
    deaths: list[Death] = []
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
                count, findings, dead = pickle.loads(target.read_bytes())  # noqa: S301 - our own
                positions[name] = count
                found += findings
                deaths += dead
    print(summarize(found, positions))
    longest = max((death.off_seconds for death in deaths), default=0)
    print(
        f"{len(deaths)} kills of the process; longest time without an answer, by the switch alone: {longest:.1f} s"
        f" (switch: {SWITCH_SECONDS} s)"
    )
    for death in deaths:
        if death.verdict.broken:
            print(f"BROKEN {death}")
    return 1 if any(one.verdict.broken for one in (*found, *deaths)) else 0


if __name__ == "__main__":
    sys.exit(main())
