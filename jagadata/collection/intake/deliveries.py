"""Who delivered what: the state of every data set that was asked for in a round. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection as Collected
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from jagadata.collection.ports import Status
    from jagadata.collection.tables.examination import CleanTable, Examination
    from jagadata.office.collection import Collection, DatasetEntry


@dataclass(frozen=True, kw_only=True)
class Received:
    """One file of an OPD as the deliveries see it: `number` as on its receipt; `examination` None: not examined yet."""

    receipt: int
    number: str
    agency: str
    at: datetime
    name: str
    examination: Examination | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One data set that was asked of one OPD. `received` is the file that counts: the last complete one, else the last."""

    dataset: DatasetEntry
    agency: str  # name of the OPD
    status: Status = "Diminta"
    received: Received | None = None
    table: CleanTable | None = None
    late: bool = False  # the file that counts came after the deadline
    released: bool = False  # the Kasi let the personal data of this very table pass

    @property
    def status_text(self) -> str:
        """For people outside the inventory: 'Diminta' is what we did, not what the OPD did."""
        return "Belum menyampaikan" if self.status == "Diminta" else self.status

    @property
    def is_complete(self) -> bool:
        return self.status == "Lengkap"

    @property
    def faults(self) -> int:
        """Kinds of faults that the OPD must repair."""
        if self.received is None or self.received.examination is None or self.is_complete:
            return 0
        return sum(one.dataset in ("", self.dataset.code) for one in self.received.examination.faults)


def make_deliveries(
    policy: Collection,
    datasets: Sequence[DatasetEntry],
    received: Iterable[Received],
    deadline: date,
    tz: ZoneInfo,
    released: Collected[tuple[str, str]] = frozenset(),
) -> list[Delivery]:
    """One for each data set, in the office file's order. `released`: (data set, digest) of tables that may hold personal data.

    A file that fits no data set counts as 'Diterima' for those of its OPD that nothing else came for: something came.
    """
    files: dict[str, list[Received]] = {}
    for one in sorted(received, key=lambda one: (one.at, one.receipt)):
        files.setdefault(one.agency, []).append(one)
    return [
        _delivery(
            dataset, policy.agency(dataset.agency).name, files.get(dataset.agency, []), deadline, tz, released
        )
        for dataset in datasets
    ]


def _delivery(
    dataset: DatasetEntry,
    agency: str,
    files: Sequence[Received],
    deadline: date,
    tz: ZoneInfo,
    released: Collected[tuple[str, str]],
) -> Delivery:
    ours: list[tuple[Received, CleanTable]] = [
        (one, table)
        for one in files
        if one.examination
        for table in one.examination.tables
        if table.dataset == dataset.code
    ]
    complete = [
        pair
        for pair in ours
        if pair[0].examination
        and pair[0].examination.is_complete(dataset.code, released=(dataset.code, pair[1].digest) in released)
    ]
    if not ours:
        status: Status = "Diterima" if files else "Diminta"
        return Delivery(dataset=dataset, agency=agency, status=status, received=files[-1] if files else None)
    counts, table = (complete or ours)[-1]
    if complete and table.digest:  # the same table sent once more is no later delivery
        counts, table = next(pair for pair in complete if pair[1].digest == table.digest)
    return Delivery(
        dataset=dataset,
        agency=agency,
        status="Lengkap" if complete else "Perlu Perbaikan",
        received=counts,
        table=table,
        late=counts.at.astimezone(tz).date() > deadline,
        released=(dataset.code, table.digest) in released,
    )


def open_of(deliveries: Iterable[Delivery], agency: str) -> list[Delivery]:
    """What this OPD still owes."""
    return [one for one in deliveries if one.dataset.agency == agency and not one.is_complete]


def due_reminders(policy: Collection, deadline: date, today: date, sent: Iterable[str]) -> list[str]:
    """Reminders whose day has come and that were not sent: 'sebelum-7', 'sesudah-1'. Only the latest, so that none come in a heap.

    They are bound to the deadline: an extension begins them anew.
    """
    days = (deadline - today).days
    due = [
        (before, f"{deadline}-sebelum-{before}")
        for before in sorted(policy.remind_before, reverse=True)
        if 0 <= days <= before
    ]
    due += [
        (-after, f"{deadline}-sesudah-{after}") for after in sorted(policy.remind_after) if -days >= after > 0
    ]
    latest = [name for _, name in due][-1:]
    return [name for name in latest if name not in set(sent)]
