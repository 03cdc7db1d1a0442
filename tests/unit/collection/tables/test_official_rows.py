"""Rows of official tables that are no data, cells that stand for nought, keys in several spellings, years in names."""

from __future__ import annotations

import pytest

from tests.lab.tables import FIVE, number, pairs, read, words

HEAD = ["Kecamatan", "Jumlah"]
KEPT = [100, 101, 102, 103, 104]
YEAR = {"name": "Tahun", "type": "year", "key": True}


@pytest.mark.parametrize(
    "line",
    [
        [-1, -2, -3, -4], ["(1)", "(2)", "(3)", "(4)"], [1, 2, 3, 4], ["1", "2", "3", "4"], ["KOLOM 1", "KOLOM 2", "KOLOM 3", "KOLOM 4"],
        ["Kol. 1", "Kol. 2", "Kol. 3", "Kol. 4"], ["(1)", "(2)", "(3)", "(4)=(3)/(2)"], [None, "(1)", "(2)", "(3)"], ["a", "b", "c", "d"],
        ["-1", "-2", "-3", "-4"], ["[1]", "[2]", "[3]", "[4]"], ["1", "2", "3", "4 = 2+3"], ["I", "II", "III", "IV"], ["1)", "2)", "3)", "4)"],
        ["Kolom (1)", "Kolom (2)", "Kolom (3)", "Kolom (4)"],
    ],
)  # fmt: skip
def test_a_row_of_column_numbers_is_no_data(line):
    rows = [
        ["No", "Kecamatan", "Luas Panen", "Produksi"],
        line,
        *([at, name, 100.5 + at, 500.25] for at, name in enumerate(FIVE, 1)),
    ]
    columns = (words(key=True), number("Luas Panen", "number"), number("Produksi", "number"))
    seen = read(rows, columns)

    assert seen.complete
    assert seen.column(0) == list(FIVE)


def test_column_numbers_of_a_table_of_two_columns():
    for line in ([-1, -2], ["(1)", "(2)"], ["KOLOM 1", "KOLOM 2"], ["1", "2"], [1, 2]):
        seen = read([HEAD, line, *pairs()])
        assert seen.complete
        assert seen.column() == KEPT


@pytest.mark.parametrize(
    "rows", [[["1", 2], ["2", 5], ["3", 9]], [["1", 4], ["2", 5]], [["A", -1], ["B", -2]]]
)
def test_first_rows_that_only_resemble_column_numbers_are_data(rows):
    seen = read([["Kode", "Jumlah"], *rows], (words("Kode", key=True), number()))

    assert seen.complete
    assert seen.rows == rows


@pytest.mark.parametrize(
    "notes",
    [
        [["Catatan:", "angka sementara"]], [["Sumber", "Dinas Pertanian"]], [["Sumber:", "Dinas Pertanian"], ["Catatan:", "angka sementara"]],
        [["Keterangan:", "- : nol"], ["*)", "angka perbaikan"]], [["Sumber/Source:", "BPS"], ["Note:", "preliminary figures"]],
        [["Keterangan", "– : nol"], ["…", "data tidak tersedia"]], [["Sumber: Dinas Pertanian, 2026"], ["Catatan: x"]],
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", [0, 1])
def test_notes_below_the_table_over_two_columns_are_no_rows(notes, gap):
    seen = read([HEAD, *pairs(), *([[]] * gap), *notes])

    assert seen.complete
    assert seen.column() == KEPT


def test_rows_that_begin_with_numbers_of_their_own_are_rows():
    names = ("1) Panggul", "2) Munjungan", "3) Watulimo")
    seen = read([HEAD, *pairs((5, 7, None), names)])
    assert seen.faults == {"kosong"}
    assert len(seen.rows) == 3


def test_a_note_with_a_number_beside_it_is_asked_about():
    seen = read([HEAD, *pairs(), ["Sumber: BPS", 2026]])

    assert not seen.complete
    assert seen.column() == KEPT


@pytest.mark.parametrize("name", ["Sumber Agung", "Sumberbening", "Catatan", "Note Village", "Kepala Gading"])
def test_a_village_whose_name_begins_like_a_note_is_a_village(name):
    for rows in ([*pairs(), [name, 7]], [[name, 7], *pairs()]):
        seen = read([HEAD, *rows])
        assert seen.complete
        assert len(seen.rows) == 6


def test_words_where_a_number_belongs_are_sent_back_wherever_they_stand():
    for rows in ([*pairs(), ["Tugu", "banyak"]], [["Kepala Gading", "banyak"], *pairs()]):
        seen = read([HEAD, *rows])
        assert seen.faults == {"jenis-isi-salah"}
        assert len(seen.rows) == 6


@pytest.mark.parametrize("dash", ["-", "–", "—", "nihil", " - "])
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_a_dash_in_a_column_of_numbers_is_nought_and_said(dash, kind):
    seen = read([HEAD, ["Panggul", 5], ["Dongko", dash], ["Pule", 7]], (words(key=True), number(kind=kind)))

    assert seen.complete
    assert seen.column() == [5, 0, 7]
    assert seen.found == {"strip-nol"}


@pytest.mark.parametrize("unknown", ["…", "...", "n/a", "tad", "belum ada"])
def test_what_is_not_known_is_asked_for(unknown):
    seen = read([HEAD, ["Panggul", 5], ["Dongko", unknown], ["Pule", "–"]])

    assert seen.faults == {"kosong"}
    assert seen.column() == [5, None, 0]


def test_a_dash_that_the_sum_contradicts_is_asked_about():
    rows = [HEAD, ["Panggul", 5], ["Dongko", "-"], ["Pule", 7]]
    assert read([*rows, ["Jumlah", 12]]).complete
    seen = read([*rows, ["Jumlah", 20]])
    assert seen.faults == {"kosong"}
    assert seen.column() == [5, None, 7]


def test_a_dash_where_nothing_is_required_stays_unknown_and_a_column_of_dashes_is_no_data():
    optional = (words(key=True), number(required=False))
    assert read([HEAD, ["Panggul", 5], ["Dongko", "-"]], optional).column() == [5, None]
    assert read([HEAD, ["Panggul", "-"], ["Dongko", "-"]]).faults == {"kosong"}


@pytest.mark.parametrize(
    "names", [("Panggul", "PANGGUL", "Kec. Panggul"), ("Kecamatan Pule", "Pule", "kec pule")]
)
def test_one_key_in_several_spellings_is_one_key(names):
    seen = read([HEAD, *pairs([5, 6, 7], names)])

    assert seen.faults == {"kunci-ganda"}


def test_a_village_with_and_without_its_kind_is_one():
    assert read(
        [["Desa/Kelurahan", "Jumlah"], ["Desa Pule", 5], ["Pule", 7]],
        (words("Desa/Kelurahan", key=True), number()),
    ).faults == {"kunci-ganda"}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("Kabupaten/Kota", ("Kabupaten Blitar", "Kota Blitar", "Kabupaten Kediri")), ("Golongan", ("A", "A+", "B")),
        ("Sekolah", ("SDN 1 Pule", "SDN 2 Pule", "SDN 1 Tugu")), ("Kode", ("1.1", "11", "1.10")), ("Wilayah", ("Desa Pule", "Kecamatan Pule", "Pule Wetan")),
    ],
)  # fmt: skip
def test_keys_that_differ_are_several(name, labels):
    seen = read([[name, "Jumlah"], *pairs([5, 9, 7], labels)], (words(name, key=True), number()))

    assert "kunci-ganda" not in seen.found


@pytest.mark.parametrize(
    "file", ["penduduk 2026.xlsx", "penduduk_2026.xlsx", "Data Penduduk Tahun 2026 (final).xlsx"]
)
def test_the_year_in_the_name_of_the_file_fills_its_column(file):
    seen = read([HEAD, *pairs()], (words(key=True), number(), YEAR), file=file)

    assert seen.complete
    assert seen.column() == [2026] * 5
    assert "kolom-tidak-ada" not in seen.found
    assert "tahun-dari-judul" in seen.found


@pytest.mark.parametrize("file", ["penduduk.xlsx", "penduduk 2025-2026.xlsx"])
def test_no_year_or_several_fill_nothing(file):
    assert "kolom-tidak-ada" in read([HEAD, *pairs()], (words(key=True), number(), YEAR), file=file).faults


def test_a_column_that_may_be_missing_is_mentioned():
    columns = (
        words(key=True),
        number(),
        number("Produksi", "number", required=False),
        words("Keterangan", required=False),
    )
    seen = read([HEAD, *pairs()], columns)

    assert seen.complete
    assert seen.found == {"kolom-pilihan-tidak-ada"}
    assert "'Produksi'" in seen.texts
    assert "Keterangan" not in seen.texts
