"""Everything that a round does with spreadsheets and table files, behind one door; each part is loaded when it is first used.

Implements Workbooks, TableExaminer (collection/ports.py), ReportWorkbooks (closing/report.py) and PackageWriter
(inventory/publishing.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from jagadata.collection.attendance import Attendance
    from jagadata.collection.closing.report import Report, ReportWorkbooks
    from jagadata.collection.inventory.package import DataPackage
    from jagadata.collection.inventory.publishing import PackageWriter
    from jagadata.collection.ports import TableExaminer, Version, Workbooks
    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import Examination, PreviousTable
    from jagadata.office.collection import Agency, Collection, DatasetEntry, Limits


class Spreadsheets:
    """XLSX, XLS, CSV and Parquet through calamine, xlsxwriter and pyarrow."""

    def make_data_form(
        self, agency: Agency, datasets: Sequence[DatasetEntry], round: Round, policy: Collection
    ) -> bytes:
        from jagadata.adapters.spreadsheets.workbooks import make_data_form

        return make_data_form(agency, datasets, round, policy)

    def make_attendance_form(self, proposal: Proposal, round: Round, agencies: Sequence[Agency]) -> bytes:
        from jagadata.adapters.spreadsheets.workbooks import make_attendance_form

        return make_attendance_form(proposal, round, agencies)

    def read_attendance(self, path: Path, agencies: Sequence[Agency]) -> Attendance:
        from jagadata.adapters.spreadsheets.workbooks import read_attendance

        return read_attendance(path, agencies)

    def make_report(self, report: Report, tz: ZoneInfo) -> bytes:
        from jagadata.adapters.spreadsheets.workbooks import make_report_workbook

        return make_report_workbook(report, tz)

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
        from jagadata.adapters.spreadsheets.examiner import examine

        return examine(
            path,
            name,
            datasets,
            round=round,
            limits=limits,
            region=region,
            region_name=region_name,
            folder=folder,
            previous=previous,
            unconfined=unconfined,
        )

    def open_archive(
        self, path: Path, into: Path, limits: Limits, *, folder: Path, unconfined: bool = False
    ) -> dict[str, Any]:
        from jagadata.adapters.spreadsheets.examiner import open_archive

        return open_archive(path, into, limits, folder=folder, unconfined=unconfined)

    def try_confinement(self, folder: Path) -> str:
        from jagadata.adapters.spreadsheets.examiner import try_confinement

        return try_confinement(folder)

    def write_package(
        self,
        source: Path,
        folder: Path,
        *,
        dataset: DatasetEntry,
        version: Version,
        agency: Agency,
        custodian: str,
        terms: str,
    ) -> DataPackage:
        from jagadata.adapters.spreadsheets.data_files import write_package

        return write_package(
            source, folder, dataset=dataset, version=version, agency=agency, custodian=custodian, terms=terms
        )


if (
    TYPE_CHECKING
):  # callers get it as Any (Workplace.spreadsheets): here the checker holds it to what they ask of it
    _ports: tuple[type[Workbooks], type[TableExaminer], type[ReportWorkbooks], type[PackageWriter]] = (
        Spreadsheets,
        Spreadsheets,
        Spreadsheets,
        Spreadsheets,
    )
