"""Reminders: to OPD whose data is still missing, to the Kasi whose files wait unread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.letters import dispatch
from jagadata.office.people import ROLES
from jagadata.papers import outbox
from jagadata.papers.mails import make_mail
from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.intake.deliveries import Delivery
    from jagadata.collection.run import RoundRun
    from jagadata.office.collection import Agency


def remind(run: RoundRun, name: str, agency: Agency, owed: Sequence[Delivery]) -> None:
    """`name`: 'sebelum-7', 'sesudah-1', or 'diperpanjang'."""
    extended = name.startswith("diperpanjang")
    message = make_mail(
        "collection/extended" if extended else "collection/reminder",
        agency.email,
        person=agency.head,
        office=run.place.office.office.name,
        facts=[
            (f"Data {number}", f"{one.dataset.name}: {one.status_text}") for number, one in enumerate(owed, 1)
        ],
        round=run.round.text,
        deadline=format_date(run.deadline),
        address=run.policy.address,
        late="sesudah" in name,
    )
    outbox.send_once(run.journal, f"{name}:{agency.id}", run.place, message)


def tell_unread(run: RoundRun, files: int) -> None:
    """The Kasi learns, once a day, that files are kept and not read, because this machine can't shut off their reader."""
    day = run.place.today()
    message = make_mail(
        "collection/unread",
        dispatch.addresses(run, "kasi_data"),
        person=ROLES["kasi_data"],
        office=run.place.office.office.name,
        facts=[],
        round=run.round.text,
        files=files,
    )
    outbox.send_once(run.journal, f"unread:{day}", run.place, message)
