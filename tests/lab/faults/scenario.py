"""The two SOPs on a real office under a fault, and what must hold afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.backup.letters import file_backup_form
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.errors import JagadataError, NotFoundError
from jagadata.restore import follow_up
from jagadata.restore.letters import inform_again, inform_requester
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision
from jagadata.upkeep.sweep import sweep
from jagadata.vault.verification import read_back
from tests.lab.faults.tap import KINDS, Tap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.faults.tap import Fault

DIGEST = "SELECT md5(string_agg(surat::text, ',' ORDER BY id)) FROM aplikasi.surat"
DAMAGE = "DELETE FROM aplikasi.surat WHERE id > 150"
STEPS = ("prepare", "stop", "restore", "start")


@dataclass
class Verdict:
    """What a fault led to: the first try's status, and every promise that it broke (none: good)."""

    status: str = ""
    broken: list[str] = field(default_factory=list)
    off_seconds: float = 0


class Scenario:
    """One office that is brought back to the same state before each fault."""

    def __init__(self, lab) -> None:
        self.lab = lab
        self.system = lab.application.system
        with lab.place() as place:
            lab.back_up(place, "awal")
        self.good = lab.sql(DIGEST)[0][0]
        lab.sql(DAMAGE)
        self.damaged = lab.sql(DIGEST)[0][0]
        self.plain = lab.databases()
        self.number = 0
        self.known = self._everything()

    def _everything(self) -> set[Path]:
        stores = (self.lab.folder / name for name in ("simpanan-utama", "simpanan-kedua"))
        return {path for store in stores for path in store.rglob("*") if path.is_file()}

    def _remove(self, what: Path) -> None:
        what.unlink()

    def tap(self, fault: Fault | None = None) -> Tap:
        """What counts the calls of one try, and lets one fail."""
        return Tap(fault)

    def kinds(self, channel: str, label: str) -> tuple[str, ...]:
        """The ways in which this call can fail."""
        del label
        return KINDS[channel]

    def files(self) -> dict[str, str]:
        """Every object of every backup, by its hash."""
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for store in ("simpanan-utama", "simpanan-kedua")
            for path in (self.lab.folder / store / "systems").rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def reset(self) -> None:
        """The damaged data live again, under the name that counts; nothing beside it, and the stores as they were."""
        for what in self._everything() - self.known:
            self._remove(what)
        for name in self.lab.databases() - self.plain:
            self.lab.postgres.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        self.lab.sql(DAMAGE)
        for path in self.lab.mail.folder.glob("*.eml"):
            path.unlink()

    def new_run(self, what: str) -> str:
        self.number += 1
        return f"{self.number:08x}-{what}"


def play_restore(place, run: str, request) -> str:
    """Ask, approve, carry out, inform, as the flow does; the status. Raises nothing but what would be a bug of its own."""
    restore = RestoreRun(place, run, request)
    try:
        restore.number()
    except JagadataError:
        return "tanpa nomor"
    try:
        restore.receive()
        restore.decide(Decision(answer="yes", signer="rina", at=place.clock().isoformat()), restore.plan.hash)
        carry_out(restore)
    except JagadataError:
        pass
    with contextlib.suppress(JagadataError):
        if restore.result is not None or restore.status == "Ditolak":
            inform_requester(restore)
    return restore.status


def carry_out(restore: RestoreRun) -> None:
    """Steps 2 to 4, from wherever the run stands."""
    with restore.recovery() as recovery:
        for step in STEPS:
            getattr(recovery, step)()


def play_backup(place, run: str) -> bool:
    """Steps 1 to 5; True if every system succeeded."""
    try:
        done = BackupRun(place, run, BackupOrder())
        file_backup_form(place, done.carry_on(), step=5)
        return not done.failures()
    except JagadataError:
        return False


class RestoreScenario(Scenario):
    """Ask, approve, carry out, inform: as the flow does it."""

    def play(self, run: str) -> str:
        """One try in a workplace of its own; its status."""
        with self.lab.place() as place:
            return play_restore(place, run, self.lab.request())

    def after(self, run: str) -> str:
        """The watch, as it would come by next; the status then."""
        with self.lab.place() as place:
            if place.journal(run).outcome("open") is None:
                return "tanpa nomor"
            ended = follow_up.finish_dead(place, run)
            if ended is not None:
                inform_requester(ended)
            else:
                inform_again(RestoreRun(place, run))
            return RestoreRun(place, run).status

    def check(self, tap: Tap, *, play=None) -> Verdict:
        """Play with this tap, then hold every promise against what is true."""
        self.reset()
        before, verdict, run = self.files(), Verdict(), self.new_run("pulih")
        begun = time.monotonic()
        try:
            if play:
                play(run)
            else:
                with tap:
                    self.play(run)
        except Exception as error:  # noqa: BLE001 - the finding
            verdict.broken.append(f"galat mentah: {type(error).__name__}: {error}"[:300])
        try:
            verdict.status = self.after(run)
        except Exception as error:  # noqa: BLE001 - the finding
            verdict.broken.append(f"tindak lanjut gagal: {type(error).__name__}: {error}"[:300])
        verdict.off_seconds = time.monotonic() - begun
        self._hold(verdict, before, run)
        return verdict

    def _hold(self, verdict: Verdict, before: dict[str, str], run: str) -> None:
        broken = verdict.broken
        if not self.lab.is_up():
            broken.append("layanan tidak menjawab")
        live = self.lab.sql(DIGEST)[0][0]
        if live not in (self.good, self.damaged):
            broken.append("data yang berjalan tidak utuh")
        if (verdict.status == "Selesai") != (live == self.good):
            broken.append(
                f"status '{verdict.status}' tidak benar: data {'baru' if live == self.good else 'lama'}"
            )
        after = self.files()
        if any(after.get(name) != found for name, found in before.items()):
            broken.append("back up berubah atau hilang")
        told = [message for message in self.lab.mail.messages() if message["to"] == "dewi@example.id"]
        if verdict.status != "tanpa nomor" and not told:
            broken.append("pemohon tidak diberi tahu")
        if verdict.status in ("Diproses", "Diterima", "terputus"):
            broken.append(f"permohonan tidak berakhir ({verdict.status})")
        with self.lab.place() as place:
            if place.services(self.system).switch().state == "armed":
                broken.append("sakelar tetap terpasang")
            report = sweep(place, dry_run=False, by="uji")
            kept = {one.name for one in report.found if "disimpan" in one.action or "dicatat" in one.action}
            left = self.lab.databases() - self.plain - kept
            if left or report.problems:
                broken.append(f"sisa: {sorted(left)} {report.problems}")
        if verdict.status != "Selesai":
            second = self.play(self.new_run("ulang"))
            if second != "Selesai" or self.lab.sql(DIGEST)[0][0] != self.good or not self.lab.is_up():
                broken.append(f"percobaan kedua: {second}")


class BackupScenario(Scenario):
    """Steps 1 to 5 of the SOP back up."""

    def play(self, run: str) -> bool:
        """True if every system succeeded."""
        with self.lab.place() as place:
            return play_backup(place, run)

    def check(self, tap: Tap, *, play=None) -> Verdict:
        self.reset()
        before, verdict, run = self.files(), Verdict(), self.new_run("simpan")
        good = False
        try:
            if play:
                play(run)
            else:
                with tap:
                    good = self.play(run)
        except Exception as error:  # noqa: BLE001 - the finding
            verdict.broken.append(f"galat mentah: {type(error).__name__}: {error}"[:300])
        verdict.status = "berhasil" if good else "gagal"
        self._hold(verdict, before, run, good=good)
        return verdict

    def _hold(self, verdict: Verdict, before: dict[str, str], run: str, *, good: bool) -> None:
        broken = verdict.broken
        if not self.lab.is_up() or self.lab.sql(DIGEST)[0][0] != self.damaged:
            broken.append("layanan atau data tersentuh")
        after = self.files()
        if any(after.get(name) != found for name, found in before.items()):
            broken.append("back up lain berubah atau hilang")
        with self.lab.place() as place:
            catalog = place.catalog(self.system)
            own = [backup for backup in catalog.backups if backup.manifest.run == run]
            for backup in own:
                for store in place.stores:
                    if store.name in backup.stores:
                        try:
                            read_back(
                                place.server(self.system),
                                place.identities(),
                                backup.manifest.data,
                                store,
                                backup.versions_in(store.name),
                            )
                        except JagadataError as error:
                            broken.append(f"back up terdaftar tetapi rusak: {error.message}")
            if good and len(own) != 1:
                broken.append("dilaporkan berhasil, tetapi tidak ada")
            if good and set(own[0].stores) != {"utama", "kedua"}:
                broken.append("dilaporkan berhasil, tetapi salinannya kurang")
            try:
                catalog.newest(self.system)
            except NotFoundError:
                broken.append("back up yang baik tidak lagi terdaftar")
        if not good and not self.play(self.new_run("ulang")):
            broken.append("percobaan kedua gagal")
