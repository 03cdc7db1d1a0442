"""SOP Restore Data, steps 2 to 4: stop, restore beside, prove, swap, start; and what makes it safe when any of it fails.

By this order the live database is always whole and the service always comes back:
everything that can be refused is refused before the switch is armed; the new database is built beside the live one;
one transaction swaps the names; whatever happens after the stop, leaving `Recovery` starts the services,
and if we vanish, the dead-man's switch on the host does.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from jagadata.errors import (
    BusyError,
    JagadataError,
    RefusedError,
    RestoreRunningError,
)
from jagadata.evidence.lines import count, read_outcome, write
from jagadata.ports.progress import ignore
from jagadata.restore.planning import check_services
from jagadata.restore.record import is_closed, is_ended, read_swap_intents
from jagadata.restore.recovery.build import SideBuilder, remove_leftovers
from jagadata.restore.recovery.fetch import fetch_planned, plan_rollback_sides
from jagadata.restore.recovery.lock import LOCK_TIMEOUT, acquire_lock
from jagadata.restore.recovery.outage import Outage
from jagadata.restore.recovery.result import Course, make_result, read_course
from jagadata.restore.recovery.sessions import clear_sessions
from jagadata.restore.recovery.state import State
from jagadata.restore.recovery.swap import (
    SideDatabase,
    find_swapped,
    keep_sides,
    make_intents,
    swap_back,
    swap_in,
)
from jagadata.restore.steps import (
    PrepareBegun,
    Prepared,
    PrepareNote,
    RecoveryBroken,
    RestoreBegun,
    Restored,
    RestoreResult,
    StartBegun,
    StartFailed,
    Stopped,
    SwapBegun,
    Swapped,
    SwappedBack,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from jagadata.evidence.journal import Journal
    from jagadata.ports.data_source import Swap
    from jagadata.restore.recovery.fetch import Fetched
    from jagadata.restore.request import Impact, Plan
    from jagadata.workplace import Workplace


@dataclass(kw_only=True)
class Recovery:
    """Carries out one approved plan. Use as a context manager, and call prepare, stop, restore, start in this order.

    Each step raises JagadataError; leaving the context makes everything safe and writes the result, which `result` then holds.
    """

    place: Workplace
    journal: Journal
    plan: Plan
    shown: Impact
    progress: Callable[[int], None] = ignore
    timeout: float = LOCK_TIMEOUT
    state: State = State.WAITING
    course: Course = field(default_factory=Course)
    result: RestoreResult | None = None
    sides: list[SideDatabase] = field(default_factory=list)
    lock: Swap | None = None
    outage: Outage = field(init=False)
    _fetched: Fetched | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def system(self) -> str:
        return self.plan.request.system

    @property
    def production(self) -> bool:
        return self.plan.mode != "uji"

    def __enter__(self) -> Self:
        if not self._is_ended():
            self.control = self.place.services(self.system)
            self.server = self.place.server(self.system)
            self.outage = Outage(
                control=self.control,
                journal=self.journal,
                clock=self.place.clock,
                span=60 * self.place.office.policy.restore.switch_minutes,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Make safe and write the result. Swallows JagadataError (it is the result's reason), nothing else."""
        if self.state in (State.ENDED, State.ELSEWHERE):
            self.vanish()
            return self.state is State.ELSEWHERE and isinstance(error, RestoreRunningError)
        try:
            actions = self._make_safe(error)
            self._end(error, actions)
        finally:
            self.vanish()
        self.journal.flush()
        return isinstance(error, JagadataError)

    def vanish(self) -> None:
        """Let go of the lock, the archives and the switch, as the end of the process would: nothing is made safe, nothing is written.

        Called instead of leaving the context it is the death that tests of deaths need.
        """
        self._stack.close()

    def carry_out(self) -> None:
        """All steps in order."""
        self.prepare()
        self.stop()
        self.restore()
        self.start()

    def _is_ended(self) -> bool:
        """True, and `result` known, where a worker ended this run already."""
        self.result = read_outcome(self.journal, RestoreResult)
        if self.result is not None:
            self.state = State.ENDED
        return self.result is not None

    # --- after the approval, before anything stops ---

    def prepare(self) -> None:
        """Take the system's lock, compute the plan again, fetch the backup; in mode minimal restore beside already."""
        if self.state is State.ENDED:
            return
        write(self.journal, PrepareBegun())
        self._acquire_lock()
        self.journal.refresh()
        if is_closed(self.journal):  # by a person or the watch while we waited
            self.state = State.ENDED
            raise RefusedError(
                "Permohonan ini sudah ditutup, dan pemohonnya sudah diberi tahu.", "Ajukan permohonan baru."
            )
        if self._is_ended() or self._swapped_before():
            return
        self.outage.inherit()
        check_services(self.place, self.plan)
        if self.plan.mode == "rollback":
            self.sides = plan_rollback_sides(self.place, self.journal.run, self.plan, self.shown)
        else:
            self._fetch()
        if self.plan.mode == "minimal":
            self.build()
        write(self.journal, Prepared())
        self.state = State.PREPARED

    def _acquire_lock(self) -> None:
        try:
            self.lock = acquire_lock(
                self.server, self.system, self.journal, self._stack, timeout=self.timeout
            )
        except BusyError:
            self.journal.refresh()
            if count(self.journal, PrepareBegun) > 1 and not is_ended(self.journal):
                self.state = State.ELSEWHERE
            raise

    def _swapped_before(self) -> bool:
        """A run that goes on after a crash looks at what is true: did the swap of its earlier attempt happen?"""
        intents = read_swap_intents(self.journal, self.plan.system_identifier)
        self.sides = find_swapped(self.server, self.journal.run, self.plan, intents)
        if not self.sides:
            return False
        self.state, self.course = State.SWAPPED, read_course(self.journal)
        write(self.journal, PrepareNote(text="pertukaran nama sudah terjadi pada percobaan sebelumnya"))
        return True

    def _fetch(self) -> None:
        remove_leftovers(self.server, self.journal.run, self.plan)
        self._fetched = fetch_planned(
            self.place, self.journal.run, self.plan, self.shown, self._stack, self.progress
        )
        self.sides = self._fetched.sides
        self.course = replace(self.course, fetched_from=self._fetched.store)

    # --- step 2 ---

    def stop(self) -> None:
        """Step 2: arm the switch, stop the services in order, prove it. For purpose Uji nothing is stopped."""
        if self.state is State.ENDED or not self.production:
            return
        guarded = self.outage.inherit()
        if self.state is State.SWAPPED:  # an earlier attempt died after the swap: only the start is left
            if guarded:
                self._keep_renewing()
            else:
                self.outage.inherit_unguarded()
            return
        if not guarded:
            self.outage.end_earlier()
            self.outage.arm()
        self._stack.enter_context(self.journal.buffered())
        self._keep_renewing()
        self.outage.stop()
        proof = self.control.prove_stopped()
        names = [side.planned.name for side in self.sides]
        sessions = clear_sessions(self.server, names, self.place.office.policy.restore.sessions)
        stopped = Stopped(proof=tuple(proof), sessions=tuple(sessions), off_at=self.outage.off_at)
        self.course = replace(self.course, stopped=stopped)
        write(self.journal, stopped)
        self.state = State.STOPPED

    def _keep_renewing(self) -> None:
        self.outage.renew()
        self._stack.callback(self.outage.release)

    # --- step 3 ---

    def restore(self) -> None:
        """Step 3: restore beside (if not done), prove it against the manifest, renew the switch, prove the stop again, swap."""
        if self.state in (State.ENDED, State.SWAPPED):
            return
        write(self.journal, RestoreBegun())
        self.build()
        if self.production:
            self._swap()
        write(self.journal, self.course.restored or Restored())

    def build(self) -> None:
        """Make and fill the side databases, once; nothing live is touched. A rollback builds nothing."""
        if self._fetched is None or (self.course.restored and self.course.restored.rows is not None):
            return
        begun = Restored(restored_from=self.place.clock())
        self.course = replace(self.course, restored=begun)
        builder = SideBuilder(
            server=self.server,
            journal=self.journal,
            policy=self.place.office.policy.restore,
            minutes_planned=self.shown.minutes_total,
            progress=self._report,
        )
        rows = builder.build(self.sides, self._fetched.backup, self._fetched.properties)
        manifest = self._fetched.backup.manifest
        tables = sum(len(manifest.database(side.planned.name).rows) for side in self.sides)
        restored = replace(begun, restored_until=self.place.clock(), rows=rows, tables=tables)
        self.course = replace(self.course, restored=restored)

    def _report(self, done: int = 0) -> None:
        self.outage.progress()
        self.progress(done)

    def _swap(self) -> None:
        """The swap: only while the stop is proven and the lock is held; a switch that fired means that the services run."""
        if self.state is not State.STOPPED or self.lock is None:
            raise RefusedError(
                "Pertukaran nama ditolak: penghentian layanan belum dibuktikan.",
                "Jalankan langkah 2 lebih dahulu.",
            )
        write(self.journal, SwapBegun(databases=make_intents(self.sides)))
        self.journal.wait(10)
        self.outage.check()
        self.control.prove_stopped()
        policy = self.place.office.policy.restore
        self.state = State.SWAPPING
        seconds = swap_in(
            self.lock,
            self.sides,
            end_sessions=policy.sessions == "end",
            before_commit=self.outage.check,  # a machine that was frozen since the proof comes back after the switch fired
            timeout=60 * policy.switch_minutes,
        )
        self.state = State.SWAPPED
        restored = replace(self.course.restored or Restored(), swap_seconds=round(seconds, 3))
        self.course = replace(self.course, restored=restored)
        write(self.journal, Swapped(seconds=seconds))

    # --- step 4 ---

    def start(self) -> None:
        """Step 4: start in reverse order and probe; a service that does not answer is given its old data back."""
        if self.state is State.ENDED or not self.production:
            return
        write(self.journal, StartBegun())
        try:
            started = self.outage.start()
        except JagadataError as error:
            write(self.journal, StartFailed(message=error.message))
            self._swap_back(error)
            raise
        if self.state is State.SWAPPED:
            self.state = State.STARTED
        write(self.journal, started)

    def _swap_back(self, cause: JagadataError) -> None:
        """The restored data does not carry the service: give the old data its name back, if that is possible and safe."""
        back = [side for side in self.sides if side.swapped and side.planned.identity is not None]
        if not back or self.lock is None or not self.outage.is_guarded:
            return
        try:
            self.outage.check()
            self.outage.stop()
            self.control.prove_stopped()
            self.outage.check()
            swap_back(self.lock, back)
        except JagadataError as error:
            cause.hint = f"{cause.hint} Data lama tidak dapat dikembalikan: {error.message}".strip()
            return
        self.state = State.SWAPPED_BACK
        self.course = replace(self.course, swapped_back=True)
        write(self.journal, SwappedBack(cause=cause.message))

    # --- always ---

    def _make_safe(self, error: BaseException | None) -> list[str]:
        """The services run again and nothing half-made is left; returns what was done, in words."""
        actions: list[str] = []
        if self.state is State.SWAPPED_BACK:
            actions.append("data lama dikembalikan seperti semula")
        if self.outage.is_open:
            actions += self.outage.bring_up()
        actions += self._recheck_swap()
        if error is not None:
            self._drop_unused()
        return actions

    def _recheck_swap(self) -> list[str]:
        """After a swap whose answer was lost while the server stayed silent, the source shows what is true."""
        if self.state is not State.SWAPPING:
            return []
        try:
            found = find_swapped(self.server, self.journal.run, self.plan, make_intents(self.sides))
        except JagadataError:
            return [
                "belum dapat dipastikan apakah nama basis data sudah ditukar; periksa dengan `jaga sweep`"
            ]
        if found:
            self.state = State.SWAPPED
            for side in self.sides:
                side.swapped = True
        return []

    def _drop_unused(self) -> None:
        """What was built and did not come into use; data that was live once is never dropped."""
        if self.plan.mode == "rollback" or self.state is State.SWAPPED_BACK:
            return
        for side in self.sides:
            if side.identity is not None and not side.swapped:
                with contextlib.suppress(JagadataError):
                    self.server.forget(side.side, identity=side.identity)

    def _end(self, error: BaseException | None, actions: list[str]) -> None:
        if error is not None and not isinstance(error, JagadataError):
            write(self.journal, RecoveryBroken(message=type(error).__name__, actions=tuple(actions)))
            return
        done = self.state in (State.SWAPPED, State.STARTED)
        failed = self.outage.is_open or (error is not None and not done)
        try:
            self._keep()
        except JagadataError as fault:
            actions.append(f"basis data simpanan belum tercatat: {fault.message}")
        course = replace(self.course, off_at=self.outage.off_at, started=self.outage.started)
        self.result = make_result(course, error=error, actions=actions, failed=failed)
        write(self.journal, self.result)
        self.state = State.ENDED

    def _keep(self) -> None:
        """Write down what now lies beside the live database, and until when."""
        policy, restored = self.place.office.policy.restore, self.course.restored
        if not self.production and (restored is None or restored.rows is None):
            return
        kept = keep_sides(
            self.place, self.journal.run, self.plan, self.sides, swapped_back=self.course.swapped_back
        )
        days = policy.kept_days if self.production else policy.test_days
        self.course = replace(self.course, kept=kept, kept_days=days)
