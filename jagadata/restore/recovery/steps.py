"""SOP Restore Data, steps 2 to 4: stop, restore beside, prove, swap, start; and what makes it safe when any of it fails.

By this order the live database is always whole and the service always comes back:
everything that can be refused is refused before the switch is armed; the new database is built beside the live one;
one transaction swaps the names; whatever happens after the stop, leaving `Recovery` starts the services,
and if we vanish, the dead-man's switch on the host does.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from jagadata.errors import (
    BusyError,
    JagadataError,
    RefusedError,
    RestoreRunningError,
)
from jagadata.ports.progress import ignore
from jagadata.restore.planning import check_services
from jagadata.restore.recovery.build import Building, remove_leftovers
from jagadata.restore.recovery.fetch import fetch_planned, plan_rollback_sides
from jagadata.restore.recovery.heartbeat import Keeper
from jagadata.restore.recovery.lock import LOCK_TIMEOUT, acquire_lock
from jagadata.restore.recovery.result import make_outcome
from jagadata.restore.recovery.retry import retry_until
from jagadata.restore.recovery.sessions import clear_sessions
from jagadata.restore.recovery.swap import (
    Side,
    exchange,
    find_swapped,
    keep_sides,
    make_intents,
    swap_back,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from jagadata.evidence.journal import Journal
    from jagadata.ports.data_source import Swap
    from jagadata.restore.request import Impact, Plan
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace

RECOVERY = "recovery"
"""Journal step of the whole: its outcome ends the matter, whatever is run again."""


@dataclass(kw_only=True)
class Recovery:
    """Carries out one approved plan. Use as a context manager, and call prepare, stop, restore, start in this order.

    Each method returns JSON values for the form and raises JagadataError; leaving the context makes everything safe
    and writes the outcome, which `outcome` then holds: {"status": "Selesai" | "Gagal", "reason", "actions", times, ...}.
    """

    place: Workplace
    journal: Journal
    plan: Plan
    shown: Impact
    progress: Callable[[int], None] = ignore
    timeout: float = LOCK_TIMEOUT
    outcome: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    _sides: list[Side] = field(default_factory=list)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _swap: Swap | None = None
    _keeper: Keeper | None = None
    _stopped: bool = False
    _swapping: bool = False  # begun, and nobody has told yet how it ended
    _ended: bool = False
    _elsewhere: bool = False  # another worker carries this very run out: its outcome is not ours to write

    @property
    def system(self) -> str:
        return self.plan.request.system

    @property
    def production(self) -> bool:
        return self.plan.mode != "uji"

    def __enter__(self) -> Self:
        known = self.journal.outcome(RECOVERY)
        if known is not None:
            self.outcome, self.facts, self._ended = known, known, True
        else:
            self.control = self.place.services(self.system)
            self.server = self.place.server(self.system)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Make safe and write the outcome. Swallows JagadataError (it is the outcome's reason), nothing else."""
        if self._ended or self._elsewhere:
            self._stack.close()
            return self._elsewhere and isinstance(error, RestoreRunningError)
        try:
            actions = self._make_safe(error)
            self._finish(error, actions)
        finally:
            if self._keeper:
                self._keeper.stop()
            self._stack.close()
        self.journal.settle()
        return isinstance(error, JagadataError)

    # --- after the approval, before anything stops ---

    def prepare(self) -> dict[str, Any]:
        """Take the system's lock, compute the plan again, fetch the backup; in mode minimal restore beside already."""
        if self._ended:
            return self.facts
        self.journal.note("prepare", "begin")
        try:
            self._swap = acquire_lock(
                self.server, self.system, self.journal, self._stack, timeout=self.timeout
            )
        except BusyError:
            self.journal.refresh()
            begun = [
                entry for entry in self.journal.entries if (entry.step, entry.event) == ("prepare", "begin")
            ]
            self._elsewhere = len(begun) > 1 and self.journal.outcome(RECOVERY) is None
            raise
        self.journal.refresh()
        if self.journal.outcome("closed") is not None:  # ended by a person or the watch while we waited
            self._ended = True
            raise RefusedError(
                "Permohonan ini sudah ditutup, dan pemohonnya sudah diberi tahu.", "Ajukan permohonan baru."
            )
        known = self.journal.outcome(RECOVERY)
        if known is not None:  # another worker ended it meanwhile
            self.outcome, self.facts, self._ended = known, known, True
            return self.facts
        if self._swapped_before():
            return self.facts
        self._inherit_stop()
        check_services(self.place, self.plan)
        if self.plan.mode == "rollback":
            self._sides = plan_rollback_sides(self.place, self.journal.run, self.plan, self.shown)
        else:
            remove_leftovers(self.server, self.journal.run, self.plan)
            found = fetch_planned(
                self.place, self.journal.run, self.plan, self.shown, self._stack, self.progress
            )
            self._sides, self._backup, self._properties = found.sides, found.backup, found.properties
            self.facts["fetched_from"] = found.store
            if self.plan.mode == "minimal":
                self._build(self._backup)
        self.journal.note("prepare", "done")
        return self.facts

    def _swapped_before(self) -> bool:
        """A run that goes on after a crash looks at what is true: did the swap of its earlier attempt happen?"""
        intent = self.journal.last("swap", "begin")
        known = intent.data["databases"] if intent else None
        self._sides = find_swapped(self.server, self.journal.run, self.plan, known)
        if not self._sides:
            return False
        self.journal.note("prepare", "note", text="pertukaran nama sudah terjadi pada percobaan sebelumnya")
        return True

    def _inherit_stop(self) -> None:
        """Where an earlier attempt died with the services off and its switch still armed: from here on leaving means starting."""
        earlier = self.journal.last("2", "begin")
        if earlier is not None and self.control.adopt(str(earlier.data["token"])):
            self.facts["off_at"], self._stopped = str(earlier.data["off_at"]), True

    # --- step 2 ---

    def stop(self) -> dict[str, Any]:
        """Step 2: arm the switch, stop the services in order, prove it. For purpose Uji nothing is stopped."""
        if self._ended or not self.production:
            return self.facts
        seconds = self.place.office.policy.restore.switch_minutes * 60
        token = self._take_over()
        if any(
            side.swapped for side in self._sides
        ):  # an earlier attempt died after the swap: only the start is left
            if token:
                self._keep_renewing(seconds)
            return self.facts
        if not token:
            attempt = 1 + sum((entry.step, entry.event) == ("2", "begin") for entry in self.journal.entries)
            token = f"{self.journal.run}-{attempt}"
            off_at = self.place.clock().isoformat()
            self.journal.note("2", "begin", token=token, off_at=off_at)
            self.control.arm(token, seconds)
            self.facts["off_at"], self._stopped = off_at, True  # from here on leaving means starting
        self._stack.enter_context(self.journal.soft())
        self._keep_renewing(seconds)
        self.control.stop()
        proof = list(self.control.prove_stopped())
        names = [side.planned.name for side in self._sides]
        sessions = clear_sessions(self.server, names, self.place.office.policy.restore.sessions)
        self.facts.update(proof=proof, sessions=sessions)
        self.journal.note("2", "done", proof=proof, sessions=sessions, off_at=self.facts["off_at"])
        return self.facts

    def _keep_renewing(self, seconds: float) -> None:
        self._keeper = Keeper(self.control, seconds)
        self._keeper.start()

    def _take_over(self) -> str:
        """Where an earlier attempt of this run died between stop and start: its token if its switch is still armed, else "".

        Services that it left stopped with no switch armed any more are started before anything else is tried.
        """
        earlier = self.journal.last("2", "begin")
        if earlier is None:
            return ""
        token, off_at = str(earlier.data["token"]), str(earlier.data["off_at"])
        if self.control.adopt(token):
            self.facts["off_at"], self._stopped = off_at, True
            return token
        if any(side.swapped for side in self._sides):
            self.facts["off_at"], self._stopped = off_at, True
            return ""
        self.control.start()
        with contextlib.suppress(JagadataError):  # armed on some hosts only
            self.control.disarm(token)
        return ""

    # --- step 3 ---

    def restore(self) -> dict[str, Any]:
        """Step 3: restore beside (if not done), prove it against the manifest, renew the switch, prove the stop again, swap."""
        if self._ended:
            return self.facts
        if any(side.swapped for side in self._sides):
            return self.facts
        self.journal.note("3", "begin")
        if self.plan.mode in ("sop", "uji"):
            self._build(self._backup)
        if self.production:
            self._exchange()
        names = ("restored_from", "restored_until", "swap_seconds", "rows")
        done: dict[str, Any] = {name: self.facts.get(name) for name in names}
        self.journal.note("3", "done", **done)
        return self.facts

    def _build(self, backup: Backup) -> None:
        Building(
            server=self.server,
            journal=self.journal,
            policy=self.place.office.policy.restore,
            minutes_planned=self.shown.minutes_total,
            beat=self._beat,
            clock=self.place.clock,
        ).build(self._sides, backup, self._properties, self.facts)

    def _beat(self, done: int = 0) -> None:
        if self._keeper:
            self._keeper.beat()
        self.progress(done)

    def _exchange(self) -> None:
        """The swap: only while the stop is proven and the lock is held; a switch that fired means that the services run."""
        if self._keeper is None or self._swap is None:
            raise RefusedError(
                "Pertukaran nama ditolak: penghentian layanan belum dibuktikan.",
                "Jalankan langkah 2 lebih dahulu.",
            )
        self.journal.note("swap", "begin", databases=make_intents(self._sides))
        self.journal.wait(10)
        self._keeper.check()
        self.control.prove_stopped()
        end_sessions = self.place.office.policy.restore.sessions == "end"
        self._swapping = True
        seconds = exchange(
            self._swap,
            self._sides,
            end_sessions=end_sessions,
            before_commit=self._keeper.check,  # a machine that was frozen since the proof comes back after the switch fired
            timeout=60 * self.place.office.policy.restore.switch_minutes,
        )
        self._swapping = False
        self.facts["swap_seconds"] = round(seconds, 3)
        self.journal.note("swap", "done", seconds=seconds)

    # --- step 4 ---

    def start(self) -> dict[str, Any]:
        """Step 4: start in reverse order and probe; a service that does not answer is given its old data back."""
        if self._ended or not self.production:
            return self.facts
        self.journal.note("4", "begin")
        try:
            self._start_and_probe()
        except JagadataError as error:
            self.journal.note("4", "failed", message=error.message)
            self._swap_back(error)
            raise
        self.journal.note("4", "done", on_at=self.facts["on_at"], answers=self.facts["answers"])
        return self.facts

    def _start_and_probe(self) -> None:
        self.control.start()
        if self._keeper:
            self._keeper.beat()
        self.facts["answers"] = list(self.control.probe())
        self.facts["on_at"] = self.place.clock().isoformat()
        self._stopped = False
        if self._keeper:
            self._keeper.stop()
        with contextlib.suppress(JagadataError):  # a switch that fires late only starts what runs
            retry_until(self.control.disarm, seconds=10)

    def _swap_back(self, cause: JagadataError) -> None:
        """The restored data does not carry the service: give the old data its name back, if that is possible and safe."""
        back = [side for side in self._sides if side.swapped and side.planned.identity is not None]
        if not back or self._swap is None or self._keeper is None:
            return
        try:
            self._keeper.check()
            self.control.stop()
            self.control.prove_stopped()
            self._keeper.check()
            swap_back(self._swap, back)
        except JagadataError as error:
            cause.hint = f"{cause.hint} Data lama tidak dapat dikembalikan: {error.message}".strip()
            return
        self.facts["swapped_back"] = True
        self.journal.note("swap", "failed", text="data lama dikembalikan", cause=cause.message)

    # --- always ---

    def _make_safe(self, error: BaseException | None) -> list[str]:
        """The services run again and nothing half-made is left; returns what was done, in words."""
        actions: list[str] = []
        if self.facts.get("swapped_back"):
            actions.append("data lama dikembalikan seperti semula")
        if self._stopped:
            # A host that is away (its sshd restarts) is waited for until its switch has surely fired.
            seconds = 2 * 60 * self.place.office.policy.restore.switch_minutes
            try:
                retry_until(self._start_and_probe, seconds=seconds)
            except JagadataError as fault:
                actions.append(f"layanan belum menjawab: {fault.message}")
                actions.append(
                    "sakelar pengaman di host tetap terpasang dan akan mencoba mengaktifkan layanan"
                )
            else:
                actions.append("layanan diaktifkan kembali")
        actions += self._recheck_swap()
        if error is not None and self.plan.mode != "rollback":
            for side in self._sides:
                if side.identity is not None and not side.swapped and not self.facts.get("swapped_back"):
                    with contextlib.suppress(JagadataError):
                        self.server.forget(side.side, identity=side.identity)
        return actions

    def _recheck_swap(self) -> list[str]:
        """After a swap whose answer was lost while the server stayed silent, the source tells what is true."""
        if not self._swapping or any(side.swapped for side in self._sides):
            return []
        try:
            found = find_swapped(self.server, self.journal.run, self.plan, make_intents(self._sides))
        except JagadataError:
            return [
                "belum dapat dipastikan apakah nama basis data sudah ditukar; periksa dengan `jaga sweep`"
            ]
        for side in self._sides if found else ():
            side.swapped = True
        return []

    def _finish(self, error: BaseException | None, actions: list[str]) -> None:
        if error is not None and not isinstance(error, JagadataError):
            self.journal.note(RECOVERY, "failed", message=type(error).__name__, actions=actions)
            return
        swapped = any(side.swapped for side in self._sides) and not self.facts.get("swapped_back")
        failed = self._stopped or (error is not None and not (swapped and self.production))
        try:
            self._keep()
        except JagadataError as fault:
            actions.append(f"basis data simpanan belum tercatat: {fault.message}")
        self.outcome = make_outcome(self.facts, error, actions, failed=failed)
        self.journal.note(RECOVERY, "done", **self.outcome)

    def _keep(self) -> None:
        """Write down what now lies beside the live database, and until when."""
        if self.plan.mode == "uji" and not self.facts.get("rows"):
            return
        back = bool(self.facts.get("swapped_back"))
        kept = keep_sides(self.place, self.journal.run, self.plan, self._sides, swapped_back=back)
        if kept:
            policy = self.place.office.policy.restore
            self.facts["kept"] = kept
            self.facts["kept_days"] = policy.test_days if self.plan.mode == "uji" else policy.kept_days
