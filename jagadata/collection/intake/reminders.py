"""Reminders to OPD whose data is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        facts=[(f"Data {number}", f"{one.dataset.name}: {one.status}") for number, one in enumerate(owed, 1)],
        round=run.round.text,
        deadline=format_date(run.deadline),
        address=run.policy.address,
        late="sesudah" in name,
    )
    outbox.send_once(run.journal, f"{name}:{agency.id}", run.place, message)
