"""The databases that a restore builds beside the live ones: made, filled, and held to the manifest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.errors import DamagedError, JagadataError
from jagadata.evidence.lines import write
from jagadata.ports.proof import Expected
from jagadata.restore.recovery.swap import make_names
from jagadata.restore.steps import SideBegun, SideCounted, SideMade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jagadata.evidence.journal import Journal
    from jagadata.office.policy import RestorePolicy
    from jagadata.ports.data_source import Counts, DataSource, Properties
    from jagadata.restore.recovery.swap import SideDatabase
    from jagadata.restore.request import Plan
    from jagadata.vault.catalog import Backup
    from jagadata.vault.manifest import Proof

STALLED_SPANS, STALLED_PLANS = 6, 4
"""For how many times the switch's span, or the plan's whole duration if that is longer, a side may be built without growing, or
counted after it. It does not grow while an index is sorted or a foreign key checked; but without an end the service would stay off."""


def remove_leftovers(server: DataSource, run: str, plan: Plan) -> None:
    """Side databases that an earlier attempt of this run made and never swapped in; its last lines may be lost, so the names count."""
    for planned in plan.data:
        name = make_names(run, planned.name)[0]
        facts = server.look(name)
        if facts is not None:
            server.forget(name, identity=facts.identity)


@dataclass(kw_only=True)
class SideBuilder:
    """Builds the side databases of one restore; `progress` hears of every step further, with the bytes by which a database grew."""

    server: DataSource
    journal: Journal
    policy: RestorePolicy
    minutes_planned: float
    progress: Callable[[int], None]
    _last_growth: float = 0  # of the new database, monotonic seconds

    def build(
        self, sides: Sequence[SideDatabase], backup: Backup, properties: Mapping[str, Properties]
    ) -> dict[str, int]:
        """Restore every database beside and hold its rows to the manifest; returns the rows of each database.

        Raises:
            DamagedError: what came out is not what the manifest says.
        """
        return {
            side.planned.name: self._build_one(side, backup, properties[side.planned.name]) for side in sides
        }

    def _build_one(self, side: SideDatabase, backup: Backup, properties: Properties) -> int:
        """Returns its rows."""
        name = side.planned.name
        write(self.journal, SideBegun(side=side.side), name)
        side.identity = self.server.create(side.side, properties)
        write(self.journal, SideMade(side=side.side, identity=side.identity), name)
        self._last_growth = time.monotonic()
        proof = backup.manifest.database(name).proof
        self.server.build(
            side.side,
            side.archive,
            properties,
            jobs=self.policy.jobs,
            known=[one.what for one in proof.shortfalls] if proof else (),
            progress=self._grow,
        )
        self.progress(0)
        counted = self._count(side.side, properties, proof)
        write(self.journal, SideCounted(tables=counted), name)
        _compare(name, counted, backup.manifest.database(name).rows | (proof.rows if proof else {}))
        self.progress(0)
        return sum(counted.values())

    def _count(self, name: str, properties: Properties, proof: Proof | None = None) -> Counts:
        """What is in a side now. Raises JagadataError past the limit."""
        self._last_growth = time.monotonic()
        expected = Expected(digests=proof.digests, sequences=proof.sequences) if proof else None
        return self.server.prove(
            name,
            properties,
            expected=expected,
            progress=lambda done: self._refuse_stall("Penghitungan hasil restore", done),
        )

    def _grow(self, done: int) -> None:
        """The side is being built, and is larger by so much. Raises JagadataError once it stands still for too long."""
        if done:
            self._last_growth = time.monotonic()
        self._refuse_stall("Restore ke samping", done)

    def _refuse_stall(self, what: str, done: int) -> None:
        now = time.monotonic()
        minutes = max(STALLED_SPANS * self.policy.switch_minutes, STALLED_PLANS * self.minutes_planned)
        if now - self._last_growth > 60 * minutes:
            raise JagadataError(
                f"{what} tidak maju lagi sejak {(now - self._last_growth) / 60:.0f} menit.",
                "Data yang berjalan tidak disentuh. Periksa server basis data (disk, sesi yang menunggu), lalu ajukan kembali.",
            )
        self.progress(done)


def _compare(name: str, counted: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    """Raises DamagedError where a table has other rows than the manifest says."""
    if counted == wanted:
        return
    wrong = sorted(table for table in {*counted, *wanted} if counted.get(table) != wanted.get(table))
    raise DamagedError(
        f"Hasil restore '{name}' tidak sesuai manifes pada {len(wrong)} tabel, antara lain {wrong[0]}: "
        f"{counted.get(wrong[0])} dari {wanted.get(wrong[0])} baris.",
        "Data yang berjalan tidak disentuh. Pilih back up lain, dan periksa back up ini dengan `jaga verify`.",
    )
