"""What a restore will change and cost, measured before the approval."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError, RefusedError
from jagadata.restore.planning import LIVE_ROWS_FLOOR, SPACE_FACTOR, format_gib
from jagadata.restore.request import Impact, Plan
from jagadata.text.formats import format_duration
from jagadata.vault.catalog import make_unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.ports.data_source import DataSetFacts, DataSource, Properties
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace


def count_live(
    server: DataSource, name: str, facts: DataSetFacts | None, remarks: list[str]
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


def compare_rows(
    database: str, live: Mapping[str, int] | None, other: Mapping[str, int]
) -> dict[str, tuple[int | None, int]]:
    """Each table's rows now and afterwards; one that is not there has none."""
    prefix = f"{database}: " if database else ""
    return {
        prefix + table: (None if live is None else live.get(table, 0), other.get(table, 0))
        for table in sorted({*(live or ()), *other})
    }


def read_limits(place: Workplace) -> dict[str, float]:
    return {
        "live_rows_change": place.office.policy.restore.impact_tolerance,
        "live_rows_floor": LIVE_ROWS_FLOOR,
    }


LONG_STOP = 90
"""Seconds; what may take longer to stop is named beside the plan."""


def add_long_stops(place: Workplace, plan: Plan, impact: Impact) -> Impact:
    """With the services that may take long to stop, by their manager's own setting (TimeoutStopSec, stopwaitsecs), and their minutes."""
    if plan.mode == "uji":
        return impact
    seconds = place.services(plan.request.system).stop_seconds()
    long = {name: value for name, value in seconds.items() if value > LONG_STOP}
    remarks = [
        f"Menghentikan '{name}' dapat memakan hingga {format_duration(value)}; ditunggu sampai berhenti."
        for name, value in long.items()
    ]
    minutes = sum(long.values()) / 60
    return replace(
        impact,
        remarks=(*impact.remarks, *remarks),
        minutes_off=round(impact.minutes_off + minutes, 1),
        minutes_total=round(impact.minutes_total + minutes, 1),
    )


def measure_impact(place: Workplace, plan: Plan, backup: Backup, properties: dict[str, Properties]) -> Impact:
    """What the restore will change and cost, as it looks now. What can't be measured is said, not guessed."""
    system, policy = place.office.system(plan.request.system), place.office.policy.restore
    server, entry = place.server(system.id), place.office.server(system.server)
    remarks = [f"{problem.where} {problem.what}" for problem in map(make_unanswered, backup.unseen)]
    rows: dict[str, tuple[int | None, int]] = {}
    live_size: int | None = 0
    sessions: list[str] = []
    for data in backup.manifest.data:
        facts = server.look(data.database)
        live = count_live(server, data.database, facts, remarks)
        rows |= compare_rows(data.database if len(backup.manifest.data) > 1 else "", live, data.rows)
        remarks += [one.message for one in server.bridges(data.database)]
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
            f"Ruang basis data di '{server.name}' kurang {format_gib(needed - free)} (perlu {format_gib(needed)}).",
            "Kosongkan ruang atau hapus basis data simpanan lama (`jaga kept`), lalu ajukan kembali.",
        )
    roles = sorted({role for item in properties.values() for role in server.missing_roles(item)})
    minutes = sum(data.archive_size for data in backup.manifest.data) / server.restore_speed / 60
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
        limits=read_limits(place),
    )
