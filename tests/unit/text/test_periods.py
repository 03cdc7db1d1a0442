"""Months on the office's clock, and working days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from jagadata.errors import RefusedError
from jagadata.text.periods import (
    Period,
    add_working_days,
    count_working_days,
    is_working_day,
    parse_period,
    period_of,
)


def test_half_past_midnight_on_the_first_belongs_to_the_new_month_although_utc_is_still_in_the_old():
    assert period_of(datetime(2026, 10, 31, 17, 30, tzinfo=UTC)) == Period(2026, 11)
    assert period_of(datetime(2026, 10, 31, 16, 59, 59, tzinfo=UTC)) == Period(2026, 10)


def test_periods_are_ordered_and_count_over_years():
    assert Period(2026, 12).next == Period(2027, 1)
    assert Period(2026, 1).previous == Period(2025, 12)
    assert Period(2025, 12) < Period(2026, 1)
    assert str(parse_period("2026-11")) == "2026-11"
    assert parse_period("2026-11").text == "November 2026"


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-1", "November 2026", "2026-11-01", "٢٠٢٦-11", "0000-01"]
)
def test_what_is_not_a_month_is_refused_with_an_example(text):
    with pytest.raises(RefusedError) as caught:
        parse_period(text)
    assert "2026-11" in caught.value.hint


def test_working_days_leave_out_weekends_and_holidays():
    friday, holiday = date(2026, 12, 24), date(2026, 12, 25)
    assert is_working_day(friday)
    assert not is_working_day(holiday, [holiday])
    assert add_working_days(friday, 3, [holiday]) == date(2026, 12, 30)
    assert add_working_days(friday, 0) == friday
    assert count_working_days(friday, date(2026, 12, 30), [holiday]) == 3
    assert count_working_days(date(2026, 12, 30), friday) == 0


def test_a_naive_datetime_belongs_to_no_month():
    with pytest.raises(ValueError, match="naive"):
        period_of(datetime(2019, 11, 30, 8, 0))  # noqa: DTZ001 - the very thing under test
