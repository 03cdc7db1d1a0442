"""Months as periods of a schedule, and working days. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from cronsim import CronSim

from jagadata.errors import RefusedError
from jagadata.text.formats import MONTHS, WIB, to_local

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo


_SATURDAY = 5


def due_in(cron: str, period: Period, tz: ZoneInfo = WIB) -> datetime:
    """The first time (aware) that a cron names in a month; the month's end where it names none (crontab(5))."""
    begin = datetime(period.year, period.month, 1, tzinfo=tz)
    after = period.next
    end = datetime(after.year, after.month, 1, tzinfo=tz)
    found = next(CronSim(cron, begin - timedelta(seconds=1)), end)
    return min(found, end)


@dataclass(frozen=True, order=True)
class Period:
    """A calendar month: what a monthly backup satisfies. Ordered; `str()` is '2026-11'."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.year <= 9999):
            raise ValueError(f"no such month: {self.year}-{self.month}")

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def text(self) -> str:
        """'November 2026'."""
        return f"{MONTHS[self.month - 1]} {self.year}"

    @property
    def next(self) -> Self:
        return self.plus(1)

    @property
    def previous(self) -> Self:
        return self.plus(-1)

    def plus(self, months: int) -> Self:
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return type(self)(year, month + 1)


def parse_period(text: str) -> Period:
    """The month of '2026-11'. Raises RefusedError."""
    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text.strip())
    if not match or match[1] == "0000":
        raise RefusedError(
            f"Periode {text!r} tidak dikenal.", "Tulis tahun dan bulan seperti 2026-11 untuk November 2026."
        )
    return Period(int(match[1]), int(match[2]))


def period_of(moment: datetime, tz: ZoneInfo = WIB) -> Period:
    """The month on the office's clock: 00.30 WIB on the 1st is still last month in UTC."""
    local = to_local(moment, tz)
    return Period(local.year, local.month)


def is_working_day(day: date, holidays: Collection[date] = ()) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The `count`-th working day after `day` (which itself does not count)."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def count_working_days(first: date, last: date, holidays: Collection[date] = ()) -> int:
    """Working days after `first` up to and with `last`; 0 if `last` is not later."""
    days = range(1, (last - first).days + 1)
    return sum(is_working_day(first + timedelta(days=step), holidays) for step in days)
