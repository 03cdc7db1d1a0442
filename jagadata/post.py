"""What is sent and filed: mails to requester, approvers and reviewers, and the forms as records and PDFs in the store.

A message that can't be sent never fails a step: it is written down, and the form says so.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from jagadata import papers
from jagadata.adapters.typst_pdf import render_pdf
from jagadata.calendar import format_date, format_moment
from jagadata.errors import AlreadyExistsError, JagadataError
from jagadata.forms import BackupForm, Letterhead, from_json, to_json
from jagadata.plan_sheet import make_plan_facts
from jagadata.restore_run import RestoreRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.backup_run import BackupRun
    from jagadata.follow_up import OpenGate
    from jagadata.forms import RestoreForm
    from jagadata.journal import Journal
    from jagadata.office import Official, Role
    from jagadata.ports import Message
    from jagadata.workplace import Workplace

INFORMATION = "information"
"""The mail of step 5."""
ROUND_GATES = ("proposal-", "confirmation-", "signature-", "attendance", "closing-")
"""How the gates of SOP Pengumpulan Data are named."""
log = logging.getLogger(__name__)
FORM_KIND = "application/vnd.jagadata.form+json"


def letterhead(place: Workplace) -> Letterhead:
    """Kop surat of the office file. A logo that can't be read is left out; doctor reports it."""
    head = place.office.office.letterhead
    logo = b""
    if head.logo:
        try:
            logo = place.office.path(head.logo).read_bytes()
        except OSError:
            logo = b""
    return Letterhead(lines=tuple(head.lines), address=head.address, contact=head.contact or "", logo=logo)


def make_pdf(place: Workplace, form: BackupForm | RestoreForm, digest: str = "") -> bytes:
    """The form as PDF; `digest` of its signed record stands in the small print."""
    return render_pdf(form, letterhead(place), at=form.at or place.clock(), digest=digest, tz=place.timezone)


def file_backup_form(place: Workplace, form: BackupForm, *, step: int) -> str:
    """Store the form as it is after that step, as a signed record and a PDF; returns the PDF's key."""
    return _file(place, form, "backup", step)


def _file(place: Workplace, form: BackupForm | RestoreForm, procedure: str, step: int) -> str:
    year = (form.at or place.clock()).astimezone(place.timezone).year
    key = f"forms/{procedure}/{year}/{form.run}-langkah-{step}"
    value = {"at": place.clock().isoformat(), "step": step, "form": to_json(form)}
    try:
        record = place.records.write(f"{key}.json", FORM_KIND, value)
    except AlreadyExistsError:  # filed by an earlier attempt
        record = place.records.read(f"{key}.json", FORM_KIND)
    with contextlib.suppress(AlreadyExistsError):
        place.records.place(f"{key}.pdf", make_pdf(place, form, record.digest))
    return f"{key}.pdf"


def send(place: Workplace, message: Message) -> tuple[bool, str]:
    """Send over the first channel that takes it: whether it is done with, and how the recipient was told or why not, for the form."""
    if not message.to:
        return True, "tidak ada alamat email; disampaikan langsung oleh petugas"
    if not place.channels:
        return True, "belum ada saluran pesan di berkas kantor; disampaikan langsung oleh petugas"
    failures = []
    for channel in place.channels:
        try:
            return True, channel.send(message)
        except JagadataError as error:
            failures.append(error.message)
            log.warning("Pesan '%s' gagal dikirim: %s", message.subject, error.message)
    return False, "; ".join(failures)


def send_once(journal: Journal, what: str, place: Workplace, message: Message) -> str:
    """Send a message of a run once, whatever is run again; one that failed is sent again when it comes to that."""
    known = journal.outcome(f"mail:{what}")
    if known:
        return str(known["how"])
    sent, how = send(place, message)
    journal.note(f"mail:{what}", "done" if sent else "failed", how=how)
    return how


def _addresses(officials: Sequence[Official]) -> tuple[str, ...]:
    return tuple(official.email for official in officials if official.email)


# --- backup ---


def ask_for_review(run: BackupRun, *, link: str) -> None:
    """Ask those who may examine the form; where there is nobody, the office is told with step 6."""
    if run.without_reviewer():
        return
    form = run.fill_form()
    attachment = (f"formulir-back-up-{form.period}.pdf", make_pdf(run.place, form))
    due = format_moment(
        run.filled_at() + timedelta(days=run.place.office.policy.backup.review_days), run.place.timezone
    )
    message = papers.render_review_request(
        form, to=_addresses(run.reviewers()), link=link, until=due, attachments=(attachment,)
    )
    send_once(run.journal, "review", run.place, message)


def tell_failures(run: BackupRun, *, link: str) -> None:
    """Who performs and who checks learn at once which systems have no backup."""
    form = run.fill_form()
    if any(row.outcome == "Gagal" for row in form.rows):
        performer = run.place.office.official(run.open()["performer"])
        checkers = run.place.office.holders("kasi_aplikasi", run.place.today())  # there may be none today
        to = _addresses([performer, *checkers])
        send_once(run.journal, "failures", run.place, papers.render_backup_failure(form, to=to, link=link))


def tell_review(run: BackupRun, form: BackupForm) -> None:
    if form.review is None and run.without_reviewer():
        office, today = run.place.office, run.place.today()
        roles: tuple[Role, ...] = (
            "staf_aplikasi",
            "kasi_aplikasi",
            "kasi_infrastruktur",
            "staf_infrastruktur",
        )
        able = [official for role in roles for official in office.holders(role, today)]
        to = tuple(dict.fromkeys(_addresses(able)))
        send_once(run.journal, "unexamined", run.place, papers.render_unexamined(form, to=to))
    if form.review == "Dikembalikan":
        performer = run.place.office.official(run.open()["performer"])
        send_once(
            run.journal, "returned", run.place, papers.render_returned(form, to=_addresses([performer]))
        )


# --- restore ---


def confirm_receipt(run: RestoreRun) -> None:
    form = run.form()
    send_once(
        run.journal,
        "received",
        run.place,
        papers.render_request_received(form, to=_to(form), tz=run.place.timezone),
    )


def ask_for_approval(run: RestoreRun, *, link: str) -> None:
    due = format_moment(
        run.received_at() + timedelta(hours=run.place.office.policy.restore.approval_hours),
        run.place.timezone,
    )
    facts = make_plan_facts(run.plan, run.impact)
    message = papers.render_approval_request(
        run.form(),
        to=_addresses(run.approvers()),
        link=link,
        until=due,
        facts=facts,
        tz=run.place.timezone,
    )
    send_once(run.journal, "approval", run.place, message)


def inform_requester(run: RestoreRun) -> None:
    """Step 5: tell the requester what became of the request, the form attached, and file it."""
    how = send_once(run.journal, INFORMATION, run.place, _information(run))
    run.record_information(how)
    _file(run.place, run.form(), "restore", 5)


def inform_again(run: RestoreRun) -> bool:
    """Send what step 5 could not; True if it was sent now."""
    journal = run.journal
    if journal.last(f"mail:{INFORMATION}", "failed") is None or journal.outcome(f"mail:{INFORMATION}"):
        return False
    send_once(journal, INFORMATION, run.place, _information(run))
    return journal.outcome(f"mail:{INFORMATION}") is not None


def _information(run: RestoreRun) -> Message:
    form = run.form()
    attachment = ("formulir-permohonan-restore.pdf", make_pdf(run.place, form))
    to, attachments = _to(form), (attachment,)
    if form.status == "Selesai":
        asked = run.place.office.policy.restore.acknowledgement
        until = format_date(run.acknowledgement_due()) if asked else ""
        return papers.render_completion(
            form, to=to, until=until, attachments=attachments, tz=run.place.timezone
        )
    if form.status == "Gagal":
        running = (run.result or {"on_at": True}).get("on_at") is not None
        return papers.render_failure(
            form, to=to, running=running, attachments=attachments, tz=run.place.timezone
        )
    return papers.render_rejection(form, to=to, attachments=attachments, tz=run.place.timezone)


def close_restore(run: RestoreRun) -> None:
    """Step 6: file the closed form; an unconfirmed closing is told to the requester."""
    form = run.form()
    if form.acknowledged == "ditutup tanpa konfirmasi":
        send_once(
            run.journal,
            "closed",
            run.place,
            papers.render_unconfirmed_closure(form, to=_to(form), tz=run.place.timezone),
        )
    _file(run.place, form, "restore", 6)


def _to(form: RestoreForm) -> tuple[str, ...]:
    return (form.email,) if form.email else ()


# --- follow-up ---


def remind(place: Workplace, run_id: str, gate: OpenGate) -> bool:
    """One reminder for a gate that waits: the first mail again, with the deadline. False if no channel took it."""
    until = format_moment(gate.due, place.timezone)
    if gate.gate.startswith(ROUND_GATES):
        from jagadata.collection import dispatch

        dispatch.remind_of_gate(place, run_id, gate)
        return True
    if gate.gate == "review":
        opened = place.journal(run_id).outcome("5")
        if not opened:
            return True
        holders = place.office.holders("kasi_aplikasi", place.today())
        form = from_json(BackupForm, opened)
        return send(place, papers.render_review_request(form, to=_addresses(holders), link="", until=until))[
            0
        ]
    run = RestoreRun(place, run_id)
    if gate.gate == "approval-gate":
        facts = make_plan_facts(run.plan, run.impact)
        message = papers.render_approval_request(
            run.form(),
            to=_addresses(run.approvers()),
            link="",
            until=until,
            facts=facts,
            tz=place.timezone,
        )
    else:
        message = papers.render_acknowledgement_reminder(
            run.form(), to=_to(run.form()), until=until, tz=place.timezone
        )
    return send(place, message)[0]
