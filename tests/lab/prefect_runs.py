"""A run in Prefect as the office and the watch bring it to its end; what must hold then."""

from __future__ import annotations

import base64
import json
import time

from jagadata.errors import RefusedError
from jagadata.restore.run import RestoreRun
from jagadata.vault.verification import read_back
from tests.lab.deaths import processes_of
from tests.lab.deployed import ENDED
from tests.lab.waiting import wait_until

REPORT_SECONDS = 12
"""A worker reports a death twice, seconds apart, and the second report would end a run that was retried in between."""

FORM_SECONDS = 60
"""How long the watch lets a gate be without its form (tasks/watch.py)."""

SIGNERS = {"Menyetujui": "rina", "Diterima pemohon": "agus", "Diterima": "bambang"}
"""Who gives the first answer of each gate."""

ENDINGS = ("selesai", "gagal", "ditolak")
"""Of the subjects that tell the requester what became of it."""


def lines(office, run):
    """(step, event) of the run's journal as the primary store holds it."""
    found = []
    for path in sorted((office.folder / "simpanan-utama" / "runs" / run / "journal").glob("*.json")):
        value = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
        found.append((value["step"], value["event"]))
    return found


def answer(deployed, run):
    """The gate's first choice, by whom it is for."""
    gate = deployed.api.gate(run, 30)
    who = SIGNERS[gate.decisions[0]]
    signer = next(one for one in gate.signers if f"[{who}]" in one)
    deployed.api.answer(run, gate.decisions[0], signer, "telepon 08.30 WIB")
    deployed.api.wait(run, ("Resuming", "Pending", "Submitting", "Running", *ENDED), 30)


def settle(deployed, run, seconds=180):
    """As the office would: answer what is asked until the run is over.

    What in life the server's automation does after three minutes without a heartbeat is done here after some seconds.
    """
    end, alive = time.monotonic() + seconds, time.monotonic()
    while True:
        found = deployed.api.read(run)
        if found.kind in ENDED:
            return found
        if found.state == "Suspended":
            try:
                answer(deployed, run)
            except (
                RefusedError
            ):  # killed before its form was saved: nobody can answer, until the watch comes by
                time.sleep(FORM_SECONDS)
                deployed.watch()
        if processes_of(run) or found.kind not in ("RUNNING", "PENDING"):
            alive = time.monotonic()
        if time.monotonic() - alive > 8:
            force(deployed, run, "CRASHED", "Crashed")
        assert time.monotonic() < end, (found, lines(deployed.office, run), deployed.log())
        time.sleep(0.5)


def force(deployed, run, kind, name):
    state = {"state": {"type": kind, "name": name}, "force": True}
    deployed.api.call("POST", f"/flow_runs/{run}/set_state", state)


def tell_the_end(deployed, run):
    """The truth about a restore, once the watch had its turn; every promise is held against it."""
    office = deployed.office

    def told():
        with office.place() as place:
            return RestoreRun(place, run).journal.outcome("5") is not None

    wait_until(told, 120)
    wait_until(office.is_up, 60)
    with office.place() as place:
        restore = RestoreRun(place, run)
        assert place.services(office.application.system).switch().state != "armed"
        status = restore.status
    assert office.letters() == (200 if status == "Selesai" else 150), status
    told_about = [str(mail["subject"]) for mail in office.mail.messages() if mail["to"] == "dewi@example.id"]
    assert len([one for one in told_about if one.split(",")[0].endswith(ENDINGS)]) == 1, told_about
    return status


def check_copies(place, backup):
    for store in place.stores:
        if store.name in backup.stores:
            versions = backup.versions_in(store.name)
            read_back(
                place.server(backup.manifest.system),
                place.identities(),
                backup.manifest.data,
                store,
                versions,
            )
