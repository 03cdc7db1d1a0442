"""Before the gate of a restore: find and prove the backup, see what is true, and say exactly what will be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup import ignore
from jagadata.calendar import format_number
from jagadata.catalog import make_silence
from jagadata.errors import DamagedError, JagadataError, RefusedError, UnreachableError
from jagadata.kept import newest_kept
from jagadata.reading_back import parse_properties, read_back, read_properties
from jagadata.request import Impact, Plan, PlannedDatabase, RestoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jagadata.catalog import Backup
    from jagadata.ports import DatabaseFacts, DatabaseProperties, DatabaseServer, Store
    from jagadata.workplace import Workplace

RESTORE_BYTES_PER_SECOND = 40 * 2**20
"""Cautious first guess of pg_restore's speed, from dump bytes (docs/adr/0008)."""
SPACE_FACTOR = 1.1
"""A restored database is about as large as the one that was dumped; a tenth for what pg_restore needs meanwhile."""
LIVE_ROWS_FLOOR = 1000
"""Small tables move by more than a fraction between the gate and the stop; fewer rows than this never refuse."""


def find_backup(place: Workplace, request: RestoreRequest) -> Backup:
    """The backup asked for, or the newest verified one. Raises NotFoundError, RefusedError."""
    catalog = place.catalog(request.system)
    if not request.backup:
        return catalog.newest(request.system)
    backup = catalog.get(request.backup)
    if backup.manifest.system != request.system:
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

    Returns that store and what was proven. Raises the first fault when no copy is good.
    """
    fault: JagadataError | None = None
    for store in place.stores:
        if store.name not in backup.stores:
            continue
        try:
            means = read_back(
                place,
                backup.manifest.system,
                backup.manifest.data,
                store,
                backup.versions_in(store.name),
                progress,
            )
        except (DamagedError, UnreachableError, JagadataError) as error:
            fault = fault or error
            continue
        if fault:
            means = [*means, f"salinan lain tidak dapat dipakai: {fault.message}"]
        return store, means
    raise fault or DamagedError(
        f"Tidak ada salinan back up '{backup.id}' yang dapat dibaca.", "Pilih back up lain."
    )


def load_properties(place: Workplace, backup: Backup, store: Store) -> dict[str, DatabaseProperties]:
    """The properties of each database of a backup, by name."""
    identity = place.identity()
    return {
        data.database: parse_properties(
            read_properties(store, data, backup.versions_in(store.name), identity)
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
    found = {name: server.database(name) for name in system.databases}
    return Plan(
        request=request,
        backup=backup.id,
        manifest=backup.digest,
        system_identifier=server.facts().system_identifier,
        databases=tuple(
            PlannedDatabase(name=name, oid=facts.oid if facts else None) for name, facts in found.items()
        ),
        mode="uji" if request.purpose == "Uji" else system.downtime or place.office.policy.restore.downtime,
        services=()
        if request.purpose == "Uji"
        else tuple(f"{service.host}/{service.unit}" for service in system.services),
        office_entry=place.office.system_digest(system.id),
    )


def plan_rollback(place: Workplace, request: RestoreRequest) -> tuple[Plan, Impact]:
    """A restore in reverse: what lies kept since the newest restore takes its name back; nothing is dropped. Raises NotFoundError."""
    system = place.office.system(request.system)
    server = place.server(system.id)
    kept = {one.name: one for one in newest_kept(place, system.id)}
    if sorted(kept) != sorted(system.databases):
        raise RefusedError(
            f"Data lama yang masih disimpan ({', '.join(sorted(kept))}) tidak lengkap untuk sistem '{system.id}'.",
            "Pilih restore dari back up.",
        )
    planned: list[PlannedDatabase] = []
    rows: dict[str, tuple[int | None, int]] = {}
    remarks = ["Data yang berjalan sekarang disimpan, tidak dihapus."]
    live_size: int | None = 0
    sessions: list[str] = []
    for name in system.databases:
        facts = server.database(name)
        side = str(server.find_oid(kept[name].oid))
        planned.append(
            PlannedDatabase(name=name, oid=facts.oid if facts else None, side=side, side_oid=kept[name].oid)
        )
        live = _count_live(server, name, facts, remarks)
        rows |= _compare(name if len(system.databases) > 1 else "", live, server.rows(side))
        live_size = live_size + facts.size if facts and live_size is not None else None
        sessions += facts.sessions if facts else []
    _refuse(
        f"Rollback sistem '{system.id}'",
        [
            fault
            for database in planned
            for name in (database.name, database.side)
            for fault in server.check_restore(name, None)
        ],
    )
    plan = Plan(
        request=request,
        backup="",
        manifest="",
        system_identifier=server.facts().system_identifier,
        databases=tuple(planned),
        mode="rollback",
        services=tuple(f"{service.host}/{service.unit}" for service in system.services),
        office_entry=place.office.system_digest(system.id),
    )
    impact = Impact(
        rows=rows,
        live_size=live_size,
        needed_space=0,
        free_space=server.free_space(),
        space_declared=False,
        minutes_off=0.5,
        minutes_total=1.0,
        sessions=tuple(sessions),
        ends_sessions=place.office.policy.restore.sessions == "end",
        taken_down_too=tuple(other for service in system.services for other in service.shared_with),
        remarks=tuple(remarks),
        limits=_limits(place),
    )
    return plan, impact


def _count_live(
    server: DatabaseServer, name: str, facts: DatabaseFacts | None, remarks: list[str]
) -> dict[str, int] | None:
    """Rows of the live database; None, and a remark why, where it is not there or can't be read: it may be what has to be replaced."""
    if facts is None:
        remarks.append(f"Basis data '{name}' tidak ada di server: dampak tidak dapat dihitung.")
        return None
    try:
        return server.rows(name)
    except JagadataError as error:
        remarks.append(f"Isi '{name}' tidak dapat dihitung: {error.message}")
        return None


def _compare(
    database: str, live: Mapping[str, int] | None, other: Mapping[str, int]
) -> dict[str, tuple[int | None, int]]:
    """Each table's rows now and afterwards; one that is not there has none."""
    prefix = f"{database}: " if database else ""
    return {
        prefix + table: (None if live is None else live.get(table, 0), other.get(table, 0))
        for table in sorted({*(live or ()), *other})
    }


def _limits(place: Workplace) -> dict[str, float]:
    return {
        "live_rows_change": place.office.policy.restore.impact_tolerance,
        "live_rows_floor": LIVE_ROWS_FLOOR,
    }


def check_restore(place: Workplace, plan: Plan, properties: dict[str, DatabaseProperties]) -> None:
    """Raises RefusedError with every reason why the restore would fail or lose something; nothing has been touched."""
    server = place.server(plan.request.system)
    faults = [
        fault
        for database in plan.databases
        for fault in server.check_restore(database.name, properties[database.name])
    ]
    _refuse(f"Restore sistem '{plan.request.system}'", faults)


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


def _refuse(what: str, faults: Sequence[JagadataError]) -> None:
    if faults:
        raise RefusedError(
            f"{what} ditolak sebelum apa pun dihentikan:\n"
            + "\n".join(f"  - {text}" for text in dict.fromkeys(fault.message for fault in faults)),
            " ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint)),
        )


def measure_impact(
    place: Workplace, plan: Plan, backup: Backup, properties: dict[str, DatabaseProperties]
) -> Impact:
    """What the restore will change and cost, as it looks now. What can't be measured is said, not guessed."""
    system, policy = place.office.system(plan.request.system), place.office.policy.restore
    server, entry = place.server(system.id), place.office.server(system.server)
    remarks = [f"{one.place} {one.what}" for one in map(make_silence, backup.unseen)]
    rows: dict[str, tuple[int | None, int]] = {}
    live_size: int | None = 0
    sessions: list[str] = []
    for data in backup.manifest.data:
        facts = server.database(data.database)
        live = _count_live(server, data.database, facts, remarks)
        rows |= _compare(data.database if len(backup.manifest.data) > 1 else "", live, data.rows)
        live_size = live_size + facts.size if facts and live_size is not None else None
        sessions += facts.sessions if facts else []
    free = server.free_space()
    declared = free is None
    if free is None and entry.free_space_gib is not None:
        free = int(entry.free_space_gib * 2**30)
    needed = int(sum(data.size for data in backup.manifest.data) * SPACE_FACTOR)
    if free is None:
        remarks.append(
            "Ruang kosong server basis data tidak dapat diukur dan tidak dinyatakan di berkas kantor."
        )
    elif free < needed:
        raise RefusedError(
            f"Ruang basis data di '{server.name}' kurang {_gib(needed - free)} (perlu {_gib(needed)}).",
            "Kosongkan ruang atau hapus basis data simpanan lama (`jaga kept`), lalu ajukan kembali.",
        )
    roles = sorted({role for item in properties.values() for role in server.missing_roles(item)})
    minutes = sum(data.archive_size for data in backup.manifest.data) / RESTORE_BYTES_PER_SECOND / 60
    if plan.mode == "uji":
        off = 0.0
    elif plan.mode == "minimal":
        off = 0.5
    else:
        off = minutes + 0.5
    return Impact(
        rows=rows,
        live_size=live_size,
        needed_space=needed,
        free_space=free,
        space_declared=declared,
        minutes_off=round(off, 1),
        minutes_total=round(minutes * 1.5 + 1, 1),
        sessions=tuple(sessions),
        ends_sessions=policy.sessions == "end",
        taken_down_too=tuple(other for service in system.services for other in service.shared_with),
        missing_roles=tuple(roles),
        remarks=tuple(remarks),
        limits=_limits(place),
    )


def _gib(size: int) -> str:
    return f"{format_number(round(size / 2**30, 2))} GiB"


def refuse_changed(approved: Plan, present: Plan) -> None:
    """Raises RefusedError that names what differs from what was approved."""
    if present.hash != approved.hash:
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
        "databases": "basis data yang berjalan",
        "mode": "cara penghentian",
        "services": "urutan layanan",
        "office_entry": "isi berkas kantor untuk sistem ini",
    }
    return [text for name, text in words.items() if getattr(approved, name) != getattr(present, name)]
