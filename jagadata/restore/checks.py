"""`jaga doctor` for SOP Restore: who carries it out and who approves. Changes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.findings import ok
from jagadata.signoff.signers import find_unheld_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.findings import Finding
    from jagadata.office.people import Role
    from jagadata.workplace import Workplace


def make_checks(place: Workplace) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    """Group, subject and check."""
    yield "Berkas kantor", "peran restore", partial(check_roles, place)


def check_roles(place: Workplace) -> list[Finding]:
    wanted: tuple[Role, ...] = ("staf_infrastruktur", place.office.policy.restore.approver)
    unheld = find_unheld_roles(place.office, wanted, place.today())
    return unheld or [ok("setiap peran SOP ada pemegangnya hari ini")]
