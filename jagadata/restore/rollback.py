"""A restore in reverse: the plan that gives the kept data its name back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.errors import RefusedError
from jagadata.restore.impact import compare_rows, count_live, read_limits
from jagadata.restore.kept import newest_kept
from jagadata.restore.planning import refuse_faults
from jagadata.restore.request import Impact, Plan, PlannedDataSet, RestoreRequest

if TYPE_CHECKING:
    from jagadata.workplace import Workplace


def plan_rollback(place: Workplace, request: RestoreRequest) -> tuple[Plan, Impact]:
    """A restore in reverse: what lies kept since the newest restore takes its name back; nothing is dropped. Raises NotFoundError."""
    system = place.office.system(request.system)
    server = place.server(system.id)
    kept = {item.name: item for item in newest_kept(place, system.id)}
    if sorted(kept) != sorted(system.databases):
        raise RefusedError(
            f"Data lama yang masih disimpan ({', '.join(sorted(kept))}) tidak lengkap untuk sistem '{system.id}'.",
            "Pilih restore dari back up.",
        )
    planned: list[PlannedDataSet] = []
    rows: dict[str, tuple[int | None, int]] = {}
    remarks = ["Data yang berjalan sekarang disimpan, tidak dihapus."]
    live_size: int | None = 0
    sessions: list[str] = []
    for name in system.databases:
        facts = server.look(name)
        side = str(server.find(kept[name].identity))
        planned.append(
            PlannedDataSet(
                name=name,
                identity=facts.identity if facts else None,
                side=side,
                side_identity=kept[name].identity,
            )
        )
        live = count_live(server, name, facts, remarks)
        rows |= compare_rows(name if len(system.databases) > 1 else "", live, server.rows(side))
        live_size = live_size + facts.size if facts and live_size is not None else None
        sessions += facts.sessions if facts else []
    refuse_faults(
        f"Rollback sistem '{system.id}'",
        [
            fault
            for item in planned
            for name in (item.name, item.side)
            for fault in server.check_restore(name, None)
        ],
    )
    plan = Plan(
        request=request,
        backup="",
        manifest="",
        system_identifier=server.facts().system_identifier,
        data=tuple(planned),
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
        limits=read_limits(place),
    )
    return plan, impact
