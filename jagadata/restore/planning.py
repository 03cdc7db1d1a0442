"""Before the gate of a restore: find and prove the backup, see what is true, and say exactly what will be done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.errors import DamagedError, RefusedError
from jagadata.ports.progress import ignore
from jagadata.restore.request import Plan, PlannedDataSet, RestoreRequest
from jagadata.stores.copies import from_first_good
from jagadata.text.formats import format_moment, format_number
from jagadata.vault.verification import parse_properties, read_back, read_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.errors import JagadataError
    from jagadata.ports.data_source import Properties
    from jagadata.ports.store import Store
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace

SPACE_FACTOR = 1.1
"""What is restored is about as large as what was dumped; a tenth for what the restore needs meanwhile."""
LIVE_ROWS_FLOOR = 1000
"""Small tables move by more than a fraction between the gate and the stop; fewer rows than this never refuse."""


def find_backup(place: Workplace, request: RestoreRequest) -> Backup:
    """The backup asked for, or the newest verified one. Raises NotFoundError, RefusedError."""
    catalog = place.catalog(request.system)
    if not request.backup:
        return catalog.as_of(place.moment(request.system)).newest(request.system)
    backup = catalog.get(request.backup)
    if catalog.system_of(backup) != request.system:
        raise RefusedError(
            f"Back up '{backup.id}' milik sistem '{backup.manifest.system}', bukan '{request.system}'.",
            "Pilih back up lain.",
        )
    if backup.pruned:
        raise RefusedError(
            f"Data back up '{backup.id}' sudah dihapus menurut retensi.",
            "Pilih back up lain dengan `jaga backups`.",
        )
    return backup


def prove_backup(
    place: Workplace, backup: Backup, progress: Callable[[int], None] = ignore
) -> tuple[Store, list[str]]:
    """Read the whole backup once, from the first store whose copy is good; nothing is kept on disk.

    Returns that store and what was proven. Raises the first fault when no copy is good, RefusedError that names the key that is
    needed when this worker does not hold it.
    """
    identities = place.identities_for(backup.manifest.recipients)

    def read(store: Store) -> list[str]:
        return read_back(
            place.server(backup.manifest.system),
            identities,
            backup.manifest.data,
            store,
            backup.versions_in(store.name),
            progress,
        )

    found = from_first_good(backup.held_by(place.stores), read, missing=no_readable_copy(backup))
    unusable = [f"salinan lain tidak dapat dipakai: {fault.message}" for fault in found.faults[:1]]
    return found.store, [*found.value, *unusable]


def tell_state(place: Workplace, backup: Backup) -> list[str]:
    """What is proven of this backup, what a restore of it will not make again, and the newest one that is proven. For the gate."""
    manifest = backup.manifest
    words = [f"status back up: {manifest.state}"]
    for entry in manifest.data:
        proof = entry.proof
        if proof is None or proof.untested:
            why = f", karena {proof.untested}" if proof else " (back up dari versi sebelumnya)"
            words.append(f"'{entry.database}' belum diuji dengan restore{why}")
        else:
            words += [
                f"tidak kembali seperti semula pada '{entry.database}': {one.what}"
                for one in proof.shortfalls
            ]
    proven = place.catalog(manifest.system).newest_proven(manifest.system)
    if proven is None:
        words.append("sistem ini belum pernah terbukti dapat dipulihkan")
    elif proven.id != backup.id:
        at = format_moment(proven.manifest.started, place.timezone)
        words.append(f"back up terbukti yang terbaru: {proven.id} ({at})")
    return words


def no_readable_copy(backup: Backup) -> DamagedError:
    return DamagedError(f"Tidak ada salinan back up '{backup.id}' yang dapat dibaca.", "Pilih back up lain.")


def load_properties(place: Workplace, backup: Backup, store: Store) -> dict[str, Properties]:
    """The properties of each data set of a backup, by name."""
    identities = place.identities_for(backup.manifest.recipients)
    return {
        data.database: parse_properties(
            read_properties(store, data, backup.versions_in(store.name), identities)
        )
        for data in backup.manifest.data
    }


def make_plan(place: Workplace, request: RestoreRequest, backup: Backup) -> Plan:
    """What will be done, exactly. Raises RefusedError when the backup does not fit the office file of today."""
    system = place.office.system(request.system)
    held = [data.database for data in backup.manifest.data]
    if sorted(held) != sorted(system.databases):
        raise RefusedError(
            f"Back up '{backup.id}' memuat basis data {', '.join(held)}; berkas kantor menyebut {', '.join(system.databases)}.",
            "Samakan berkas kantor dengan keadaan saat back up, atau pilih back up lain.",
        )
    server = place.server(system.id)
    found = {name: server.look(name) for name in system.databases}
    return Plan(
        request=request,
        backup=backup.id,
        manifest=backup.digest,
        system_identifier=server.facts().system_identifier,
        data=tuple(
            PlannedDataSet(name=name, identity=facts.identity if facts else None)
            for name, facts in found.items()
        ),
        mode="uji" if request.purpose == "Uji" else system.downtime or place.office.policy.restore.downtime,
        services=()
        if request.purpose == "Uji"
        else tuple(f"{service.host}/{service.unit}" for service in system.services),
        office_entry=place.office.system_digest(system.id),
    )


def check_restore(place: Workplace, plan: Plan, properties: dict[str, Properties]) -> None:
    """Raises RefusedError with every reason why the restore would fail or lose something; nothing has been touched."""
    server = place.server(plan.request.system)
    faults = [
        fault
        for planned in plan.data
        for fault in server.check_restore(planned.name, properties[planned.name])
    ]
    refuse_faults(f"Restore sistem '{plan.request.system}'", faults)


def check_services(place: Workplace, plan: Plan) -> None:
    """Every host answers as itself and knows its services: what step 2 needs is not found missing in step 2.

    Raises RefusedError, UnreachableError; nothing has been touched.
    """
    if plan.mode == "uji":
        return
    unknown = [
        f"'{state.unit}' di host '{state.host}' ({state.detail})"
        for state in place.services(plan.request.system).status()
        if state.state == "unknown"
    ]
    if unknown:
        raise RefusedError(
            f"Layanan sistem '{plan.request.system}' tidak dikenal di hostnya: {'; '.join(unknown)}.",
            "Perbaiki services di berkas kantor atau pengelola layanan di host itu; periksa dengan `jaga doctor`.",
        )


def refuse_faults(what: str, faults: Sequence[JagadataError]) -> None:
    if faults:
        raise RefusedError(
            f"{what} ditolak sebelum apa pun dihentikan:\n"
            + "\n".join(f"  - {text}" for text in dict.fromkeys(fault.message for fault in faults)),
            " ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint)),
        )


def format_gib(size: int) -> str:
    return f"{format_number(round(size / 2**30, 2))} GiB"


def refuse_changed(approved: Plan, present: Plan) -> None:
    """Raises RefusedError that names what differs from what was approved, by whatever version."""
    present = replace(present, format=approved.format)
    if present != approved:
        raise RefusedError(
            "Rencana restore berubah sejak disetujui (" + ", ".join(_differences(approved, present)) + ").",
            "Ajukan permohonan baru agar rencana yang sekarang dinilai dan disetujui.",
        )


def _differences(approved: Plan, present: Plan) -> list[str]:
    """What differs, in words of the office."""
    words = {
        "request": "permohonan",
        "backup": "back up",
        "manifest": "isi back up",
        "system_identifier": "server basis data",
        "data": "basis data yang berjalan",
        "mode": "cara penghentian",
        "services": "urutan layanan",
        "office_entry": "isi berkas kantor untuk sistem ini",
    }
    return [text for name, text in words.items() if getattr(approved, name) != getattr(present, name)]
