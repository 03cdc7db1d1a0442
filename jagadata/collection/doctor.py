"""`jaga doctor` for SOP Pengumpulan Data: mailbox, drop folders, inventory, publishers, roles. Changes nothing."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Literal

from jagadata.collection.intake.receipts import list_receipts
from jagadata.collection.intake.run import list_open_rounds
from jagadata.office.people import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.collection.intake.arrival import Arrivals
    from jagadata.collection.inventory.publishing import Publisher
    from jagadata.office.collection import Collection
    from jagadata.workplace import Workplace

Finding = tuple[Literal["OK", "MASALAH", "DILEWATI"], str, str]


def make_checks(place: Workplace) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    """Group, subject and check of everything that `collection` names; none where the office does not use it."""
    policy = place.office.collection
    if policy is None:
        return
    group = "Pengumpulan data"
    yield group, "peran", partial(_roles, place, policy)
    yield group, "tempat kiriman", partial(_arrivals, place, policy)
    if policy.mailbox and not policy.mailbox.require_authentication:
        yield group, "keaslian pengirim", partial(_senders, place)
    yield group, "inventaris", partial(_inventory, place, policy)
    for publisher, _terms in place.publishers(policy):
        yield group, publisher.name, partial(_publisher, publisher)


def _roles(place: Workplace, policy: Collection) -> list[Finding]:
    wanted = ["kasi_data", "kabid_egov", *(["kadis"] if policy.sign else [])]
    empty = [ROLES[role] for role in wanted if not place.office.holders(role, place.today())]  # type: ignore[arg-type]
    if empty:
        action = "Isi officials[].duties, misalnya dengan Plh."
        return [("MASALAH", f"tidak ada pemegang hari ini: {', '.join(empty)}", action)]
    return [("OK", f"{len(policy.agencies)} OPD, {len(policy.datasets)} data diminta", "")]


def _arrivals(place: Workplace, policy: Collection) -> list[Finding]:
    with ExitStack() as stack:
        sources = place.arrivals(policy, place.clock(), stack)
        if not sources:
            action = "Isi collection.mailbox atau collection.drops agar kiriman OPD diterima sendiri."
            return [("MASALAH", "tidak ada tempat kiriman", action)]
        return [_arrival(source) for source in sources]


def _arrival(source: Arrivals) -> Finding:
    source.check()
    return "OK", f"{source.name} dapat dibuka", ""


def _senders(place: Workplace) -> list[Finding]:
    """Whether the mail server said of each mail who sent it; without that anybody can write in an OPD's name."""
    found = [
        one for run in list_open_rounds(place) for one in list_receipts(place, run.round) if one.part == 1
    ]
    unsaid = [one for one in found if one.unproven]
    if not unsaid:
        return [("OK", "tidak ada surel OPD tanpa Authentication-Results", "")]
    return [
        (
            "DILEWATI",
            f"{len(unsaid)} surel OPD tanpa Authentication-Results, terakhir {unsaid[-1].number}: alamat palsu tidak dapat dikenali",
            "Minta pengelola server surel menambahkannya (SPF, DKIM, DMARC), lalu isi collection.mailbox.require_authentication: true.",
        )
    ]


def _inventory(place: Workplace, policy: Collection) -> list[Finding]:
    if place.inventory(policy).is_current():
        return [("OK", "basis data dapat ditulis dan mutakhir", "")]
    return [("MASALAH", "tabelnya belum dibuat atau belum mutakhir", "Jalankan `jaga inventory migrate`.")]


def _publisher(publisher: Publisher) -> list[Finding]:
    publisher.check()
    return [("OK", "dapat dicapai; tidak ada yang dikirim", "")]
