"""Dates, durations, sizes, numbers and schedules as Indonesians write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagadata.text.formats import (
    describe_cron,
    format_bytes,
    format_date,
    format_duration,
    format_long,
    format_moment,
    format_number,
    format_time,
    number_in_words,
)

MOMENT = datetime(2019, 11, 30, 1, 0, 5, tzinfo=UTC)


def test_dates_and_times_are_written_as_indonesians_write_them():
    assert format_date(date(2019, 11, 30)) == "30 November 2019"
    assert format_date(MOMENT) == "30 November 2019"
    assert format_long(date(2019, 12, 2)) == "Senin, 2 Desember 2019"
    assert format_time(MOMENT) == "08.00 WIB"
    assert format_time(MOMENT, seconds=True) == "08.00.05 WIB"
    assert format_moment(MOMENT) == "30 November 2019 pukul 08.00 WIB"


def test_an_office_in_another_zone_sees_its_own_clock():
    assert format_time(MOMENT, ZoneInfo("Asia/Makassar")) == "09.00 WITA"
    assert format_time(MOMENT, ZoneInfo("Asia/Jayapura")) == "10.00 WIT"
    assert format_date(datetime(2026, 10, 31, 17, 30, tzinfo=UTC)) == "1 November 2026"


@pytest.mark.parametrize("use", [format_date, format_time, format_moment, format_long])
def test_a_naive_datetime_is_refused(use):
    with pytest.raises(ValueError, match="naive"):
        use(datetime(2019, 11, 30, 8, 0))  # noqa: DTZ001 - the very thing under test


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 detik"),
        (0.18, "0,2 detik"),
        (9.96, "10 detik"),
        (59.7, "1 menit"),
        (125, "2 menit 5 detik"),
        (3600, "1 jam"),
        (93784, "1 hari 2 jam 3 menit"),
        (-5, "-5 detik"),
    ],
)
def test_durations_are_words(seconds, text):
    assert format_duration(seconds) == text
    assert format_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bita"),
        (999, "999 bita"),
        (1000, "1 kB"),
        (999_960, "1 MB"),
        (188_412_345, "188,4 MB"),
        (2_500_000_000, "2,5 GB"),
        (10**18, "1.000 PB"),
    ],
)
def test_sizes_have_a_decimal_comma(count, text):
    assert format_bytes(count) == text


def test_numbers_have_dots_for_thousands_and_a_decimal_comma():
    assert format_number(2_000_000) == "2.000.000"
    assert format_number(-1234.5) == "-1.234,5"
    assert format_number(3.0) == "3"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (19, "sembilan belas"),
        (30, "tiga puluh"),
        (31, "tiga puluh satu"),
        (100, "seratus"),
        (111, "seratus sebelas"),
        (1000, "seribu"),
        (2026, "dua ribu dua puluh enam"),
        (11_000, "sebelas ribu"),
        (100_019, "seratus ribu sembilan belas"),
        (1_000_000, "satu juta"),
        (-3, "minus tiga"),
    ],
)
def test_numbers_are_spelled_for_a_berita_acara(number, words):
    assert number_in_words(number) == words


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_different_numbers_have_different_words(one, other):
    assert (number_in_words(one) == number_in_words(other)) == (one == other)


@pytest.mark.parametrize(
    ("cron", "text"),
    [
        ("0 1 1 * *", "setiap tanggal 1 pukul 01.00 WIB"),
        ("30 22 * * *", "setiap hari pukul 22.30 WIB"),
        ("0 1 * * 0", "menurut cron '0 1 * * 0' WIB"),
        ("*/5 1 1 * *", "menurut cron '*/5 1 1 * *' WIB"),
    ],
)
def test_the_schedule_stands_on_the_form_in_words(cron, text):
    assert describe_cron(cron) == text
