"""One try of a procedure in a process of its own, which may be killed at one of its calls.

`python -m tests.lab.faults.driver OFFICE restore|backup RUN AT SWITCH_SECONDS`; AT -1: not killed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jagadata.connections import open_workplace
from jagadata.office.file import load_office
from jagadata.restore.request import RestoreRequest
from jagadata.restore.run import RestoreRun
from tests.lab.faults.scenario import carry_out, play_backup, play_restore
from tests.lab.faults.tap import Fault, Tap


def main(
    office_path: str, procedure: str, run: str, at: int, switch_seconds: int, tap: Tap | None = None
) -> None:
    office = load_office(Path(office_path))
    object.__setattr__(office.policy.restore, "switch_minutes", switch_seconds / 60)  # seconds, only here
    with open_workplace(office) as place, tap or Tap(Fault(at, "kill") if at >= 0 else None):
        if procedure == "backup":
            print(play_backup(place, run))
        elif procedure == "resume":
            carry_out(RestoreRun(place, run))
        else:
            request = RestoreRequest(
                system=office.systems[0].id,
                requester="Dewi Lestari, S.E.",
                unit="BKPSDM",
                reason="Data hilang",
                damage="Semua surat hilang",
                email="dewi@example.id",
            )
            print(play_restore(place, run, request))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
