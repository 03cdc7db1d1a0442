"""From a file's sheets to its tables and all findings: recognised, cleaned, put together, checked. Pure given the grids."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.cell_findings import find_cell_faults
from jagadata.collection.tables.checks import Rows, check_cells, check_rows
from jagadata.collection.tables.cleaning import read_part
from jagadata.collection.tables.conversion import TYPES
from jagadata.collection.tables.examination import Finding, PersonalData
from jagadata.collection.tables.grid import CHUNK
from jagadata.collection.tables.headings import Layout, find_layouts, is_year, nearest, years_of
from jagadata.collection.tables.local_checks import (
    check_new_numbers,
    check_regions,
    check_size,
    check_units,
    check_years,
    make_digest,
)
from jagadata.collection.tables.personal_findings import find_personal_faults
from jagadata.collection.tables.personal_scan import Sightings, look_over
from jagadata.collection.tables.regions import Region
from jagadata.collection.tables.sheet_copies import Piece, find_copies
from jagadata.collection.tables.sheet_findings import find_fractions, find_part_faults
from jagadata.collection.tables.structure_findings import find_structure_faults
from jagadata.collection.tables.wording import describe_position, quote, sift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import PreviousTable
    from jagadata.collection.tables.grid import Cell, Grid
    from jagadata.collection.tables.part import Part
    from jagadata.office.collection import DatasetEntry


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is looked for, and against what."""

    name: str  # the file's, cleaned
    datasets: Sequence[DatasetEntry]
    round: Round
    region: str
    region_name: str = ""
    previous: Mapping[str, PreviousTable]
    knows_formats: bool = True  # the file tells which cells show 12,5% and hold 0.125
    has_percents: bool = False  # some do
    is_text: bool = False  # a CSV: its cells have no formats


@dataclass(frozen=True, kw_only=True)
class Understood:
    """One data set's table, whole: every column of the office file, in its order."""

    dataset: DatasetEntry
    table: pa.Table
    sheet: str
    heading_row: int
    years: tuple[int, ...]
    digest: str
    held: bool
    held_for: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Outcome:
    tables: list[Understood] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    personal: list[PersonalData] = field(default_factory=list)


def read_tables(grids: Iterable[Grid], question: Question) -> Outcome:
    """Everything that the file holds. Grids are taken one at a time, and none is kept."""
    outcome = Outcome()
    parts: dict[str, list[tuple[Part, tuple[str, ...]]]] = {}
    strangers: list[Finding] = []
    region = Region(question.region, question.region_name)
    for grid in grids:
        if grid.hidden:
            outcome.findings.append(
                Finding(code="lembar-tersembunyi", severity="peringatan", where=describe_position(sheet=grid.sheet),
                        text="Lembar tersembunyi tidak dibaca sebagai data.",
                        action="Tampilkan bila memang data; bila bukan, hapus.")
            )  # fmt: skip
            _report_personal(outcome, grid, look_over(grid), None, question)
            continue
        head = grid.head()
        layouts = find_layouts(grid, head, question.datasets, f"{grid.sheet} {question.name}")
        if not layouts:
            if any(cell != "" for rows in grid.chunks(CHUNK) for row in rows for cell in row):
                strangers.append(_stranger(grid, question))
                _report_personal(outcome, grid, look_over(grid), None, question)
            continue
        layout, before = layouts[0], len(outcome.findings)
        if len(layouts) > 1 and layouts[1].score > layout.score - 0.01:
            outcome.findings.append(_unsure(grid, layouts))
        part = read_part(grid, layout, seen := Sightings(), region)
        held = _report_personal(outcome, grid, seen, part, question)
        _name_dataset(outcome, before, layout.dataset)
        parts.setdefault(layout.dataset.code, []).append((part, held))
    outcome.findings += [_milder(one) for one in strangers] if parts else strangers or [_nothing()]
    for pairs in parts.values():
        before = len(outcome.findings)
        _put_together(outcome, pairs, question)
        _name_dataset(outcome, before, outcome.tables[-1].dataset)
    outcome.findings = list(sift(outcome.findings))
    return outcome


def _name_dataset(outcome: Outcome, before: int, dataset: DatasetEntry) -> None:
    """What was found since concerns this data set, and spoils no other in the same file."""
    outcome.findings[before:] = [replace(one, dataset=dataset.code) for one in outcome.findings[before:]]


def _put_together(outcome: Outcome, pairs: list[tuple[Part, tuple[str, ...]]], question: Question) -> None:
    """The sheets of one data set as one table, checked."""
    parts = [part for part, _held in pairs]
    dataset = parts[0].layout.dataset
    filled = []
    for part in parts:
        whole, dated = _with_year(part, question)
        filled_in = [name for name in whole.table.column_names if name not in part.layout.columns]
        outcome.findings += find_part_faults(part, filled_in)
        outcome.findings += find_structure_faults(part)
        outcome.findings += find_cell_faults(part)
        outcome.findings += find_fractions(
            part, known=question.knows_formats, used=question.has_percents, is_text=question.is_text
        )
        outcome.findings += check_units(part)
        outcome.findings += dated
        filled.append(whole)
    outcome.findings += find_copies([piece for part in filled for piece in _pieces(part)], dataset)
    names = [
        one.name for one in dataset.columns if any(one.name in part.table.column_names for part in filled)
    ]
    types = {one.name: TYPES[one.type] for one in dataset.columns}
    table = pa.concat_tables([_with_columns(part.table, names, types) for part in filled])
    rows = Rows(
        table=table,
        sheets=tuple(part.sheet for part in filled),
        sheet_of=array("l", (number for number, part in enumerate(filled) for _ in part.lines)),
        lines=array("l", (line for part in filled for line in part.lines)),
        bad=_bad(filled),
        headings={name: parts[0].layout.headings[column] for name, column in parts[0].layout.columns.items()},
    )
    outcome.findings += check_cells(rows, dataset)
    outcome.findings += check_rows(rows, dataset)
    outcome.findings += check_regions(rows, dataset, question.region)
    where = describe_position(sheet=", ".join(part.sheet for part in parts if part.sheet))
    years = _years(table, dataset) or years_of(
        parts[0].layout, [*(part.sheet for part in parts), question.name]
    )
    outcome.findings += check_years(years, dataset, question.round, where)
    full = _with_columns(table, [one.name for one in dataset.columns], types)
    digest = make_digest(full)
    outcome.findings += check_size(full.num_rows, digest, dataset, question.previous.get(dataset.code), where)
    outcome.findings += check_new_numbers(
        full, dataset, question.round, question.previous.get(dataset.code), where
    )
    outcome.tables.append(
        Understood(
            dataset=dataset,
            table=full,
            sheet=", ".join(part.sheet for part in parts),
            heading_row=parts[0].layout.last + 1,
            years=tuple(years),
            digest=digest,
            held=dataset.personal or any(held for _part, held in pairs),
            held_for=tuple(dict.fromkeys(why for _part, held in pairs for why in held)),
        )
    )


def _with_columns(table: pa.Table, names: Sequence[str], types: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.table(
        {
            name: table[name].cast(types[name])
            if name in table.column_names
            else pa.nulls(table.num_rows, types[name])
            for name in names
        }
    )


def _pieces(part: Part) -> Iterator[Piece]:
    """A sheet's table, parted where its headings stand again."""
    starts = [bisect_left(part.lines, line) for line in part.parting.again]
    for start, end in pairwise(sorted({0, *starts, len(part.lines)})):
        yield Piece(sheet=part.sheet, table=part.table.slice(start, end - start), lines=part.lines[start:end])


def _bad(parts: Sequence[Part]) -> dict[str, dict[int, Cell]]:
    found: dict[str, dict[int, Cell]] = {}
    start = 0
    for part in parts:
        for name, cells in part.bad.items():
            found.setdefault(name, {}).update({start + row: cell for row, cell in cells.items()})
        start += len(part.lines)
    return found


def _with_year(part: Part, question: Question) -> tuple[Part, list[Finding]]:
    """A table without its column of years, whose title names one year, gets the column."""
    column = next((one for one in part.layout.missing if one.type == "year"), None)
    years = years_of(part.layout, [part.sheet, question.name])
    if column is None or len(years) != 1:
        return part, []
    table = part.table.append_column(column.name, pa.array([years[0]] * len(part.lines), TYPES["year"]))
    return replace(part, table=table), [
        Finding(
            code="tahun-dari-judul", severity="peringatan", where=describe_position(sheet=part.sheet),
            text=f"Kolom '{column.name}' tidak ada; diisi {years[0]} dari judul tabel, nama lembar, atau nama berkas.",
            action=f"Tambahkan kolom '{column.name}' pada kiriman berikutnya.",
        )
    ]  # fmt: skip


def _years(table: pa.Table, dataset: DatasetEntry) -> list[int]:
    years: set[int] = set()
    for one in dataset.columns:
        if one.type == "year" and one.name in table.column_names:
            years |= {
                year for year in pc.unique(table[one.name]).to_pylist() if year and 1900 <= year <= 2100
            }
        elif one.type == "date" and one.name in table.column_names and not years:
            years |= {year for year in pc.unique(pc.year(table[one.name])).to_pylist() if year}
    return sorted(years)


def _stranger(grid: Grid, question: Question) -> Finding:
    """A sheet that is none of the tables that were asked for."""
    near = nearest(grid.head(), grid, question.datasets)
    where = describe_position(sheet=grid.sheet)
    if not near:
        return Finding(
            code="data-tidak-dikenali", severity="kesalahan", where=where,
            text="Tidak ada judul kolom dari data yang diminta.",
            action="Pakai formulir yang kami kirim; jangan ubah judul kolomnya.",
        )  # fmt: skip
    dataset, found, row = near
    years = sum(1 for cell in grid.head()[row] if is_year(cell))
    side = " Tahun tampaknya ditulis berjajar sebagai kolom." if years > 1 else ""
    lacking = [one.name for one in dataset.columns if one.name not in found and one.required]
    return Finding(
        code="data-tidak-dikenali", severity="kesalahan", where=describe_position(sheet=grid.sheet, lines=[row + 1]),
        text=f"Mirip data '{dataset.name}', tetapi dari kolomnya hanya {quote(found)} yang ditemukan; "
        f"tidak ada {', '.join(map(repr, lacking[:6]))}.{side}",
        action="Susun satu baris untuk setiap tahun, dengan kolom Tahun."
        if years > 1
        else "Pakai formulir yang kami kirim; jangan ubah judul kolomnya.",
    )  # fmt: skip


def _milder(finding: Finding) -> Finding:
    return replace(finding, severity="peringatan", code="lembar-tidak-dikenali",
                   action="Bila lembar ini data yang diminta, perbaiki judul kolomnya.")  # fmt: skip


def _nothing() -> Finding:
    return Finding(
        code="berkas-kosong", severity="kesalahan", text="Berkas tidak berisi apa pun yang dapat dibaca.",
        action="Periksa berkas di komputer pengirim, lalu kirim ulang.",
    )  # fmt: skip


def _unsure(grid: Grid, layouts: Sequence[Layout]) -> Finding:
    return Finding(
        code="data-tidak-pasti", severity="peringatan", where=describe_position(sheet=grid.sheet),
        text=f"Dibaca sebagai '{layouts[0].dataset.name}', tetapi cocok pula dengan '{layouts[1].dataset.name}'.",
        action="Tulis nama data pada judul tabel atau nama lembar.",
    )  # fmt: skip


def _report_personal(
    outcome: Outcome, grid: Grid, seen: Sightings, part: Part | None, question: Question
) -> tuple[str, ...]:
    """Personal data and formula text of a sheet; why its table is held, if it is."""
    report = find_personal_faults(grid.sheet, seen, part, question.region)
    outcome.findings += report.findings
    outcome.personal += report.personal
    return report.held_for
