"""What a flow run needs of its surroundings: the office's workplace, the run's id, and when it was meant to start."""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import TYPE_CHECKING

from prefect import runtime

from jagadata.backup.attempts import note_attempt
from jagadata.backup.run import BackupRun
from jagadata.collection.run import RoundRun
from jagadata.connections import open_workplace
from jagadata.errors import UnreachableError
from jagadata.office import secrets
from jagadata.restore.run import RestoreRun
from tasks.parameters import parse_order, parse_request, parse_round_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from jagadata.workplace import Workplace
    from tasks.parameters import PerintahBackup, PerintahPengumpulan, Permohonan


def prefect_secret(block: str) -> str:
    """The value of a Secret block, "" where there is none. Raises UnreachableError."""
    from httpx import HTTPError
    from prefect.blocks.system import Secret

    try:
        secret = Secret.load(block)
    except ValueError:
        return ""  # no such block: whoever reveals the secret says so, and where to make one
    except HTTPError as error:
        raise UnreachableError(
            f"Rahasia 'prefect:{block}' tidak dapat dibaca dari server Prefect ({type(error).__name__}).",
            "Periksa server Prefect dan PREFECT_API_AUTH_STRING pada worker, lalu ulangi.",
            transient=True,
        ) from error
    return str(secret.get())  # type: ignore[union-attr]


@contextlib.contextmanager
def workplace() -> Iterator[Workplace]:
    """The office of this worker, with `prefect:BLOCK` secrets known. Raises OfficeFileError."""
    secrets.register("prefect", prefect_secret)
    logging.getLogger("jagadata").setLevel(logging.INFO)
    with open_workplace() as place:
        yield place


def run_id() -> str:
    return str(runtime.flow_run.id)


def scheduled() -> datetime:
    """When this run was meant to start: the schedule's time, however late the run is."""
    time: datetime = runtime.flow_run.scheduled_start_time
    return time


@contextlib.contextmanager
def open_backup(perintah: PerintahBackup) -> Iterator[BackupRun]:
    """The backup run of this flow run, begun once more. Raises RefusedError before anything is dumped."""
    with workplace() as place:
        run = BackupRun(place, run_id(), parse_order(perintah), scheduled=scheduled())
        run.open()
        note_attempt(run.journal, socket.gethostname())
        yield run


@contextlib.contextmanager
def open_restore(permohonan: Permohonan) -> Iterator[RestoreRun]:
    """The restore run of this flow run, with its number. Raises RefusedError for an incomplete request."""
    with workplace() as place:
        run = RestoreRun(place, run_id(), parse_request(permohonan))
        run.number()
        yield run


@contextlib.contextmanager
def open_round(perintah: PerintahPengumpulan) -> Iterator[RoundRun]:
    """The round of this flow run, claimed. Raises RefusedError before anything is sent."""
    with workplace() as place:
        run = RoundRun(place, run_id(), parse_round_order(perintah), scheduled=scheduled())
        run.open()
        yield run
