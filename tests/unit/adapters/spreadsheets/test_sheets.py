"""Workbooks as other programs write them: prefixes, parts at the root, formulas without values, what is hidden, entities."""

from __future__ import annotations

import io
import zipfile

import pytest
from pyarrow import parquet

from jagadata.adapters.spreadsheets.kinds import UnfitError
from jagadata.adapters.spreadsheets.rich_texts import read_shared_strings
from jagadata.adapters.spreadsheets.sheet_scan import scan_sheet
from jagadata.adapters.spreadsheets.workbook_parts import read_styles
from jagadata.collection.tables.number_formats import read_format
from tests.lab.collection import examine
from tests.lab.corpus.makers import archive

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
COLUMNS = [
    {"name": "Tahun", "type": "year"},
    {"name": "Desa"},
    {"name": "Jumlah", "type": "integer", "unit": "orang", "required": False},
]
HEAD = ["Tahun", "Desa", "Jumlah (orang)"]


def text(value):
    return f'<x:c t="inlineStr"><x:is><x:t>{value}</x:t></x:is></x:c>'


def rows(*lines, hidden=()):
    made = []
    for number, cells in enumerate(lines, 1):
        body = "".join(
            cell
            if str(cell).startswith("<")
            else text(cell)
            if isinstance(cell, str)
            else f"<x:c><x:v>{cell}</x:v></x:c>"
            for cell in cells
        )
        shown = ' hidden="1"' if number in hidden else ""
        made.append(f'<x:row r="{number}"{shown}>{body}</x:row>')
    return "".join(made)


def book(body, *, folder="xl/", prefix="x", before="", extra=None, main="spreadsheetml.sheet.main+xml"):
    """XLSX by hand: every element of the sheet with a prefix, the parts in `folder`."""
    sheet = (
        f'<?xml version="1.0"?>{before}<x:worksheet xmlns:x="{MAIN}">'
        f"<x:sheetData>{body}</x:sheetData></x:worksheet>"
    )
    if prefix != "x":
        declared = f"xmlns:{prefix}=" if prefix else "xmlns="
        start = f"{prefix}:" if prefix else ""
        sheet = sheet.replace("<x:", f"<{start}").replace("</x:", f"</{start}").replace("xmlns:x=", declared)
    kinds = "".join(
        f'<Override PartName="/{folder}{name}" ContentType="application/vnd.openxmlformats-officedocument.{kind}"/>'
        for name, kind in (("workbook.xml", main), ("sheet1.xml", "spreadsheetml.worksheet+xml"))
    )
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{kinds}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{LINKS}/officeDocument" Target="{folder}workbook.xml"/></Relationships>',
            f"{folder}workbook.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:q="{LINKS}"><x:sheets>'
            '<x:sheet name="Data" sheetId="1" q:id="r7"/></x:sheets></x:workbook>',
            f"{folder}_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r7" '
            f'Type="{LINKS}/worksheet" Target="sheet1.xml"/></Relationships>',
            f"{folder}sheet1.xml": sheet,
            **(extra or {}),
        }
    )


@pytest.fixture
def read(tmp_path):
    def ask(data, columns=COLUMNS, name="data.xlsx"):
        path = tmp_path / name
        path.write_bytes(data)
        found = examine(path, columns)
        tables = [parquet.read_table(tmp_path / one.file).to_pylist() for one in found.tables]
        return found, {one.code: one.severity for one in found.findings}, tables

    return ask


GOOD = [HEAD, [2026, "Besuki", 5], [2026, "Sawahan", 7]]


@pytest.mark.parametrize("folder", ["xl/", "", "isi/"])
@pytest.mark.parametrize("prefix", ["x", "", "ss"])
def test_a_workbook_is_read_wherever_its_parts_lie_and_whatever_their_prefix(read, folder, prefix):
    _found, codes, tables = read(book(rows(*GOOD), folder=folder, prefix=prefix))
    assert codes == {}
    assert [[row["Desa"], row["Jumlah"]] for row in tables[0]] == [["Besuki", 5], ["Sawahan", 7]]


@pytest.mark.parametrize(
    "cell", ["<x:c><x:f>1+1</x:f></x:c>", "<x:c><x:f>1+1</x:f><x:v/></x:c>", "<x:c><x:f/><x:v> </x:v></x:c>"]
)
def test_a_formula_without_a_value_is_a_fault_under_any_prefix(read, cell):
    for prefix in ("x", ""):
        _found, codes, _tables = read(
            book(rows(HEAD, [2026, "Besuki", 5], [2026, "Sawahan", cell]), prefix=prefix)
        )
        assert codes["rumus-tanpa-nilai"] == "kesalahan"


def test_a_formula_with_its_value_and_one_of_an_empty_text_are_only_named(read):
    cells = ["<x:c><x:f>1+1</x:f><x:v>2</x:v></x:c>", '<x:c t="str"><x:f>""</x:f><x:v></x:v></x:c>']
    _found, codes, tables = read(book(rows(HEAD, [2026, "Besuki", cells[0]], [2026, "Sawahan", cells[1]])))
    assert codes == {"rumus": "peringatan"}
    assert [row["Jumlah"] for row in tables[0]] == [2, None]


def test_hidden_rows_and_errors_are_seen_under_a_prefix(read):
    bad = '<x:c t="e"><x:v>#REF!</x:v></x:c>'
    _found, codes, _tables = read(book(rows(*GOOD, [2026, "Sukorejo", bad], hidden={3})))
    assert codes["tersembunyi"] == "peringatan"
    assert codes["sel-galat"] == "kesalahan"


def test_hidden_columns_count_and_those_right_of_every_table_do_not():
    sheet = b'<w><cols><col min="2" max="3" hidden="1"/><col min="700" max="16384" hidden="true"/><col min="9" max="9"/></cols></w>'
    assert scan_sheet(iter([sheet]), {}, {}).hidden_columns == 2


def test_the_limits_on_columns_hold_under_a_prefix(read):
    far = '<x:c r="ABA2"><x:v>1</x:v></x:c>'
    _found, codes, tables = read(book(rows(HEAD, [2026, "Besuki", far])))
    assert codes == {"terlalu-banyak-kolom": "kesalahan"}
    assert tables == []


def test_the_limit_on_rows_holds_under_a_prefix():
    sheet = b'<x:w xmlns:x="x"><x:row r="1"><x:c><x:v>1</x:v></x:c></x:row><x:row r="900"><x:c/></x:row><x:row r="800"><x:c><x:is/></x:c></x:row></x:w>'
    assert scan_sheet(iter([sheet]), {}, {}).last_row == 800


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_formats_are_noted_by_column_and_run_of_rows_however_the_bytes_come(size):
    sheet = b"".join(
        b'<row r="%d"><c r="A%d" s="1"><v>1</v></c><c s="2" r="AB%d"><v>0.5</v></c><c r="C%d" s="2"/><c s="2"><v>7</v></c></row>'
        % ((row,) * 4)
        for row in (2, 3, 4, 9)
    )
    data = (
        b"<worksheet><sheetData>" + sheet + b"</sheetData><extLst><ext><f>A1</f></ext></extLst></worksheet>"
    )
    percent = read_format("0%")
    found = scan_sheet(
        iter([data[start : start + size] for start in range(0, len(data), size)]), {"2": percent}, {}
    )
    assert {column: list(runs) for (column, _form), runs in found.marks.formats.items()} == {
        27: [1, 3, 8, 8],
        3: [1, 3, 8, 8],
    }
    assert found.formulas == 0


def test_comments_and_other_ways_to_write_xml_hide_nothing():
    sheet = b"""<?xml version='1.0'?><w xmlns='u'><!-- <row hidden='1'/> --><row hidden = 'true' r='1'><c
        t='e'><v><![CDATA[#REF!]]></v></c><c><f><!-- x --></f><v><!-- 5 --></v></c></row></w>"""
    found = scan_sheet(iter([sheet]), {}, {})
    assert (found.hidden_rows, found.errors, found.valueless) == (1, 1, 1)


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


def test_entities_of_a_file_are_refused_before_they_grow(read):
    _found, codes, tables = read(book(rows(*GOOD), before=BOMB))
    assert codes == {"bom-arsip": "kesalahan"}
    assert tables == []
    for part in (read_shared_strings, read_styles):
        with pytest.raises(UnfitError):
            part(iter([BOMB.encode() + b"<b>&b;</b>"]))


def test_a_picture_with_a_document_type_of_its_own_is_no_entity_bomb(read):
    picture = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x" [<!ENTITY n "x">]><svg>&n;</svg>'
    _found, codes, _tables = read(book(rows(*GOOD), extra={"xl/media/gambar.svg": picture}))
    assert codes == {}


def test_a_call_of_another_program_is_refused_wherever_it_lies(read):
    link = (
        f'<a:externalLink xmlns:a="{MAIN}"><a:ddeLink ddeService="cmd" ddeTopic="/c calc"/></a:externalLink>'
    )
    _found, codes, _tables = read(book(rows(*GOOD), folder="", extra={"link1.xml": link}))
    assert codes == {"dde": "kesalahan"}


def test_macros_are_refused_wherever_they_lie(read):
    for extra in ({"vbaProject.bin": b"x"}, {"m/1.xml": f'<m:macrosheet xmlns:m="{MAIN}"/>'}):
        _found, codes, _tables = read(book(rows(*GOOD), folder="", extra=extra))
        assert codes == {"makro": "kesalahan"}


def test_a_sheet_that_is_cut_off_is_damaged(read):
    data = book(rows(*GOOD))
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        entries = {name: made.read(name) for name in made.namelist()}
    entries["xl/sheet1.xml"] = entries["xl/sheet1.xml"][:-40]
    _found, codes, _tables = read(archive(entries))
    assert codes == {"berkas-rusak": "kesalahan"}


def test_names_of_parts_with_backslashes_and_capitals_are_the_same_parts(read):
    data = book(rows(HEAD, [2026, "Besuki", "<x:c><x:f>1</x:f></x:c>"]))
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        entries = {
            name.replace("xl/", "XL/").replace("sheet1", "Sheet1"): made.read(name)
            for name in made.namelist()
        }
    _found, codes, _tables = read(archive(entries))
    assert codes["rumus-tanpa-nilai"] == "kesalahan"
