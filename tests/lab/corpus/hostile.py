"""What must be refused in words, or read without doing what it asks for."""

from __future__ import annotations

import zipfile

from tests.lab.corpus.asked import PEOPLE_HEAD, people
from tests.lab.corpus.case import Case
from tests.lab.corpus.makers import again, archive, book, compound, old_book, open_document, text


def _good():
    return book(("Data", [PEOPLE_HEAD, *people()]))


def _bomb():
    return again(_good(), add={"xl/media/image1.xml": bytes(40 << 20)})


def _liar():
    """A bomb whose directory declares 10 bytes."""
    size = 40 << 20
    data = bytearray(archive({"[Content_Types].xml": b"x", "xl/workbook.xml": bytes(size)}))
    at = data.rfind(b"PK\x01\x02")
    assert data[at + 24 : at + 28] == size.to_bytes(4, "little")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return bytes(data)


def _far(made):
    made.active["XFD1048576"] = 1


def _wide(made):
    made.active["ZZ49000"] = 1


def _deep(made):
    made.active["B1048576"] = "x"


def _many_columns():
    return text([list(range(3000)), list(range(3000))])


def _formatted(made):
    """Blank cells that only have a format, far outside the table."""
    from openpyxl.styles import Font

    for row in range(20, 3000):
        made.active.cell(row, 40).font = Font(bold=True)


def _wide_ods():
    data = open_document(("Data", [PEOPLE_HEAD, *people()]))
    rows = (
        b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="50" '
        b'office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row></table:table>'
    )
    return again(data, change={"content.xml": (b"</table:table>", rows)})


def _entities():
    """'Billion laughs' in the shared strings."""
    layers = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "haha">{layers}]><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&a9;</t></si></sst>'
    return again(_good(), add={"xl/sharedStrings.xml": bomb})


def _dde():
    link = '<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    return again(_good(), add={"xl/externalLinks/externalLink1.xml": link})


def _encrypted_zip():
    data = bytearray(_good())
    for sign, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = -1
        while (at := data.find(sign, at + 1)) >= 0:
            data[at + offset] |= 1
    return bytes(data)


CASES = (
    Case("h01 bom.xlsx", "bom zip: 40 MB nol di dalam 50 KB", _bomb, findings={"bom-arsip"}),
    Case("h02 bom berbohong.xlsx", "bom zip yang direktorinya menyebut 10 byte", _liar, findings={"bom-arsip"}),
    Case("h03 entitas.xlsx", "bom entitas XML", _entities, "penduduk", 14, ignore=True),
    Case("h04 makro.xlsm", "makro", lambda: again(_good(), add={"xl/vbaProject.bin": b"x"}), findings={"makro", "ekstensi-salah"}),
    Case("h05 makro.xls", "makro di XLS", lambda: compound("Workbook", "_VBA_PROJECT_CUR"), findings={"makro"}),
    Case("h06 dde.xlsx", "tautan DDE", _dde, findings={"dde"}),
    Case("h07 dde.csv", "sel =cmd|… di CSV",
         lambda: text([[*PEOPLE_HEAD, "Keterangan"], *([*row, "=cmd|'/c calc'!A1"] for row in people())]), "penduduk", 14, {"sel-berbahaya"}),
    Case("h08 bersandi.xlsx", "buku kerja berkata sandi", lambda: compound("EncryptionInfo", "EncryptedPackage"), findings={"berkas-bersandi"}),
    Case("h09 zip bersandi.xlsx", "isi arsip dienkripsi", _encrypted_zip, findings={"berkas-bersandi"}),
    Case("h10 jauh.xlsx", "satu isi di sel terakhir lembar", lambda: book(("Data", [PEOPLE_HEAD, *people()]), change=_far), findings={"terlalu-banyak-kolom"}),
    Case("h11 dalam.xlsx", "satu isi di baris terakhir lembar", lambda: book(("Data", [PEOPLE_HEAD, *people()]), change=_deep),
         findings={"terlalu-banyak-baris"}),
    Case("h12 berformat.xlsx", "ribuan sel kosong yang hanya berformat", lambda: book(("Data", [PEOPLE_HEAD, *people()]), change=_formatted), "penduduk", 14),
    Case("h13 lebar.ods", "ODS dengan lima puluh juta sel berulang", _wide_ods, findings={"batas-memori"}),
    Case("h30 luas.xlsx", "satu isi di kolom ZZ baris 49.000", lambda: book(("Data", [PEOPLE_HEAD, *people()]), change=_wide), findings={"batas-memori"}),
    Case("h14 lebar.csv", "3.000 kolom", _many_columns, findings={"terlalu-banyak-kolom"}),
    Case("h15 panjang.csv", "lebih banyak baris daripada batas", lambda: text([PEOPLE_HEAD, *(people(count=1) * 60_000)]), findings={"terlalu-banyak-baris"}),
    Case("h16 kosong.xlsx", "0 byte", lambda: b"", findings={"berkas-kosong"}),
    Case("h17 hampa.xlsx", "buku kerja tanpa isi", lambda: book(("Sheet1", [])), findings={"berkas-kosong"}),
    Case("h18 terpotong.xlsx", "terpotong di tengah", lambda: _good()[:3000], findings={"berkas-rusak"}),
    Case("h19 terpotong.xls", "XLS terpotong", lambda: old_book(("Data", [PEOPLE_HEAD, *people()]))[:1500], findings={"bukan-tabel"}),
    Case("h20 surat.pdf", "PDF", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", findings={"bukan-tabel"}),
    Case("h21 surat.docx", "DOCX", lambda: archive({"[Content_Types].xml": "x", "word/document.xml": "x"}), findings={"bukan-tabel"}),
    Case("h22 foto.xlsx", "foto bernama .xlsx", lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)), findings={"bukan-tabel"}),
    Case("h23 data.rar", "RAR", lambda: b"Rar!\x1a\x07\x01\x00" + bytes(100), findings={"bukan-tabel"}),
    Case("h24 data.zip", "ZIP berisi tabel", lambda: archive({"data.xlsx": _good(), "a/b.csv": b"x"}, compression=zipfile.ZIP_STORED), findings={"arsip"}),
    Case("h25 surat.doc", "DOC", lambda: compound("WordDocument"), findings={"bukan-tabel"}),
    Case("h26 kutip.csv", "tanda kutip yang tidak ditutup",
         lambda: text([PEOPLE_HEAD, *people(count=2), ["3503030", '"Watulimo', 2026, 1, 2], *people()[3:] * 20]), findings={"kutip-tidak-ditutup"}),
    Case("../../etc/h27\x00\u202exslx.gnp\n.csv", "nama dengan jalur, tanda kendali, dan arah tulisan terbalik", lambda: text([PEOPLE_HEAD, *people()]),
         "penduduk", 14),
    Case("h28 3503124506800001.csv", "NIK di nama berkas", lambda: text([PEOPLE_HEAD, *people()]), "penduduk", 14),
    Case("h31 setengah.csv", "UTF-16 yang terpotong", lambda: text([PEOPLE_HEAD, *people()], "\t", "utf-16")[:-3], findings={"berkas-rusak"}),
    Case("h29 acak.csv", "byte acak", lambda: bytes((n * 7919 + n // 3) % 256 for n in range(9000)), findings={"bukan-tabel"}),
)  # fmt: skip
