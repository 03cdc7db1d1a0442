"""Another worker: a process with its own HOME, office file and spool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from jagadata.connections import open_workplace
from jagadata.errors import JagadataError
from jagadata.office.file import load_office
from jagadata.restore.request import RestoreRequest
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision
from tests.lab.repository import ROOT

if TYPE_CHECKING:
    from tests.lab.office import OfficeLab

STEPS = ("prepare", "stop", "restore", "start")


def tell(what: str) -> None:
    """Say where we are, and wait until we may go on."""
    print(what, flush=True)
    sys.stdin.readline()


def ask_and_approve(office: str, run: str, request: str) -> None:
    """Worker: step 1 and the gate."""
    with open_workplace(load_office(Path(office))) as place:
        restore = RestoreRun(place, run, RestoreRequest(**json.loads(request)))
        restore.receive()
        restore.decide(Decision(answer="yes", signer="rina", at=place.clock().isoformat()), restore.plan.hash)
        print(json.dumps({"plan": restore.plan.hash}))


def carry_out(office: str, run: str, pause: str = "") -> None:
    """Worker: steps 2 to 4 of a run that was approved; waits once it has read the journal, and after the step `pause`."""
    with open_workplace(load_office(Path(office))) as place:
        restore = RestoreRun(place, run)
        tell("ready")
        try:
            with restore.recovery() as recovery:
                for step in STEPS:
                    getattr(recovery, step)()
                    if step == pause:
                        tell(step)
            told = {
                "status": getattr(recovery.result, "status", None),
                "reason": getattr(recovery.result, "reason", None),
            }
        except JagadataError as error:
            told = {"status": type(error).__name__, "reason": str(error)}
        print(json.dumps(told), flush=True)


def _end(process: subprocess.Popen[str], guard: threading.Timer) -> tuple[str, str]:
    """What it still said, out and err. Nothing of it stays open, which a later test would be blamed for."""
    guard.cancel()
    if process.stdout.closed:
        return "", ""
    process.kill()
    return process.communicate()


class Worker:
    """One such process."""

    def __init__(self, office_lab: OfficeLab, name: str, work: str, *arguments: str) -> None:
        home = office_lab.folder / f"rumah-{name}"
        (home / "spool").mkdir(parents=True, exist_ok=True)
        value = yaml.safe_load(office_lab.path.read_text(encoding="utf-8"))
        office = office_lab.folder / f"office-{name}.yaml"
        office.write_text(yaml.safe_dump({**value, "spool": str(home / "spool")}), encoding="utf-8")
        code = f"import sys; from tests.lab.faults import workers; workers.{work}(*sys.argv[1:])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(office), *arguments],
            cwd=ROOT,
            env={**os.environ, "HOME": str(home), "TMPDIR": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._guard = threading.Timer(90, self.process.kill)
        self._guard.start()
        weakref.finalize(self, _end, self.process, self._guard)  # of a test that failed half-way too

    def wait_for(self, what: str) -> None:
        said = self.process.stdout.readline().strip()
        if said != what:
            _, errors = _end(self.process, self._guard)
            raise AssertionError(f"{said!r} instead of {what!r}: {errors}")

    def go_on(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """Its last line, as JSON."""
        output, errors = self.process.communicate()
        self._guard.cancel()
        assert self.process.returncode == 0, errors
        return json.loads(output.splitlines()[-1])
