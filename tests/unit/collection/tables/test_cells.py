"""Numbers, dates and personal data as clerks write them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagadata.collection.tables.conversion import Conversion
from jagadata.collection.tables.formula_text import is_active
from jagadata.collection.tables.numerals import parse_date, parse_number, parse_year, years_in
from jagadata.collection.tables.personal import (
    find_personal,
    find_personal_number,
    is_nik,
    is_nip,
    mask,
    mask_value,
)
from jagadata.collection.tables.wording import clean_name, describe_position, number_text, quote
from jagadata.collection.tables.words import FOOTER, TOTAL, unit_of, words_of
from jagadata.office.collection import ColumnEntry


@pytest.mark.parametrize(
    ("text", "value", "mark"),
    [
        ("1234", 1234, ""), ("1.234,5", 1234.5, ","), ("1,234.5", 1234.5, "."), ("12,5", 12.5, ","), ("12.5", 12.5, "."),
        ("1.234", 1234, "?."), ("1,234", 1.234, "?,"), ("1.234.567", 1234567, ","), ("1,234,567", 1234567, "."),
        ("0,125", 0.125, ","), ("0.125", 0.125, "."), ("(1.000)", -1000, "?."), ("-3", -3, ""), ("\u22123,5", -3.5, ","),
        ("Rp 1.500.000,-", 1500000, ","), ("12,5%", 12.5, ","), ("1.234*", 1234, "?."), ("1 234 567", 1234567, ""), ("1.5E+3", 1500, "."),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_was_meant(text, value, mark):
    assert parse_number(text) == (value, mark)


@pytest.mark.parametrize(
    "text", ["", "abc", "12 orang", "1.23.4", "1,2,3", "12.345.6", "1e999", "--5", "9" * 50, "()", "%"]
)
def test_what_is_no_number_is_none(text):
    assert parse_number(text) is None


@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_any_number_written_by_indonesian_rules_is_read_back(whole, cents):
    value = whole + (cents / 100 if whole >= 0 else -cents / 100)
    text = f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    found = parse_number(text)
    assert found is not None
    assert found[0] == pytest.approx(value, abs=0.005)
    assert found[1] == ","


@given(st.text(max_size=40))
def test_no_text_breaks_the_readers(text):
    parse_number(text)
    parse_date(text)
    parse_year(text)
    years_in(text)
    list(find_personal(text))
    mask(text)
    clean_name(text)
    is_active(text)


@given(st.lists(st.sampled_from(["1.234", "12.5", "12,5", "1,234", "7"]), min_size=1, max_size=8))
def test_a_column_settles_what_a_lone_number_leaves_open(texts):
    column = Conversion(ColumnEntry(name="x", type="number"))
    column.take(texts)
    read = column.finish(decimal_point=False).to_pylist()
    point = texts.count("12.5") > texts.count("12,5")
    expected = {
        "12.5": 12.5,
        "12,5": 12.5,
        "7": 7.0,
        "1.234": 1.234 if point else 1234.0,
        "1,234": 1234.0 if point else 1.234,
    }
    assert read == [expected[text] for text in texts]


def test_an_unsure_whole_number_has_thousands():
    column = Conversion(ColumnEntry(name="x", type="integer"))
    column.take(["1.234", "1,234", "12,5", 3.0, ""])
    assert column.finish(decimal_point=True).to_pylist() == [1234, 1234, None, 3, None]
    assert column.bad == {2: "12,5"}


@given(st.dates(date(1931, 1, 1), date(2069, 12, 31)))
def test_a_date_is_read_in_every_way_offices_write_it(day):
    months = [
        "Januari",
        "Pebruari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "Nopember",
        "Desember",
    ]
    for text in (
        f"{day.day} {months[day.month - 1]} {day.year}", f"Senin, {day.day}-{months[day.month - 1][:3]}-{day.year}",
        f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}", f"{day.day}-{day.month}-{day.year}", f"{day:%Y-%m-%d}", f"{day:%Y-%m-%d} 00:00:00",
    ):  # fmt: skip
        assert parse_date(text) == day
    column = Conversion(ColumnEntry(name="x", type="date"))
    column.take([float((day - date(1899, 12, 30)).days)])
    assert column.finish(decimal_point=False).to_pylist() == [day]


def test_days_that_no_calendar_has_are_no_dates():
    assert [
        parse_date(text) for text in ("31/02/2026", "31 Februari 2026", "2026-13-01", "12/2026", "5 Foo 2026")
    ] == [None] * 5
    assert parse_date("12/31/2026") == date(2026, 12, 31)


def test_years_of_titles():
    assert years_in("JUMLAH PENDUDUK TAHUN 2024 - 2026") == [2024, 2025, 2026]
    assert years_in("Semester 2 Tahun 2026") == [2026]
    assert years_in("Kode 35032026, Rp 2.026") == []


@given(st.dates(date(1945, 1, 1), date(2025, 1, 1)), st.booleans(), st.integers(1, 9999))
def test_every_nik_is_found_wherever_it_stands_and_never_shown(born, woman, serial):
    day = born.day + (40 if woman else 0)
    nik = f"350312{day:02}{born:%m%y}{serial:04}"
    assert is_nik(nik)
    for text in (nik, f"NIK: {nik}.", f"3503 12{nik[6:12]} {nik[12:]}", f"a{nik}b"):
        assert [kind for kind, _value in find_personal(text)] == ["NIK"]
        assert nik not in re.sub(r"\D", "", mask(text))
        assert nik not in quote([text])
    assert find_personal_number(float(nik), phone=False) == ("NIK", nik)
    assert mask_value("NIK", nik) == f"3503********{serial:04}"


@given(st.dates(date(1960, 1, 1), date(2000, 1, 1)), st.integers(18, 30), st.sampled_from("12"))
def test_every_nip_is_found(born, age, sex):
    nip = f"{born:%Y%m%d}{born.year + age}03{sex}001"
    assert is_nip(nip)
    for text in (nip, f"NIP. {nip[:8]} {nip[8:14]} {nip[14]} {nip[15:]}"):
        assert [kind for kind, _value in find_personal(text)] == ["NIP"]
        assert nip[8:16] not in re.sub(r"\D", "", mask(text))


@pytest.mark.parametrize(
    "text", ["081234567890", "0812-3456-7890", "+62 812 3456 7890", "6281234567890", "(0812) 34567890"]
)
def test_mobile_numbers_are_found(text):
    assert [kind for kind, _value in find_personal(text)] == ["Nomor telepon"]
    assert "34567" not in mask(text)


@pytest.mark.parametrize(
    "text",
    ["3503010001", "35.03.01.2001", "20540001", "0087654321", "Rp 1.234.567.890", "2026-01-02 10:20", "0355-791234", "1234567890123456", "a@b", "900.1.3/081/406.020/2026"],
)  # fmt: skip
def test_codes_sums_and_dates_are_no_personal_data(text):
    assert list(find_personal(text)) == []


def test_numbers_are_phones_only_in_a_column_for_phones():
    assert find_personal_number(81234567890.0, phone=True) == ("Nomor telepon", "81234567890")
    assert find_personal_number(81234567890.0, phone=False) is None
    assert find_personal_number(12.5, phone=True) is None


@pytest.mark.parametrize(
    "text", ["=cmd|'/c calc'!A1", "=1+1", " =SUM(A1)", "+cmd|x", "@SUM(1)", "-2+3+cmd|' /C calc'!A0"]
)
def test_formula_text_is_known(text):
    assert is_active(text)


@pytest.mark.parametrize(
    "text", ["-5", "+62 812", "- lainnya", "@akun", "a=b", "-1.234,5", "x", "= tidak ada"]
)
def test_ordinary_text_is_no_formula(text):
    assert not is_active(text)


@given(st.text(max_size=200))
def test_a_shown_name_is_one_printable_line_without_folders(name):
    shown = clean_name(name)
    assert shown.isprintable()
    assert "/" not in shown
    assert "\\" not in shown
    assert 0 < len(shown) <= 120


def test_places_and_numbers_in_words():
    assert (
        describe_position(sheet="Data", lines=[7], column="Jumlah")
        == "lembar 'Data', baris 7, kolom 'Jumlah'"
    )
    assert describe_position(lines=[7, 9]) == "baris 7 dan 9"
    assert describe_position(lines=range(2, 5002)) == "baris 2, 3, 4, 5, 6, dan 4.995 baris lain"
    assert number_text(1234567.5) == "1.234.567,5"


def test_headings_units_totals_and_footers_are_known_in_their_usual_forms():
    assert words_of("Jml. Pddk (L)") == words_of("Jumlah Penduduk Laki-Laki")
    assert unit_of("km²") == unit_of("Km2")
    assert unit_of("Jiwa") == unit_of("orang")
    assert unit_of("ribu orang") != unit_of("orang")
    assert all(TOTAL.fullmatch(text) for text in ("JUMLAH", "Total :", "Grand Total", "Jumlah Keseluruhan"))
    assert not any(TOTAL.fullmatch(text) for text in ("Jumlah Siswa", "Totalindo"))
    assert all(
        FOOTER.match(text)
        for text in (
            "Trenggalek, 3 Juli 2026",
            "NIP. 1970",
            "Mengetahui,",
            "Sumber: BPS",
            "a.n. Kepala Dinas",
        )
    )
    assert not any(FOOTER.match(text) for text in ("Panggul", "Kepatihan", "Nipah", "Catatanku"))


def test_days_count_from_the_spreadsheets_epoch():
    assert date(1899, 12, 30) + timedelta(days=46209) == date(2026, 7, 6)
