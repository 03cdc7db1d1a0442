"""Dates, times, durations and numbers as Indonesian offices write them; calendar months and working days. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection

WIB = ZoneInfo("Asia/Jakarta")
_ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
_UNITS = [
    "nol",
    "satu",
    "dua",
    "tiga",
    "empat",
    "lima",
    "enam",
    "tujuh",
    "delapan",
    "sembilan",
    "sepuluh",
    "sebelas",
]
_SCALES = (
    (10**12, "triliun"),
    (10**9, "miliar"),
    (10**6, "juta"),
    (1000, "ribu"),
    (100, "ratus"),
    (10, "puluh"),
)
_SATURDAY = 5


def to_local(moment: datetime, tz: ZoneInfo = WIB) -> datetime:
    """The moment on the office's clock. Raises ValueError for a naive one: whose clock it came from is unknown."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime: {moment.isoformat()}")
    return moment.astimezone(tz)


def _day(day: date, tz: ZoneInfo) -> date:
    return to_local(day, tz).date() if isinstance(day, datetime) else day


def format_date(day: date, tz: ZoneInfo = WIB) -> str:
    """'30 November 2019'; an aware datetime is first brought to the office's clock."""
    day = _day(day, tz)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_long(day: date, tz: ZoneInfo = WIB) -> str:
    """'Senin, 2 Desember 2019'."""
    return f"{day_name(day, tz)}, {format_date(day, tz)}"


def day_name(day: date, tz: ZoneInfo = WIB) -> str:
    return _DAYS[_day(day, tz).weekday()]


def month_name(month: int) -> str:
    """'November' for 11."""
    return _MONTHS[month - 1]


def zone_name(tz: ZoneInfo = WIB) -> str:
    """'WIB', 'WITA', 'WIT'; elsewhere the zone's own name."""
    return _ZONES.get(tz.key, tz.key)


def format_time(moment: datetime, tz: ZoneInfo = WIB, *, seconds: bool = False) -> str:
    """'08.00 WIB', with `seconds` '08.00.05 WIB'."""
    return f"{to_local(moment, tz).strftime('%H.%M.%S' if seconds else '%H.%M')} {zone_name(tz)}"


def format_moment(moment: datetime, tz: ZoneInfo = WIB, *, seconds: bool = False) -> str:
    """'30 November 2019 pukul 08.00 WIB'."""
    return f"{format_date(moment, tz)} pukul {format_time(moment, tz, seconds=seconds)}"


def describe_cron(cron: str, tz: ZoneInfo = WIB) -> str:
    """'setiap tanggal 1 pukul 01.00 WIB' where a cron says just that; anything rarer as it is written (crontab(5))."""
    minute, hour, day, *rest = cron.split()
    if not (minute.isdecimal() and hour.isdecimal()) or rest[0] != "*":
        return f"menurut cron '{cron}' {zone_name(tz)}"
    at = f"pukul {int(hour):02}.{int(minute):02} {zone_name(tz)}"
    if day.isdecimal() and rest[1] == "*":
        return f"setiap tanggal {int(day)} {at}"
    if day == "*" and rest[1] == "*":
        return f"setiap hari {at}"
    return f"menurut cron '{cron}' {zone_name(tz)}"


def due_in(cron: str, period: Period, tz: ZoneInfo = WIB) -> datetime:
    """The first time (aware) that a cron names in a month; the month's end where it names none (crontab(5))."""
    begin = datetime(period.year, period.month, 1, tzinfo=tz)
    after = period.next
    end = datetime(after.year, after.month, 1, tzinfo=tz)
    found = next(CronSim(cron, begin - timedelta(seconds=1)), end)
    return min(found, end)


def format_duration(duration: timedelta | float) -> str:
    """'2 menit 5 detik', '1 hari 3 jam'; below 10 s with one decimal ('0,2 detik'). A number is seconds."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if round(seconds, 1) < 10:
        return f"{format_number(round(seconds, 1))} detik"
    left, parts = round(seconds), []
    for size, word in ((86400, "hari"), (3600, "jam"), (60, "menit"), (1, "detik")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts[:3])


def format_number(number: float) -> str:
    """'2.000.000'; '3,5': dots for thousands, a decimal comma."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.3f}".rstrip("0").rstrip(".")
    return text.translate({ord(","): ".", ord("."): ","})


def format_bytes(count: int) -> str:
    """'188,4 MB': powers of 1000, one decimal."""
    size = float(count)
    for unit in ("bita", "kB", "MB", "GB", "TB"):
        if abs(round(size, 1)) < 1000:
            return f"{format_number(round(size, 1))} {unit}"
        size /= 1000
    return f"{format_number(round(size, 1))} PB"


def number_in_words(number: int) -> str:
    """'dua ribu sembilan belas' for 2019, as a Berita Acara spells its date. Up to 10**15."""
    if number < 0:
        return f"minus {number_in_words(-number)}"
    if number < 12:
        return _UNITS[number]
    if number < 20:
        return f"{_UNITS[number - 10]} belas"
    size, word = next(scale for scale in _SCALES if scale[0] <= number)
    count, rest = divmod(number, size)
    head = f"se{word}" if count == 1 and size in (100, 1000) else f"{number_in_words(count)} {word}"
    return f"{head} {number_in_words(rest)}" if rest else head


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
        return f"{_MONTHS[self.month - 1]} {self.year}"

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
