"""The row of the whole region among its parts: left out and named, or asked about."""

from __future__ import annotations

import pytest

from tests.lab.tables import FIVE, number, pairs, read, words

KEPT = [100, 101, 102, 103, 104]
RATES = [
    ["Panggul", 400, 98.5], ["Munjungan", 437, 99.5], ["Watulimo", 474, 100.5], ["Kampak", 511, 101.5], ["Dongko", 548, 102.5],
]  # fmt: skip
RATE_COLUMNS = (
    words(key=True),
    number("Kepadatan Penduduk", "number"),
    number("Rasio Jenis Kelamin", "number"),
)


@pytest.mark.parametrize(
    "label",
    [
        *(
            "Kabupaten Trenggalek",
            "KABUPATEN TRENGGALEK",
            "Kab. Trenggalek",
            "Trenggalek Regency",
            "Jawa Timur",
            "Provinsi Jawa Timur",
        ),
        *("Indonesia", "Rata-rata Kabupaten", "Kab. Trenggalek 2026", "Se-Kabupaten", "JATIM"),
    ],
)
@pytest.mark.parametrize("on_top", [False, True])
def test_the_regions_own_rates_are_no_row_of_its_districts(label, on_top):
    own = [label, 474, 100.5]
    rows = [own, *RATES] if on_top else [*RATES, own]
    seen = read([["Kecamatan", "Kepadatan Penduduk", "Rasio Jenis Kelamin"], *rows], RATE_COLUMNS)

    assert seen.complete
    assert seen.column(0) == list(FIVE)
    assert "jumlah-berbeda" not in seen.found


@pytest.mark.parametrize("total", [510, 511, 509])
@pytest.mark.parametrize(
    "label", ["Kabupaten Trenggalek", "TRENGGALEK", "Jumlah Kabupaten Trenggalek", "Total Kecamatan"]
)
def test_a_region_whose_count_is_off_by_one_is_left_out_and_the_gap_named(label, total):
    seen = read([["Kecamatan", "Jumlah"], *pairs([1000, 1001, 1002, 1003, 1004]), [label, 4500 + total]])

    assert seen.complete
    assert seen.column() == [1000, 1001, 1002, 1003, 1004]
    assert ("jumlah-berbeda" in seen.found) == (total != 510)


@pytest.mark.parametrize(
    "label", ["Jumlah Kabupaten Pacitan", "Total Kab. Ponorogo", "Jumlah Kecamatan", "Total Seluruh Desa"]
)
def test_a_sum_of_another_region_is_a_sum_too(label):
    seen = read([["Kecamatan", "Jumlah"], *pairs(), [label, 512]])

    assert seen.complete
    assert seen.column() == KEPT
    assert seen.found == {"jumlah-berbeda"}


def test_the_province_below_its_regencies_is_no_regency_and_ours_among_them_is_one():
    names = ("Pacitan", "Ponorogo", "Trenggalek", "Tulungagung", "Blitar")
    seen = read(
        [["Kabupaten/Kota", "Jumlah"], *pairs(names=names), ["Jawa Timur", 510]],
        (words("Kabupaten/Kota", key=True), number()),
    )

    assert seen.complete
    assert seen.column(0) == list(names)


@pytest.mark.parametrize("last", ["Trenggalek", "Kabupaten Trenggalek"])
def test_the_last_of_several_regencies_is_one_of_them(last):
    names = (
        ["Kabupaten Pacitan", "Kabupaten Ponorogo", "Kota Madiun", last]
        if " " in last
        else ["Pacitan", "Ponorogo", "Madiun", last]
    )
    seen = read(
        [["Kabupaten/Kota", "Jumlah"], *pairs([5, 6, 7, 9], names)],
        (words("Kabupaten/Kota", key=True), number()),
    )

    assert seen.complete
    assert seen.column() == [5, 6, 7, 9]


def test_a_comparison_of_region_province_and_country_is_three_rows():
    rows = [["Wilayah", "IPM"], ["Kabupaten Trenggalek", 71.5], ["Jawa Timur", 74.1], ["Indonesia", 75.0]]
    seen = read(rows, (words("Wilayah", key=True), number("IPM", "number")))

    assert seen.complete
    assert seen.column() == [71.5, 74.1, 75.0]


def test_another_province_below_its_regencies_is_never_taken_for_one_in_silence():
    names = ("Blora", "Rembang", "Pati", "Kudus", "Jepara")
    columns = (words("Kabupaten/Kota", key=True), number("Rasio", "number"))
    assert read([["Kabupaten/Kota", "Rasio"], *pairs(names=names), ["Jawa Tengah", 102]], columns).faults == {
        "baris-jumlah"
    }
    counts = read(
        [["Kabupaten/Kota", "Jumlah"], *pairs(names=names), ["Jawa Tengah", 510]],
        (words("Kabupaten/Kota", key=True), number()),
    )
    assert counts.complete
    assert counts.column(0) == list(names)


def test_provinces_are_data_where_the_table_is_about_them():
    names = ("Jawa Barat", "Jawa Tengah", "Banten", "Jawa Timur")
    seen = read(
        [["Provinsi", "Jumlah"], *pairs([5, 6, 7, 9], names)], (words("Provinsi", key=True), number())
    )

    assert seen.complete
    assert seen.column() == [5, 6, 7, 9]


def test_the_district_that_has_the_regions_name_is_a_district():
    names = ("Panggul", "Dongko", "Pogalan", "Trenggalek", "Tugu")
    assert read([["Kecamatan", "Jumlah"], *pairs(names=names)]).column(0) == list(names)
    moved = ("Panggul", "Dongko", "Pogalan", "Tugu", "Trenggalek")
    assert read([["Kecamatan", "Jumlah"], *pairs(names=moved)]).column(0) == list(moved)


def test_beside_its_district_the_regions_bare_name_is_the_region():
    names = ("Panggul", "Trenggalek", "Pogalan", "Tugu", "Trenggalek")
    seen = read(
        [["Kecamatan", "Kepadatan"], *pairs([400, 410, 420, 430, 415], names)],
        (words(), number("Kepadatan", "number")),
    )

    assert seen.complete
    assert seen.column() == [400, 410, 420, 430]


def test_a_bare_name_that_nothing_explains_is_asked_about():
    rows = [["Kecamatan", "Kepadatan"], *pairs([400, 410, 420, 430, 415], (*FIVE[:4], "Trenggalek"))]
    seen = read(rows, (words(), number("Kepadatan", "number")))

    assert seen.faults == {"baris-jumlah"}
    rows[-1][1] = 900  # no average of the others
    assert read(rows, (words(), number("Kepadatan", "number"))).complete


def test_a_bare_name_whose_count_is_roughly_the_sum_is_asked_about():
    rows = [["Kecamatan", "Jumlah"], *pairs([100, 101, 102, 103, 450], (*FIVE[:4], "Trenggalek"))]

    assert read(rows).faults == {"baris-jumlah"}


def test_kinds_of_authority_are_no_regions():
    for names in (
        ("Nasional", "Provinsi", "Kabupaten"),
        ("Negara", "Provinsi", "Kabupaten", "Desa"),
        ("Kota", "Desa"),
    ):
        rows = [["Status Jalan", "Panjang"], *pairs([7.5, 12.25, 300.5, 80][: len(names)], names)]
        seen = read(rows, (words("Status Jalan", key=True), number("Panjang", "number")))
        assert seen.complete
        assert seen.column(0) == list(names)


@pytest.mark.parametrize("label", ["Seluruhnya", "Wilayah Selatan", "Lainnya"])
def test_a_last_row_that_is_the_sum_of_all_others_is_never_taken_for_one_of_them(label):
    seen = read([["Kecamatan", "Jumlah"], *pairs(), [label, 510]])

    assert seen.faults == {"baris-jumlah"} or seen.column() == KEPT


def test_a_sum_on_top_is_never_taken_for_one_of_them():
    seen = read([["Kecamatan", "Jumlah"], ["Wilayah Selatan", 510], *pairs()])

    assert seen.faults == {"baris-jumlah"}
    assert "pindahkan ke tengah" in seen.texts


def test_a_sum_without_the_number_that_all_rows_have_is_left_out():
    rows = [
        ["No", "Kecamatan", "Jumlah"],
        *([at, *row] for at, row in enumerate(pairs(), 1)),
        [None, "Wilayah Kita", 510],
    ]
    seen = read(rows)

    assert seen.complete
    assert seen.column() == KEPT
    assert seen.found == {"baris-jumlah"}


def test_one_count_that_is_the_sum_is_enough_beside_rates():
    rows = [
        ["Kecamatan", "Jumlah", "Kepadatan", "Rasio"],
        *([*row, 400 + at, 98 + at / 2] for at, row in enumerate(pairs())),
    ]
    rows.append(["Semua", 510, 402, 99])
    seen = read(rows, (words(key=True), number(), number("Kepadatan", "number"), number("Rasio", "number")))

    assert "baris-jumlah" in seen.faults or seen.column(1) == KEPT


@pytest.mark.parametrize(
    "names", [("Laki-laki", "Perempuan", "Laki-laki dan Perempuan"), ("Negeri", "Swasta", "Negeri + Swasta")]
)
@pytest.mark.parametrize("counts", [(120, 130, 250), (3, 4, 7)])
def test_what_names_all_the_others_is_their_sum(names, counts):
    seen = read([["Jenis", "Jumlah"], *pairs(counts, names)], (words("Jenis", key=True), number()))

    assert seen.complete
    assert seen.column() == list(counts[:2])


@pytest.mark.parametrize("counts", [(1, 0, 1), (0, 0, 0), (2, 1, 3), (5, 5, 5), (1, 1, 1, 4)])
def test_small_numbers_that_happen_to_add_up_are_rows(counts):
    names = ("SD", "SMP", "SMA", "SLB")[: len(counts)]
    seen = read([["Jenjang", "Jumlah"], *pairs(counts, names)], (words("Jenjang", key=True), number()))

    assert seen.complete
    assert seen.column() == list(counts)


def test_indicators_that_begin_as_sums_do_are_rows():
    names = ("Jumlah Kecamatan", "Jumlah Desa", "Jumlah Kelurahan", "Luas Wilayah")
    seen = read(
        [["Uraian", "Nilai"], *pairs([14, 152, 5, 1261.4], names)],
        (words("Uraian", key=True), number("Nilai", "number")),
    )

    assert seen.complete
    assert seen.column(0) == list(names)


@pytest.mark.parametrize(
    "names",
    [
        ("Luas Wilayah", "Jumlah Kecamatan", "Jumlah Desa", "Kepadatan", "Laju", "Rasio"),
        ("Luas Wilayah", "Kepadatan", "Laju", "Rasio", "Jumlah Kecamatan", "Rasio Guru"),
        ("Total Penduduk", "Kepadatan", "Laju", "Rasio", "Rata-rata per Kapita", "Rata-rata Lama Sekolah"),
    ],
)
def test_among_other_indicators_a_count_is_one(names):
    seen = read(
        [["Uraian", "Nilai"], *pairs([1261.4, 14, 152, 560, 1.2, 98], names)],
        (words("Uraian", key=True), number("Nilai", "number")),
    )

    assert seen.complete
    assert seen.column(0) == list(names)


def test_the_region_as_a_place_of_birth_or_an_address_is_no_row_of_it():
    rows = [["Nama", "Asal", "Umur"], ["Ani", "Trenggalek", 30], ["Budi", "Malang", 31], ["Citra", "Kabupaten Trenggalek", 40], ["Dewi", "Jawa Timur", 33],
            ["Eko", "Trenggalek", 30]]  # fmt: skip
    seen = read(rows, (words("Nama"), words("Asal"), number("Umur")))
    assert len(seen.rows) == 5
    lists = [
        ["Nama", "Wilayah"],
        ["A", "Trenggalek"],
        ["B", "Pacitan"],
        ["C", "Kabupaten Trenggalek"],
        ["D", "Blitar"],
        ["E", "Trenggalek"],
    ]
    assert len(read(lists, (words("Nama"), words("Wilayah"))).rows) == 5


def test_a_sum_in_the_second_column_of_texts_is_a_sum():
    rows = [
        ["Kecamatan", "Jenis", "Jumlah"],
        *([name, kind, 7] for name in FIVE for kind in ("Negeri", "Swasta", "Jumlah")),
    ]
    seen = read(rows, (words(key=True), words("Jenis", key=True), number()))

    assert {row[1] for row in seen.rows} == {"Negeri", "Swasta"}


@pytest.mark.parametrize("heading", ["Kabupaten/Kecamatan", "Kecamatan", "Nama Wilayah"])
def test_a_heading_that_names_the_parts_too_does_not_make_the_region_one_of_them(heading):
    seen = read(
        [[heading, "Kepadatan"], *pairs(), ["Kabupaten Trenggalek", 102]],
        (words(heading, key=True), number("Kepadatan", "number")),
    )

    assert seen.complete
    assert seen.column() == KEPT


def test_a_region_code_among_longer_ones_is_the_region():
    columns = ({"name": "Kode", "type": "region", "key": True}, words(), number("Kepadatan", "number"))
    rows = [
        ["Kode", "Kecamatan", "Kepadatan"],
        *([f"35030{at}0", *row] for at, row in enumerate(pairs(), 1)),
        ["3503", "Se Wilayah", 102],
    ]
    seen = read(rows, columns)

    assert seen.complete
    assert seen.column() == KEPT


def test_rows_of_region_province_and_country_below_the_districts_are_all_left_out():
    rows = [
        ["Kecamatan", "Kepadatan"],
        *pairs(),
        ["Kabupaten Trenggalek", 102],
        ["Jawa Timur", 800],
        ["Indonesia", 140],
    ]
    seen = read(rows, (words(key=True), number("Kepadatan", "number")))

    assert seen.complete
    assert seen.column() == KEPT
    assert "Indonesia" in seen.texts


def test_the_region_after_the_districts_of_each_year_is_left_out():
    rows = [["Kecamatan", "Tahun", "Jumlah"]]
    for year in (2025, 2026):
        rows += [[name, year, value + year % 10] for name, value in pairs()]
        rows.append(["Kabupaten Trenggalek", year, 510 + 5 * (year % 10)])
    seen = read(rows, (words(key=True), {"name": "Tahun", "type": "year", "key": True}, number()))

    assert seen.complete
    assert seen.column() == [105, 106, 107, 108, 109, 106, 107, 108, 109, 110]


def test_a_group_sum_in_the_midst_whose_number_is_wrong_is_no_row():
    rows = [["Desa", "Jumlah"], ["A", 100], ["B", 200], ["Jumlah Kecamatan Panggul", 301], ["C", 50], ["D", 60], ["Jumlah Kecamatan Pule", 110],
            ["Total", 410]]  # fmt: skip
    seen = read(rows, (words("Desa", key=True), number()))

    assert seen.complete
    assert seen.column() == [100, 200, 50, 60]
