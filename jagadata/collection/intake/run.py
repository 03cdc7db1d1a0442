"""Step 4 of a round: what the schedule does while OPD deliver, and what the closing comes to. The parts: take_in.py, answers.py, deliveries.py."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jagadata.collection.claims import find_holder, find_rounds
from jagadata.collection.intake import answers, archives, reminders
from jagadata.collection.intake.checking import check_received
from jagadata.collection.intake.copies import copy_round
from jagadata.collection.intake.deliveries import due_reminders, make_deliveries, open_of
from jagadata.collection.intake.late_arrivals import late_until, newest_closed
from jagadata.collection.intake.receipts import list_receipts, list_received, parse_number
from jagadata.collection.intake.releases import released_tables
from jagadata.collection.intake.take_in import accept_quarantined, take_in
from jagadata.collection.intake.unread_mails import make_unread_rows
from jagadata.collection.letters import dispatch
from jagadata.collection.run import RoundRun
from jagadata.collection.steps import Collected
from jagadata.collection.tables.examination import PreviousTable
from jagadata.collection.tables.personal import mask
from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.evidence.lines import once
from jagadata.findings import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from jagadata.collection.intake.arrival import Arrival, Arrivals
    from jagadata.collection.intake.deliveries import Delivery
    from jagadata.collection.intake.receipts import Receipt
    from jagadata.collection.ports import InventoryBook, TableExaminer
    from jagadata.collection.tables.examination import Examination
    from jagadata.workplace import Workplace

SETTLING_SECONDS = 35.0
"""A dropped file has settled after 30 (adapters/drops/folder.py)."""
WORK_FOLDER = "jaga-periksa-"
"""Clean tables lie in a folder of this name, with the process id, while a file is examined or taken into the inventory."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What one intake came to."""

    files: int
    examined: int
    answered: int
    problems: tuple[Problem, ...] = ()
    unread: tuple[Problem, ...] = ()
    """Those of the problems that keep something of an OPD from being read."""

    @property
    def summary(self) -> str:
        return f"{self.files} berkas diterima, {self.examined} diperiksa, {self.answered} jawaban dikirim"


def list_open_rounds(place: Workplace) -> list[RoundRun]:
    """Rounds that take data in now; the one that was closed last is the first of them, for what comes late."""
    runs = [RoundRun(place, find_holder(place, one)) for one in find_rounds(place)]
    closed = newest_closed(runs)
    return [*([closed] if closed else []), *(run for run in runs if run.takes_in)]


def take_in_round(run: RoundRun) -> Intake:
    """Take in, examine, answer, remind; once the round is closed, keep and answer what comes late (late_arrivals.py).

    Whatever does not answer now is named among the problems and tried again.

    Raises UnreachableError: the primary store does not answer.
    """
    place, closed, now = run.place, run.is_closed, run.place.clock()
    problems: list[Problem] = []
    if not closed:
        failed = dispatch.invite(run)
        problems += [Problem(where=f"undangan {agency}", what=how) for agency, how in failed.items()]
    since = run.open().at
    until = late_until(run, now) if closed else None
    with contextlib.ExitStack() as stack:
        sources: list[Arrivals] = place.arrivals(run.policy, since, stack)
        taken = take_in(
            place,
            run.round,
            sources,
            since=since,
            until=until,
            closed=closed,
            open_archives=lambda arrival: _open_archives(run, arrival),
        )
    previous = {} if closed else _previous(run, problems)
    with work_folder(place) as folder:
        checked = check_received(
            place, run.round, lambda path, receipt: _examine(run, path, receipt, folder, previous)
        )
    if checked.unconfined:
        reminders.tell_unread(run, checked.unconfined)
    answered = answers.answer(place, run.round)
    if not closed:
        _note_statuses(run, problems)
        _remind(run)
    problems += copy_round(place, run.round)
    return Intake(
        files=len(taken.receipts),
        examined=len(checked.receipts),
        answered=answered.sent,
        problems=(*taken.problems, *checked.problems, *answered.problems, *problems),
        unread=(*taken.problems, *checked.problems),
    )


@contextlib.contextmanager
def work_folder(place: Workplace) -> Iterator[Path]:
    """A private folder for clean tables, gone afterwards; what a killed process left of its own is removed first."""
    spool = place.office.spool_folder
    for left in spool.glob(f"{WORK_FOLDER}*"):
        number = left.name.removeprefix(WORK_FOLDER).partition("-")[0]
        if number.isdecimal() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{WORK_FOLDER}{os.getpid()}-", dir=spool) as folder:
        yield Path(folder)


def tables_of(folder: Path, receipt: Receipt) -> Path:
    """Where an examination puts the clean tables of one file."""
    found = folder / f"{receipt.receipt:06}"
    found.mkdir(exist_ok=True)
    return found


def _examine(
    run: RoundRun, path: Path, receipt: Receipt, folder: Path, previous: dict[str, PreviousTable]
) -> Examination:
    """What is found now; the tables are made again for the inventory, by then of the files that count."""
    found = examine_receipt(run, path, receipt, folder, previous)
    shutil.rmtree(tables_of(folder, receipt))
    return found


def _open_archives(run: RoundRun, arrival: Arrival) -> AbstractContextManager[Arrival]:
    policy = run.policy
    return archives.opened(
        arrival,
        run.place.spreadsheets,
        policy.limits,
        run.place.office.spool_folder,
        unconfined=policy.read_unconfined,
    )


def examine_receipt(
    run: RoundRun, path: Path, receipt: Receipt, folder: Path, previous: dict[str, PreviousTable]
) -> Examination:
    """What one file holds of the data sets that were asked of its OPD; its tables lie in `folder`/NUMBER."""
    examiner: TableExaminer = run.place.spreadsheets
    asked = [one for one in run.datasets() if one.agency == receipt.agency]
    return examiner.examine(
        path,
        receipt.name,
        asked,
        round=run.round,
        limits=run.policy.limits,
        region=run.policy.region,
        region_name=run.policy.region_name or "",
        folder=tables_of(folder, receipt),
        previous={one.code: previous[one.code] for one in asked if one.code in previous},
        unconfined=run.policy.read_unconfined,
    )


def _previous(run: RoundRun, problems: list[Problem]) -> dict[str, PreviousTable]:
    """The last round's tables, to notice what was sent again unchanged; without the inventory that check is left out."""
    found = {}
    try:
        book: InventoryBook = run.place.inventory(run.policy)
        book.migrate()
        for one in run.datasets():
            version = book.latest(one.code, run.round)
            if version:
                found[one.code] = PreviousTable(digest=version.digest, rows=version.rows)
    except JagadataError as error:
        problems.append(Problem(where="inventaris", what=error.message))
        return {}
    return found


def _note_statuses(run: RoundRun, problems: list[Problem]) -> None:
    """The inventory's history follows the deliveries."""
    at = run.place.clock()
    try:
        book: InventoryBook = run.place.inventory(run.policy)
        book.request(run.agencies, run.datasets(), run.round, by="Jagadata", at=at)
        for one in list_deliveries(run):
            why = f"tanda terima {one.received.number}" if one.received else ""
            if one.received:
                received = one.received
                book.note_delivery(run.round, received.agency, received.number, received.name, received.at)
            if one.status != "Diminta":
                book.bring_to(one.dataset.code, run.round, one.status, by="Jagadata", why=why, at=at)
    except JagadataError as error:
        if not any(problem.where == "inventaris" for problem in problems):
            problems.append(Problem(where="inventaris", what=error.message))


def _remind(run: RoundRun) -> None:
    """OPD that still owe something, when the day has come."""
    journal = run.journal
    journal.refresh()  # the schedule and `jaga round intake` may both be at it
    sent = [entry.subject for entry in journal.entries if (entry.step, entry.event) == ("reminder", "done")]
    for name in due_reminders(run.policy, run.deadline, run.place.today(), sent):
        found = list_deliveries(run)
        for agency in run.agencies:
            owed = open_of(found, agency.id)
            if owed:
                reminders.remind(run, name, agency, owed)
        journal.note("reminder", "done", name)


def tell_extension(run: RoundRun) -> None:
    """OPD that still owe something learn of their new deadline; once, whatever is killed on the way."""
    if run.closings == 1 or run.journal.outcome("extension", str(run.closings)):
        return
    found = list_deliveries(run)
    for agency in run.agencies:
        owed = open_of(found, agency.id)
        if owed:
            reminders.remind(run, f"diperpanjang-{run.deadline}", agency, owed)
    run.journal.note("extension", "done", str(run.closings))


def list_deliveries(run: RoundRun) -> list[Delivery]:
    """The state of everything that was asked for."""
    received = list_received(run.place, run.round)
    return make_deliveries(
        run.policy, run.datasets(), received, run.deadline, run.place.timezone, released_tables(run)
    )


def list_quarantine(run: RoundRun) -> list[dict[str, str]]:
    """What waits for the office's decision, as the rows of a table."""
    return [
        {"Tanda terima": one.number, "Pengirim": one.sender, "Berkas": mask(one.name), "Sebab": one.reason}
        for one in list_receipts(run.place, run.round)
        if one.state == "karantina"
    ]


def list_unread_mails(run: RoundRun) -> list[dict[str, str]]:
    """What people must read themselves, as the rows of a table: a bounced invitation, a question, a forged sender."""
    return make_unread_rows(list_receipts(run.place, run.round))


def accept_receipt(run: RoundRun, number: str, agency: str, by: str) -> None:
    """Believe the sender of a file in quarantine. Raises RefusedError, NotFoundError."""
    if not run.takes_in:
        raise RefusedError(f"{run.title} sudah ditutup.", "Minta OPD mengirim pada putaran berikutnya.")
    accept_quarantined(run.place, run.round, parse_number(run.round, number), agency, by=by)


def close_intake(run: RoundRun, *, wait: Callable[[float], None] = time.sleep) -> list[Delivery]:
    """Step 4: a last intake, tried twice, and what it all came to. Raises UnreachableError where something could not be taken in: nothing may be lost."""

    def work() -> Collected:
        unread = take_in_round(run).unread
        if unread:  # perhaps a file that was dropped just now
            wait(SETTLING_SECONDS)
            unread = take_in_round(run).unread
        if unread:
            raise UnreachableError(
                f"Kiriman terakhir belum dapat diambil: {unread[0].where}: {unread[0].what}",
                "Perbaiki, lalu tekan Retry: penutupan dilanjutkan.",
                transient=True,
            )
        found = list_deliveries(run)
        return Collected(asked=len(found), complete=sum(one.is_complete for one in found))

    once(run.journal, Collected, work)
    return list_deliveries(run)
