"""What is printed, filed and sent: papers under the letterhead, forms as records and PDFs in the store, messages.

A message that can't be sent never fails a step: it is written down, and the form says so.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from jagadata.errors import AlreadyExistsError, JagadataError, OfficeFileError
from jagadata.papers.values import to_json
from jagadata.ports.channel import reaches
from jagadata.ports.printer import Letterhead
from jagadata.stores import layout
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.papers.values import FiledForm
    from jagadata.ports.channel import Message
    from jagadata.ports.printer import Printable
    from jagadata.workplace import Workplace

log = logging.getLogger(__name__)
FORM_KIND = "application/vnd.jagadata.form+json"


def letterhead(place: Workplace) -> Letterhead:
    """Kop surat of the office file. A logo that can't be read is left out; doctor reports it."""
    logo = b""
    with contextlib.suppress(OfficeFileError):
        logo = _logo(place)
    return _with_logo(place, logo)


def check_letterhead(place: Workplace) -> None:
    """Raises OfficeFileError where the logo can't be read or drawn."""
    logo = _logo(place)
    if logo:
        place.printer.check_logo(logo)


def _logo(place: Workplace) -> bytes:
    entry = place.office.office.letterhead.logo
    if not entry:
        return b""
    path = place.office.path(entry)
    try:
        return path.read_bytes()
    except OSError as error:
        raise OfficeFileError(
            f"office.letterhead.logo: {path} tidak dapat dibaca: {explain_os_error(error)}.",
            "Letakkan berkas SVG atau PNG di sana, atau hapus baris logo.",
        ) from error


def _with_logo(place: Workplace, logo: bytes) -> Letterhead:
    head = place.office.office.letterhead
    return Letterhead(lines=tuple(head.lines), address=head.address, contact=head.contact or "", logo=logo)


def print_paper(
    place: Workplace, paper: Printable, layout: str, *, at: datetime | None = None, digest: str = ""
) -> bytes:
    """A paper as PDF under the office's letterhead; `digest` of its signed record stands in the small print."""
    return place.printer.render(paper, layout, letterhead(place), at=at or place.clock(), digest=digest)


def file_form(
    place: Workplace, form: FiledForm, procedure: str, *, step: int, draw: Callable[[str], bytes]
) -> str:
    """Store a form as it is after that step, as a signed record and as the PDF that `draw` makes of its hash; the PDF's key."""
    year = (form.at or place.clock()).astimezone(place.timezone).year
    key = layout.make_form_key(procedure, year, form.run, step)
    value = {"at": place.clock().isoformat(), "step": step, "form": to_json(form)}
    try:
        record = place.records.write(f"{key}.json", FORM_KIND, value)
    except AlreadyExistsError:  # filed by an earlier attempt
        record = place.records.read(f"{key}.json", FORM_KIND)
    with contextlib.suppress(AlreadyExistsError):
        place.records.put(f"{key}.pdf", draw(record.digest))
    return f"{key}.pdf"


class Sending(NamedTuple):
    """What came of sending."""

    done: bool
    """Whether nothing is left to be sent later."""
    how: str
    """How the recipient was told or why not, for the form."""
    reached: tuple[str, ...] = ()
    """Where not done: the addresses that have it."""


def send(place: Workplace, message: Message) -> Sending:
    """Send over the first channel that reaches the addressees and takes it: a letter never ends up in a room of the office."""
    if not message.to and not message.notice:
        return Sending(done=True, how="tidak ada alamat email; disampaikan langsung oleh petugas")
    channels = [channel for channel in place.channels if reaches(channel, message)]
    if not channels:
        what = "belum ada saluran pesan di berkas kantor yang sampai ke penerima"
        if not message.to:
            what = "tidak ada alamat email"
        elif not place.channels:
            what = "belum ada saluran pesan di berkas kantor"
        return Sending(done=True, how=f"{what}; disampaikan langsung oleh petugas")
    failures = []
    for channel in channels:
        try:
            delivery = channel.send(message)
        except JagadataError as error:
            failures.append(error.message)
            log.warning("Pesan '%s' gagal dikirim: %s", message.subject, error.message)
        else:
            return Sending(
                done=not delivery.deferred, how=delivery.reference, reached=tuple(delivery.reached)
            )
    return Sending(done=False, how="; ".join(failures))


def send_rest(place: Workplace, message: Message, reached: Collection[str]) -> Sending:
    """As `send`, to those who were not reached by an earlier attempt; `reached` of the outcome holds both."""
    rest = tuple(address for address in message.to if address not in reached)
    sending = send(place, replace(message, to=rest))
    if not reached:
        return sending
    how = f"e-mail ke {', '.join(reached)}; {sending.how}"
    return sending._replace(how=how, reached=(*reached, *sending.reached))


def send_once(journal: Journal, what: str, place: Workplace, message: Message) -> str:
    """Send a message of a run once to each, whatever is run again; to whom it failed it is sent again when it comes to that."""
    step = f"mail:{what}"
    known = journal.outcome(step)
    if known:
        return str(known["how"])
    failed = journal.last(step, "failed")
    done, how, reached = send_rest(place, message, tuple(failed.data.get("reached", ())) if failed else ())
    if done:
        journal.note(step, "done", how=how)
    else:
        journal.note(step, "failed", how=how, reached=list(reached))
    return how


def email_addresses(officials: Sequence[Official]) -> tuple[str, ...]:
    return tuple(official.email for official in officials if official.email)
