"""What is sent and filed: mails to requester, approvers and reviewers, and the forms as records and PDFs in the store.

A message that can't be sent never fails a step: it is written down, and the form says so.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from jagadata.adapters.typst import render_pdf
from jagadata.errors import AlreadyExistsError, JagadataError
from jagadata.papers.values import Letterhead, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.backup.papers.form import BackupForm
    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.ports.channel import Message
    from jagadata.restore.papers.form import RestoreForm
    from jagadata.workplace import Workplace

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


def file_form(place: Workplace, form: BackupForm | RestoreForm, procedure: str, step: int) -> str:
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


def email_addresses(officials: Sequence[Official]) -> tuple[str, ...]:
    return tuple(official.email for official in officials if official.email)


# --- backup ---


# --- restore ---


# --- follow-up ---
