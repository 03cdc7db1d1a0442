"""What once went wrong without a word: rows taken for signatures, numbers beside a NIK, NaN, percentages, American dates."""

from __future__ import annotations

import math

import pytest
import xlsxwriter
from pyarrow import parquet

from jagadata.collection.round import Round
from jagadata.collection.tables.grid import Grid
from jagadata.collection.tables.personal import SUSPECT, find_bare_phones, find_personal, mask
from jagadata.collection.tables.personal_scan import Sightings
from jagadata.collection.tables.reading import Question, read_tables
from jagadata.office.collection import DatasetEntry
from tests.lab.collection import examine
from tests.lab.corpus.makers import again, open_document

NIK = "3503011501900001"
POSTS = [
    {"name": "Tahun", "type": "year", "required": True},
    {"name": "Jabatan", "required": True},
    {"name": "Jumlah", "type": "integer", "required": True},
    {"name": "Pria", "type": "integer", "required": False},
    {"name": "Wanita", "type": "integer", "required": False},
    {"name": "Keterangan", "required": False},
]
HEAD = ["Tahun", "Jabatan", "Jumlah", "Pria", "Wanita", "Keterangan"]


@pytest.fixture
def read(tmp_path):
    def ask(columns, rows, kind="csv", **cells):
        path = tmp_path / f"data.{kind}"
        if kind == "csv":
            path.write_text("\n".join(";".join(map(str, row)) for row in rows))
        else:
            book = xlsxwriter.Workbook(str(path), {"nan_inf_to_errors": True})
            sheet = book.add_worksheet("Data")
            form = book.add_format({"num_format": cells["format"]}) if "format" in cells else None
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    sheet.write(number, column, cell, form if isinstance(cell, float) else None)
            book.close()
        return examine(path, columns)

    return ask


def codes(found):
    return {one.code: one.severity for one in found.findings}


def test_rows_that_begin_like_a_signature_are_data_where_all_that_is_required_is_there(read):
    rows = [[2026, "Analis", 5], [2026, "Kepala Dinas", 30], [2026, "Sekretaris", 31], [2026, "Arsiparis", 9]]
    found = read(POSTS, [HEAD, *[[*row, "", "", ""] for row in rows]])
    assert [one.rows for one in found.tables] == [4]
    assert found.is_complete("x")


def test_a_signature_block_below_the_table_is_left_out_without_a_word(read):
    rows = [[2026, "Analis", 5, 2, 3, "a"], [2026, "Arsiparis", 9, 4, 5, "b"]]
    block = [["", "", "", "", "", ""], ["", "", "", "", "Trenggalek, 5 Juli 2026", ""], ["", "", "", "", "Kepala Dinas", ""],
             ["", "", "", "", "NIP 196501011990031001", ""]]  # fmt: skip
    found = read(POSTS, [HEAD, *rows, *block])
    assert [one.rows for one in found.tables] == [2]
    assert "angka-tidak-dibaca" not in codes(found)


def _block(rows, width=6):
    return [["", *row, *[""] * (width - 1 - len(row))] for row in rows]


@pytest.mark.parametrize(
    "block",
    [
        _block([["Mengetahui", "Trenggalek, 5 Juli 2026"], ["Camat Pule", "Kepala Dinas"], ["Budi", "Ani"]]),
        _block([["Kepala Dinas"], ["Budi"], ["196501011990031001", "196501011990031001"]]),
        [["Sumber: BPS, 2026", "", "", "", "", ""], ["Catatan: angka sementara", "", "", "", "", ""]],
    ],
)
def test_signatures_and_sources_close_below_the_table_are_left_out_as_such(read, block):
    found = read(POSTS, [HEAD, [2026, "Analis", 5, 2, 3, "a"], *block])
    assert [one.rows for one in found.tables] == [1]
    assert found.is_complete("x")
    assert set(codes(found)) <= {"data-pribadi-di-luar-tabel"}


@pytest.mark.parametrize("last", [[], [[2026, "Arsiparis", 9, 4, 5, "b"]]])
def test_a_row_with_a_year_that_begins_like_a_signature_is_not_left_out_in_silence(read, last):
    found = read(POSTS, [HEAD, [2026, "Analis", 5, 2, 3, "a"], [2026, "Kepala Dinas", "", "", "", ""], *last])
    assert not found.is_complete("x")
    assert any("baris 3" in one.where for one in found.faults)


NAMES = [{"name": "Nama"}, *({"name": name, "required": False} for name in ("Alamat", "Ket", "Desa"))]


def test_a_list_of_names_keeps_those_that_begin_like_a_signature(read):
    head = [one["name"] for one in NAMES]
    found = read(NAMES, [head, *([name, "", "", ""] for name in ("Analis", "Kepala Dinas", "Sekretaris"))])
    assert found.tables[0].rows == 3
    block = [["", "", "", ""], ["Kepala Dinas", "", "", ""], ["Budi", "", "", ""]]
    found = read(NAMES, [head, ["Analis", "a", "b", "c"], *block])
    assert found.tables[0].rows == 1
    [below] = [one for one in found.findings if one.code == "di-bawah-tabel"]
    assert below.count == 2
    assert "baris 4 dan 5" in below.where


def test_a_table_of_texts_alone_may_have_a_signature_block(read):
    columns = [{"name": "NPSN"}, {"name": "Nama"}, {"name": "Jenjang"}, {"name": "Ket", "required": False}]
    rows = [[one["name"] for one in columns], ["1", "SD 1", "SD", "a"]]
    found = read(columns, [*rows, ["", "Kepala Dinas", "", ""]])
    assert found.tables[0].rows == 1
    assert not {"di-bawah-tabel", "angka-tidak-dibaca"} & set(codes(found))


@pytest.mark.parametrize("last", [[], [[2026, "Arsiparis", 9, 4, 5, "b"]]])
def test_a_number_in_a_row_that_was_left_out_is_a_fault(read, last):
    rows = [
        [2026, "Analis", 5, 2, 3, "a"],
        [2026, "Penyuluh", 6, 3, 3, "a"],
        ["", "Kepala Dinas", 30, "", "", ""],
    ]
    found = read(POSTS, [HEAD, *rows, *last])
    assert codes(found)["angka-tidak-dibaca"] == "kesalahan"
    assert not found.is_complete("x")


@pytest.mark.parametrize(
    "text",
    [
        f"NIK {NIK} 12 Januari",
        f"RT 01 {NIK}",
        f"5 {NIK}",
        f"{NIK} 45 th",
        "3503\u00a00115\u00a00190\u00a00001",
        f"{'x' * 6000} {NIK}",
        "198501012010011001 " + NIK,
        "3503\u200b0115\u200b0190\u200b0001",
        "35/03/01/150190/0001",
        "3503_0115_0190_0001",
        "3503 : 0115 : 0190 : 0001",
    ],
)
def test_a_nik_is_found_whatever_stands_beside_it(read, text):
    assert "NIK" in dict(find_personal(text))
    assert NIK not in "".join(sign for sign in mask(text) if sign.isalnum() or sign == "*")
    found = read(POSTS, [HEAD, [2026, "Analis", 5, 2, 3, text]])
    assert found.personal
    assert NIK not in str(found.findings)


@pytest.mark.parametrize(
    "text", ["0812 - 3456 - 7890", "HP.081234567890", "Budi,081234567890", "5 081234567890 2026"]
)
def test_mobile_numbers_are_found_with_wide_gaps_and_neighbours(read, text):
    assert [kind for kind, _value in find_personal(text)] == ["Nomor telepon"]
    assert "3456" not in mask(text)
    found = read(POSTS, [HEAD, [2026, "Analis", 5, 2, 3, text]])
    assert found.tables[0].held


@pytest.mark.parametrize(
    "text", ["81234567890", "812-3456-7890", "81234567890 / 85712345678", " 81234567890"]
)
def test_mobile_numbers_are_found_without_their_zero_in_a_column_for_them(read, text):
    columns = [*POSTS[:3], {"name": "No. HP"}]
    found = read(columns, [[*HEAD[:3], "No. HP"], [2026, "Analis", 5, text]])
    assert [(one.kind, one.count) for one in found.personal] == [("Nomor telepon", 1)]
    assert found.tables[0].held
    assert "3456" not in mask(text)


@pytest.mark.parametrize("cell", ["3503\n0115\n0190\n0001", "3,503,011,501,900,001"])
def test_a_nik_in_a_cell_is_found_and_masked_over_its_lines_and_thousands(read, tmp_path, cell):
    found = read(POSTS, [HEAD, [2026, "Analis", cell, 2, 3, ""], [2026, "Guru", 5, 2, 3, ""]], kind="xlsx")

    assert [one.kind for one in found.personal] == ["NIK"]
    assert "900001" not in "".join(sign for sign in str(found) if sign.isalnum())


def test_rows_that_a_finding_lists_are_no_nik():
    assert (
        mask("baris 1101, 1102, 1103, 1104, dan 3 baris lain")
        == "baris 1101, 1102, 1103, 1104, dan 3 baris lain"
    )


@pytest.mark.parametrize("heading", ["Kontak", "No. Ponsel", "Narahubung"])
def test_columns_of_telephone_numbers_have_many_names(read, heading):
    columns = [*POSTS[:3], {"name": heading}]
    found = read(columns, [[*HEAD[:3], heading], [2026, "Analis", 5, 81234567890]], kind="xlsx")

    assert [one.kind for one in found.personal] == ["Nomor telepon"]


@pytest.mark.timeout(20)
def test_a_hostile_cell_comes_to_an_end():
    """What grows with the square takes minutes, and meets the limit above; what grows with the length takes half a second."""
    for text in (
        "1 " * 50_000,
        "1" * 100_000,
        "0812" * 25_000,
        "a" * 100_000,
        "1234567890123456 " * 5_000,
        "1..." * 25_000,
        "a@" + "a." * 50_000,
        "0((" * 25_000,
        "8 1 " * 25_000,
        f"{NIK} " * 5_000,
    ):
        SUSPECT.search(text)
        list(find_personal(text))
        list(find_bare_phones(text))
        mask(text)


@pytest.mark.parametrize("value", ["NaN", "inf", "-inf", "1e400"])
def test_what_is_no_number_is_a_fault_of_its_cell(read, value):
    found = read(POSTS, [HEAD, [2026, "Analis", value, 2, 3, ""]])
    assert not found.is_complete("x")
    assert codes(found), value


@pytest.mark.parametrize(
    ("kind", "good"), [("number", 1.5), ("integer", 2.0), ("year", 2026.0), ("date", 46209.0)]
)
def test_nan_and_infinity_in_a_spreadsheet_are_faults_with_their_place(kind, good):
    columns = [{"name": "Desa"}, {"name": "Luas", "type": kind}]
    rows = [["Desa", "Luas"], ["A", good], ["B", math.nan], ["C", math.inf], ["D", -math.inf]]
    dataset = DatasetEntry.model_validate(
        {"code": "x", "name": "Data", "agency": "a", "unit": "orang", "columns": columns}
    )
    grid = Grid(sheet="Data", width=2, chunks=lambda _size: iter([[list(row) for row in rows]]))
    question = Question(name="a.xlsx", datasets=[dataset], round=Round(2026, 2), region="3503", previous={})
    found = read_tables([grid], question)
    assert found.tables[0].table["Luas"].null_count == 3
    [fault] = [one for one in found.findings if one.code == "jenis-isi-salah"]
    assert "baris 3, 4, dan 5, kolom 'Luas'" in fault.where
    assert fault.severity == "kesalahan"


@pytest.mark.parametrize("text", ["1_000", "0x1F", "1e400"])
def test_what_only_a_program_takes_for_a_number_is_a_fault(read, text):
    columns = [{"name": "Desa"}, {"name": "Luas", "type": "number"}]
    assert codes(read(columns, [["Desa", "Luas"], ["A", text]]))["jenis-isi-salah"] == "kesalahan"


def test_a_nan_hides_no_nik_in_a_column_of_numbers():
    seen = Sightings()
    seen.take([[math.nan], [3503011501900001.0]])
    assert list(seen.personal) == [("NIK", 0)]


PERCENT = [{"name": "Tahun", "type": "year"}, {"name": "Persentase", "type": "number", "unit": "persen"}]
SHARES = [["Tahun", "Persentase (%)"], [2026, 0.125], [2026, 0.07], [2026, 1.05]]


def shares(found, tmp_path):
    return parquet.read_table(tmp_path / found.tables[0].file)["Persentase"].to_pylist()


@pytest.mark.parametrize("form", ["0%", "0.00%", "#,##0.0 %", '[Red]0.0%;-0.0%;"nihil"'])
def test_percentages_of_a_spreadsheet_are_read_as_they_are_shown(read, tmp_path, form):
    found = read(PERCENT, SHARES, "xlsx", format=form)
    assert shares(found, tmp_path) == [12.5, 7.0, 105.0]
    assert found.findings == ()


@pytest.mark.parametrize("form", ["0.00", '0.0"%"', r"0.0\%"])
def test_a_number_that_only_has_a_percent_sign_beside_it_is_as_it_stands(read, tmp_path, form):
    found = read(PERCENT, SHARES, "xlsx", format=form)
    assert shares(found, tmp_path) == [0.125, 0.07, 1.05]
    assert found.findings == ()


def test_a_share_that_was_asked_for_in_another_unit_is_not_multiplied(read, tmp_path):
    columns = [PERCENT[0], {"name": "Persentase", "type": "number", "unit": "rasio"}]
    found = read(columns, [["Tahun", "Persentase (rasio)"], *SHARES[1:]], "xlsx", format="0.00%")
    assert shares(found, tmp_path) == [0.125, 0.07, 1.05]


def test_where_a_file_does_not_say_which_cells_are_percentages_fractions_are_a_fault(tmp_path):
    def ask(share, **formats):
        rows = [["Tahun", "Persentase (%)"], [2026.0, share]]
        dataset = DatasetEntry.model_validate(
            {"code": "x", "name": "Data", "agency": "a", "unit": "orang", "columns": PERCENT}
        )
        grid = Grid(sheet="Data", width=2, chunks=lambda _size: iter([[list(row) for row in rows]]))
        question = Question(
            name="a.xls",
            datasets=[dataset],
            round=Round(2026, 2),
            region="3503",
            previous={},
            **formats,
        )
        return {one.code: one.severity for one in read_tables([grid], question).findings}

    assert ask(0.125, knows_formats=False) == {"persen-pecahan": "kesalahan"}
    assert ask(1.05, knows_formats=False) == {"persen-pecahan": "peringatan"}
    assert ask(12.5, knows_formats=False) == {}
    assert ask(0.125, has_percents=True) == {"persen-pecahan": "peringatan"}
    assert ask(0.125) == {}


def test_a_percentage_of_a_libreoffice_file_is_read_as_it_is_shown(tmp_path):
    plain = open_document(("Data", [["Tahun", "Persentase (%)"], [2026, 0.125]]))
    path = tmp_path / "data.ods"
    path.write_bytes(plain)
    assert shares(examine(path, PERCENT), tmp_path) == [0.125]
    path.write_bytes(
        again(plain, change={"content.xml": (b'"float" office:value="0', b'"percentage" office:value="0')})
    )
    assert shares(examine(path, PERCENT), tmp_path) == [12.5]


DATES = [{"name": "Tahun", "type": "year"}, {"name": "Tanggal", "type": "date"}]


def test_beside_dates_with_the_month_first_an_ambiguous_one_is_a_fault(read):
    days = ["01/31/2026", "02/03/2026", "12/11/2026", "07/25/2026", "05/05/2026"]
    found = read(DATES, [["Tahun", "Tanggal"], *[[2026, day] for day in days]])
    assert not found.is_complete("x")
    [fault] = [one for one in found.faults if one.code == "tanggal-bermakna-ganda"]
    assert "baris 3 dan 4, kolom 'Tanggal'" in fault.where
    mixed = read(DATES, [["Tahun", "Tanggal"], *[[2026, day] for day in (*days, "31/02/2026")]])
    assert {one.code for one in mixed.faults} >= {"tanggal-bermakna-ganda", "jenis-isi-salah"}
    good = read(DATES, [["Tahun", "Tanggal"], [2026, "31/01/2026"], [2026, "02/03/2026"]])
    assert good.is_complete("x")
