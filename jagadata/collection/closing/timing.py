"""Mutu Baku: the actual time of each step against the SOP's. Pure.

The SOP gives working days for steps 1 to 3, and frequencies for 4 and 5 (domain.md, rule 7): those are kept when the
step ends within the round's own period.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jagadata.text.formats import format_date
from jagadata.text.periods import count_working_days

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from jagadata.collection.round import Round
    from jagadata.sop import Procedure


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """`verdict` '' while the step is not done."""

    number: int
    text: str
    standard: str
    begun: date | None = None
    ended: date | None = None
    working_days: int | None = None
    verdict: Literal["", "Sesuai", "Terlambat"] = ""

    @property
    def actual(self) -> str:
        """'2 hari kerja', 'hari yang sama', or '-'."""
        if self.working_days is None:
            return "-"
        return f"{self.working_days} hari kerja" if self.working_days else "hari yang sama"

    @property
    def dates(self) -> str:
        shown = [format_date(day) for day in (self.begun, self.ended) if day]
        return " s.d. ".join(dict.fromkeys(shown)) or "-"


def make_timings(
    procedure: Procedure,
    times: Mapping[int, tuple[datetime | None, datetime | None]],
    round: Round,
    holidays: Collection[date],
    tz: ZoneInfo,
) -> tuple[StepTime, ...]:
    """`times`: step number -> when it began and ended (aware; None: not yet)."""
    found = []
    for step in procedure.steps:
        begun, ended = (
            moment.astimezone(tz).date() if moment else None
            for moment in times.get(step.number, (None, None))
        )
        days = count_working_days(begun, ended, holidays) if begun and ended else None
        found.append(
            StepTime(
                number=step.number,
                text=step.text,
                standard=step.time_text,
                begun=begun,
                ended=ended,
                working_days=days,
                verdict=_judge(step.time or "", days, ended, round),
            )
        )
    return tuple(found)


def _judge(
    standard: str, days: int | None, ended: date | None, round: Round
) -> Literal["", "Sesuai", "Terlambat"]:
    if days is None or ended is None or not standard:
        return ""
    allowed = re.fullmatch(r"([0-9]+) hari", standard)
    kept = days <= int(allowed[1]) if allowed else ended <= round.last_day
    return "Sesuai" if kept else "Terlambat"
