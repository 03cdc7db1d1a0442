"""A round of data collection: '2026 semester 2' or '2026 triwulan 3'. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, Self

from jagadata.errors import RefusedError
from jagadata.text.formats import WIB, to_local

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

Every = Literal["semester", "triwulan"]
PARTS = {"semester": 2, "triwulan": 4}
"""Rounds in a year."""


@dataclass(frozen=True, order=True)
class Round:
    """One round; `str()` is '2026-s2' or '2026-t3', fit for a store key. Ordered within one kind."""

    year: int
    part: int
    every: Every = "semester"

    def __post_init__(self) -> None:
        if not (1 <= self.part <= PARTS[self.every] and 1 <= self.year <= 9999):
            raise ValueError(f"no such round: {self.year} {self.every} {self.part}")

    def __str__(self) -> str:
        return f"{self.year:04}-{self.every[0]}{self.part}"

    @property
    def text(self) -> str:
        """'Semester 2 Tahun 2026', as letters write it."""
        return f"{self.every.capitalize()} {self.part} Tahun {self.year}"

    @property
    def previous(self) -> Self:
        if self.part > 1:
            return type(self)(self.year, self.part - 1, self.every)
        return type(self)(self.year - 1, PARTS[self.every], self.every)

    @property
    def next(self) -> Self:
        if self.part < PARTS[self.every]:
            return type(self)(self.year, self.part + 1, self.every)
        return type(self)(self.year + 1, 1, self.every)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def first_day(self) -> date:
        return date(self.year, 1 + (self.part - 1) * 12 // PARTS[self.every], 1)


def round_of(moment: datetime, every: Every, tz: ZoneInfo = WIB) -> Round:
    """The round on the office's clock."""
    local = to_local(moment, tz)
    return Round(local.year, 1 + (local.month - 1) * PARTS[every] // 12, every)


def parse_round(text: str) -> Round:
    """The round of '2026-s2', '2026-t3', '2026 semester 2'. Raises RefusedError."""
    match = re.fullmatch(
        r"([0-9]{4})[ -]+(s|t|semester|triwulan) *([1-4])", " ".join(text.lower().split()).strip()
    )
    try:
        if match:
            return Round(int(match[1]), int(match[3]), "semester" if match[2][0] == "s" else "triwulan")
    except ValueError:
        pass
    raise RefusedError(
        f"Putaran {text!r} tidak dikenal.", "Tulis seperti '2026 semester 2' atau '2026 triwulan 3'."
    )
