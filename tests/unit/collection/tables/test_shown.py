"""What a spreadsheet shows is what the OPD means: number formats, footnotes, texts that became dates, thousands that became fractions."""

from __future__ import annotations

from datetime import date, datetime, time

import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from jagadata.collection.tables.cell_findings import find_shrunken
from jagadata.collection.tables.footnotes import strip_raised, without_footnotes
from jagadata.collection.tables.number_formats import Shown, format_of_text, read_format
from tests.lab.collection import examine
from tests.lab.corpus.makers import again, open_document

DESA = {"name": "Desa", "required": False}


@pytest.fixture
def read(tmp_path):
    """One column beside the villages: its values, and what is said of them."""

    def ask(values, form="", kind="number", name="Nilai", **column):
        path = tmp_path / "data.xlsx"
        book = xlsxwriter.Workbook(str(path))
        sheet = book.add_worksheet("Data")
        sheet.write_row(1, 1, ["Desa", name])  # the table begins in B2
        style = book.add_format({"num_format": form}) if form else None
        raised = book.add_format({"font_script": 1})
        for number, value in enumerate(values, 2):
            sheet.write(number, 1, f"Desa {number}")
            if isinstance(value, tuple):
                sheet.write_rich_string(number, 2, value[0], raised, value[1], *value[2:])
            elif isinstance(value, str):
                sheet.write_string(number, 2, value)
            else:
                sheet.write(number, 2, value, style)
        book.close()
        found = examine(
            path, [DESA, {"name": name, "type": kind, "required": False, **column}], covers_year=False
        )
        cells = parquet.read_table(tmp_path / found.tables[0].file)[name].to_pylist()
        return cells, {one.code: one for one in found.findings}

    return ask


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000", 12, "00012"),
        ("0000-000", 12345, "0012-345"),
        ('00"."00"."00', 350310, "35.03.10"),
        ('"A-"000', 7, "A-007"),
        ("0.0%", 0.85, "85,0%"),
        ("#,##0,,", 1_250_000_000, "1.250"),
        ('#,##0.0,"rb"', 12_500, "12,5rb"),
        ("[<1000]0;[>=1000]#,##0,\\K", 1_500, "2K"),
        ("[<1000]0;[>=1000]#,##0,\\K", 15, "15"),
        ('0.0%;[Red]-0.0%;"nihil"', -0.5, "-50,0%"),
        ('0.0%;[Red]-0.0%;"nihil"', 0, "nihil"),
        ("0%", -0.5, "-50%"),
        ('0" ton"', 3, "3 ton"),
        ('0"."000', 1250, "1.250"),
    ],
)
def test_a_format_is_carried_out(code, value, shown):
    assert str(Shown(value, read_format(code))) == shown


@pytest.mark.parametrize(
    "code",
    ["", "General", "0", "0.00", "#,##0", "#,##0.00", '_-"Rp"* #,##0_-;-"Rp"* #,##0_-;_-"Rp"* "-"_-;_-@_-', "[$Rp-421]#,##0",
     "@", "yyyy-mm-dd", "[h]:mm", "0.00E+00", "# ?/?", "#,##0;(#,##0)", "[Red]0;[Blue]-0", "d mmm"],
)  # fmt: skip
def test_formats_that_show_the_number_itself_are_none(code):
    assert read_format(code) is None


def test_leading_zeros_of_a_text_column_are_kept_as_they_are_shown(read):
    assert read([12.0, 13.0, 123456.0], "00000", "text") == (["00012", "00013", "123456"], {})
    assert read([350310.0], '00"."00"."00', "region") == (["35.03.10"], {})
    assert read([12.0, 13.0], "00000", "number")[0] == [12.0, 13.0]
    assert read([12.0, 13.0], "00000", "integer") == ([12, 13], {})


@pytest.mark.parametrize("kind", ["number", "integer"])
def test_percentages_without_a_unit_are_read_as_they_are_shown(read, kind):
    assert read([0.85, 0.5, 1.05], "0.0%", kind) == ([85, 50, 105], {})


def test_percentages_are_a_fault_where_another_unit_was_asked_for_and_a_share_where_shares_were(read):
    _cells, found = read([0.85, 0.5], "0%", unit="orang")
    assert found["satuan-berbeda"].severity == "kesalahan"
    assert "'85%'" in found["satuan-berbeda"].text
    assert read([0.85, 0.5], "0%", maximum=1) == ([0.85, 0.5], {})
    assert read([0.85, 0.5], "0%", unit="rasio")[0] == [0.85, 0.5]


@pytest.mark.parametrize("form", ["#,##0,,", '#,##0.0,,"M"', "0.00,,"])
def test_thousands_left_out_by_the_format_are_read_in_the_unit_that_was_asked_or_asked_back(read, form):
    values = [1_250_000_000.0, 980_400_000.0]
    cells, found = read(values, form, unit="juta rupiah", name="Anggaran (juta rupiah)")
    assert cells == [1250.0, 980.4]
    assert found == {}
    for unit in ({"unit": "rupiah"}, {}, {"unit": "ribu rupiah"}):
        _cells, found = read(values, form, **unit)
        assert found["tampilan-berbeda"].severity == "kesalahan"
        assert "1.250.000.000" in found["tampilan-berbeda"].text
        assert "lembar 'Data', baris 3 dan 4" in found["tampilan-berbeda"].where


@pytest.mark.parametrize("form", ['0"000"', '0","0', '0"00"'])
def test_digits_and_marks_that_the_format_adds_are_asked_back(read, form):
    _cells, found = read([125.0, 980.0], form)
    assert found["tampilan-berbeda"].severity == "kesalahan"


def test_a_unit_in_the_format_is_one_that_was_said(read):
    assert read([3.0, 4.0], '0" ton"', unit="ton", name="Berat (ton)") == ([3.0, 4.0], {})
    for form in ('0" kg"', '0.0" juta"', '0"rb"'):
        _cells, found = read([3.0, 4.0], form, unit="ton", name="Berat (ton)")
        assert found["satuan-berbeda"].severity == "kesalahan", form
    assert "satuan-berbeda" in read([3.0], '0.0" juta"')[1]
    assert read([3.0], '0.0" juta"', unit="juta rupiah", name="Nilai (juta rupiah)") == ([3.0], {})


def test_a_number_that_its_format_hides_is_a_fault_and_a_hidden_zero_is_a_zero(read):
    _cells, found = read([5.0, 6.0], ";;;")
    assert found["angka-tidak-tampak"].severity == "kesalahan"
    assert read([5.0, 0.0], "#,##0;-#,##0;") == ([5.0, 0.0], {})


def test_formats_do_not_hide_a_nik(read):
    _cells, found = read([3503011501900001.0], "0000000000000000", "text")
    assert found["data-pribadi"].severity == "kesalahan"


@pytest.mark.parametrize("sign", ["1", "1)", "*", "a", "2"])
def test_a_raised_sign_is_a_footnote_and_no_digit(read, sign):
    assert read([("125", sign), "980"]) == ([125.0, 980.0], {})
    assert read([("125", sign), "980"], kind="integer") == ([125, 980], {})
    assert read([("Panggul", sign), "Tugu"], kind="text") == (["Panggul", "Tugu"], {})


def test_a_raised_two_behind_a_length_is_a_square(read):
    assert read([("Luas 5 km", "2", " lebih")], kind="text") == (["Luas 5 km² lebih"], {})
    assert without_footnotes([(False, "m"), (True, "3")]) == "m³"
    assert without_footnotes([(False, "H"), (False, "2"), (False, "O")]) is None
    assert without_footnotes([(True, "kata penting")]) == "kata penting"


def test_signs_that_are_raised_by_themselves_are_footnotes_too(read):
    assert read(["910,25¹", "12,5²⁾", "1.100,75 x", "875,5 e"]) == ([910.25, 12.5, 1100.75, 875.5], {})
    assert read(["Panggul¹", "5 km²"], kind="text") == (["Panggul", "5 km²"], {})
    assert strip_raised("¹") == "¹"


@pytest.mark.parametrize("value", [date(2026, 9, 5), datetime(2026, 9, 5, 1), time(5, 9)])  # noqa: DTZ001 - cells have no zone
@pytest.mark.parametrize("name", ["Kelompok Umur (Tahun)", "RT/RW", "Rasio", "Nomor Ruas"])
def test_a_date_in_a_column_of_texts_is_a_fault(read, value, name):
    _cells, found = read(["0-4", value], "dd-mmm" if not isinstance(value, time) else "hh:mm", "text", name)
    assert found["teks-menjadi-tanggal"].severity == "kesalahan"
    assert "baris 4" in found["teks-menjadi-tanggal"].where


@pytest.mark.parametrize(
    "name", ["Tanggal Terbit", "Waktu Pelaksanaan", "Hari", "Periode", "Jam Buka", "Masa Berlaku"]
)
def test_a_column_of_texts_about_time_may_hold_dates(read, name):
    assert read([date(2026, 9, 5)], "dd-mmm", "text", name) == (["2026-09-05"], {})


@pytest.mark.parametrize("cell", ["05-Sep", "5-Sep", "Sep-05", "10-Okt", "9/Mei"])
def test_a_csv_tells_dates_that_were_texts_as_well(tmp_path, cell):
    path = tmp_path / "data.csv"
    path.write_text(f"Kelompok Umur;Jumlah\n0-4;10\n{cell};20\n15-19;30\n")
    found = examine(path, [{"name": "Kelompok Umur"}, {"name": "Jumlah", "type": "integer"}])
    [fault] = [one for one in found.faults if one.code == "teks-menjadi-tanggal"]
    assert "baris 3" in fault.where


def test_a_code_of_a_region_that_became_a_fraction_is_a_fault(read):
    _cells, found = read([35.0301, 35.031], "", "region")
    assert found["kode-wilayah-angka"].severity == "kesalahan"


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ([1.25, 980, 1.1, 875, 2.5], [0, 2, 4]),
        ([1.25, 980, 2.1], [0, 2]),
        ([45.123, 12.75, 980, 640, 3.205], [0, 1, 4]),
        ([12.5, 980.25, 1100.75, 875.5, 910], []),
        ([1.25, 98, 100, 2.5], []),
        ([1.25, 2.5, 3.75], []),
        ([1250, 980, 1.5], []),
        ([0.5, 0.25, 980], []),
        ([512, 498.5, 505.25, 300], []),
        ([1.2345, 980, 875], []),
        ([980, 875], []),
        ([], []),
    ],
)
def test_thousands_that_became_fractions_are_seen_beside_hundreds(values, rows):
    assert find_shrunken(pa.chunked_array([pa.array([*values, None], pa.float64())])) == rows


def test_thousands_that_became_fractions_are_asked_back(read):
    _cells, found = read([1.25, 980.0, 1.1])
    assert found["ribuan-menjadi-pecahan"].severity == "kesalahan"
    assert "1.250" in found["ribuan-menjadi-pecahan"].text
    assert "ribuan-menjadi-pecahan" not in read([1.25, 980.0, 1.1], unit="persen", name="Cakupan (%)")[1]


@pytest.mark.parametrize(
    ("lines", "split"),
    [
        (["Desa,Luas,", "A,100,5", "B,101,5"], True),
        (["Desa,Luas", "A,100,5", "B,101,5"], True),
        (["Desa,Luas,,", "A,100,5,", "B,101,,"], True),
        (["Desa,,Luas", "A,7,100", "B,8,101"], True),
        (["Desa,Luas,", "A,100,", "B,101,"], False),
        (["Desa,Luas,", "A,100,baik", "B,101,"], False),
        (["Desa,Luas", 'A,"100,5"', 'B,"101,5"'], False),
    ],
)
def test_decimal_commas_between_commas_are_asked_back_whatever_the_head_ends_with(tmp_path, lines, split):
    path = tmp_path / "data.csv"
    path.write_text("\n".join(lines))
    found = examine(path, [{"name": "Desa"}, {"name": "Luas", "type": "number"}])
    assert any(one.code == "sel-berlebih" for one in found.faults) == split


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        (12, "00012", "00012"),
        (350310, "35.03.10", "35.03.10"),
        (1_250_000_000, "1.250", "1.250"),
        (7, "A-007", "A-007"),
    ],
)
def test_a_libreoffice_file_shows_by_itself_what_its_cells_show(value, text, shown):
    assert str(Shown(value, format_of_text(value, text))) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(12, "12"), (1250, "1.250"), (12.5, "12,50"), (12.567, "12,6"), (-5, "-5"), (1250, "Rp1.250"), (0, "-")],
)
def test_a_number_that_is_only_rounded_or_parted_in_a_libreoffice_file_is_itself(value, text):
    assert format_of_text(value, text) is None


def test_a_libreoffice_file_is_read_as_it_is_shown(tmp_path):
    cell = b'office:value="12"><text:p>%s</text:p>'
    plain = open_document(("Data", [["Desa", "Kode"], ["A", 12]]))
    style = b'<style:style xmlns:style="s" style:name="T1"><style:text-properties style:text-position="super 58%"/></style:style>'
    raised = b"<office:body>", b"<office:automatic-styles>%s</office:automatic-styles><office:body>" % style
    path = tmp_path / "data.ods"
    path.write_bytes(
        again(
            again(plain, change={"content.xml": (cell % b"12", cell % b"00012")}),
            change={"content.xml": raised},
        )
    )
    found = examine(path, [{"name": "Desa"}, {"name": "Kode"}])
    assert parquet.read_table(tmp_path / found.tables[0].file)["Kode"].to_pylist() == ["00012"]
    spans = (b"<text:p>A</text:p>", b'<text:p>A<text:span text:style-name="T1">1)</text:span></text:p>')
    path.write_bytes(again(again(plain, change={"content.xml": raised}), change={"content.xml": spans}))
    found = examine(path, [{"name": "Desa"}, {"name": "Kode"}])
    assert parquet.read_table(tmp_path / found.tables[0].file)["Desa"].to_pylist() == ["A"]


PRINTED = [
    "Desa          Jumlah",
    "------------  ------",
    "Besuki            10",
    "Sawah Lor         20",
    "Sumurup           30",
]


@pytest.mark.parametrize("name", ["laporan.csv", "laporan.xls", "laporan.txt"])
@pytest.mark.parametrize("lines", [PRINTED, ["Desa Jumlah", "Besuki 10", "Sawah Lor 20", "Sumurup 1.230"]])
def test_columns_that_blanks_part_are_named_as_such(tmp_path, name, lines):
    path = tmp_path / name
    path.write_text("\n".join(lines))
    found = examine(path, [{"name": "Desa"}, {"name": "Jumlah", "type": "integer"}])
    assert [one.code for one in found.faults] == ["kolom-dipisah-spasi"]
    assert found.tables == ()


@pytest.mark.parametrize(
    "lines", [["Desa;Jumlah", "Sawah  Lor;20", "Sawah  Kidul;30"], ["Desa", "Sawah 1", "Sawah 2", "Sawah 3"]]
)
def test_blanks_within_cells_part_nothing(tmp_path, lines):
    path = tmp_path / "data.csv"
    path.write_text("\n".join(lines))
    columns = [{"name": "Desa"}, {"name": "Jumlah", "type": "integer"}][: 1 + lines[0].count(";")]
    found = examine(path, columns)
    assert found.tables
    assert found.faults == ()
