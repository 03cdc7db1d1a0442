"""The district's own checks of a table: region codes, units, years, size, and whether it is last round's again. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from jagadata.collection.tables.columns import is_share
from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.wording import describe_position, number_text, quote
from jagadata.collection.tables.words import same_unit, unit_of

if TYPE_CHECKING:
    from jagadata.collection.round import Round
    from jagadata.collection.tables.checks import Rows
    from jagadata.collection.tables.examination import PreviousTable
    from jagadata.collection.tables.part import Part
    from jagadata.office.collection import DatasetEntry

LENGTHS = frozenset({2, 4, 6, 7, 8, 10})
"""Digits of a region code: province, regency, district (Permendagri 6, BPS 7), and village (10; 8 in older lists)."""

FEWER = 0.5
"""Less than this share of last round's rows is worth a question."""


def check_regions(rows: Rows, dataset: DatasetEntry, region: str) -> list[Finding]:
    """Region codes begin with the district's and have as many digits as a code has."""
    findings = []
    for entry in dataset.columns:
        if entry.type != "region" or entry.name not in rows.table.column_names:
            continue
        codes = rows.table[entry.name]
        wrong, foreign = set(), set()
        for code in pc.unique(codes).to_pylist():
            if code is None:
                continue
            digits = code.replace(".", "")
            if not re.fullmatch(r"\d+(\.\d+)*", code) or len(digits) not in LENGTHS:
                wrong.add(code)
            elif not (digits.startswith(region) or region.startswith(digits)):
                foreign.add(code)
        for bad, code, text, action in (
            (wrong, "kode-wilayah-salah", "bukan kode wilayah",
             "Tulis kode BPS atau Permendagri sebagai teks, misalnya 3503010 atau 35.03.01."),
            (foreign, "kode-wilayah-luar", f"bukan wilayah dengan kode {region}", "Periksa kodenya; hapus baris wilayah lain."),
        ):  # fmt: skip
            if bad:
                lost = pc.index_in(codes, pa.array(sorted(bad), pa.string()))
                where = [row for row, found in enumerate(lost.to_pylist()) if found is not None]
                findings.append(
                    Finding(code=code, severity="kesalahan", where=rows.describe(where, entry.name),
                            text=f"Isi {quote(sorted(bad))} {text}.", action=action, count=len(where))
                )  # fmt: skip
    return findings


def check_units(part: Part) -> list[Finding]:
    """The unit that headings, title or a column 'Satuan' name is the one that was asked for."""
    layout = part.layout
    asked = {one.name: one.unit for one in layout.dataset.columns if one.unit and one.name in layout.columns}
    findings = []
    named = dict(layout.units or {})
    whole = _unit_of_title(layout.title)
    for name, unit in asked.items():
        wanted = unit_of(unit)
        fits_title = wanted != "persen" and (wanted.startswith("per ") or not whole.startswith("per "))
        said = named.get(name) or (whole if fits_title else "")
        if said and not same_unit(said, unit_of(unit)):
            findings.append(_unit_finding(part, layout.headings[layout.columns[name]], said, unit))
    for one in layout.dataset.columns:
        said = named.get(one.name, "")
        if (
            not one.unit
            and _is_of_share(said)
            and not _is_of_share(unit_of(layout.dataset.unit))
            and not is_share(one)
        ):
            findings.append(
                _unit_finding(part, layout.headings[layout.columns[one.name]], said, layout.dataset.unit)
            )
    if part.unit_values:
        units = {unit_of(unit) for unit in [*asked.values(), layout.dataset.unit]}
        wrong = [text for text in part.unit_values if not any(same_unit(unit_of(text), one) for one in units)]
        if wrong:
            findings.append(
                Finding(
                    code="satuan-berbeda", severity="kesalahan", where=describe_position(sheet=part.sheet, column="Satuan"),
                    text=f"Satuan {quote(wrong)} berbeda dari yang diminta ('{layout.dataset.unit}').",
                    action=f"Ubah angkanya ke satuan '{layout.dataset.unit}', lalu perbaiki kolom Satuan.",
                    count=sum(part.unit_values[text] for text in wrong),
                )
            )  # fmt: skip
    elif asked and not whole and not any(name in named for name in asked):
        findings.append(
            Finding(
                code="satuan-tidak-disebut", severity="peringatan",
                where=describe_position(sheet=part.sheet, lines=[layout.last + 1]),
                text=f"Satuan tidak disebut; dibaca sebagai {', '.join(dict.fromkeys(repr(unit) for unit in asked.values()))}.",
                action="Tulis satuan pada judul kolom, misalnya 'Jumlah (orang)'.",
            )
        )  # fmt: skip
    return findings


def _is_of_share(unit: str) -> bool:
    return unit == "persen" or unit.startswith("per ")


def _unit_of_title(title: str) -> str:
    """'Satuan: ribu orang', '(dalam ribuan)' or '(Juta Rp)' above the table."""
    if match := re.search(r"satuan\s*[:=]?\s*([^·():;,]{1,30})", title, re.IGNORECASE):
        return unit_of(match[1])
    if match := re.search(
        r"\bper\s+(?:1[0. ]*00(?:[. ]?000)?|seratus ribu|sepuluh ribu|seribu|mil)(?![\d.])(?:\s+[a-z]+)?",
        title,
        re.IGNORECASE,
    ):
        return unit_of(match[0])
    for words in (
        r"\bdalam\s+((?:ribuan|jutaan|miliar|ribu|juta)(?:\s+(?:rupiah|rp|orang|jiwa|ton))?)",
        r"[(\[]\s*((?:rp\.?\s+)?(?:ribuan|jutaan|miliar|milyar|ribu|juta)(?:\s+[a-z]+)?)\s*[)\]]",
    ):
        if match := re.search(words, title, re.IGNORECASE):
            return unit_of(match[1])
    return ""


def _unit_finding(part: Part, heading: str, said: str, asked: str) -> Finding:
    return Finding(
        code="satuan-berbeda",
        severity="kesalahan",
        where=describe_position(sheet=part.sheet, lines=[part.layout.last + 1], column=heading),
        text=f"Satuan yang tertulis '{said}', yang diminta '{asked}'.",
        action=f"Ubah angkanya ke satuan '{asked}' dan tulis satuan itu pada judul kolom.",
    )


def check_years(years: list[int], dataset: DatasetEntry, round: Round, where: str) -> list[Finding]:
    if not dataset.covers_year or round.year in years:
        return []
    if not years:
        return [
            Finding(code="tahun-tidak-disebut", severity="peringatan", where=where,
                    text="Tahun data tidak disebut pada kolom, judul tabel, lembar, ataupun nama berkas.",
                    action=f"Tulis tahunnya pada judul tabel, misalnya 'Tahun {round.year}'.")
        ]  # fmt: skip
    span = f"{min(years)}" if min(years) == max(years) else f"{min(years)} sampai {max(years)}"
    return [
        Finding(code="tahun-tidak-tercakup", severity="kesalahan", where=where,
                text=f"Data tahun {round.year} tidak ada; yang ada tahun {span}.",
                action=f"Tambahkan data tahun {round.year}.")
    ]  # fmt: skip


def check_size(
    rows: int, digest: str, dataset: DatasetEntry, previous: PreviousTable | None, where: str
) -> list[Finding]:
    """Too few rows, last round's table again, or far fewer rows than last round."""
    findings = []
    if rows < dataset.smallest:
        findings.append(
            Finding(code="baris-kurang", severity="kesalahan", where=where,
                    text=f"Tabel berisi {number_text(rows)} baris, sedangkan seharusnya sedikitnya {number_text(dataset.smallest)}.",
                    action="Lengkapi barisnya, misalnya satu baris untuk setiap kecamatan.")
        )  # fmt: skip
    if previous and previous.digest == digest:
        findings.append(
            Finding(code="sama-dengan-putaran-lalu", severity="peringatan", where=where,
                    text="Data sama persis dengan putaran lalu.",
                    action="Pastikan data sudah diperbarui; bila memang tidak berubah, beri tahu kami.")
        )  # fmt: skip
    elif previous and rows < previous.rows * FEWER:
        findings.append(
            Finding(code="baris-jauh-berkurang", severity="peringatan", where=where,
                    text=f"Tabel berisi {number_text(rows)} baris, putaran lalu {number_text(previous.rows)}.",
                    action="Pastikan tidak ada baris atau lembar yang tertinggal.")
        )  # fmt: skip
    return findings


def check_new_numbers(
    table: pa.Table, dataset: DatasetEntry, round: Round, previous: PreviousTable | None, where: str
) -> list[Finding]:
    """Last year's numbers under this year's date: the digest is another one, and nothing else is."""
    names = [one.name for one in dataset.columns if one.type == "year"]
    if previous is None or previous.rows != table.num_rows or not names:
        return []
    if any(pc.unique(table[name]).to_pylist() != [round.year] for name in names):
        return []
    for name in names:
        table = table.set_column(table.column_names.index(name), name, pc.subtract(table[name], 1))
    if make_digest(table) != previous.digest:
        return []
    return [
        Finding(code="angka-sama-dengan-putaran-lalu", severity="peringatan", where=where,
                text="Semua isi sama persis dengan putaran lalu; hanya tahunnya yang diganti.",
                action="Pastikan data sudah diperbarui; bila memang tidak berubah, beri tahu kami.")
    ]  # fmt: skip


@dataclass
class _Hasher:
    """A file that only hashes what is written to it."""

    sum: Any
    closed: bool = False

    def write(self, data: Any) -> int:
        self.sum.update(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def make_digest(table: pa.Table) -> str:
    """SHA-256 of the values in order, as CSV; the same whatever file they came in and however they are chunked."""
    hasher = _Hasher(sum=hashlib.sha256())
    csv.write_csv(table, pa.PythonFile(hasher, "w"))
    return str(hasher.sum.hexdigest())
