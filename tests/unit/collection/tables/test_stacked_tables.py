"""Tables below or beside each other, groups of rows, sheets that hold the same again: never one table in silence."""

from __future__ import annotations

import pytest

from tests.lab.tables import FIVE, number, pairs, read, words

HEAD = ["Kecamatan", "Produksi"]
COLUMNS = (words(), number("Produksi", "number"))
YEAR = {"name": "Tahun", "type": "year"}
LOW = [100.5, 101.5, 102.5, 103.5, 104.5]
HIGH = [900.5, 901.5, 902.5, 903.5, 904.5]


@pytest.mark.parametrize("merged", [True, False])
@pytest.mark.parametrize("gap", [0, 1, 2])
@pytest.mark.parametrize(
    ("titles", "columns"),
    [
        (
            ("Produksi Padi menurut Kecamatan Tahun 2025", "Produksi Padi menurut Kecamatan Tahun 2026"),
            (*COLUMNS, YEAR),
        ),
        (("Produksi Padi", "Produksi Jagung"), COLUMNS),
        (("Tabel 1. Padi", "Tabel 2. Jagung"), (words(key=True), *COLUMNS[1:])),
    ],
)
def test_tables_with_titles_of_their_own_are_sent_back(titles, columns, gap, merged):
    rows = [
        [titles[0], None, None],
        HEAD,
        *pairs(LOW),
        *([[]] * gap),
        [titles[1], None, None],
        HEAD,
        *pairs(HIGH),
    ]
    merge = ("A1:C1", f"A{8 + gap}:C{8 + gap}") if merged else ()
    seen = read(rows, columns, merge=merge)

    assert "tabel-berganda" in seen.faults
    assert titles[1][-20:] in seen.texts


def test_tables_below_each_other_in_a_csv_are_sent_back():
    rows = [["Padi"], HEAD, *pairs(LOW), [], ["Jagung"], HEAD, *pairs(HIGH)]

    assert "tabel-berganda" in read(rows, COLUMNS, file="data.csv").faults


@pytest.mark.parametrize("between", [[], [["Produksi Padi 2026"]], [["Halaman 2"]], [["Lanjutan Tabel 1"]]])
def test_a_heading_that_each_page_repeats_is_one_table(between):
    names = ("Suruh", "Pule", "Tugu")
    rows = [
        ["Produksi Padi 2026"],
        HEAD,
        ["(1)", "(2)"],
        *pairs(LOW),
        *between,
        HEAD,
        ["(1)", "(2)"],
        *pairs(HIGH[:3], names),
    ]
    seen = read(rows, COLUMNS)

    assert seen.complete
    assert seen.column(0) == [*FIVE, *names]


def test_the_same_table_again_below_its_heading_is_sent_back():
    seen = read([HEAD, *pairs(LOW), [], HEAD, *pairs(HIGH)], COLUMNS)

    assert seen.faults == {"tabel-salinan"}


@pytest.mark.parametrize("area", ["A{}:C{}", "A{}:B{}", None])
@pytest.mark.parametrize("groups", [("PADI SAWAH", "PADI LADANG"), ("Semester I", "Semester II")])
def test_names_of_groups_are_a_finding_that_names_them(groups, area):
    rows = [
        ["Kecamatan", "Luas", "Produksi"],
        [groups[0]],
        *([*row, 1.5] for row in pairs(LOW)),
        [groups[1]],
        *([*row, 2.5] for row in pairs(HIGH)),
    ]
    merge = [area.format(line, line) for line in (2, 8)] if area else ()
    seen = read(rows, (words(), number("Luas", "number"), number("Produksi", "number")), merge=merge)

    assert "baris-kelompok" in seen.faults
    assert groups[0] in seen.texts
    assert groups[1] in seen.texts


def test_a_group_beside_the_numbers_of_the_rows_is_a_finding():
    rows = [["No", *HEAD], ["PADI SAWAH"], *([at, *row] for at, row in enumerate(pairs(LOW))), ["PADI LADANG"],
            *([at, *row] for at, row in enumerate(pairs(HIGH)))]  # fmt: skip

    for merge in (("A2:C2", "A8:C8"), ()):
        seen = read(rows, COLUMNS, merge=merge)
        assert "baris-kelompok" in seen.faults
        assert "PADI LADANG" in seen.texts


@pytest.mark.parametrize("banner", ["Tahun 2026", "(ton)", "KABUPATEN TRENGGALEK", "Produksi Padi"])
def test_a_banner_that_says_nothing_new_is_no_group(banner):
    rows = [["Produksi Padi menurut Kecamatan"], HEAD, [banner], *pairs(LOW)]
    seen = read(rows, COLUMNS, merge=("A3:B3",), name="Produksi Padi")

    assert seen.complete
    assert len(seen.rows) == 5


@pytest.mark.parametrize(
    "second", [["Kecamatan", "Produksi"], ["Kecamatan", "Produksi (ton)"], ["Nama Kecamatan", "Produksi"]]
)
@pytest.mark.parametrize("gap", [[], [None]])
def test_tables_beside_each_other_are_sent_back(second, gap):
    rows = [[*HEAD, *gap, *second], *([*row, *gap, f"{row[0]} B", 9.5] for row in pairs(LOW))]

    assert "judul-ganda" in read(rows, COLUMNS).faults


def test_columns_of_another_unit_beside_the_one_asked_for_are_no_second_table():
    rows = [["Kecamatan", "Produksi (ton)", "Produksi (%)"], *([*row, 20.5] for row in pairs(LOW))]
    seen = read(rows, (words(), number("Produksi", "number", unit="ton")))

    assert seen.complete
    assert seen.column() == LOW


@pytest.mark.parametrize("names", [("Final", "Sheet1 (2)"), ("Data", "Salinan Data"), ("2025", "2026")])
def test_sheets_about_the_same_are_not_joined_in_silence(names):
    seen = read(columns=COLUMNS, sheets=[(names[0], [HEAD, *pairs(LOW)]), (names[1], [HEAD, *pairs(HIGH)])])

    assert seen.faults == {"tabel-salinan"}
    assert names[0] in seen.texts


def test_sheets_of_several_years_or_districts_are_one_table():
    years = [("2025", [HEAD, *pairs(LOW)]), ("2026", [HEAD, *pairs(HIGH)])]
    assert read(columns=(*COLUMNS, YEAR), sheets=years).complete
    parts = [("Selatan", [HEAD, *pairs(LOW[:3], FIVE[:3])]), ("Utara", [HEAD, *pairs(HIGH[:2], FIVE[3:])])]
    seen = read(columns=COLUMNS, sheets=parts)
    assert seen.complete
    assert len(seen.rows) == 5


def test_equal_rows_are_told_and_kept_where_no_key_forbids_them():
    rows = [["Jenis", "Harga"], ["Beras", 12500], ["Beras", 12500], ["Gula", 17000]]
    seen = read(rows, (words("Jenis"), number("Harga", "number")))
    assert seen.complete
    assert seen.found == {"baris-ganda"}
    assert read(rows, (words("Jenis", key=True), number("Harga", "number"))).faults == {"baris-ganda"}
    twice = [rows[0], *rows[2:], *rows[2:]]
    assert read(twice, (words("Jenis"), number("Harga", "number"))).faults == {"baris-ganda"}


SCHOOLS = [
    ["NPSN", "Siswa"],
    ["KECAMATAN PANGGUL"],
    ["20540001", 100],
    ["20540002", 90],
    ["KECAMATAN PULE"],
    ["20540003", 80],
    ["20540004", 70],
]


@pytest.mark.parametrize("merge", [("A2:B2", "A5:B5"), ()])
def test_names_of_groups_fill_the_column_that_they_are(merge):
    seen = read(SCHOOLS, (words("NPSN", key=True), words(), number("Siswa")), merge=merge)

    assert seen.complete
    assert seen.column(1) == ["PANGGUL", "PANGGUL", "PULE", "PULE"]
    assert seen.found == {"kolom-dari-kelompok"}


def test_groups_that_only_say_where_the_rows_are_need_no_column_beside_a_key():
    seen = read(SCHOOLS, (words("NPSN", key=True), number("Siswa")), merge=("A2:B2", "A5:B5"))
    assert seen.complete
    assert seen.found == {"baris-kelompok"}
    twice = [*SCHOOLS[:-1], ["20540001", 70]]
    assert (
        "baris-kelompok"
        in read(twice, (words("NPSN", key=True), number("Siswa")), merge=("A2:B2", "A5:B5")).faults
    )


def test_a_row_above_the_first_group_has_no_name():
    rows = [SCHOOLS[0], ["20540009", 5], *SCHOOLS[1:]]
    seen = read(rows, (words("NPSN", key=True), words(), number("Siswa")), merge=("A3:B3", "A6:B6"))

    assert seen.faults == {"kosong"}
