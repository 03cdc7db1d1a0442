"""What a round sends: requests to those who decide, letters to the OPD, reminders; each once, failed ones again when it comes to that."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from jagadata.collection.attendance import absent, make_attendance_sheet, make_presence_sheet
from jagadata.collection.gates import ATTENDANCE, PROPOSAL, SIGNATURE
from jagadata.collection.letters.texts import make_invitation, make_request
from jagadata.collection.meeting import find_leader
from jagadata.collection.run import RoundRun
from jagadata.errors import AlreadyExistsError
from jagadata.office.people import ROLES
from jagadata.papers import outbox
from jagadata.papers.mails import make_mail
from jagadata.stores import layout
from jagadata.text.formats import format_date, format_long, format_moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jagadata.collection.letters.texts import Letter
    from jagadata.collection.ports import Workbooks
    from jagadata.office.collection import Agency
    from jagadata.office.people import Role
    from jagadata.papers.sheet import Sheet
    from jagadata.ports.channel import Message
    from jagadata.signoff.gates import Gate, OpenGate
    from jagadata.workplace import Workplace

Attachment = tuple[str, bytes]


def addresses(run: RoundRun, role: Role) -> list[str]:
    """Mail addresses of those who hold the role today."""
    holders = run.place.office.holders(role, run.place.today())
    return [official.email for official in holders if official.email]


def pdf(run: RoundRun, sheet: Sheet | Letter, layout: str = "collection/sheet") -> bytes:
    return outbox.print_paper(run.place, sheet, layout)


def keep(run: RoundRun, name: str, content: bytes) -> str:
    """Keep a paper of the round in the store, once; its key."""
    key = layout.make_paper_key(str(run.round), name)
    with contextlib.suppress(AlreadyExistsError):
        run.place.records.put(key, content)
    return key


# --- to those who decide ---


def ask(
    run: RoundRun, gate: Gate, name: str, *, due: datetime, link: str, attachments: Sequence[Attachment] = ()
) -> None:
    """Tell those who decide at this gate that it waits for them."""
    message = _request(run, gate, due=due, link=link, attachments=attachments)
    outbox.send_once(run.journal, name, run.place, message)


def _request(
    run: RoundRun,
    gate: Gate,
    *,
    due: datetime,
    link: str,
    attachments: Sequence[Attachment] = (),
) -> Message:
    return make_mail(
        "collection/gate",
        addresses(run, gate.role),
        person=ROLES[gate.role],
        office=run.place.office.office.name,
        facts=[],
        link=link,
        what=gate.what,
        title=run.title,
        returned=run.returned() if gate is PROPOSAL else "",
        until=format_moment(due, run.place.timezone),
        attachments=attachments,
    )


def remind_of_gate(place: Workplace, run_id: str, gate: OpenGate) -> bool:
    """The request once more, with the deadline. False if no channel took it."""
    link = place.office.prefect.run_page(run_id)
    return outbox.send(place, _request(RoundRun(place, run_id), gate.gate, due=gate.due, link=link))[0]


def notify_end(run: RoundRun, attachments: Sequence[Attachment] = (), *, status: str = "") -> None:
    """The round is over (`status`: about to be), finished or not: to the Kasi, the Kabid and the Kadis."""
    to = [address for role in ("kasi_data", "kabid_egov", "kadis") for address in addresses(run, role)]
    message = make_mail(
        "collection/ended",
        to,
        person="Bapak/Ibu Pejabat Penyelenggara Satu Data",
        office=run.place.office.office.name,
        facts=[],
        title=run.title,
        status=status or run.status,
        reason=run.reason,
        attachments=attachments,
    )
    outbox.send_once(run.journal, "ended", run.place, message)


# --- step 2 ---


def numbers(run: RoundRun) -> tuple[str, str]:
    """The numbers of invitation and request; new ones when the letters were returned."""
    return (
        run.number(run.policy.invitation_code, f"undangan-{run.attempt}"),
        run.number(run.policy.request_code, f"permintaan-{run.attempt}"),
    )


def letters(run: RoundRun, agency: Agency) -> list[Letter]:
    """Both letters to one OPD; the request only where something is asked of it."""
    place, proposal = run.place, run.proposal
    decision = run.decision(SIGNATURE.numbered_name(run.attempt))
    signature = run.signature("kadis", decision)
    invitation, request = numbers(run)
    day = signature.at.astimezone(place.timezone).date() if signature.at else place.today()
    shared: dict[str, Any] = {
        "city": place.office.office.city,
        "day": day,
        "signature": signature,
        "tz": place.timezone,
    }
    asked = [one for one in run.datasets() if one.agency == agency.id]
    found = [make_invitation(proposal, run.round, agency, number=invitation, asked=bool(asked), **shared)]
    if asked:
        kasi = run.holders("kasi_data")[0]
        contact = f"{kasi.name} ({kasi.email or run.policy.address})"
        found.append(
            make_request(
                proposal,
                run.round,
                agency,
                asked,
                policy=run.policy,
                number=request,
                contact=contact,
                **shared,
            )
        )
    return found


def enclosures(run: RoundRun, agency: Agency) -> list[Attachment]:
    """What an OPD gets: letters, calendar file, and the workbook to fill in."""
    workbooks: Workbooks = run.place.spreadsheets
    names = ("surat-undangan.pdf", "surat-permintaan-data.pdf")
    found = [
        (name, pdf(run, letter, "collection/letter"))
        for name, letter in zip(names, letters(run, agency), strict=False)
    ]
    found.append(("undangan.ics", _calendar(run, agency)))
    asked = [one for one in run.datasets() if one.agency == agency.id]
    if asked:
        found.append(
            (
                f"formulir-data-{agency.id}.xlsx",
                workbooks.make_data_form(agency, asked, run.round, run.policy),
            )
        )
    return found


def _calendar(run: RoundRun, agency: Agency) -> bytes:
    from jagadata.collection.letters.invitation_file import make_calendar

    return make_calendar(
        run.proposal,
        run.round,
        agency,
        organizer=run.policy.address,
        office=run.place.office.office.name,
        sequence=run.attempt - 1,
        at=run.place.clock(),
        tz=run.place.timezone,
    )


def invite(run: RoundRun) -> dict[str, str]:
    """Send every OPD its letters, those that were not sent yet: agency id -> what went wrong. Nobody is invited twice."""
    failed = {}
    run.journal.refresh()  # the schedule and `jaga round intake` may both be at it
    for agency in run.agencies:
        what = f"invitation:{agency.id}"
        if run.journal.outcome(f"mail:{what}"):
            continue
        attachments = enclosures(run, agency)
        for name, content in attachments:
            keep(run, f"{agency.id}/{run.attempt}-{name}", content)
        message = make_mail(
            "collection/invitation",
            agency.email,
            person=agency.head,
            office=run.place.office.office.name,
            facts=[
                ("Hari/Tanggal", format_long(run.proposal.day, run.place.timezone)),
                ("Waktu", f"{run.proposal.begins} s.d. {run.proposal.ends}"),
                ("Tempat", run.proposal.place),
            ],
            round=run.round.text,
            changed=False,
            asked=any(one.agency == agency.id for one in run.datasets()),
            address=run.policy.address,
            deadline=format_date(run.deadline),
            attachments=attachments,
        )
        how = outbox.send_once(run.journal, what, run.place, message)
        if not run.journal.outcome(f"mail:{what}"):
            failed[agency.id] = how
    return failed


def describe_sending(run: RoundRun, agency: Agency) -> str:
    """How an OPD got its letters, with the addresses that were refused; '' where it has none yet."""
    outcome = run.journal.outcome(f"mail:invitation:{agency.id}")
    return str(outcome["how"]) if outcome else ""


def attendance_papers(run: RoundRun) -> list[Attachment]:
    """The Daftar Hadir to be signed, and as a workbook to fill in."""
    workbooks: Workbooks = run.place.spreadsheets
    leader = run.signature("kabid_egov")
    sheet = make_attendance_sheet(
        run.proposal,
        run.round,
        run.agencies,
        number=numbers(run)[0],
        leader=leader,
        tz=run.place.timezone,
    )
    return [
        ("daftar-hadir.pdf", pdf(run, sheet)),
        ("daftar-hadir.xlsx", workbooks.make_attendance_form(run.proposal, run.round, run.agencies)),
    ]


# --- step 3 ---


def presence_paper(run: RoundRun, *, contacts: bool = True) -> Attachment:
    """`contacts`: with NIP and telephone number of who came; not for other OPD."""
    decision = run.decision(ATTENDANCE.name)
    filled = decision if decision and decision.answer == "yes" else None
    sheet = make_presence_sheet(
        run.proposal,
        run.round,
        run.meet(),
        run.agencies,
        number=numbers(run)[0],
        city=run.place.office.office.city,
        leader=find_leader(run),
        recorder=run.signature("kasi_data", filled) if filled else None,
        tz=run.place.timezone,
        contacts=contacts,
    )
    return ("presensi-rapat.pdf", pdf(run, sheet))


def notify_absent(run: RoundRun, paper: Attachment) -> None:
    """OPD that were absent get the minutes all the same."""
    for agency in absent(run.meet(), run.agencies):
        message = make_mail(
            "collection/absent",
            agency.email,
            person=agency.head,
            office=run.place.office.office.name,
            facts=[],
            agency=agency.name,
            round=run.round.text,
            deadline=format_date(run.deadline),
            address=run.policy.address,
            attachments=[paper],
        )
        outbox.send_once(run.journal, f"absent:{agency.id}", run.place, message)


# --- step 4 ---
