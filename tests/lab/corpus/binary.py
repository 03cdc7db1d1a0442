"""An XLSB by hand (MS-XLSB), with no more in it than readers need."""

from __future__ import annotations

import struct

from tests.lab.corpus.makers import archive

_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def record(number, data=b""):
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    size, length = b"", len(data)
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + data


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _cell(column, value, style):
    place = struct.pack("<II", column, style)
    if isinstance(value, str):
        return record(6, place + wide(value))
    if isinstance(value, tuple):  # a formula with its value
        return record(9, place + struct.pack("<dHII", value[0], 0, 0, 0))
    return record(5, place + struct.pack("<d", value))


def binary_book(rows, *, codes=(), styles=None, hidden=(), hidden_columns=(), extra=None, links=()):
    """XLSB of one sheet 'Data'. `codes`: number formats; `styles`: by column, which of them (from 1)."""
    width = max(map(len, rows))
    body = record(129) + record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1))
    if hidden_columns:
        body += record(390) + b"".join(
            record(60, struct.pack("<IIIIH", column, column, 2304, 0, 1)) for column in hidden_columns
        ) + record(391)  # fmt: skip
    body += record(145)
    for number, row in enumerate(rows):
        flags = 0x10 if number in hidden else 0
        body += record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, flags, 0, 0))
        for column, value in enumerate(row):
            style = (styles or {}).get(column, 0) if not isinstance(value, str) else 0
            body += _cell(column, value, style)
    body += record(146) + record(130)
    looks = record(278) + record(615, struct.pack("<I", len(codes)))
    looks += b"".join(
        record(44, struct.pack("<H", 164 + number) + wide(code)) for number, code in enumerate(codes)
    )
    looks += record(616) + record(617, struct.pack("<I", 1 + len(codes)))
    for form in (0, *(164 + number for number in range(len(codes)))):
        looks += record(47, struct.pack("<HHHHHHI", 0, form, 0, 0, 0, 0, 0))
    looks += record(618) + record(279)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Data"))
    book += record(144) + record(132)
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            [("worksheet", "worksheets/sheet1.bin"), ("styles", "styles.bin"), *links], 1
        )
    )
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="bin" '
            'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_LINKS}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>',
            "xl/worksheets/sheet1.bin": body,
            "xl/styles.bin": looks,
            **(extra or {}),
        }
    )
