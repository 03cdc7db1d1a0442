"""`python -m tests.lab.lying_reader FOLDER LIE`: code in a file answers in place of the reader; prints what became of that."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from jagadata.adapters.spreadsheets import sandbox
from jagadata.adapters.spreadsheets.examination import Request
from jagadata.adapters.spreadsheets.examiner import conclude
from jagadata.collection.round import Round
from jagadata.office.collection import Limits

ANSWER = 5
"""The descriptor into which the fork answers."""


def main(folder: Path, lie: str) -> None:
    path = folder / "dikirim"
    path.write_bytes(b"isi")
    request = Request(
        path=path, name="a.csv", datasets=(), round=Round(2026, 2), limits=Limits(), region="3503", folder=folder, previous={}
    )  # fmt: skip
    order = sandbox.Order(path=path, folder=folder, limits=request.limits, unconfined=True)

    def speak(_request: Request, _begin: object) -> None:
        os.write(ANSWER, lie.encode())
        os._exit(0)

    found = conclude(sandbox.examine_apart(order, request, 1 << 40, examine=speak), request)
    codes = [one.code for one in found.findings]
    sys.stdout.write(json.dumps({"codes": codes, "left": sorted(one.name for one in folder.iterdir())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
