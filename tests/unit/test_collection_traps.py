"""What once went wrong without a word: rows taken for signatures, numbers beside a NIK, NaN, percentages, American dates."""

from __future__ import annotations

import pytest
import xlsxwriter

from jagadata.adapters.file_examination import Request, examine_file
from jagadata.collection.personal import find_personal, mask
from jagadata.collection.round import Round
from jagadata.office_collection import DatasetEntry, Limits

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
        dataset = DatasetEntry.model_validate(
            {"code": "x", "name": "Data", "agency": "a", "unit": "orang", "columns": columns}
        )
        request = Request(
            path=path,
            name=path.name,
            datasets=(dataset,),
            round=Round(2026, 2),
            limits=Limits(),
            region="3503",
            folder=tmp_path,
            previous={},
        )
        return examine_file(request)

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
    ],
)
def test_a_nik_is_found_whatever_stands_beside_it(read, text):
    assert "NIK" in dict(find_personal(text))
    assert NIK not in mask(text).replace("\u00a0", "")
    found = read(POSTS, [HEAD, [2026, "Analis", 5, 2, 3, text]])
    assert found.personal
    assert NIK not in str(found.findings)


def test_mobile_numbers_are_found_with_wide_gaps_and_without_their_zero(read):
    assert list(find_personal("0812 - 3456 - 7890"))
    columns = [*POSTS[:3], {"name": "No. HP"}]
    found = read(columns, [[*HEAD[:3], "No. HP"], [2026, "Analis", 5, "81234567890"]])
    assert [one.kind for one in found.personal] == ["Nomor telepon"]


def test_a_hostile_cell_costs_little():
    for text in (
        "1 " * 200_000,
        "1" * 400_000,
        "0812" * 100_000,
        "a" * 400_000,
        "1234567890123456 " * 20_000,
    ):
        list(find_personal(text))
        mask(text)


@pytest.mark.parametrize("value", ["NaN", "inf", "-inf", "1e400"])
def test_what_is_no_number_is_a_fault_of_its_cell(read, value):
    found = read(POSTS, [HEAD, [2026, "Analis", value, 2, 3, ""]])
    assert not found.is_complete("x")
    assert codes(found), value


def test_nan_in_a_spreadsheet_is_a_fault(tmp_path):
    from jagadata.collection.conversion import Conversion

    column = Conversion(DatasetEntry.model_validate(
        {"code": "x", "name": "x", "agency": "a", "unit": "orang", "columns": [{"name": "Luas", "type": "number"}]}
    ).columns[0])  # fmt: skip
    column.take([1.0, float("nan"), float("inf")])
    assert column.finish(decimal_point=False).to_pylist() == [1.0, None, None]
    assert list(column.bad) == [1, 2]


PERCENT = [{"name": "Tahun", "type": "year"}, {"name": "Persentase", "type": "number", "unit": "persen"}]


def test_percentages_that_a_spreadsheet_keeps_as_fractions_are_a_fault(read):
    rows = [["Tahun", "Persentase (%)"], [2026, 0.125], [2026, 0.87]]
    found = read(PERCENT, rows, "xlsx", format="0.00%")
    assert codes(found)["persen-pecahan"] == "kesalahan"
    assert "persen-pecahan" not in codes(read(PERCENT, rows, "xlsx", format="0.00"))
    assert "persen-pecahan" not in codes(
        read(PERCENT, [rows[0], [2026, 12.5], [2026, 0.87]], "xlsx", format="0.00%")
    )
    assert "persen-pecahan" not in codes(read(PERCENT, [rows[0], [2026, "0,125"]]))


DATES = [{"name": "Tahun", "type": "year"}, {"name": "Tanggal", "type": "date"}]


def test_beside_dates_with_the_month_first_an_ambiguous_one_is_a_fault(read):
    days = ["01/31/2026", "02/03/2026", "12/11/2026", "07/25/2026", "05/05/2026"]
    found = read(DATES, [["Tahun", "Tanggal"], *[[2026, day] for day in days]])
    assert not found.is_complete("x")
    assert any("3" in one.where and "4" in one.where for one in found.findings), found.findings
    good = read(DATES, [["Tahun", "Tanggal"], [2026, "31/01/2026"], [2026, "02/03/2026"]])
    assert good.is_complete("x")
