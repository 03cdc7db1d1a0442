"""`jaga doctor` for SOP Back Up: who carries it out and who checks. Changes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.errors import UntestedError
from jagadata.findings import bad, ok
from jagadata.signoff.signers import Person, find_unheld_roles, may_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.findings import Finding
    from jagadata.office.machines import System
    from jagadata.workplace import Workplace


def make_checks(place: Workplace) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    """Group, subject and check."""
    yield "Berkas kantor", "peran back up", partial(check_roles, place)
    for system in place.office.systems:
        yield "Sistem", system.id, partial(check_testing, place, system)


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


def check_testing(place: Workplace, system: System) -> list[Finding]:
    """Where step 2 restores this system's backups for the test of them, and what is proven of the newest one."""
    if (system.verify or place.office.policy.backup.verify) == "read":
        return [ok("back up hanya dibaca pada langkah 2, tidak diuji dengan restore (verify: read)")]
    try:
        where = place.server(system.id).where_tested()
    except UntestedError as error:
        return [bad(f"back up belum dapat diuji dengan restore, karena {error.message}", error.hint)]
    found = [backup for backup in place.catalog(system.id).backups if backup.restorable][:1]
    failed = [backup.id for backup in found if backup.manifest.state == "gagal diuji"]
    if failed:
        return [
            bad(
                f"back up {failed[0]} gagal diuji: ada yang tidak kembali",
                "Lihat `jaga backups --json` dan perbaiki di basis data.",
            )
        ]
    return [ok(f"langkah 2 menguji restore dengan {where}")]
