"""Real processes of a run, and their deaths."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.lab.waiting import wait_until

SWITCH_SECONDS = 14


def processes_of(run):
    """Process ids of the run's flow process and its children, by their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"PREFECT__FLOW_RUN_ID={run}".encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def kill(*numbers):
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def kill_a_session(postgres):
    """One backend, of ours if there is one: PostgreSQL then ends every session, and recovers."""
    ((number,),) = postgres.sql(
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "ORDER BY coalesce(usename, '') LIKE 'jagadata%' DESC, backend_type = 'client backend' DESC LIMIT 1"
    )
    kill(number)
    wait_until(postgres.is_ready, 30)
