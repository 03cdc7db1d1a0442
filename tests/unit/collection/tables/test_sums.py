"""Numbers that would be counted twice, or in another column than theirs: sums among the rows, merged numbers, headings that only resemble."""

from __future__ import annotations

import pytest
from pyarrow import parquet

from jagadata.collection.tables.numerals import parse_number
from tests.lab.collection import examine
from tests.lab.corpus.makers import book, text

PUPILS = [
    {"name": "Kecamatan"},
    {"name": "Desa", "required": False},
    {"name": "Jumlah Siswa", "type": "integer", "unit": "orang"},
    {"name": "Luas", "type": "number", "unit": "ha", "required": False},
]
HEAD = ["Kecamatan", "Desa", "Jumlah Siswa (orang)", "Luas (ha)"]
ROWS = [["Panggul", "A", 10, 1.5], ["Panggul", "B", 20, 0.25], ["Pule", "C", 5, 2.0], ["Pule", "D", 7, 1.0]]


@pytest.fixture
def read(tmp_path):
    """The codes of all faults and warnings, and the numbers of pupils that were read."""

    def ask(data, kind="xlsx", columns=PUPILS):
        path = tmp_path / f"data.{kind}"
        path.write_bytes(data)
        found = examine(path, columns, code="siswa", name="Siswa", covers_year=False)
        tables = [parquet.read_table(tmp_path / one.file) for one in found.tables]
        numbers = [
            number
            for table in tables
            if "Jumlah Siswa" in table.column_names
            for number in table["Jumlah Siswa"].to_pylist()
        ]
        return {one.code for one in found.faults}, {one.code for one in found.findings}, numbers

    return ask


@pytest.fixture
def told(tmp_path):
    """Whether a file is complete, and what is said of it: code, where and text of each finding."""

    def ask(data, kind="xlsx", columns=PUPILS):
        path = tmp_path / f"data.{kind}"
        path.write_bytes(data)
        found = examine(path, columns, code="siswa", name="Siswa", covers_year=False)
        return found.complete, [(one.code, one.where, one.text) for one in found.findings]

    return ask


@pytest.mark.parametrize("label", ["Jumlah", "Total Kab. Trenggalek"])
def test_a_sum_row_that_is_left_out_says_which_of_its_numbers_is_not_the_sum(told, label):
    complete, found = told(book(("Data", [HEAD, *ROWS, [label, None, 42, 9.5]])))

    assert complete
    [(code, where, said)] = found
    assert (code, where) == ("jumlah-berbeda", "lembar 'Data', baris 6, kolom 'Luas (ha)'")
    assert "menyebut 9,5, sedangkan baris di atasnya berjumlah 4,75" in said


def test_a_lone_sum_at_the_end_that_agrees_in_nothing_is_named_and_an_average_is_not(told):
    columns, head = PUPILS[:3], HEAD[:3]
    rows = [row[:3] for row in ROWS]
    (found,) = told(book(("Data", [head, *rows, ["Jumlah", None, 43]])), columns=columns)[1]

    assert found[0] == "jumlah-berbeda"
    assert "43," in found[2]
    assert "42;" in found[2]
    assert told(book(("Data", [head, *rows, ["Rata-rata", None, 11]])), columns=columns)[1] == []


def test_sums_of_groups_are_held_against_their_own_rows(told):
    rows = [HEAD, *ROWS[:2], ["Jumlah", None, 31, 1.75], *ROWS[2:], ["Jumlah", None, 12, 3.0],
            ["Total", None, 42, 4.75]]  # fmt: skip
    found = told(book(("Data", rows)))[1]

    assert [one[:2] for one in found] == [
        ("jumlah-berbeda", "lembar 'Data', baris 4, kolom 'Jumlah Siswa (orang)'")
    ]


def test_a_share_in_a_sum_row_is_no_sum(told):
    columns = [*PUPILS[:3], {"name": "Kepadatan", "type": "number", "unit": "orang/km2"}]
    rows = [[*HEAD[:3], "Kepadatan (orang/km2)"], *ROWS, ["Jumlah", None, 42, 1.2]]

    assert "jumlah-berbeda" not in {one[0] for one in told(book(("Data", rows)), columns=columns)[1]}


def test_dots_that_no_column_explains_are_read_as_thousands_and_named(told):
    rows = [["Kecamatan", "Jumlah Siswa", "Luas"], ["A", "10", "1.500"], ["B", "20", "2.250"]]
    columns = [PUPILS[0], *PUPILS[2:]]
    complete, found = told(text(rows), "csv", columns=columns)

    assert complete
    assert any("2 angka seperti '1.500' dibaca sebagai ribuan" in said for _, _, said in found)
    rows[1][1] = "1.234"
    assert "angka-bermakna-ganda" not in {one[0] for one in told(text(rows), "csv", columns=columns)[1]}


def test_percentages_of_a_csv_that_are_all_near_nought_are_worth_a_look(told):
    columns = [PUPILS[0], {"name": "Capaian", "type": "number", "unit": "persen"}]
    rows = [["Kecamatan", "Capaian (%)"], ["A", "0,125"], ["B", "0,07"]]

    assert [one[0] for one in told(text(rows), "csv", columns=columns)[1]] == ["persen-pecahan"]
    rows[2][1] = "62,5"
    assert told(text(rows), "csv", columns=columns)[1] == []


@pytest.mark.parametrize(
    "label",
    [
        *("Jml", "Sub-total", "Jumlah/Total", "Jumlah (Total)", "Grand-Total", "Rerata"),
        *("Total Kab. Trenggalek", "Jumlah Kabupaten Ponorogo", "Total Seluruh Desa"),
    ],
)
def test_a_sum_below_the_rows_is_no_row(read, label):
    faults, _found, numbers = read(book(("Data", [HEAD, *ROWS, [label, None, 42, 4.75]])))

    assert (faults, numbers) == (set(), [10, 20, 5, 7])


def test_sums_of_groups_and_of_all_are_no_rows(read):
    rows = [HEAD, *ROWS[:2], ["Total Kec. Panggul", None, 30, 1.75], *ROWS[2:], ["Total Kec. Pule", None, 12, 3.0],
            ["Total Kab. Trenggalek", None, 42, 4.75]]  # fmt: skip

    assert read(book(("Data", rows)))[2] == [10, 20, 5, 7]


def test_a_row_that_begins_as_sums_do_and_is_none_stays(read):
    rows = [HEAD, ["Kota Baru", "A", 10, 1], ["Jumlah Makmur", "B", 20, 1], ["Pule", "C", 5, 1]]

    assert read(book(("Data", rows))) == (set(), set(), [10, 20, 5])


def test_a_regency_below_its_districts_with_their_sum_is_no_row_and_is_named(read):
    faults, found, numbers = read(book(("Data", [HEAD, *ROWS, ["Kabupaten Trenggalek", None, 42, 4.75]])))

    assert (faults, found, numbers) == (set(), {"baris-jumlah"}, [10, 20, 5, 7])


@pytest.mark.parametrize("names", ["Kota A,Kota B,Kota C", "Pasar,Jumlah SD,Jumlah SMP,Jumlah Sekolah"])
def test_where_rows_usually_begin_so_none_is_left_out_for_its_numbers(read, names):
    counts = [1, 0, 1] if "Kota" in names else [3, 5, 7, 12]
    rows = [[name, "x", count, 1.5 * count] for name, count in zip(names.split(","), counts, strict=True)]

    assert read(book(("Data", [HEAD, *rows])))[2] == counts


def test_a_last_row_that_is_only_the_name_of_a_town_is_data(read):
    assert read(book(("Data", [HEAD, *ROWS, ["Kota Blitar", "E", 3, 1.0]])))[:2] == (set(), set())


def test_a_last_row_that_can_be_nothing_but_a_sum_is_left_out_and_its_numbers_are_named(read):
    faults, found, numbers = read(book(("Data", [HEAD, *ROWS, ["Total Kab. Trenggalek", None, 43, 4]])))

    assert (faults, found, numbers) == (set(), {"jumlah-berbeda"}, [10, 20, 5, 7])


def test_a_last_row_that_only_begins_as_sums_do_and_is_none_is_sent_back(read):
    faults, _found, numbers = read(book(("Data", [HEAD, *ROWS, ["Jumlah Makmur", "E", 43, 4]])))

    assert (faults, numbers) == ({"baris-jumlah"}, [10, 20, 5, 7, 43])


def test_a_last_row_with_the_name_of_the_region_and_the_sum_of_all_is_left_out_and_named(read):
    faults, found, numbers = read(book(("Data", [HEAD, *ROWS, ["Trenggalek", None, 42, 4.75]])))

    assert (faults, found, numbers) == (set(), {"baris-jumlah"}, [10, 20, 5, 7])


def _merged(*areas):
    def change(made):
        for area in areas:
            made.active.merge_cells(area)

    return change


def test_a_number_merged_over_rows_is_not_counted_for_each_of_them(read):
    rows = [HEAD, ["Panggul", "A", 30, 1], [None, "B", None, 1], ["Pule", "C", 5, 1]]
    faults, _found, numbers = read(book(("Data", rows), change=_merged("A2:A3", "C2:C3")))

    assert (faults, numbers) == ({"angka-digabung", "kosong"}, [30, None, 5])


def test_a_number_that_an_application_spans_over_rows_is_not_counted_for_each_of_them(read):
    page = (
        "<table><tr><th>Kecamatan</th><th>Desa</th><th>Jumlah Siswa (orang)</th></tr>"
        "<tr><td rowspan=2>Panggul</td><td>A</td><td rowspan=2>30</td></tr><tr><td>B</td></tr>"
        "<tr><td>Pule</td><td>C</td><td>5</td></tr></table>"
    )
    faults, _found, numbers = read(page.encode(), "xls")

    assert (faults, numbers) == ({"angka-digabung", "kosong"}, [30, None, 5])


def test_the_digits_of_who_signs_may_be_merged(read):
    rows = [HEAD, *ROWS, [], [None, None, "Kepala Dinas"], [None, None, "197001011995031001"]]
    areas = _merged("C7:D7", "C8:D8")

    assert read(book(("Data", rows), change=areas))[0] == set()


@pytest.mark.parametrize("heading", ["Jumlah Siswa Miskin", "Jumlah Siswa Baru (orang)"])
def test_a_heading_with_a_word_that_matters_is_sent_back(read, heading):
    rows = [["Kecamatan", "Desa", heading, "Luas (ha)"], *ROWS]

    assert read(book(("Data", rows)))[0] == {"judul-mirip"}


def test_short_words_are_not_taken_for_each_other(read):
    columns = [
        {"name": "Kecamatan"},
        {"name": "Luas", "type": "number"},
        {"name": "Jumlah SMP", "type": "integer"},
    ]
    rows = [["Kecamatan", "Luas", "Jumlah SMA"], ["Panggul", 1.5, 3], ["Pule", 2.5, 4]]

    assert read(book(("Data", rows)), columns=columns)[0] == {"kolom-tidak-ada"}


def test_a_heading_that_stands_above_two_filled_columns_is_sent_back(read):
    rows = [["Kecamatan", "Jumlah Siswa (orang)", "Jumlah Siswa (orang)"], ["Panggul", 1, 2], ["Pule", 3, 4]]

    assert read(book(("Data", rows)))[0] == {"judul-ganda"}


def test_a_heading_that_stands_above_an_empty_column_too_is_harmless(read):
    rows = [["Kecamatan", None, "Jumlah Siswa (orang)"], ["Panggul", None, 2], ["Pule", None, 4]]

    assert read(book(("Data", rows), change=_merged("A1:B1")))[0] == set()


@pytest.mark.parametrize("rest", ["baik", ""])
def test_decimal_commas_that_split_the_cells_of_a_csv_are_noticed(read, rest):
    lines = ["Kecamatan,Luas,Jumlah Siswa,Desa", f"Panggul,1,5,10,{rest}", f"Pule,2,20,{rest}"]

    assert "sel-berlebih" in read("\n".join(lines).encode(), "csv")[0]


def test_one_more_delimiter_at_the_end_of_every_line_is_harmless(read):
    lines = ["Kecamatan;Luas;Jumlah Siswa", "Panggul;1,5;10;", "Pule;2,5;20;"]
    faults, _found, numbers = read("\n".join(lines).encode(), "csv")

    assert (faults, numbers) == (set(), [10, 20])


@pytest.mark.parametrize(
    ("areas", "pupils"),
    [
        (["1,500", "2,250"], ["10", "20"]),  # thousands, or three decimals
        (["1.500", "2,250"], ["10", "20"]),
        (["1.500", "812,5", "3.25"], ["10", "20", "30"]),
        (["1,500", "2,250"], ["1,000", "2.000"]),
    ],
)
def test_a_number_that_nothing_explains_is_sent_back(read, areas, pupils):
    rows = [
        ["Kecamatan", "Luas", "Jumlah Siswa"],
        *(["ABC"[n], *pair] for n, pair in enumerate(zip(areas, pupils, strict=True))),
    ]

    assert "angka-bermakna-ganda" in read(text(rows), "csv")[0]


def test_whole_numbers_tell_what_the_comma_of_the_others_is(read):
    columns = [*PUPILS[:3], {**PUPILS[3], "minimum": 1000}]
    rows = [HEAD, ["Panggul", "A", "10,000", "1,500"], ["Pule", "B", "20", "2,250"]]
    faults, _found, numbers = read(text(rows), "csv", columns)

    assert (faults, numbers) == (set(), [10000, 20])


@pytest.mark.parametrize(
    ("title", "faults"),
    [("JUMLAH SISWA 2026 (RIBU ORANG)", {"satuan-berbeda"}), ("JUMLAH SISWA (ORANG)", set())],
)
def test_thousands_that_only_the_title_names_are_noticed(read, title, faults):
    rows = [[title], [], ["Kecamatan", "Jumlah Siswa"], ["Panggul", 1], ["Pule", 2]]

    assert read(book(("Data", rows)))[0] == faults


def test_two_numbers_in_one_cell_are_no_number(read):
    rows = [HEAD, ["Panggul", "A", "10 20", ""], ["Pule", "B", "1 234", ""]]
    faults, _found, numbers = read(text(rows), "csv")

    assert (faults, numbers) == ({"jenis-isi-salah"}, [None, 1234])


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1 234 567,5", 1234567.5),
        ("Rp 1 000", 1000),
        ("( 5 )", -5),
        ("- 5", -5),
        ("12 5", None),
        ("1 2345", None),
    ],
)
def test_spaces_in_numbers(written, number):
    found = parse_number(written)

    assert (found[0] if found else None) == number
