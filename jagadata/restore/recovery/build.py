"""The databases that a restore builds beside the live ones: made, filled, and held to the manifest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jagadata.errors import DamagedError, JagadataError
from jagadata.restore.recovery.swap import make_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from jagadata.evidence.journal import Journal
    from jagadata.office.policy import RestorePolicy
    from jagadata.ports.data_source import Counts, DataSource, Properties
    from jagadata.restore.recovery.swap import Side
    from jagadata.restore.request import Plan
    from jagadata.vault.catalog import Backup

STALLED_SPANS, STALLED_PLANS = 6, 4
"""For how many times the switch's span, or the plan's whole duration if that is longer, a side may be built without growing, or
counted after it. It does not grow while an index is sorted or a foreign key checked; but without an end the service would stay off."""


def remove_leftovers(server: DataSource, run: str, plan: Plan) -> None:
    """Sides that an earlier attempt of this run made and never swapped in; its last lines may be lost, so names tell."""
    for planned in plan.data:
        name = make_names(run, planned.name)[0]
        facts = server.look(name)
        if facts is not None:
            server.forget(name, identity=facts.identity)


@dataclass(kw_only=True)
class Building:
    """Builds the sides of one restore; `beat` is told of every progress, with the bytes by which a database grew."""

    server: DataSource
    journal: Journal
    policy: RestorePolicy
    minutes_planned: float
    beat: Callable[[int], None]
    clock: Callable[[], datetime]
    _grown: float = 0  # when the new database grew last

    def build(
        self,
        sides: Sequence[Side],
        backup: Backup,
        properties: Mapping[str, Properties],
        facts: dict[str, Any],
    ) -> None:
        """Restore every database beside and hold its rows to the manifest; `facts` gets times, rows and tables as they come.

        Raises:
            DamagedError: what came out is not what the manifest says.
        """
        facts["restored_from"] = self.clock().isoformat()
        rows = {
            side.planned.name: self._build_one(side, backup, properties[side.planned.name]) for side in sides
        }
        facts["restored_until"] = self.clock().isoformat()
        facts["rows"] = rows
        facts["tables"] = sum(len(backup.manifest.database(side.planned.name).rows) for side in sides)

    def _build_one(self, side: Side, backup: Backup, properties: Properties) -> int:
        """Returns its rows."""
        name = side.planned.name
        self.journal.note("side", "begin", name, side=side.side)
        side.identity = self.server.create(side.side, properties)
        self.journal.note("side", "done", name, side=side.side, identity=side.identity)
        self._grown = time.monotonic()
        self.server.build(side.side, side.archive, properties, jobs=self.policy.jobs, progress=self._grow)
        self.beat(0)
        found, wanted = self._count(side.side, properties), backup.manifest.database(name).rows
        if found != wanted:
            wrong = sorted(
                table for table in set(found) | set(wanted) if found.get(table) != wanted.get(table)
            )
            raise DamagedError(
                f"Hasil restore '{name}' tidak sesuai manifes pada {len(wrong)} tabel, antara lain {wrong[0]}: "
                f"{found.get(wrong[0])} dari {wanted.get(wrong[0])} baris.",
                "Data yang berjalan tidak disentuh. Pilih back up lain, dan periksa back up ini dengan `jaga verify`.",
            )
        self.beat(0)
        return sum(found.values())

    def _count(self, name: str, properties: Properties) -> Counts:
        """What is in a side now. Raises JagadataError past the limit."""
        self._grown = time.monotonic()
        return self.server.prove(
            name, properties, progress=lambda done: self._go_on("Penghitungan hasil restore", done)
        )

    def _grow(self, done: int) -> None:
        """The side is being built, and is larger by so much. Raises JagadataError once it stands still for too long."""
        if done:
            self._grown = time.monotonic()
        self._go_on("Restore ke samping", done)

    def _go_on(self, what: str, done: int) -> None:
        now = time.monotonic()
        minutes = max(STALLED_SPANS * self.policy.switch_minutes, STALLED_PLANS * self.minutes_planned)
        if now - self._grown > 60 * minutes:
            raise JagadataError(
                f"{what} tidak maju lagi sejak {(now - self._grown) / 60:.0f} menit.",
                "Data yang berjalan tidak disentuh. Periksa server basis data (disk, sesi yang menunggu), lalu ajukan kembali.",
            )
        self.beat(done)
