"""What became of one file that an OPD sent: its tables, and what is wrong in words that an OPD's clerk understands. Pure values.

Personal data never stands here: `PersonalData` says where it was found and shows it masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

Severity = Literal["kesalahan", "peringatan"]
"""'kesalahan' must be repaired by the OPD before the data set is complete; 'peringatan' is worth a look."""


PERSONAL_FAULT = "data-pribadi"
"""Code of the finding that personal data stands among a table's data."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was found. `code` is stable, for counting ('tahun-tidak-tercakup'); all else is Indonesian, for the clerk."""

    code: str
    severity: Severity
    where: str = ""  # "lembar 'Data', baris 7, kolom 'Jumlah'"; '' for the whole file
    text: str  # what is wrong, with what stands there (never personal data)
    action: str = ""  # what to do
    count: int = 1  # positions with the same fault; `where` names the first ones
    dataset: str = ""  # code of the data set that it concerns; '': the whole file


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """Personal data in one column: kind 'NIK', 'NPWP', 'Nomor telepon', 'Nama orang' ...; `sample` is masked ('3503********0001')."""

    kind: str
    where: str
    count: int
    sample: str


@dataclass(frozen=True, kw_only=True)
class CleanTable:
    """One table as it was understood: columns named as in the office file, values typed, rows in the order of the file.

    `file` is the name of its Parquet file in the folder that the examination was given.
    """

    dataset: str  # code; '' where no data set fits
    sheet: str
    heading_row: int  # counted from 1, as a spreadsheet shows it
    columns: tuple[str, ...]
    rows: int
    file: str
    years: tuple[int, ...] = ()
    digest: str = (
        ""  # SHA-256 (hex) of the values in order: equal for equal tables whatever file they came in
    )
    held: bool = False  # personal data: kept in the inventory, not published unless the Kasi releases it
    held_for: tuple[str, ...] = ()  # what was found and where: "NIK pada kolom 'NIK' (C)"


@dataclass(frozen=True, kw_only=True)
class PreviousTable:
    """What the last round's table of a data set was: its digest tells whether the same was sent again."""

    digest: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Examination:
    """`kind`: 'xlsx', 'xlsb', 'xls', 'csv', 'ods', 'html' (a table that an application named .xls), or '' for what was refused unread (a finding says why)."""

    name: str  # of the file as it was sent, without folders and control signs, masked
    kind: str = ""
    encoding: str = ""  # csv
    delimiter: str = ""  # csv
    tables: tuple[CleanTable, ...] = ()
    findings: tuple[Finding, ...] = ()
    personal: tuple[PersonalData, ...] = ()
    seconds: float = 0.0

    @property
    def faults(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == "kesalahan")

    def is_complete(self, dataset: str, *, released: bool = False) -> bool:
        """There is a table for this data set, and nothing about it or the whole file that the OPD must repair.

        `released`: the Kasi decided that its personal data may stand there.
        """
        return any(table.dataset == dataset for table in self.tables) and not any(
            one.dataset in ("", dataset)
            for one in self.faults
            if not (released and one.code == PERSONAL_FAULT and one.dataset == dataset)
        )

    @property
    def complete(self) -> bool:
        """There is a table for some data set, and nothing that the OPD must repair."""
        return not self.faults and any(table.dataset for table in self.tables)


_ADAPTER: TypeAdapter[Examination] = TypeAdapter(Examination)


def to_json(examination: Examination) -> dict[str, Any]:
    value: dict[str, Any] = _ADAPTER.dump_python(examination, mode="json")
    return value


def from_json(value: dict[str, Any]) -> Examination:
    """Raises pydantic.ValidationError."""
    return _ADAPTER.validate_python(value)
