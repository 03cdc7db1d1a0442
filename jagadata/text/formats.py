"""Dates, times, durations and numbers as Indonesian offices write them; calendar months and working days. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

WIB = ZoneInfo("Asia/Jakarta")
_ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS = (
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
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def format_long(day: date, tz: ZoneInfo = WIB) -> str:
    """'Senin, 2 Desember 2019'."""
    return f"{day_name(day, tz)}, {format_date(day, tz)}"


def day_name(day: date, tz: ZoneInfo = WIB) -> str:
    return _DAYS[_day(day, tz).weekday()]


def month_name(month: int) -> str:
    """'November' for 11."""
    return MONTHS[month - 1]


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
