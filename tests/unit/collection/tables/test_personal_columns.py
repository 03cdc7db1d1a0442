"""Personal data that only a heading or a whole column proves, what looks like it and is none, and tables of persons."""

from __future__ import annotations

import pytest
import xlsxwriter

from jagadata.collection.tables.personal import find_personal, mask
from tests.lab.collection import examine

NIK = "3503011501900001"
NAMES = ["Siti Aminah", "Suwarno", "Budi Santoso", "Endang Lestari", "Slamet Riyadi"]
DESA = ["Besuki", "Sawahan", "Sumurup", "Wonocoyo", "Nglebeng"]


@pytest.fixture
def read(tmp_path):
    def ask(columns, rows, kind="xlsx", **dataset):
        """`columns`: names, or (name, type)."""
        path = tmp_path / f"data.{kind}"
        asked = [one if isinstance(one, tuple) else (one, "text") for one in columns]
        head = [name for name, _kind in asked]
        if kind == "csv":
            path.write_text("\n".join(";".join(map(str, row)) for row in [head, *rows]))
        else:
            book = xlsxwriter.Workbook(str(path))
            sheet = book.add_worksheet("Data")
            for number, row in enumerate([head, *rows]):
                for place, cell in enumerate(row):
                    (sheet.write_string if isinstance(cell, str) else sheet.write)(number, place, cell)
            book.close()
        entries = [{"name": name, "type": kind, "required": False} for name, kind in asked]
        return examine(path, entries, **dataset)

    return ask


def kinds(found):
    return sorted({one.kind for one in found.personal})


def down(*columns):
    return [list(row) for row in zip(*columns, strict=True)]


def numbered(pattern, count=5):
    """'12{}' -> '121', '122' ..."""
    return [pattern.format(number) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("heading", "values", "kind"),
    [
        ("NPWP", numbered("01.234.567.{}-629.000"), "NPWP"),
        ("NPWP", numbered("01234567862900{}"), "NPWP"),
        ("NUPTK", numbered("853276466530000{}"), "NUPTK"),
        ("NISN", numbered("006123456{}"), "NISN"),
        ("Nomor Induk Siswa", numbered("1234{}"), "Nomor induk siswa"),
        ("No. Rekening", numbered("0051-01-00123{}-50-1"), "Nomor rekening"),
        ("Nomor Rekening Bank", numbered("123456789{}"), "Nomor rekening"),
        ("No. BPJS Kesehatan", numbered("000123456789{}"), "Nomor BPJS/KIS"),
        ("No KIS", numbered("000123456789{}"), "Nomor BPJS/KIS"),
        ("No. Kartu Keluarga", numbered("350301150190000{}"), "NIK"),
        ("No. KTP", numbered("35030115019000{}"), "NIK"),
        ("Telepon", numbered("(0355) 79123{}"), "Nomor telepon"),
        ("No. Telp Rumah", numbered("0355-79123{}"), "Nomor telepon"),
        ("Tanggal Lahir", numbered("0{}-05-1990"), "Tanggal lahir"),
        ("Tempat, Tanggal Lahir", numbered("Trenggalek, {} Mei 1990"), "Tanggal lahir"),
        ("TTL", numbered("Trenggalek, 1{}/05/1990"), "Tanggal lahir"),
        ("No. Paspor", numbered("B123456{}"), "Nomor paspor"),
    ],
)
@pytest.mark.parametrize("kind_of_file", ["xlsx", "csv"])
def test_a_heading_is_evidence_for_a_whole_column(read, heading, values, kind, kind_of_file):
    found = read(["Desa", heading], down(DESA, values), kind_of_file)
    assert kind in kinds(found)
    assert found.tables[0].held
    assert any(kind in why and heading.split(",")[0] in why for why in found.tables[0].held_for)
    [fault] = [one for one in found.faults if one.text.startswith(kind)]
    assert fault.count == 5
    assert "tidak akan dipublikasikan" in fault.text
    assert not any(value in str(found) for value in values)


def test_numbers_of_cards_are_found_in_columns_of_numbers_too(read):
    found = read(["Desa", ("NISN", "integer")], down(DESA, [61234567 + number for number in range(5)]))
    assert kinds(found) == ["NISN"]
    found = read(["Desa", ("Tanggal Lahir", "date")], down(DESA, numbered("0{}-05-1990")))
    assert kinds(found) == ["Tanggal lahir"]


@pytest.mark.parametrize("heading", ["NIK", "Keterangan"])
def test_a_nik_that_lost_a_digit_is_one_by_its_heading_or_its_whole_column(read, heading):
    for lost in (0, 5, 15):
        values = [f"35030{number}150190000{number}" for number in range(1, 6)]
        cut = [value[:lost] + value[lost + 1 :] for value in values]
        found = read(["Desa", heading], down(DESA, cut))
        assert kinds(found) == ["NIK"], lost
        assert found.tables[0].held


def test_a_column_of_random_fractions_is_no_column_of_nik_and_one_of_parted_nik_is(read):
    fractions = [f"0.{350301150190000 + 7919 * number}{number % 10}" for number in range(40)]
    rows = down([f"Desa {number}" for number in range(40)], fractions)
    found = read(["Desa", ("Cakupan", "number")], rows, "csv")
    assert found.personal == ()
    assert not found.tables[0].held
    parted = [f"350301.15019{number:05}" for number in range(1, 41)]
    found = read(["Desa", "Keterangan"], down([f"Desa {number}" for number in range(40)], parted), "csv")
    assert kinds(found) == ["NIK"]


@pytest.mark.parametrize("text", [f"{NIK}", f"{NIK}.0", f"{NIK},00", "3503.0115.0190.0001", "35.03.01.150190.0001",
                                  "3.503.011.501.900.001", "3.503011501900001E+15"])  # fmt: skip
def test_a_whole_number_of_sixteen_digits_stays_a_nik_however_it_is_written(text):
    assert "NIK" in dict(find_personal(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.3503011501900012",
        "35,03011501900001",
        "3.503.011.501,900001",
        "3,503,011,501.900001",
        "-8.112345, 112.012345",
        "-8,1123456;111,7123456",
        "111.712345678901, -8.051234567890",
        "5.1.02.01.01.0024",
        "1.01.02.2.01.0001.5.1.02.01.01.0024",
        "2023 2024 2025 2026",
        "Rp 35.030.115.019.000.010",
        "35.03.01.2001",
    ],
)
def test_measures_places_accounts_years_and_prices_are_no_personal_data(text):
    assert list(find_personal(text)) == []


@pytest.mark.parametrize(
    "text", ["(0355) 791234", "Telp. 0355-791234", "fax: 0355 791 234", "01.234.567.8-629.000"]
)
def test_landlines_and_tax_numbers_are_found_in_any_text_and_masked(text):
    assert [kind for kind, _value in find_personal(f"Kantor Desa, {text}")] in (["Nomor telepon"], ["NPWP"])
    digits = "".join(filter(str.isdigit, text))
    assert digits not in "".join(filter(str.isdigit, mask(f"Kantor Desa, {text}")))


@pytest.mark.parametrize(
    "heading", ["Nama Penerima", "Nama", "Penerima", "Nama Kepala Puskesmas", "Nama Lengkap", "Ketua"]
)
def test_a_table_of_persons_is_held_and_says_why(read, heading):
    found = read([heading, "Alamat", ("Jumlah", "integer")], down(NAMES, DESA, range(5)))
    [table] = found.tables
    assert table.held
    assert table.held_for == (f"Nama orang pada lembar 'Data', kolom '{heading}' (A)",)
    [word] = [one for one in found.findings if one.code == "data-orang"]
    assert "bersama kolom 'Alamat' dan 'Jumlah'" in word.text
    assert "Kasi" in word.action
    assert found.is_complete("x"), "it was asked for: the Kasi decides, not the OPD"
    assert "Aminah" not in str(found)


def test_names_that_no_list_knows_are_held_where_each_line_is_a_person(read):
    names = ["Xaverius", "Qomarudin", "Zefanya", "Bagong", "Petruk"]
    for beside in ("Tanggal Lahir", "Jenis Kelamin", "Umur", "Agama", "Alamat"):
        assert read(["Nama", beside], down(names, DESA)).tables[0].held, beside


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Nama Desa", NAMES),
        ("Nama Jalan", ["Ahmad Yani", "Dewi Sartika", "Sudirman", "Kartini", "Diponegoro"]),
        ("Nama", ["SDN 1 Panggul", "SDN 2 Panggul", "SMPN 1 Tugu", "SD Muhammadiyah", "MI Nurul Huda"]),
        ("Nama Puskesmas", ["Slamet", "Panggul", "Tugu", "Pule", "Gandusari"]),
        ("Kecamatan", DESA),
        ("Nama Komoditas", ["Padi", "Jagung", "Cabai", "Bawang", "Kedelai"]),
        ("Jumlah Pegawai", ["5", "6", "7", "8", "9"]),
        ("Nama Kelompok Tani", ["Sri Rejeki", "Tani Makmur", "Sumber Rejeki", "Dewi Sri", "Maju"]),
    ],
)
def test_places_and_things_are_no_persons(read, heading, values):
    found = read([heading, "Alamat", ("Jumlah", "integer")], down(values, DESA, range(5)))
    assert not found.tables[0].held, found.personal
    assert found.personal == ()


@pytest.mark.parametrize(
    ("heading", "kind", "values"),
    [
        ("Kode Wilayah", "region", numbered("350301200{}")),
        ("Kode Rekening", "text", numbered("5.1.02.01.01.000{}")),
        ("Nomor Rekening", "text", numbered("5.1.02.01.01.000{}")),
        ("Nama Rekening", "text", numbered("Belanja Modal {}")),
        ("Tahun", "year", [2021, 2022, 2023, 2024, 2025]),
        ("Tahun Lahir", "year", [1991, 1992, 1993, 1994, 1995]),
        (
            "Bujur",
            "number",
            ["111.7123456789012", "111.7123456789013", "111.71234567890", "111.712", "111.5"],
        ),
        ("Harga", "integer", [3503011501900, 15000, 12500, 17500, 20000]),
        ("Pagu Anggaran", "number", [125000000000.0, 35030115019.5, 1e12, 2e12, 5e11]),
        ("Jumlah Peserta BPJS", "integer", [1234567, 2234567, 3234567, 4234567, 5234567]),
        ("Jumlah KK", "integer", [1234, 2345, 3456, 4567, 5678]),
        ("Lahir Hidup", "integer", [12, 13, 14, 15, 16]),
        ("Tanggal Berdiri", "date", numbered("0{}-05-1990")),
        ("Pelanggan Telepon", "integer", [120, 130, 140, 150, 160]),
        ("NPSN", "text", numbered("2054123{}")),
        ("Kode Barang", "text", numbered("1.3.2.05.01.04.00{}")),
        ("NOP", "text", numbered("35.03.010.001.001-000{}.0")),
        ("ID", "text", numbered("12345678901234{}")),
    ],
)
def test_codes_counts_years_places_and_prices_hold_nothing_back(read, heading, kind, values):
    for file in ("xlsx", "csv"):
        found = read(["Desa", (heading, kind)], down(DESA, values), file)
        assert found.personal == (), file
        assert not found.tables[0].held


def test_counts_beside_a_bare_name_make_no_persons(read):
    found = read(["Nama", ("Jumlah RT", "integer"), ("Jumlah KK", "integer")], down(DESA, range(5), range(5)))
    assert not found.tables[0].held


def test_a_data_set_that_is_personal_by_the_office_file_has_no_fault(read):
    found = read(["Nama", "NIK", "Tanggal Lahir"], down(NAMES, numbered("350301150190000{}"), numbered("0{}-05-1990")),
                 personal=True)  # fmt: skip
    assert kinds(found) == ["NIK", "Nama orang", "Tanggal lahir"]
    assert found.tables[0].held
    assert not [one for one in found.findings if one.code.startswith("data-")]


def test_a_released_table_is_complete_and_another_fault_stays_one(read):
    found = read(["Desa", "NIK"], down(DESA, numbered("350301150190000{}")))
    assert not found.is_complete("x")
    assert found.is_complete("x", released=True)
    found = read(
        ["Desa", "NIK", ("Jumlah", "integer")], down(DESA, numbered("350301150190000{}"), ["a", 1, 2, 3, 4])
    )
    assert not found.is_complete("x", released=True)
