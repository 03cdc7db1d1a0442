"""Parents above (or below) their parts in one table: sent back, for all would be counted twice."""

from __future__ import annotations

import pytest

from tests.lab.tables import number, pairs, read, words

PLACE = words("Wilayah", key=True)


@pytest.mark.parametrize(
    "names",
    [
        (
            "KECAMATAN PANGGUL",
            "Desa Wonocoyo",
            "Desa Besuki",
            "Desa Nglebeng",
            "KECAMATAN DONGKO",
            "Desa Pandean",
            "Desa Sumberbening",
        ),
        ("Kec. Panggul", "Wonocoyo", "Besuki", "Nglebeng", "Kec. Dongko", "Pandean", "Sumberbening"),
        ("PANGGUL", "Wonocoyo", "Besuki", "Nglebeng", "DONGKO", "Pandean", "Sumberbening"),
        (
            "A. PANGGUL",
            "1. Wonocoyo",
            "2. Besuki",
            "3. Nglebeng",
            "B. DONGKO",
            "1. Pandean",
            "2. Sumberbening",
        ),
    ],
)
def test_districts_above_their_villages_are_sent_back(names):
    seen = read(
        [["Wilayah", "Jumlah"], *pairs([600, 100, 200, 300, 900, 400, 500], names)], (PLACE, number())
    )

    assert seen.faults == {"baris-bertingkat"}
    assert names[0] in seen.texts


def test_districts_below_their_villages_are_sent_back():
    names = ("Wonocoyo", "Besuki", "Nglebeng", "Panggul", "Pandean", "Sumberbening", "Dongko")
    seen = read(
        [["Wilayah", "Jumlah"], *pairs([100, 200, 300, 600, 400, 500, 900], names)], (PLACE, number())
    )

    assert seen.faults == {"baris-bertingkat"}


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (("Trenggalek", "Panggul", "Wonocoyo", "Besuki", "Dongko", "Pandean", "Joho"), (1200, 300, 100, 200, 900, 400, 500)),
        (("Pendapatan", "PAD", "Pajak", "Retribusi", "Transfer"), (1000, 600, 400, 200, 400)),
        (("PENDAPATAN", "PAD", "Transfer", "BELANJA", "Pegawai", "Barang"), (1000, 600, 400, 901, 500, 400)),
        (("I. Pendapatan", "1. PAD", "2. Transfer", "II. Belanja", "1. Pegawai", "2. Barang"), (1000, 600, 400, 901, 500, 400)),
    ],
)  # fmt: skip
def test_levels_that_no_word_names_are_told_by_their_numbers(names, values):
    seen = read([["Uraian", "Jumlah"], *pairs(values, names)], (words("Uraian", key=True), number()))

    assert seen.faults == {"baris-bertingkat"}


def test_one_group_whose_sum_is_wrong_does_not_hide_the_others():
    names = ("Kecamatan Panggul", "Desa A", "Desa B", "Kecamatan Pule", "Desa C", "Desa D")
    seen = read([["Wilayah", "Jumlah"], *pairs([301, 100, 200, 90, 40, 50], names)], (PLACE, number()))

    assert seen.faults == {"baris-bertingkat"}


def test_rates_of_districts_above_those_of_their_villages_are_sent_back():
    names = ("Kecamatan Panggul", "Desa A", "Desa B", "Kecamatan Pule", "Desa C", "Kelurahan D")
    seen = read(
        [["Wilayah", "Kepadatan"], *pairs([301, 100, 500, 90, 40, 150], names)],
        (PLACE, number("Kepadatan", "number")),
    )

    assert seen.faults == {"baris-bertingkat"}


def test_the_whole_region_above_districts_above_villages_is_sent_back():
    names = (
        "Kabupaten Trenggalek",
        "Kecamatan Panggul",
        "Desa A",
        "Desa B",
        "Kecamatan Pule",
        "Desa C",
        "Desa D",
    )
    seen = read([["Wilayah", "Jumlah"], *pairs([390, 300, 100, 200, 90, 40, 50], names)], (PLACE, number()))

    assert seen.faults == {"baris-bertingkat"}


@pytest.mark.parametrize(
    "codes",
    [
        ("5", "5.1", "5.1.01", "5.1.02", "5.2", "5.2.01", "5.2.02"),
        ("5.1", "5.1.1", "5.1.1.01", "5.1.1.02", "5.1.2", "5.1.2.01", "5.1.2.02"),
        ("5", "51", "5101", "5102", "52", "5201", "5202"),
    ],
)
@pytest.mark.parametrize("kind", ["text", "number"])
def test_accounts_above_their_parts_are_sent_back(codes, kind):
    values = [1500.0, 600, 100, 500, 900, 400, 500]
    names = ("Belanja", "Pegawai", "Gaji", "Tunjangan", "Barang", "ATK", "Jasa")
    rows = [
        [code if kind == "text" else float(code) if code.count(".") < 2 else code, name, value]
        for code, name, value in zip(codes, names, values, strict=True)
    ]
    seen = read(
        [["Kode Rekening", "Uraian", "Anggaran"], *rows],
        (words("Kode Rekening", key=True), words("Uraian"), number("Anggaran", "number")),
    )

    assert "baris-bertingkat" in seen.faults


def test_region_codes_of_two_levels_are_sent_back_whatever_the_numbers():
    columns = ({"name": "Kode", "type": "region", "key": True}, number("Kepadatan", "number"))
    rows = [["3503010", 1.5], ["3503010001", 2.5], ["3503010002", 3.5], ["3503020", 7.5], ["3503020001", 1.5]]
    seen = read([["Kode", "Kepadatan"], *rows], columns)

    assert seen.faults == {"baris-bertingkat"}


@pytest.mark.parametrize(
    ("name", "labels", "values"),
    [
        ("Kode", ("1", "2", "3", "10", "11", "12"), (5, 7, 9, 20, 31, 40)),
        ("Kode", ("1", "1.1", "1.2", "2", "2.1", "2.2"), (70, 500, 7, 60, 3, 900)),
        ("Unit Kerja", ("Kecamatan Panggul", "Kelurahan Tamanan", "Kecamatan Pule", "Kelurahan Ngantru"), (20, 9, 18, 8)),
        ("Desa", ("Desa A", "Kelurahan B", "Desa C", "Kelurahan D"), (20, 9, 18, 8)),
        ("Wilayah", ("Panggul", "Munjungan", "Dongko", "Pule", "Suruh"), (2, 1, 1, 5, 3)),
        ("Bidang", ("I", "II", "III", "IV", "V", "VI"), (7, 3, 4, 9, 5, 5)),
    ],
)  # fmt: skip
def test_rows_of_one_level_are_a_table(name, labels, values):
    seen = read([[name, "Jumlah"], *pairs(values, labels)], (words(name, key=True), number()))

    assert seen.complete
    assert seen.column() == list(values)


def test_numbered_labels_lose_their_numbers_and_keep_their_rows():
    names = ("1. Panggul", "2. Munjungan", "3) Watulimo")
    assert read([["Kecamatan", "Jumlah"], *pairs([5, 7, 9], names)]).column(0) == [
        "Panggul",
        "Munjungan",
        "Watulimo",
    ]
    for kept in (("1. Panggul", "3. Munjungan"), ("SDN 1 Panggul", "SDN 2 Panggul"), ("1", "2")):
        assert read([["Kecamatan", "Jumlah"], *pairs([5, 7], kept)]).column(0) == list(kept)
