"""How the corpus' files are made: workbooks by openpyxl and xlwt, the rest from plain bytes."""

from __future__ import annotations

import io
import zipfile
from html import escape

import openpyxl
import xlwt


def book(*sheets, change=None):
    """XLSX of (name, rows) pairs; `change(workbook)` before it is saved."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if change:
        change(made)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def old_book(*sheets):
    """XLS of (name, rows) pairs."""
    made = xlwt.Workbook()
    for name, rows in sheets:
        sheet = made.add_sheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.write(number, column, cell)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def text(rows, delimiter=";", encoding="utf-8", newline="\r\n"):
    lines = [delimiter.join("" if cell is None else str(cell) for cell in row) for row in rows]
    return (newline.join(lines) + newline).encode(encoding)


def archive(entries, *, compression=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return target.getvalue()


def again(data, *, add=None, change=None):
    """An archive with further entries, or with one entry's bytes replaced: {name: (old, new)}."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    for name, (before, after) in (change or {}).items():
        assert before in entries[name], name
        entries[name] = entries[name].replace(before, after)
    return archive({**entries, **(add or {})})


def open_document(*sheets):
    """ODS of (name, rows) pairs, by hand."""

    def cell(value):
        if value in (None, ""):
            return "<table:table-cell/>"
        if isinstance(value, int | float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'

    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
        "</manifest:manifest>"
    )
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": manifest,
            "content.xml": content,
        }
    )


def page(rows, before=""):
    """An HTML table, as applications export it under the name .xls."""
    lines = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<html><head><style>td {{mso-number-format:'@'}}</style></head><body>{before}<table border=1>\n{lines}</table></body></html>".encode()


def compound(*streams):
    """The start of an old Office container with these names in its directory; no more than a reader needs to tell what it is."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(504)
        + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams)
    )
