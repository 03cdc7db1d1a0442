"""`jaga doctor` for SOP Back Up: who carries it out and who checks. Changes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.findings import ok
from jagadata.signoff.signers import Person, find_unheld_roles, may_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.findings import Finding
    from jagadata.workplace import Workplace


def make_checks(place: Workplace) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    """Group, subject and check."""
    yield "Berkas kantor", "peran back up", partial(check_roles, place)


def check_roles(place: Workplace) -> list[Finding]:
    """Raises RefusedError where only the performer could check the form."""
    office, today = place.office, place.today()
    unheld = find_unheld_roles(office, ("staf_aplikasi", "kasi_aplikasi"), today)
    if unheld:
        return unheld
    performer = office.holders("staf_aplikasi", today)[0]
    if office.policy.backup.review:
        never = [Person(name=performer.name, nip=performer.nip)]
        may_sign(office, "kasi_aplikasi", today, never=never)
    return [ok("setiap peran SOP ada pemegangnya hari ini")]
