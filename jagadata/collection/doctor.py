"""`jaga doctor` for SOP Pengumpulan Data: mailbox, drop folders, inventory, publishers, roles. Changes nothing."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from jagadata.collection.intake.receipts import list_receipts
from jagadata.collection.intake.run import list_open_rounds
from jagadata.errors import UnconfinedError
from jagadata.findings import Finding, bad, ok
from jagadata.signoff.signers import find_unheld_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.collection.intake.arrival import Arrivals
    from jagadata.collection.inventory.publishing import Publisher
    from jagadata.collection.ports import TableExaminer
    from jagadata.office.collection import Collection, Mailbox
    from jagadata.office.people import Role
    from jagadata.workplace import Workplace


def make_checks(place: Workplace) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    """Group, subject and check of everything that `collection` names; none where the office does not use it."""
    policy = place.office.collection
    if policy is None:
        return
    group = "Pengumpulan data"
    yield group, "peran", partial(_roles, place, policy)
    yield group, "tempat kiriman", partial(_arrivals, place, policy)
    if policy.mailbox:
        yield group, "keaslian pengirim", partial(_senders, place, policy.mailbox)
    yield group, "pengurungan pembaca berkas", partial(_confinement, place, policy)
    yield group, "inventaris", partial(_inventory, place, policy)
    for publisher, _terms in place.publishers(policy):
        yield group, publisher.name, partial(_publisher, publisher)


def _roles(place: Workplace, policy: Collection) -> list[Finding]:
    wanted: list[Role] = ["kasi_data", "kabid_egov"]
    if policy.sign:
        wanted.append("kadis")
    unheld = find_unheld_roles(place.office, wanted, place.today())
    return unheld or [ok(f"{len(policy.agencies)} OPD, {len(policy.datasets)} data diminta")]


def _arrivals(place: Workplace, policy: Collection) -> list[Finding]:
    with ExitStack() as stack:
        sources = place.arrivals(policy, place.clock(), stack)
        if not sources:
            action = "Isi collection.mailbox atau collection.drops agar kiriman OPD diterima sendiri."
            return [bad("tidak ada tempat kiriman", action)]
        return [_arrival(source) for source in sources]


def _confinement(place: Workplace, policy: Collection) -> list[Finding]:
    """Whether the process that reads what OPD send is shut off from this machine, tried."""
    examiner: TableExaminer = place.spreadsheets
    try:
        how = examiner.try_confinement(place.office.spool_folder)
    except UnconfinedError as error:
        if policy.read_unconfined:
            what = "tidak dikurung; berkas tetap dibaca karena collection.read_unconfined: true"
            return [("MASALAH", what, error.hint)]
        why = error.message.rpartition("(")[2].rstrip(").")
        return [
            ("MASALAH", f"tidak dapat dikurung ({why}); berkas OPD disimpan dan tidak dibaca", error.hint)
        ]
    return [("OK", f"dikurung dengan {how}: tanpa jaringan, berkas lain, dan proses lain (dicoba)", "")]


def _arrival(source: Arrivals) -> Finding:
    source.check()
    return ok(f"{source.name} dapat dibuka")


def _senders(place: Workplace, mailbox: Mailbox) -> list[Finding]:
    """Whether the mail server said of each mail who sent it; without that anybody can write in an OPD's name."""
    found = [
        one for run in list_open_rounds(place) for one in list_receipts(place, run.round) if one.part == 1
    ]
    unsaid = [one for one in found if one.unproven]
    if unsaid and mailbox.require_authentication:
        return [
            (
                "MASALAH",
                f"{len(unsaid)} surel OPD tanpa Authentication-Results dari {mailbox.require_authentication}, terakhir {unsaid[-1].number}: dikarantina",
                "Samakan collection.mailbox.require_authentication dengan kata pertama baris itu pada surel yang diterima.",
            )
        ]
    if not unsaid:
        return [ok("tidak ada surel OPD tanpa Authentication-Results")]
    return [
        (
            "DILEWATI",
            f"{len(unsaid)} surel OPD tanpa Authentication-Results, terakhir {unsaid[-1].number}: alamat palsu tidak dapat dikenali",
            "Minta pengelola server surel menambahkannya (SPF, DKIM, DMARC), lalu isi collection.mailbox.require_authentication dengan nama server itu (authserv-id).",
        )
    ]


def _inventory(place: Workplace, policy: Collection) -> list[Finding]:
    if place.inventory(policy).is_current():
        return [ok("basis data dapat ditulis dan mutakhir")]
    return [bad("tabelnya belum dibuat atau belum mutakhir", "Jalankan `jaga inventory migrate`.")]


def _publisher(publisher: Publisher) -> list[Finding]:
    publisher.check()
    return [ok("dapat dicapai; tidak ada yang dikirim")]
