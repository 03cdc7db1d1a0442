"""An office with its Prefect server and worker, and the words of an end-to-end test."""

from __future__ import annotations

import time
from types import SimpleNamespace

from jagadata.lab.prefect_server import start_worker
from jagadata.lab.ssh_server import start_ssh

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class Deployed(SimpleNamespace):
    """The office, its Prefect server, and the words of a test."""

    def sign(self, run, decision, who="", note="", seconds=120, values=None):
        end = time.monotonic() + seconds
        while True:  # a gate that was just answered may still be shown: wait for this person's own
            found = self.api.wait(run, ("Suspended", *ENDED), seconds)
            assert found.state == "Suspended", (found, self.log())
            gate = self.api.gate(run, 30)
            signer = next((one for one in gate.signers if f"[{who}]" in one), "")
            if signer and decision in gate.decisions:
                break
            assert time.monotonic() < end, (gate, self.log())
            time.sleep(0.5)
        self.api.answer(run, decision, signer, note, values)
        self.api.wait(run, ("Resuming", "Pending", "Submitting", "Running", *ENDED), 30)
        return gate

    def end(self, run, seconds=150):
        return self.api.wait(run, ENDED, seconds)

    def restart_worker(self):
        self.worker.stop()
        self.worker = start_worker(self.server, self.office.path, self.folder / "worker")
        self.closing.callback(self.worker.stop)

    def restart_ssh(self):
        """As systemd does when sshd died; other tests of this session use the same one."""
        self.ssh.stop()
        self.ssh.server = start_ssh(self.ssh.client_key.parent, port=self.ssh.port).server

    def log(self):
        return self.worker.tail(6000)

    def ask_restore(self, **changes):
        application = self.office.application
        form = {
            "nama_aplikasi": f"{application.system} — {application.name} ({application.owner})",
            "nama_pemohon": "Dewi Lestari, S.E.",
            "unit_kerja": "BKPSDM",
            "uraian_kerusakan": "Semua surat hilang",
            "alasan": "Pelayanan terhenti",
            "email": "dewi@example.id",
        }
        return self.api.run("SOP Restore Data/permohonan", {"permohonan": {**form, **changes}})

    def watch(self):
        """The watch comes by: one of its own, for Prefect cancels a second one at the same time."""
        for _attempt in range(10):
            ended = self.end(self.api.run("Penjagaan/berkala", {}))
            if ended.kind != "CANCELLED":
                break
            time.sleep(2)
        assert ended.state == "Completed", (ended, self.log())

    def back_up(self):
        run = self.api.run("SOP Back Up Data/bulanan", {})
        self.sign(run, "Diterima", "bambang", "sesuai")
        ended = self.end(run)
        assert ended.state == "Diterima", (ended, self.log())
        return run
