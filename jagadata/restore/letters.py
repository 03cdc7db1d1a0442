"""The letters of SOP Restore: who is notified of what at which step, and the form as it is filed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from jagadata.papers.outbox import email_addresses, file_form, print_paper, send, send_once
from jagadata.restore.papers.mails import (
    render_acknowledgement_reminder,
    render_approval_request,
    render_completion,
    render_failure,
    render_rejection,
    render_request_received,
    render_unconfirmed_closure,
)
from jagadata.restore.papers.minutes import make_minutes_sheet
from jagadata.restore.papers.plan_sheet import make_plan_facts
from jagadata.restore.papers.sheet import make_restore_sheet
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import APPROVAL_GATE, CLOSED_UNCONFIRMED
from jagadata.text.formats import format_date, format_moment

if TYPE_CHECKING:
    from datetime import datetime

    from jagadata.ports.channel import Message
    from jagadata.restore.papers.form import RestoreForm
    from jagadata.signoff.gates import OpenGate
    from jagadata.workplace import Workplace


INFORMATION = "information"
"""The mail of step 5."""


def print_form(place: Workplace, form: RestoreForm, digest: str = "") -> bytes:
    """Formulir Permohonan Restore Data as PDF; `digest` of its signed record stands in the small print."""
    sheet = make_restore_sheet(form, place.timezone)
    return print_paper(place, sheet, "restore/form", at=form.at, digest=digest)


def print_minutes(place: Workplace, form: RestoreForm, *, number: str, digest: str = "") -> bytes:
    """Berita Acara Restore (or Uji Restore) of today as PDF."""
    at = place.clock()
    sheet = make_minutes_sheet(form, number=number, at=at, tz=place.timezone)
    return print_paper(place, sheet, "restore/minutes", at=at, digest=digest)


def file_restore_form(place: Workplace, form: RestoreForm, *, step: int) -> str:
    """Store the form as it is after that step, as a signed record and a PDF; returns the PDF's key."""
    return file_form(place, form, "restore", step=step, draw=partial(print_form, place, form))


def confirm_receipt(run: RestoreRun) -> None:
    form = run.form()
    send_once(
        run.journal,
        "received",
        run.place,
        render_request_received(form, to=requester_address(form), tz=run.place.timezone),
    )


def ask_for_approval(run: RestoreRun, *, link: str) -> None:
    due = run.received_at() + timedelta(hours=run.place.office.policy.restore.approval_hours)
    send_once(run.journal, "approval", run.place, _approval_request(run, link=link, due=due))


def _approval_request(run: RestoreRun, *, link: str, due: datetime) -> Message:
    return render_approval_request(
        run.form(),
        to=email_addresses(run.approvers()),
        link=link,
        until=format_moment(due, run.place.timezone),
        facts=make_plan_facts(run.plan, run.impact),
        tz=run.place.timezone,
    )


def remind(place: Workplace, run_id: str, gate: OpenGate) -> bool:
    """One reminder for a gate of this SOP that waits: the first mail again, with the deadline. False if no channel took it."""
    run = RestoreRun(place, run_id)
    if gate.name == APPROVAL_GATE:
        return send(place, _approval_request(run, link=place.office.prefect.run_page(run_id), due=gate.due))[
            0
        ]
    form, until = run.form(), format_moment(gate.due, place.timezone)
    message = render_acknowledgement_reminder(
        form, to=requester_address(form), until=until, tz=place.timezone
    )
    return send(place, message)[0]


def inform_requester(run: RestoreRun) -> None:
    """Step 5: inform the requester of what became of the request, the form attached, and file it."""
    how = send_once(run.journal, INFORMATION, run.place, _information(run))
    run.record_information(how)
    file_restore_form(run.place, run.form(), step=5)


def inform_again(run: RestoreRun) -> bool:
    """Send what step 5 could not; True if it was sent now."""
    journal = run.journal
    if journal.last(f"mail:{INFORMATION}", "failed") is None or journal.outcome(f"mail:{INFORMATION}"):
        return False
    send_once(journal, INFORMATION, run.place, _information(run))
    return journal.outcome(f"mail:{INFORMATION}") is not None


def _information(run: RestoreRun) -> Message:
    form = run.form()
    attachment = ("formulir-permohonan-restore.pdf", print_form(run.place, form))
    to, attachments = requester_address(form), (attachment,)
    if form.status == "Selesai":
        asked = run.place.office.policy.restore.acknowledgement
        until = format_date(run.acknowledgement_due()) if asked else ""
        return render_completion(form, to=to, until=until, attachments=attachments, tz=run.place.timezone)
    if form.status == "Gagal":
        running = run.result is None or run.result.on_at is not None
        return render_failure(form, to=to, running=running, attachments=attachments, tz=run.place.timezone)
    return render_rejection(form, to=to, attachments=attachments, tz=run.place.timezone)


def close_restore(run: RestoreRun) -> None:
    """Step 6: file the closed form; the requester is notified of an unconfirmed closing."""
    form = run.form()
    if form.acknowledged == CLOSED_UNCONFIRMED:
        send_once(
            run.journal,
            "closed",
            run.place,
            render_unconfirmed_closure(form, to=requester_address(form), tz=run.place.timezone),
        )
    file_restore_form(run.place, form, step=6)


def requester_address(form: RestoreForm) -> tuple[str, ...]:
    return (form.email,) if form.email else ()
