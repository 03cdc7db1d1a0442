"""Spreadsheets of SOP Pengumpulan Data: the forms that OPD fill in, the Daftar Hadir, the closing report. XlsxWriter writes, calamine reads."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import python_calamine
import xlsxwriter

from jagadata.collection.attendance import HEADS, Attendance, Attendee
from jagadata.collection.closing.report import make_agency_chart
from jagadata.collection.intake.delivery_table import make_delivery_rows
from jagadata.errors import RefusedError
from jagadata.text.formats import format_date
from jagadata.text.names import make_slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from jagadata.collection.closing.report import Report
    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.office.collection import Agency, Collection, ColumnEntry, DatasetEntry

FORM_HELP = (
    "Isi satu lembar untuk setiap data; jangan mengubah nama lembar dan baris judul kolom.",
    "Satu baris untuk satu keterangan; jangan menggabungkan sel dan jangan menambah baris jumlah.",
    "Angka ditulis sebagai angka; tanggal sebagai tanggal; sel yang tidak ada datanya dikosongkan.",
    "Jangan menyertakan data pribadi (NIK, nomor telepon, alamat surel) kecuali diminta.",
)
_TYPES = {
    "text": "teks",
    "integer": "bilangan bulat",
    "number": "bilangan",
    "year": "tahun",
    "date": "tanggal",
    "region": "kode wilayah",
}
_DIGITS = ("NIP", "No. HP")
"""Columns of the Daftar Hadir whose digits are no quantity."""
_CUT_SHORT = "(terpotong)"
_LONGEST_SHEET_NAME = 31
"""Characters, by Excel."""


class _Book:
    """A workbook in memory whose cells are only ever text or numbers: what was typed is never a formula."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book: Any = xlsxwriter.Workbook(self._bytes, options)
        self.book.set_properties({"author": "Jagadata"})
        self.bold = self.book.add_format({"bold": True})
        self.head = self.book.add_format(
            {"bold": True, "border": 1, "bg_color": "#E8E8E8", "text_wrap": True, "valign": "vcenter"}
        )
        self.cell = self.book.add_format({"border": 1, "text_wrap": True, "valign": "top"})

    def sheet(self, name: str, widths: Sequence[int]) -> Any:
        clean = "".join(" " if sign in "[]:*?/\\'" else sign for sign in name)[:_LONGEST_SHEET_NAME].strip()
        found = self.book.add_worksheet(clean or None)
        for column, width in enumerate(widths):
            found.set_column(column, column, width)
        found.set_paper(9)  # A4
        return found

    def table(self, sheet: Any, row: int, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        """Write heads and rows from `row` on; the row after them."""
        for column, text in enumerate(heads):
            sheet.write_string(row, column, text, self.head)
        for number, values in enumerate(rows, row + 1):
            for column, value in enumerate(values):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value, self.cell)
                else:
                    sheet.write_string(number, column, str(value), self.cell)
        return row + 1 + len(rows)

    def close(self) -> bytes:
        self.book.close()
        return self._bytes.getvalue()


def _sheet_names(datasets: Sequence[DatasetEntry]) -> Iterator[str]:
    """The code where it fits, made unique."""
    seen: set[str] = {"petunjuk", "metadata"}
    for number, one in enumerate(datasets, 1):
        name = one.code[:_LONGEST_SHEET_NAME]
        yield name if name not in seen else f"{name[:27]}-{number}"
        seen.add(name)


def make_data_form(
    agency: Agency, datasets: Sequence[DatasetEntry], round: Round, policy: Collection
) -> bytes:
    """The workbook that an OPD fills in: help, metadata, and a sheet with the headings of each data set."""
    book = _Book()
    sheet = book.sheet("Petunjuk", (110,))
    lines = [f"Formulir Data {round.text} — {agency.name}", *FORM_HELP, f"Kirim ke {policy.address}."]
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, book.bold if row == 0 else None)
    names = list(_sheet_names(datasets))
    sheet = book.sheet("Metadata", (24, *(38 for _ in datasets)))
    facts: list[tuple[str, ...]] = [
        ("Lembar", *names),
        ("Nama data", *(one.name for one in datasets)),
        ("Produsen data", *(agency.name for _ in datasets)),
        ("Konsep", *(one.concept for one in datasets)),
        ("Definisi", *(one.definition for one in datasets)),
        ("Klasifikasi", *(one.classification for one in datasets)),
        ("Ukuran", *(one.measure for one in datasets)),
        ("Satuan", *(one.unit for one in datasets)),
        ("Sumber", *(one.source for one in datasets)),
        ("Jadwal rilis/pemutakhiran", *(one.release for one in datasets)),
        ("Tahun data", *("" for _ in datasets)),
        ("Penanggung jawab (nama, jabatan)", *("" for _ in datasets)),
    ]
    book.table(sheet, 0, facts[0], facts[1:])
    for name, one in zip(names, datasets, strict=True):
        sheet = book.sheet(name, [max(14, len(_heading(column)) + 2) for column in one.columns])
        for number, column in enumerate(one.columns):
            sheet.write_string(0, number, _heading(column), book.head)
            sheet.write_comment(0, number, _describe(column))
        sheet.freeze_panes(1, 0)
    return book.close()


def _heading(column: ColumnEntry) -> str:
    return f"{column.name} ({column.unit})" if column.unit else column.name


def _describe(column: ColumnEntry) -> str:
    parts = [_TYPES[column.type], "wajib diisi" if column.required else "boleh kosong"]
    if column.values:
        parts.append("pilihan: " + ", ".join(column.values))
    return "; ".join(parts)


def make_attendance_form(proposal: Proposal, round: Round, agencies: Sequence[Agency]) -> bytes:
    """The Daftar Hadir as a workbook to fill in; `read_attendance` reads it."""
    book = _Book()
    sheet = book.sheet("Daftar Hadir", (5, 45, 30, 22, 30, 18, 5, 16))
    sheet.write_string(0, 0, f"Daftar Hadir Rapat Koordinasi Pengumpulan Data {round.text}", book.bold)
    sheet.write_string(1, 0, f"{format_date(proposal.day)} · {proposal.place}")
    rows = [(number, one.name, "", "", "", "", "", one.id) for number, one in enumerate(agencies, 1)]
    book.table(sheet, 3, (*HEADS, "Kode OPD"), rows)
    text = book.book.add_format({"border": 1, "num_format": "@"})
    for column in map(HEADS.index, _DIGITS):
        for row in range(4, 4 + len(rows)):
            sheet.write_blank(row, column, None, text)
    return book.close()


def read_attendance(path: Path, agencies: Sequence[Agency]) -> Attendance:
    """Who came, from a filled-in Daftar Hadir: a line counts where a name stands.

    Raises:
        RefusedError: not such a workbook, a line whose OPD is not known, or a NIP whose digits a spreadsheet cut; all such lines together.
    """
    hint = "Pakai berkas Daftar Hadir (XLSX) yang dikirim bersama undangan, tanpa mengubah baris judulnya."
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            rows = [[_written(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python()]
    except (python_calamine.CalamineError, OSError) as error:
        raise RefusedError(f"Daftar hadir '{path.name}' tidak dapat dibaca.", hint) from error
    head = next((number for number, row in enumerate(rows) if "OPD" in row and "Nama" in row), None)
    if head is None:
        raise RefusedError(f"Daftar hadir '{path.name}' tidak memuat kolom OPD dan Nama.", hint)
    where = {name: rows[head].index(name) for name in (*HEADS, "Kode OPD") if name in rows[head]}
    known = {one.id: one.id for one in agencies} | {make_slug(one.name, 200): one.id for one in agencies}
    found, unknown, cut = [], [], []
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {name: row[column] if column < len(row) else "" for name, column in where.items()}
        if not cells["Nama"]:
            continue
        agency = known.get(cells.get("Kode OPD", "")) or known.get(make_slug(cells["OPD"], 200))
        cut += [f"{name} pada baris {number}" for name in _DIGITS if cells.get(name) == _CUT_SHORT]
        if agency is None:
            unknown.append(f"baris {number} ('{cells['OPD']}')")
            continue
        found.append(
            Attendee(
                agency=agency,
                name=cells["Nama"],
                nip=cells.get("NIP", ""),
                post=cells.get("Jabatan", ""),
                phone=re.sub(r"^8(?=\d{8})", "08", cells.get("No. HP", "")),
            )
        )
    if unknown:
        raise RefusedError(
            f"OPD pada daftar hadir tidak dikenal: {', '.join(unknown[:10])}.",
            "Tulis nama OPD seperti di berkas kantor, atau isi kolom Kode OPD.",
        )
    if cut:
        raise RefusedError(
            f"Angka terakhirnya hilang karena diketik sebagai bilangan: {', '.join(cut[:10])}.",
            "Ubah format selnya menjadi Teks, lalu ketik ulang nomornya secara lengkap.",
        )
    return Attendance(attendees=tuple(found), source="berkas XLSX")


def _written(cell: object) -> str:
    """A cell as it was typed; `_CUT_SHORT` for a number of more digits than a spreadsheet keeps (15)."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)) if abs(cell) < 1e15 else _CUT_SHORT
    return str(cell).strip()


def make_report_workbook(report: Report, tz: ZoneInfo) -> bytes:
    """The closing report as a workbook: Mutu Baku, deliveries (with a chart by OPD), inventory."""
    book = _Book()
    sheet = book.sheet("Mutu Baku", (5, 60, 18, 40, 20, 14))
    rows: list[tuple[Any, ...]] = [
        (one.number, one.text, one.standard, one.dates, one.actual, one.verdict or "-")
        for one in report.timings
    ]
    book.table(sheet, 0, ("No", "Kegiatan", "Waktu Baku", "Tanggal", "Realisasi", "Mutu Baku"), rows)
    sheet = book.sheet("Penyampaian", (45, 40, 24, 18, 32, 12, 12))
    found = make_delivery_rows(report.deliveries, tz)
    heads = tuple(found[0]) if found else ("OPD",)
    book.table(sheet, 0, heads, [tuple(row.values()) for row in found])
    sheet = book.sheet("Menurut OPD", (60, 12, 12))
    bars = make_agency_chart(report.agencies, report.deliveries).bars
    book.table(sheet, 0, ("OPD", "Lengkap", "Diminta"), [(bar.label, bar.value, bar.total) for bar in bars])
    if bars:
        chart = book.book.add_chart({"type": "bar"})
        for column in (1, 2):
            chart.add_series(
                {
                    "name": ["Menurut OPD", 0, column],
                    "categories": ["Menurut OPD", 1, 0, len(bars), 0],
                    "values": ["Menurut OPD", 1, column, len(bars), column],
                }
            )
        chart.set_y_axis({"reverse": True})
        sheet.insert_chart("E2", chart, {"x_scale": 1.4, "y_scale": max(1.0, len(bars) / 12)})
    sheet = book.sheet("Inventaris", (50, 14, 60))
    book.table(sheet, 0, ("Data", "Baris", "Keterangan"), report.stored)
    return book.close()
