"""The letters of SOP Back Up: who is notified of what at which step, and the form as it is filed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.backup.gates import REVIEW_GATE
from jagadata.backup.papers.form import BackupForm
from jagadata.backup.papers.mails import (
    render_backup_failure,
    render_returned,
    render_review_request,
    render_unexamined,
)
from jagadata.backup.papers.sheet import make_backup_sheet
from jagadata.backup.steps import FILL
from jagadata.papers.outbox import email_addresses, file_form, print_paper, send, send_once
from jagadata.papers.values import from_json
from jagadata.text.formats import format_moment

if TYPE_CHECKING:
    from jagadata.backup.run import BackupRun
    from jagadata.office.people import Role
    from jagadata.signoff.gates import OpenGate
    from jagadata.workplace import Workplace


def print_form(place: Workplace, form: BackupForm, digest: str = "") -> bytes:
    """Formulir Pelaksanaan Back Up as PDF; `digest` of its signed record stands in the small print."""
    sheet = make_backup_sheet(form, place.timezone)
    return print_paper(place, sheet, "backup/form", at=form.at, digest=digest)


def file_backup_form(place: Workplace, form: BackupForm, *, step: int) -> str:
    """Store the form as it is after that step, as a signed record and a PDF; returns the PDF's key."""
    return file_form(place, form, "backup", step=step, draw=partial(print_form, place, form))


def ask_for_review(run: BackupRun, *, link: str) -> None:
    """Ask those who may examine the form; where there is nobody, the office is notified with step 6."""
    if run.without_reviewer():
        return
    form = run.fill_form()
    attachment = (f"formulir-back-up-{form.period}.pdf", print_form(run.place, form))
    due = format_moment(REVIEW_GATE.deadline(run.place.office, run.filled_at()), run.place.timezone)
    message = render_review_request(
        form, to=email_addresses(run.reviewers()), link=link, until=due, attachments=(attachment,)
    )
    send_once(run.journal, "review", run.place, message)


def remind(place: Workplace, run_id: str, gate: OpenGate) -> bool:
    """The request once more, with the deadline. False if no channel took it."""
    filed = place.journal(run_id).outcome(FILL)
    if not filed:
        return True
    holders = place.office.holders(gate.gate.role, place.today())
    message = render_review_request(
        from_json(BackupForm, filed),
        to=email_addresses(holders),
        link=place.office.prefect.run_page(run_id),
        until=format_moment(gate.due, place.timezone),
    )
    return send(place, message)[0]


def notify_failures(run: BackupRun, *, link: str) -> None:
    """Who performs and who checks learn at once which systems have no backup."""
    form = run.fill_form()
    if any(row.outcome == "Gagal" for row in form.rows):
        performer = run.place.office.official(run.open().performer)
        checkers = run.place.office.holders("kasi_aplikasi", run.place.today())  # there may be none today
        to = email_addresses([performer, *checkers])
        send_once(run.journal, "failures", run.place, render_backup_failure(form, to=to, link=link))


def notify_review(run: BackupRun, form: BackupForm) -> None:
    if form.review is None and run.without_reviewer():
        office, today = run.place.office, run.place.today()
        roles: tuple[Role, ...] = (
            "staf_aplikasi",
            "kasi_aplikasi",
            "kasi_infrastruktur",
            "staf_infrastruktur",
        )
        able = [official for role in roles for official in office.holders(role, today)]
        to = tuple(dict.fromkeys(email_addresses(able)))
        send_once(run.journal, "unexamined", run.place, render_unexamined(form, to=to))
    if form.review == "Dikembalikan":
        performer = run.place.office.official(run.open().performer)
        send_once(run.journal, "returned", run.place, render_returned(form, to=email_addresses([performer])))
