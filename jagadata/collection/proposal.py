"""Step 1: when and where the coordination meeting is, and what is asked of whom; proposed, completed by the Kasi, checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar

from jagadata.evidence.lines import Line
from jagadata.text.formats import format_date
from jagadata.text.periods import add_working_days, is_working_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from jagadata.office.collection import Collection as Policy
    from jagadata.office.collection import DatasetEntry


@dataclass(frozen=True, kw_only=True)
class Proposal(Line):
    """Output of step 1: Lokasi dan jadwal kegiatan. Times as '09.00' on the office's clock; `datasets` are codes."""

    STEP: ClassVar[str] = "1"
    day: date
    begins: str
    ends: str
    place: str
    agenda: tuple[str, ...]
    deadline: date
    datasets: tuple[str, ...]
    note: str = ""

    def begins_at(self, tz: ZoneInfo) -> datetime:
        return datetime.combine(self.day, _time(self.begins), tzinfo=tz)

    def ends_at(self, tz: ZoneInfo) -> datetime:
        return datetime.combine(self.day, _time(self.ends), tzinfo=tz)


def _time(text: str) -> time:
    hour, _, minute = text.partition(".")
    return time(int(hour), int(minute))


def _clock(text: str) -> str:
    """'09.00' for '9:00', '9.00 WIB' and '9'; what is no time stays, and is named by `find_faults`."""
    plain = text.strip().upper().removesuffix("WIB").strip().replace(":", ".")
    try:
        return f"{_time(plain if '.' in plain else f'{plain}.00'):%H.%M}"
    except ValueError:
        return plain


def make_proposal(policy: Policy, today: date, holidays: Collection[date]) -> Proposal:
    """What the office file suggests, the meeting on the first working day after the notice."""
    day = add_working_days(today, max(1, policy.meeting.notice_days), holidays)
    begins = datetime.combine(day, _time(policy.meeting.time))
    ends = min(begins + timedelta(hours=policy.meeting.hours), datetime.combine(day, time(23, 59)))
    deadline = day + timedelta(days=policy.collect_days)
    while not is_working_day(deadline, holidays):
        deadline += timedelta(days=1)
    return Proposal(
        day=day,
        begins=f"{begins:%H.%M}",
        ends=f"{ends:%H.%M}",
        place=policy.meeting.place,
        agenda=policy.meeting.agenda,
        deadline=deadline,
        datasets=tuple(one.code for one in policy.datasets),
    )


def find_faults(proposal: Proposal, known: Sequence[DatasetEntry], today: date) -> list[str]:
    """What the Kasi must still repair, in words; empty: the proposal can be carried out."""
    faults = []
    if proposal.day < today:
        faults.append(f"tanggal rapat {format_date(proposal.day)} sudah lewat")
    if proposal.deadline <= proposal.day:
        faults.append(f"batas waktu {format_date(proposal.deadline)} harus setelah tanggal rapat")
    try:
        if _time(proposal.ends) <= _time(proposal.begins):
            faults.append("waktu selesai harus setelah waktu mulai")
    except ValueError:
        faults.append("waktu ditulis seperti 09.00")
    if not proposal.place.strip():
        faults.append("tempat rapat belum diisi")
    if not proposal.agenda:
        faults.append("acara rapat belum diisi")
    codes = {one.code for one in known}
    if not proposal.datasets:
        faults.append("pilih sedikitnya satu data yang diminta")
    faults += [f"data '{code}' tidak ada di berkas kantor" for code in proposal.datasets if code not in codes]
    return faults


def find_warnings(proposal: Proposal, holidays: Collection[date]) -> list[str]:
    """What those who decide should know, and may want all the same."""
    if is_working_day(proposal.day, holidays):
        return []
    kind = "hari libur menurut berkas kantor" if proposal.day in holidays else "akhir pekan"
    return [f"Tanggal rapat {format_date(proposal.day)} jatuh pada {kind}."]


def complete(proposal: Proposal, form: Mapping[str, object]) -> Proposal:
    """The proposal with what the Kasi typed; names as in tasks/parameters.py."""
    return replace(
        proposal,
        day=date.fromisoformat(str(form["tanggal"])),
        begins=_clock(str(form["mulai"])),
        ends=_clock(str(form["selesai"])),
        place=str(form["tempat"]).strip(),
        agenda=tuple(line.strip(" -") for line in str(form["acara"]).splitlines() if line.strip(" -")),
        deadline=date.fromisoformat(str(form["batas_waktu"])),
        datasets=tuple(dict.fromkeys(str(item) for item in _texts(form["data"]))),
        note=str(form.get("catatan", "")),
    )


def _texts(value: object) -> Iterable[object]:
    """What was chosen from a list; nothing of what is none."""
    return value if isinstance(value, list | tuple) else ()
