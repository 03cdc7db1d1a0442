"""An XLSX or ODS looked at as the archive that it is, before any parser sees it: its true size, macros, links, formulas."""

from __future__ import annotations

import html
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.kinds import ENCRYPTED, MACROS, UnfitError, is_of_machine
from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.wording import number_text, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jagadata.collection.tables.cleaning import Percents
    from jagadata.office.collection import Limits

ENTRIES = 5_000
"""Files in one workbook; real ones have dozens."""

COLUMNS = 702
"""Up to ZZ: no table of an office is wider."""

_PIECE = 1 << 20
_STYLES = 200
"""Styles with percentages; real files have a few."""
_RUNS = 20_000
"""Stretches of percentages, one below the other, that are kept of a file: about 3 MB."""
_FORMULA_WITHOUT_VALUE = re.compile(
    rb"""<c\b(?![^>]*\bt="str")[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"""
)
_FAR_COLUMN = re.compile(rb"""<c r="[A-Z]{3}\d+"[^>]*[^/]>""")


@dataclass(kw_only=True)
class _Sheet:
    formulas: int = 0
    valueless: int = 0
    errors: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    last_row: int = 0


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


def look_into(path: Path, kind: str, limits: Limits) -> list[Finding]:
    """Every entry unpacked once and counted, nothing kept. Raises UnfitError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _look(archive, kind, limits, path.stat().st_size)
    except (
        zipfile.BadZipFile,
        zlib.error,
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


def _look(archive: zipfile.ZipFile, kind: str, limits: Limits, packed: int) -> list[Finding]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if (
        len(entries) > ENTRIES
        or len(set(names)) != len(names)
        or any(".." in name.split("/") for name in names)
    ):
        raise UnfitError("bom-arsip", "Susunan di dalam berkas tidak wajar; berkas tidak dibaca.",
                         "Salin tabelnya saja ke buku kerja baru, simpan, lalu kirim ulang.")  # fmt: skip
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnfitError(*ENCRYPTED)
    if any(re.search(r"(^|/)vbaProject\.bin$|^xl/macrosheets/|^Basic/.*\.xml$", name) for name in names):
        raise UnfitError(*MACROS)
    count = _Count(limit=int(limits.unpacked_mib * (1 << 20)), packed=packed)
    titles = _sheet_names(archive, count) if kind == "xlsx" else {}
    findings: list[Finding] = []
    linked = False
    for entry in entries:
        pieces = _pieces(archive, entry, count)
        name = entry.filename
        if kind == "xlsx" and re.match(r"xl/worksheets/[^/]+\.xml$", name):
            findings += _sheet_findings(_read_sheet(pieces), titles.get(name, ""), limits)
        elif kind == "ods" and name in ("content.xml", "META-INF/manifest.xml"):
            findings += _ods_findings(pieces, name)
        else:
            dangerous = False
            for piece in pieces:
                dangerous = dangerous or b"ddeLink" in piece
            if name.startswith("xl/externalLinks/") and name.endswith(".xml"):
                linked = True
            if dangerous:
                raise UnfitError(*DDE)
    if linked:
        findings.append(LINKED)
    return findings


def find_percents(path: Path, kind: str, limits: Limits) -> dict[str, Percents] | None:
    """The cells that show 12,5% and hold 0.125, after `look_into`: by sheet and column, runs of rows.

    Empty where no cell is formatted so; None where the file does not tell which ones are.
    """
    if kind not in ("xlsx", "ods"):
        return None
    count = _Count(limit=int(limits.unpacked_mib * (1 << 20)), packed=path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if kind == "ods":
            if "content.xml" not in names:
                return {}
            pieces = _joined(_pieces(archive, archive.getinfo("content.xml"), count))
            return None if any(b'value-type="percentage"' in piece for piece in pieces) else {}
        if "xl/styles.xml" not in names:
            return {}
        styles = _percent_styles(b"".join(_pieces(archive, archive.getinfo("xl/styles.xml"), count)))
        if not styles:
            return {}
        if len(styles) > _STYLES:
            return None
        found: dict[str, Percents] = {}
        titles = _sheet_names(archive, count)
        if not titles or not set(titles) <= set(names):
            return None
        for name, title in titles.items():
            runs = _percent_runs(_joined(_pieces(archive, archive.getinfo(name), count)), styles)
            if runs is None:
                return None
            if runs:
                found[title] = runs
        return found


def _percent_styles(xml: bytes) -> list[int]:
    """The numbers of the cell styles that show percentages; a '%' that is only text in the format shows none."""
    formats = {b"9", b"10"}
    for tag in re.findall(rb"<(?:\w+:)?numFmt\s[^<>]*>", xml):
        key, code = re.search(rb'\bnumFmtId="(\d+)"', tag), re.search(rb'\bformatCode="([^"]*)"', tag)
        if key and code:
            text = html.unescape(code[1].decode("utf-8", "replace"))
            bare = re.sub(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]', "", text)
            (formats.add if "%" in bare else formats.discard)(key[1])
    start = re.search(rb"<(?:\w+:)?cellXfs\b", xml)
    used = re.split(rb"</(?:\w+:)?cellXfs>", xml[start.end() :])[0] if start else b""
    return [
        number
        for number, tag in enumerate(re.findall(rb"<(?:\w+:)?xf\s[^<>]*>", used))
        if (key := re.search(rb'\bnumFmtId="(\d+)"', tag)) and key[1] in formats
    ]


def _percent_runs(pieces: Iterator[bytes], styles: Sequence[int]) -> dict[int, list[tuple[int, int]]] | None:
    """None where a cell does not say its place, or there are too many runs."""
    cell = re.compile(
        rb'<(?:\w{1,20}:)?c\s([^<>]{0,200}?\bs="(?:%s)"[^<>]{0,200})>'
        % "|".join(map(str, styles)).encode("ascii")
    )
    runs: dict[int, list[tuple[int, int]]] = {}
    total = 0
    for piece in pieces:
        for match in cell.finditer(piece):
            if match[1].endswith(b"/"):  # without a value
                continue
            at = re.search(rb'\br="([A-Z]{1,3})(\d{1,7})"', match[1])
            if not at:
                return None
            column = 0
            for letter in at[1]:
                column = column * 26 + letter - 64
            row, own = int(at[2]) - 1, runs.setdefault(column - 1, [])
            if own and own[-1][1] == row - 1:
                own[-1] = own[-1][0], row
            elif (total := total + 1) > _RUNS:
                return None
            else:
                own.append((row, row))
    return runs


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut before a tag, so that none is torn."""
    rest = b""
    for piece in pieces:
        data = rest + piece
        cut = data.rfind(b"<")
        cut = cut if len(data) - cut < 4096 else len(data)
        yield data[:cut]
        rest = data[cut:]
    yield rest


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


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, count: _Count) -> Iterator[bytes]:
    """An entry's bytes up to their true end, whatever size the directory declares."""
    entry.file_size = 1 << 62
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            count.add(len(piece))
            yield piece


def _sheet_names(archive: zipfile.ZipFile, count: _Count) -> dict[str, str]:
    """The sheets' names by the entry that holds them."""
    parts = {}
    for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if name in archive.namelist():
            text = b"".join(_pieces(archive, archive.getinfo(name), count))
            parts[name] = text[: 1 << 20].decode("utf-8", "replace")
    targets = {}
    for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", parts.get("xl/_rels/workbook.xml.rels", "")):
        key, target = re.search(r'\bId="([^"]*)"', tag), re.search(r'\bTarget="([^"]*)"', tag)
        if key and target:
            targets[key[1]] = "xl/" + target[1].removeprefix("/").removeprefix("xl/")
    found = {}
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", parts.get("xl/workbook.xml", "")):
        title, key = re.search(r'\bname="([^"]*)"', tag), re.search(r'\b\w+:id="([^"]*)"', tag)
        if title and key and key[1] in targets:
            found[targets[key[1]]] = html.unescape(title[1])
    return found


def _read_sheet(pieces: Iterator[bytes]) -> _Sheet:
    sheet = _Sheet()
    rest = b""
    for piece in pieces:
        data = rest + piece
        cut = data.rfind(b"<c ")
        row = data.rfind(b"<row")
        cut = max(cut, row) if max(cut, row) > 0 and len(data) < 8 * _PIECE else len(data)
        _read_piece(sheet, data[:cut])
        rest = data[cut:]
    _read_piece(sheet, rest)
    return sheet


def _read_piece(sheet: _Sheet, data: bytes) -> None:
    if b"<f" in data:
        sheet.formulas += data.count(b"<f>") + data.count(b"<f ")
        sheet.valueless += len(_FORMULA_WITHOUT_VALUE.findall(data))
    sheet.errors += data.count(b't="e"')
    if b'hidden="1"' in data:
        sheet.hidden_rows += len(re.findall(rb'<row\b[^>]*\bhidden="1"', data))
        for tag in re.findall(rb'<col\b[^>]*\bhidden="1"[^>]*>', data):
            ends = [int(number) for number in re.findall(rb'\b(?:min|max)="(\d{1,5})"', tag)]
            sheet.hidden_columns += (
                abs(ends[-1] - ends[0]) + 1 if ends and ends[-1] <= COLUMNS and ends[0] <= COLUMNS else 0
            )
    if _FAR_COLUMN.search(data):
        raise _too_wide()
    last = max(data.rfind(b"<v>"), data.rfind(b"<is>"))
    if last >= 0 and (match := re.search(rb'r="(\d+)"', data[data.rfind(b"<row", 0, last) :][:200])):
        sheet.last_row = max(sheet.last_row, int(match[1]))


def _too_wide() -> UnfitError:
    return UnfitError(
        "terlalu-banyak-kolom",
        f"Ada isi jauh di kanan tabel, setelah kolom ke-{COLUMNS} (ZZ); lembar tidak dibaca.",
        "Hapus semua kolom di kanan tabel, simpan, lalu kirim ulang.",
    )


def too_many_rows(limit: int) -> UnfitError:
    return UnfitError(
        "terlalu-banyak-baris",
        f"Tabel lebih dari {number_text(limit)} baris (atau ada isi jauh di bawah tabel); tidak dibaca.",
        "Hapus isi di bawah tabel, atau bagi tabel menjadi beberapa berkas, lalu kirim ulang.",
    )


def _sheet_findings(sheet: _Sheet, title: str, limits: Limits) -> Iterator[Finding]:
    where = place(sheet=title)
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


def _ods_findings(pieces: Iterator[bytes], name: str) -> Iterator[Finding]:
    formulas, tail = 0, b""
    linked = False
    for piece in pieces:
        data = tail + piece
        if name == "META-INF/manifest.xml" and b"encryption-data" in data:
            raise UnfitError(*ENCRYPTED)
        if b"<table:dde-link" in data or b"office:dde-source" in data:
            raise UnfitError(*DDE)
        linked = linked or b"<table:table-source" in data
        formulas += piece.count(b"table:formula=")
        tail = data[-64:]
    if linked:
        yield LINKED
    if formulas:
        yield _formulas(formulas, "")


def _formulas(formulas: int, where: str) -> Finding:
    return Finding(
        code="rumus", severity="peringatan", where=where, count=formulas,
        text=f"{number_text(formulas)} sel berisi rumus; yang dibaca adalah nilai yang tersimpan.",
        action="Pastikan nilainya sudah benar.",
    )  # fmt: skip
