"""What `jaga doctor` checks of restoring: room for the largest backup, services, switches, databases. Changes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.findings import Finding, bad, ok
from jagadata.services.script import render_host_script, script_version, services_on
from jagadata.signoff.signers import find_unheld_roles
from jagadata.text.formats import format_bytes
from jagadata.vault.spool import refuse_small_spool, spool_free, unnamed_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.office.machines import HostEntry, System
    from jagadata.office.people import Role
    from jagadata.services.control import ServiceControl
    from jagadata.workplace import Workplace


def make_checks(place: Workplace) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    """Group, subject and check."""
    yield "Berkas kantor", "peran restore", partial(check_roles, place)
    yield "Worker", "spool", partial(check_spool, place)
    for system in place.office.systems:
        yield "Sistem", system.id, partial(check_services, place, system)
    for host in place.office.hosts:
        if host.control == "script":
            yield "Host", host.name, partial(check_script, place, host)


def check_roles(place: Workplace) -> list[Finding]:
    """Whoever carries out and approves is there today."""
    wanted: tuple[Role, ...] = ("staf_infrastruktur", place.office.policy.restore.approver)
    unheld = find_unheld_roles(place.office, wanted, place.today())
    return unheld or [ok("setiap peran SOP ada pemegangnya hari ini")]


def check_spool(place: Workplace) -> list[Finding]:
    """Room on this worker for the largest backup that a restore may fetch."""
    folder = place.office.spool_folder
    with unnamed_file(folder):
        pass
    needed = 0
    for system in place.office.systems:
        own = place.catalog(system.id).of(system.id)
        if own:
            needed = max(needed, sum(data.archive_size for data in own[0].manifest.data))
    refuse_small_spool(folder, needed)
    return [
        ok(
            f"{folder}: {format_bytes(spool_free(folder))} bebas, restore terbesar perlu {format_bytes(needed)}"
        )
    ]


def check_services(place: Workplace, system: System) -> list[Finding]:
    """What step 2 stops and step 4 starts, and the switch that guards them."""
    if not system.services:
        return [
            (
                "DILEWATI",
                "tidak ada layanan terdaftar",
                "Cantumkan web service, pekerja antrean, dan cron pada services.",
            )
        ]
    control = place.services(system.id)
    found: list[Finding] = []
    for unit in control.status():
        if unit.state in ("running", "idle"):
            found.append(ok(f"layanan {unit.unit} di {unit.host}: {unit.detail}"))
        else:
            found.append(
                bad(
                    f"layanan {unit.unit} di {unit.host}: {unit.detail or unit.state}",
                    "Periksa nama unit dan jalankan layanannya.",
                )
            )
    return [*found, _check_switch(control)]


def check_script(place: Workplace, host: HostEntry) -> list[Finding]:
    """The root-owned script on the host is the one that this version makes from the present office file."""
    system = next((one for one in place.office.systems if services_on(one, host.name)), None)
    if system is None:
        return []
    found = place.services(system.id).script_version(host.name)
    if found == script_version(render_host_script(place.office, host.name)):
        return [ok(f"skrip {host.script} sesuai berkas kantor dan versi ini")]
    return [
        bad(
            f"skrip {host.script} {'lebih lama daripada versi ini' if not found else 'berbeda dari berkas kantor atau versi ini'}",
            f"Pasang ulang: jalankan keluaran `jaga host prepare {host.name}` sebagai root di host itu.",
        )
    ]


def _check_switch(control: ServiceControl) -> Finding:
    switch = control.switch()
    if switch.state == "fired":
        return bad(
            f"sakelar pengaman pernah bekerja ({switch.reason or 'batas waktu'})",
            "Periksa restore terakhir; lihat docs/disaster.md.",
        )
    if switch.state == "armed":
        return bad(
            "sakelar pengaman sedang terpasang",
            "Restore sedang berjalan, atau terputus; tunggu sampai bekerja sendiri.",
        )
    return ok("sakelar pengaman siap")
