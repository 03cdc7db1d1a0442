"""An XLSX or ODS looked at as the archive that it is, before any parser sees it: its true size, macros, links, formulas, formats."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.binary_parts import (
    calls_program,
    read_binary_styles,
    read_binary_titles,
    scan_binary_sheet,
)
from jagadata.adapters.spreadsheets.kinds import ENCRYPTED, MACROS, UnfitError, is_of_machine
from jagadata.adapters.spreadsheets.open_document import scan_document
from jagadata.adapters.spreadsheets.rich_texts import read_shared_strings
from jagadata.adapters.spreadsheets.sheet_scan import SheetScan, scan_sheet
from jagadata.adapters.spreadsheets.workbook_parts import find_parts, part_key, read_styles
from jagadata.adapters.spreadsheets.xml_parts import XmlError, root_of, walk
from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.wording import describe_position, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jagadata.adapters.spreadsheets.sheet_scan import SheetMarks
    from jagadata.adapters.spreadsheets.xml_parts import Attributes
    from jagadata.office.collection import Limits

ENTRIES = 5_000
"""Files in one workbook; real ones have dozens."""

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a look into the archive found. `marks`: by sheet, what its cells show; None where the file does not tell."""

    findings: list[Finding] = field(default_factory=list)
    marks: Mapping[str, SheetMarks] | None = field(default_factory=dict)

    @property
    def has_percents(self) -> bool:
        """Some cell shows 12,5% and holds 0.125."""
        return any(form.percent for one in (self.marks or {}).values() for _column, form in one.formats)


@dataclass(kw_only=True)
class _Count:
    """Bytes unpacked so far, against the limit."""

    limit: int
    packed: int
    done: int = 0

    def add(self, size: int) -> None:
        self.done += size
        if self.done > self.limit:
            raise UnfitError(
                "bom-arsip",
                f"Isi berkas lebih dari {number_text(self.limit >> 20)} MB setelah dibuka, padahal berkasnya "
                f"{number_text(max(1, self.packed >> 10))} KB; tidak dibaca lebih lanjut.",
                "Salin tabelnya saja ke buku kerja baru, simpan, lalu kirim ulang.",
            )


def look_into(path: Path, kind: str, limits: Limits) -> Contents:
    """Every entry unpacked once and counted, nothing but marks kept. Raises UnfitError."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _Parts(
                archive, _Count(limit=int(limits.unpacked_mib * (1 << 20)), packed=path.stat().st_size)
            )
            if kind == "ods":
                return _look_into_document(parts, limits)
            return (_look_into_binary if kind == "xlsb" else _look_into_workbook)(parts, limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        XmlError,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        if is_of_machine(error):
            raise
        raise UnfitError(
            "berkas-rusak",
            "Berkas terpotong atau rusak.",
            "Buka dan simpan lagi di komputer pengirim, lalu kirim ulang.",
        ) from error


class _Parts:
    """The archive's entries by their keys, each unpacked up to its true end and counted."""

    def __init__(self, archive: zipfile.ZipFile, count: _Count) -> None:
        entries = archive.infolist()
        self._archive, self._count = archive, count
        self._entries = {part_key(entry.filename): entry for entry in entries}
        if (
            len(entries) > ENTRIES
            or len(self._entries) != len(entries)
            or any(".." in key.split("/") for key in self._entries)
        ):
            raise UnfitError("bom-arsip", "Susunan di dalam berkas tidak wajar; berkas tidak dibaca.",
                             "Salin tabelnya saja ke buku kerja baru, simpan, lalu kirim ulang.")  # fmt: skip
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnfitError(*ENCRYPTED)
        if any(
            re.search(r"(^|/)vbaproject\.bin$|(^|/)macrosheets/|^basic/.*\.xml$", key)
            for key in self._entries
        ):
            raise UnfitError(*MACROS)
        self.keys = set(self._entries)

    def read(self, key: str) -> Iterator[bytes]:
        """An entry's bytes, whatever size the directory declares."""
        entry = self._entries[key]
        entry.file_size = 1 << 62
        with self._archive.open(entry) as file:
            while piece := file.read(_PIECE):
                self._count.add(len(piece))
                yield piece


def _look_into_workbook(parts: _Parts, limits: Limits) -> Contents:
    book = find_parts(parts.keys, parts.read)
    styles = read_styles(parts.read(book.styles)) if book.styles else {}
    strings = read_shared_strings(parts.read(book.strings)) if book.strings else {}
    findings: list[Finding] = []
    links: list[Finding] = []
    marks: dict[str, SheetMarks] = {}
    seen = set()
    for key in sorted(parts.keys - {book.styles, book.strings}):
        pieces = parts.read(key)
        first = next(pieces, b"")
        root = "worksheet" if key in book.sheets else root_of(first)
        if root == "worksheet":
            scan = scan_sheet(chain((first,), pieces), styles, strings)
            title = book.titles.get(key, "")
            findings += _sheet_findings(scan, title, limits)
            marks[title] = scan.marks
            seen.add(key)
        elif root == "externalLink":
            links += _look_at_link(chain((first,), pieces))
        elif root == "macrosheet":
            raise UnfitError(*MACROS)
        for _piece in pieces:  # the rest is counted
            pass
    told = bool(book.titles) and set(book.titles) & book.sheets <= seen
    return Contents(
        findings=[*findings, *links[:1]], marks=marks if told or not (styles or strings) else None
    )


def _look_into_binary(parts: _Parts, limits: Limits) -> Contents:
    book = find_parts(parts.keys, parts.read, read_binary_titles)
    styles = read_binary_styles(parts.read(book.styles)) if book.styles else {}
    findings: list[Finding] = []
    marks: dict[str, SheetMarks] = {}
    for key in sorted(parts.keys - {book.styles}):
        pieces = parts.read(key)
        if key in book.sheets:
            title = book.titles.get(key, "")
            scan = scan_binary_sheet(pieces, styles)
            findings += _sheet_findings(scan, title, limits)
            marks[title] = scan.marks
        elif key in book.links and calls_program(pieces):
            raise UnfitError(*DDE)
        for _piece in pieces:  # the rest is counted
            pass
    findings += [LINKED] if book.links else []
    return Contents(findings=findings, marks=marks if book.titles else None)


def _look_at_link(pieces: Iterator[bytes]) -> list[Finding]:
    def start(name: str, _attributes: Attributes) -> None:
        if name == "ddeLink":
            raise UnfitError(*DDE)

    walk(pieces, start)
    return [LINKED]


def _look_into_document(parts: _Parts, limits: Limits) -> Contents:
    def check(name: str, _attributes: Attributes) -> None:
        if name == "encryption-data":
            raise UnfitError(*ENCRYPTED)

    if "meta-inf/manifest.xml" in parts.keys:
        walk(parts.read("meta-inf/manifest.xml"), check)
    found = scan_document(parts.read("content.xml"))
    for key in parts.keys - {"meta-inf/manifest.xml", "content.xml"}:
        for _piece in parts.read(key):  # counted
            pass
    if found.calls:
        raise UnfitError(*DDE)
    findings = [LINKED] if found.linked else []
    for title, scan in found.sheets.items():
        findings += _sheet_findings(scan, title, limits)
    return Contents(findings=findings, marks={title: scan.marks for title, scan in found.sheets.items()})


DDE = (
    "dde",
    "Berkas memanggil program lain (DDE) dan tidak dibuka.",
    "Salin tabelnya sebagai nilai (Tempel Khusus > Nilai) ke buku kerja baru, lalu kirim ulang.",
)
LINKED = Finding(
    code="tautan-luar",
    severity="kesalahan",
    text="Berkas mengambil nilai dari berkas lain. Tautannya tidak dibuka; yang dibaca adalah nilai terakhir yang tersimpan.",
    action="Ganti tautan dengan nilainya (Tempel Khusus > Nilai), lalu kirim ulang.",
)


def too_many_rows(limit: int) -> UnfitError:
    return UnfitError(
        "terlalu-banyak-baris",
        f"Tabel lebih dari {number_text(limit)} baris (atau ada isi jauh di bawah tabel); tidak dibaca.",
        "Hapus isi di bawah tabel, atau bagi tabel menjadi beberapa berkas, lalu kirim ulang.",
    )


def _sheet_findings(sheet: SheetScan, title: str, limits: Limits) -> Iterator[Finding]:
    where = describe_position(sheet=title)
    if sheet.last_row > limits.rows + 100:
        raise too_many_rows(limits.rows)
    if sheet.valueless:
        yield Finding(
            code="rumus-tanpa-nilai", severity="kesalahan", where=where, count=sheet.valueless,
            text=f"{number_text(sheet.valueless)} rumus tidak menyimpan nilai sehingga dibaca kosong.",
            action="Buka di Excel atau LibreOffice, simpan, lalu kirim ulang; atau tempel sebagai nilai.",
        )  # fmt: skip
    elif sheet.formulas:
        yield _formulas(sheet.formulas, where)
    if sheet.errors:
        yield Finding(
            code="sel-galat", severity="kesalahan", where=where, count=sheet.errors,
            text=f"{number_text(sheet.errors)} sel berisi galat rumus (seperti #REF! atau #DIV/0!) dan dibaca kosong.",
            action="Perbaiki rumusnya atau tulis nilainya.",
        )  # fmt: skip
    if sheet.hidden_rows or sheet.hidden_columns:
        yield Finding(
            code="tersembunyi", severity="peringatan", where=where, count=sheet.hidden_rows + sheet.hidden_columns,
            text=f"{number_text(sheet.hidden_rows)} baris dan {number_text(sheet.hidden_columns)} kolom tersembunyi; ikut dibaca.",
            action="Hapus yang tidak perlu, atau tampilkan semuanya.",
        )  # fmt: skip


def _formulas(formulas: int, where: str) -> Finding:
    return Finding(
        code="rumus", severity="peringatan", where=where, count=formulas,
        text=f"{number_text(formulas)} sel berisi rumus; yang dibaca adalah nilai yang tersimpan.",
        action="Pastikan nilainya sudah benar.",
    )  # fmt: skip
