"""What a round needs from the world outside: the inventory of data sets, workbooks, the reading of tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from jagadata.collection.attendance import Attendance
    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import CleanTable, Examination, PreviousTable
    from jagadata.office.collection import Agency, Collection, DatasetEntry, Limits


Status = Literal[
    "Diminta", "Diterima", "Diperiksa", "Perlu Perbaikan", "Lengkap", "Terinventarisasi", "Terpublikasi"
]
"""Statuses of a data set in a round (domain.md, Satu Data)."""


@dataclass(frozen=True, kw_only=True)
class StatusEntry:
    """One line of the history: who gave a data set this status in a round, when and why."""

    dataset: str
    status: Status
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    """One table of a data set as it was taken in. `number` counts within the round: the highest counts, the others are history.

    `fresh`: the call that returned it made it; else it had been there already.
    """

    dataset: str
    round: Round
    number: int
    receipt: str
    digest: str
    rows: int
    columns: tuple[str, ...]
    years: tuple[int, ...]
    held: bool
    at: datetime
    fresh: bool = False

    @property
    def label(self) -> str:
        """'2026-s2.1', as data packages number it."""
        return f"{self.round}.{self.number}"


@dataclass(frozen=True, kw_only=True)
class RequestedDataset:
    """A data set of the last round, for the next round's list of requested data."""

    code: str
    name: str
    agency: str
    round: str
    status: Status
    rows: int | None = None  # None: nothing was taken in
    years: tuple[int, ...] = ()


class InventoryBook(Protocol):
    """The inventory as the SOP needs it. Every call is one transaction, and may be made twice."""

    def migrate(self) -> bool: ...
    def is_current(self) -> bool: ...
    def request(
        self,
        agencies: Iterable[Agency],
        datasets: Iterable[DatasetEntry],
        round: Round,
        *,
        by: str,
        at: datetime,
    ) -> None: ...
    def note_delivery(self, round: Round, agency: str, receipt: str, name: str, at: datetime) -> None: ...
    def bring_to(
        self, dataset: str, round: Round, status: Status, *, by: str, why: str = "", at: datetime
    ) -> tuple[Status, ...]: ...
    def take_in(
        self, entry: DatasetEntry, round: Round, table: CleanTable, parquet: Path, receipt: str, at: datetime
    ) -> Version: ...
    def latest(self, dataset: str, before: Round) -> Version | None: ...
    def versions(self, dataset: str, round: Round) -> list[Version]: ...
    def requested(self, before: Round) -> list[RequestedDataset]: ...
    def statuses(self, round: Round) -> dict[str, StatusEntry]: ...


class Workbooks(Protocol):
    """The workbooks that OPD get to fill in (`Workplace.spreadsheets`)."""

    def make_data_form(
        self, agency: Agency, datasets: Sequence[DatasetEntry], round: Round, policy: Collection
    ) -> bytes:
        """Help, metadata, and a sheet with the headings of each data set."""
        ...

    def make_attendance_form(self, proposal: Proposal, round: Round, agencies: Sequence[Agency]) -> bytes: ...
    def read_attendance(self, path: Path, agencies: Sequence[Agency]) -> Attendance:
        """Who came, from a filled-in Daftar Hadir. Raises RefusedError with every line that can't be read."""
        ...


class TableExaminer(Protocol):
    """Reads what OPD send, in a process of its own (`Workplace.spreadsheets`)."""

    def examine(
        self,
        path: Path,
        name: str,
        datasets: Sequence[DatasetEntry],
        *,
        round: Round,
        limits: Limits,
        region: str,
        region_name: str = "",
        folder: Path,
        previous: Mapping[str, PreviousTable] | None = None,
        unconfined: bool = False,
    ) -> Examination:
        """What the file, sent as `name`, holds of the data sets asked of its sender; clean tables as Parquet in `folder`.

        Whatever is wrong with the file is a finding. Raises UnconfinedError where that process can't be shut off from the
        machine (`unconfined`: it is read all the same), JagadataError (transient) where none can be started.
        """
        ...

    def open_archive(
        self, path: Path, into: Path, limits: Limits, *, folder: Path, unconfined: bool = False
    ) -> dict[str, Any]:
        """What is in a ZIP: {'names', 'sizes'}, the bytes one after another in `into`; {'refusal'}; or {}: no archive. Raises as above."""
        ...

    def try_confinement(self, folder: Path) -> str:
        """How the process that reads files is shut off here, tried. Raises UnconfinedError."""
        ...
