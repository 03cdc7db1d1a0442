"""Files of official tables, as a spreadsheet program writes them: from their bytes to the rows and findings."""

from __future__ import annotations

import pytest
from pyarrow import parquet

from tests.lab.collection import examine
from tests.lab.corpus.makers import book
from tests.lab.tables import FIVE, number, pairs, words

KEY = words(key=True)
TON = number("Produksi", "number")
HEAD = ["Kecamatan", "Produksi"]
COUNTS = pairs()


@pytest.fixture
def send(tmp_path):
    """The numbers of the last column that was asked for, the codes of the faults, and of all findings."""

    def ask(sheets, columns, merge=(), file="data.xlsx"):
        def change(made):
            first = made.worksheets[0]
            for area in merge:
                first.merge_cells(area)
            for cell in first[2]:
                if isinstance(cell.value, int) and cell.value < 0:
                    cell.number_format = "(0);(0)"

        path = tmp_path / file
        path.write_bytes(book(*sheets, change=change))
        found = examine(path, list(columns), covers_year=False, unit="-")
        tables = [parquet.read_table(tmp_path / one.file).to_pylist() for one in found.tables]
        rows = [list(row.values()) for table in tables for row in table]
        return rows, {one.code for one in found.faults}, {one.code for one in found.findings}

    return ask


def _crops(low=100.5):
    return [[name, low + at] for at, name in enumerate(FIVE)]


READ = {
    "parts of a column that was not asked for": (
        [["Jumlah Sekolah menurut Kecamatan 2026"], [], ["No", "Kecamatan", "Jumlah Sekolah", "Guru", None], [None, None, None, "PNS", "Non PNS"],
         *([at, name, 9 + at, 50, 20] for at, name in enumerate(FIVE, 1))],
        (KEY, number("Jumlah Sekolah")), ("D3:E3", "C3:C4", "B3:B4", "A3:A4"), [10, 11, 12, 13, 14]),
    "column numbers kept as negative ones": (
        [["No", "Kecamatan", "Luas Panen", "Produksi"], [-1, -2, -3, -4], *([at, *row, 5.5] for at, row in enumerate(_crops(), 1))],
        (KEY, number("Luas Panen", "number")), (), [100.5, 101.5, 102.5, 103.5, 104.5]),
    "rates of the region": (
        [["Kecamatan", "Kepadatan Penduduk"], *COUNTS, ["Kabupaten Trenggalek", 102]], (KEY, number("Kepadatan Penduduk", "number")), (), [100, 101, 102, 103, 104]),
    "the province below its regencies": (
        [["Kabupaten/Kota", "Jumlah Kejahatan"], *pairs(names=("Pacitan", "Ponorogo", "Trenggalek", "Tulungagung", "Blitar")), ["Jawa Timur", 510]],
        (words("Kabupaten/Kota", key=True), number("Jumlah Kejahatan")), (), [100, 101, 102, 103, 104]),
    "two languages": (
        [["Tabel 3.1.1 Jumlah Penduduk, 2026"], ["Table 3.1.1 Population, 2026"], ["Kecamatan\nSubdistrict", "Laki-laki\nMale", "Jumlah\nTotal"],
         ["(1)", "(2)", "(3)"], *([f"{at}. {name}", 5, value] for at, (name, value) in enumerate(COUNTS, 1)), ["Trenggalek", 25, 510], ["Sumber/Source: Dinas"]],
        (KEY, number("Laki-laki"), number("Jumlah")), (), [100, 101, 102, 103, 104]),
    "units below the heading": (
        [HEAD, [None, "(ton)"], *_crops()], (KEY, number("Produksi", "number", unit="ton")), (), [100.5, 101.5, 102.5, 103.5, 104.5]),
    "a sum that names the others": (
        [["Jenis Kelamin", "Jumlah"], ["Laki-laki", 120], ["Perempuan", 130], ["Laki-laki dan Perempuan", 250]],
        (words("Jenis Kelamin", key=True), number()), (), [120, 130]),
    "the region off by one": (
        [["Kecamatan", "Jumlah"], *COUNTS, ["KABUPATEN TRENGGALEK", 511]], (KEY, number()), (), [100, 101, 102, 103, 104]),
    "a sum of another regency": (
        [["Kecamatan", "Jumlah"], *COUNTS, ["Jumlah Kabupaten Pacitan", 512]], (KEY, number()), (), [100, 101, 102, 103, 104]),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_a_file_is_read_as_its_office_means_it(send, what):
    rows, columns, merge, expected = READ[what]
    read, faults, _found = send([("Data", rows)], columns, merge)

    assert faults == set()
    assert [row[-1] for row in read] == expected
    assert len({row[0] for row in read}) == len(expected)


SENT_BACK = {
    "districts above their villages": (
        [["Wilayah", "Jumlah"], ["KECAMATAN PANGGUL", 600], ["Desa Wonocoyo", 100], ["Desa Besuki", 200], ["Desa Nglebeng", 300],
         ["KECAMATAN DONGKO", 900], ["Desa Pandean", 400], ["Desa Sumberbening", 500]],
        (words("Wilayah", key=True), number()), (), "baris-bertingkat"),
    "violations for customers": ([["Kecamatan", "Jumlah Pelanggaran"], *COUNTS], (KEY, number("Jumlah Pelanggan")), (), "judul-mirip"),
    "two tables": (
        [["Produksi Padi Tahun 2025"], HEAD, *_crops(), [], ["Produksi Padi Tahun 2026"], HEAD, *_crops(900.5)],
        (words(), TON, {"name": "Tahun", "type": "year"}), ("A1:C1", "A9:C9"), "tabel-berganda"),
    "groups": ([HEAD, ["PADI SAWAH"], *_crops(), ["PADI LADANG"], *_crops(1.5)], (words(), TON), ("A2:B2", "A8:B8"), "baris-kelompok"),
    "years beside each other": (
        [[*HEAD, None], [None, 2025, 2026], *([*row, 900.5] for row in _crops())], (KEY, TON), ("B1:C1", "A1:A2"), "judul-ganda"),
    "tables beside each other": (
        [["Kecamatan", "Jumlah", None, "Kecamatan", "Jumlah"], *([*row, None, f"{row[0]} B", 900] for row in COUNTS)], (words(), number()), (), "judul-ganda"),
    "one of four": (
        [["Kecamatan", "Penduduk", None], [None, "WNI", "WNA"], [None, "Dewasa", "Dewasa"], [None, "Laki-laki", "Laki-laki"],
         *([*row, 3] for row in COUNTS)], (KEY, number("Laki-laki")), ("A1:A4", "B1:C1"), "judul-ganda"),
    "one key thrice": ([["Kecamatan", "Jumlah"], ["Panggul", 5], ["PANGGUL", 6], ["Kec. Panggul", 7]], (KEY, number()), (), "kunci-ganda"),
}  # fmt: skip


@pytest.mark.parametrize("what", SENT_BACK)
def test_a_file_that_would_be_misread_is_sent_back_with_what_is_wrong(send, what):
    rows, columns, merge, fault = SENT_BACK[what]

    assert fault in send([("Data", rows)], columns, merge)[1]


def test_the_year_of_the_files_name_and_a_missing_column_are_said(send):
    year = {"name": "Tahun", "type": "year", "key": True}
    rows, faults, found = send(
        [("Data", [["Kecamatan", "Jumlah"], *COUNTS])], (KEY, number(), year), file="penduduk 2026.xlsx"
    )
    assert (faults, found, rows[0][-1]) == (set(), {"tahun-dari-judul"}, 2026)

    spare = number("Produksi", "number", required=False)
    assert send([("Data", [["Kecamatan", "Jumlah"], *COUNTS])], (KEY, number(), spare))[2] == {
        "kolom-pilihan-tidak-ada"
    }


def test_a_copy_of_a_sheet_is_not_joined_to_it(send):
    sheets = [
        ("Final", [["Kecamatan", "Jumlah"], *COUNTS]),
        ("Sheet1 (2)", [["Kecamatan", "Jumlah"], *pairs((50, 51, 52, 53, 54))]),
    ]

    assert send(sheets, (words(), number()))[1] == {"tabel-salinan"}
