"""What is said of personal data and formula text in a sheet, and why its table is held back. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagadata.collection.tables.examination import PERSONAL_FAULT, Finding, PersonalData
from jagadata.collection.tables.grid import column_letter
from jagadata.collection.tables.personal_columns import PERSON, describe, find_personal_columns
from jagadata.collection.tables.personal_scan import column_name
from jagadata.collection.tables.wording import describe_position, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.part import Part
    from jagadata.collection.tables.personal_columns import PersonalColumn
    from jagadata.collection.tables.personal_scan import Sightings


@dataclass(kw_only=True)
class PersonalReport:
    """`held_for`: what was found among the data, and where; empty where the table may be published."""

    findings: list[Finding] = field(default_factory=list)
    personal: list[PersonalData] = field(default_factory=list)
    held_for: tuple[str, ...] = ()


def find_personal_faults(sheet: str, seen: Sightings, part: Part | None, region: str) -> PersonalReport:
    """`part` None: the sheet is none of the tables that were asked for. A data set that the office file calls personal has no fault."""
    report = PersonalReport()
    columns = find_personal_columns(part, region) if part else []
    found = {(one.kind, part.layout.columns[one.column]): one for one in columns if part}
    inside, outside = _parted(seen, part)
    for key in dict.fromkeys((*inside, *found)):
        _report_inside(report, sheet, key, inside.get(key, []), seen, part, found.get(key))
    for (kind, column), lines in outside.items():
        _report_outside(
            report, sheet, kind, column, lines, seen.samples[kind, column], is_table=part is not None
        )
    headings = part.layout.headings if part else {}
    for column, active in seen.active.items():
        report.findings.append(
            Finding(code="sel-berbahaya", severity="kesalahan", count=len(active),
                    where=_join(describe_position(sheet=sheet, lines=active), column_name(headings, column)),
                    text="Isi sel berupa rumus atau pemanggilan program; dibaca sebagai teks dan tidak dijalankan.",
                    action="Ganti dengan nilainya.")
        )  # fmt: skip
    return report


Key = tuple[str, int]
"""A kind of personal data and the sheet's column."""


def _parted(seen: Sightings, part: Part | None) -> tuple[dict[Key, list[int]], dict[Key, list[int]]]:
    """The lines with each kind among the data rows, and elsewhere on the sheet."""
    first = part.layout.last + 2 if part else seen.lines + 1
    end = part.below[0] if part and part.below else seen.lines + 1
    inside, outside = {}, {}
    for key, lines in seen.personal.items():
        within = [line for line in lines if first <= line < end]
        if within:
            inside[key] = within
        if len(within) < len(lines):
            outside[key] = [line for line in lines if not first <= line < end]
    return inside, outside


def _report_inside(
    report: PersonalReport,
    sheet: str,
    key: Key,
    seen_lines: Sequence[int],
    seen: Sightings,
    part: Part | None,
    whole: PersonalColumn | None,
) -> None:
    if part is None:
        return
    kind, column = key
    lines = sorted({*seen_lines, *(part.lines[row] for row in whole.rows)} if whole else seen_lines)
    sample = seen.samples.get(key) or (whole.sample if whole else "")
    named = column_name(part.layout.headings, column)
    report.personal.append(
        PersonalData(
            kind=kind, where=_join(describe_position(sheet=sheet), named), count=len(lines), sample=sample
        )
    )
    report.held_for = (*report.held_for, f"{kind} pada {_join(describe_position(sheet=sheet), named)}")
    if part.layout.dataset.personal:
        return
    where = _join(describe_position(sheet=sheet, lines=lines), named)
    if kind == PERSON and whole:
        report.findings.append(
            Finding(code="data-orang", severity="peringatan", count=len(lines), where=where,
                    text=f"Nama orang ditemukan di {number_text(len(lines))} baris data ({sample}) bersama kolom {describe(whole.beside)}; "
                    "data ini tidak akan dipublikasikan sebelum Kasi memeriksa dan melepasnya.",
                    action="Bila nama tidak diperlukan, hapus kolomnya dan kirim ulang; bila diperlukan, tunggu keputusan Kasi.")
        )  # fmt: skip
        return
    report.findings.append(
        Finding(code=PERSONAL_FAULT, severity="kesalahan", count=len(lines), where=where,
                text=f"{kind} ditemukan di {number_text(len(lines))} baris data ({sample}); data ini tidak akan dipublikasikan.",
                action="Hapus data pribadi itu, lalu kirim ulang.")
    )  # fmt: skip


def _report_outside(
    report: PersonalReport,
    sheet: str,
    kind: str,
    column: int,
    lines: Sequence[int],
    sample: str,
    *,
    is_table: bool,
) -> None:
    where = describe_position(sheet=sheet, lines=lines)
    report.personal.append(
        PersonalData(
            kind=kind, where=_join(where, f"kolom {column_letter(column)}"), count=len(lines), sample=sample
        )
    )
    spot = "di judul atau di bawah tabel" if is_table else "di lembar ini"
    report.findings.append(
        Finding(code="data-pribadi-di-luar-tabel", severity="peringatan", count=len(lines), where=where,
                text=f"{kind} ditemukan {spot} ({sample}); tabelnya tidak ditahan karena bukan bagian data.",
                action="NIP penanda tangan boleh ada; yang lain mohon dihapus.")
    )  # fmt: skip


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
