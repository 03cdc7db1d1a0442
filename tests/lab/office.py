"""A whole office on real parts, for integration and end-to-end tests."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.connections import open_workplace
from jagadata.demo.office import Application, make_office, start_application
from jagadata.lab.mail import MailSink, start_mail
from jagadata.office.file import load_office
from jagadata.restore.request import RestoreRequest
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from jagadata.lab.postgres import Postgres
    from jagadata.restore.steps import RestoreResult
    from jagadata.workplace import Workplace


@dataclass
class OfficeLab:
    """One application, its office file, and shortcuts that a test reads like a sentence."""

    folder: Path
    path: Path
    postgres: Postgres
    application: Application
    mail: MailSink

    def place(self) -> Workplace:
        return open_workplace(load_office(self.path))

    def change(self, edit) -> None:
        """Edit the office file's YAML value in place."""
        value = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        edit(value)
        self.path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def sql(self, text: str):
        return self.postgres.sql(text, self.application.database)

    def fill(self) -> None:
        """200 letters, whatever another test left."""
        self.sql(
            """
            DELETE FROM aplikasi.surat;
            INSERT INTO aplikasi.surat (id, nomor, perihal, tanggal) OVERRIDING SYSTEM VALUE
            SELECT i, '800/' || i, 'Undangan', date '2026-01-02' FROM generate_series(1, 200) i
            """
        )

    def letters(self) -> int:
        """What the application shows."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.application.port}/jumlah", timeout=10) as answer:
            return json.load(answer)["jumlah"]

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.application.port}/sehat", timeout=5
            ) as answer:
                return answer.status == 200
        except OSError:
            return False

    def back_up(self, place: Workplace, run: str = "run-backup", **order) -> BackupRun:
        done = BackupRun(place, run, BackupOrder(**order))
        done.make_backups()
        return done

    def request(self, **changes) -> RestoreRequest:
        values = {
            "system": self.application.system,
            "requester": "Dewi Lestari, S.E.",
            "unit": "BKPSDM",
            "reason": "Data hilang",
            "damage": "Semua surat hilang",
            "email": "dewi@example.id",
        }
        return RestoreRequest(**{**values, **changes})

    def received(self, place: Workplace, run: str = "0a1b2c3d-run", **changes) -> RestoreRun:
        """A request that is approved and ready to be carried out."""
        restore = RestoreRun(place, run, self.request(**changes))
        restore.receive()
        if restore.needs_approval():
            restore.decide(
                Decision(answer="yes", signer="rina", at=place.clock().isoformat()), restore.plan.hash
            )
        return restore

    def carry_out(self, restore: RestoreRun) -> RestoreResult:
        with restore.recovery() as recovery:
            recovery.carry_out()
        return restore.result

    def databases(self) -> set[str]:
        return {row[0] for row in self.postgres.sql("SELECT datname FROM pg_database")}


def open_office(
    stack: ExitStack, folder: Path, postgres: Postgres, ssh, system: str, *, verify: str = "read", **options
) -> OfficeLab:
    """Start an application of this name on a shared server, and write its office file.

    `verify`: how far step 2 goes; only tests of the proof itself, and those through Prefect, take the time to restore.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mail = stack.enter_context(start_mail(folder / "mail"))
    application = start_application(folder / "app", postgres, system=system, rows=options.pop("rows", 200))
    stack.enter_context(application.supervisor)
    policy = options.pop("policy", None) or {}
    policy = {**policy, "backup": {"verify": verify, **policy.get("backup", {})}}
    path = make_office(folder, [application], postgres, ssh, mail, policy=policy, **options)
    return OfficeLab(folder, path, postgres, application, mail)


def die_after(office_lab, place, *steps):
    """A restore whose process vanishes after these steps: nothing is made safe, the lock is gone."""
    restore = office_lab.received(place)
    recovery = restore.recovery().__enter__()
    for step in steps:
        getattr(recovery, step)()
    recovery.vanish()
    return restore.run
