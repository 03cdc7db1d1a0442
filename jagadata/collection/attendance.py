"""Step 3: the Daftar Hadir before the meeting, and the Presensi Rapat with its minutes after it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from jagadata.evidence.lines import Line
from jagadata.papers.sheet import Field, Section, Sheet, SheetPart, Table, make_block, make_notes
from jagadata.papers.values import format_nip
from jagadata.text.formats import format_date, format_long, format_moment, zone_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.office.collection import Agency
    from jagadata.papers.values import Signature

HEADS = ("No", "OPD", "Nama", "NIP", "Jabatan", "No. HP", "Tanda Tangan")
"""Columns of the Daftar Hadir, on paper and in the workbook."""
WIDTHS = (0, 2.4, 1.9, 1.7, 1.6, 1.2, 1.4)
_ROOM = "\u00a0\n\u00a0"
"""Two lines: room to write by hand."""


@dataclass(frozen=True, kw_only=True)
class Attendee:
    """One line of the Daftar Hadir as it was filled in."""

    agency: str  # id
    name: str = ""
    nip: str = ""
    post: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Attendance(Line):
    """[langkah 3] Who came, who led, and the minutes. `source`: how it was entered; `early`: before the time that was set for the meeting."""

    STEP: ClassVar[str] = "3"
    attendees: tuple[Attendee, ...] = ()
    minutes: str = ""
    source: str = "formulir"
    leader: str = ""
    leader_post: str = ""
    early: bool = False

    @property
    def present(self) -> frozenset[str]:
        """Ids of the OPD that came."""
        return frozenset(one.agency for one in self.attendees)


def make_attendance(
    answer: str, values: Mapping[str, Any], sheet: Attendance | None, *, early: bool = False
) -> Attendance:
    """Who came and who led, from the form of the gate (`values`) and the sheet that was filled in, where there is one.

    `early`: it was answered before the time that was set for the meeting.
    """
    known = {one.agency: one for one in sheet.attendees} if sheet else {}
    present = values.get("hadir") or list(known)
    attendees = [
        *(one for one in (sheet.attendees if sheet else ()) if one.agency in present),
        *(Attendee(agency=key) for key in present if key not in known),
    ]
    source = "belum diisi sampai batas waktu" if answer == "expired" else "formulir"
    if answer == "no":
        source = "rapat tidak dilaksanakan"
    elif sheet:
        source = sheet.source
    minutes = str(values.get("notulen", "")) or (sheet.minutes if sheet else "")
    return Attendance(
        attendees=tuple(attendees),
        minutes=minutes,
        source=source,
        leader=str(values.get("pemimpin", "")).strip(),
        leader_post=str(values.get("jabatan_pemimpin", "")).strip(),
        early=bool(values.get("sudah_dilaksanakan")) and early,
    )


def absent(attendance: Attendance, agencies: Sequence[Agency]) -> list[Agency]:
    return [one for one in agencies if one.id not in attendance.present]


def _head(proposal: Proposal, round: Round, tz: ZoneInfo) -> tuple[Field, ...]:
    return (
        Field(label="Acara", value=f"Rapat Koordinasi Pengumpulan Data {round.text}"),
        Field(label="Hari/Tanggal", value=format_long(proposal.day, tz)),
        Field(label="Waktu", value=f"{proposal.begins} s.d. {proposal.ends} {zone_name(tz)}"),
        Field(label="Tempat", value=proposal.place),
    )


def _remarks(attendance: Attendance, recorder: Signature | None, tz: ZoneInfo) -> list[str]:
    """Who filled it in, and that it was before the meeting's time."""
    found = []
    if recorder and recorder.at:
        who = f"{recorder.name} ({recorder.post})" if recorder.post else recorder.name
        found.append(
            f"Diisi secara elektronik oleh {who} pada {format_moment(recorder.at, tz)}; {recorder.remark}".rstrip(
                "; "
            )
        )
    if attendance.early:
        found.append("Diisi sebelum waktu yang ditetapkan, dengan pernyataan bahwa rapat sudah dilaksanakan")
    return found


def make_attendance_sheet(
    proposal: Proposal,
    round: Round,
    agencies: Sequence[Agency],
    *,
    number: str,
    leader: Signature,
    tz: ZoneInfo,
) -> Sheet:
    """Daftar Hadir, to be signed by hand: one line for each OPD that is invited."""
    rows = tuple((str(number), one.name, _ROOM, *[" "] * 4) for number, one in enumerate(agencies, 1))
    return Sheet(
        title="DAFTAR HADIR",
        number=number,
        head=_head(proposal, round, tz),
        sections=(Section(title="", parts=(SheetPart(table=Table(heads=HEADS, rows=rows, widths=WIDTHS)),)),),
        blocks=(make_block("Pemimpin Rapat,", leader, tz=tz),),
    )


def make_presence_sheet(
    proposal: Proposal,
    round: Round,
    attendance: Attendance,
    agencies: Sequence[Agency],
    *,
    number: str,
    city: str,
    leader: Signature,
    recorder: Signature | None = None,
    tz: ZoneInfo,
    contacts: bool = True,
) -> Sheet:
    """Presensi Rapat: who came, who was absent, and the minutes (Output of step 3).

    `leader` signs by hand; `recorder`: who filled it in, named in a note. `contacts`: with NIP and telephone number of who came.
    """
    names = {one.id: one.name for one in agencies}
    rows = tuple(
        (str(number), names.get(one.agency, one.agency), one.name, format_nip(one.nip), one.post, one.phone)
        for number, one in enumerate(attendance.attendees, 1)
    )
    wanted = HEADS[:-1] if contacts else ("No", "OPD", "Nama", "Jabatan")
    filled = [any(row[one].strip(" -") for row in rows) for one in range(len(HEADS) - 1)]
    columns = [one for one in map(HEADS.index, wanted) if filled[one] or HEADS[one] == "OPD"]
    table = Table(
        heads=tuple(HEADS[one] for one in columns),
        rows=tuple(tuple(row[one] for one in columns) for row in rows),
        widths=tuple(WIDTHS[one] for one in columns),
    )
    missing = absent(attendance, agencies)
    parts = [
        Section(
            title=f"OPD yang hadir ({len(agencies) - len(missing)} dari {len(agencies)})",
            parts=(SheetPart(table=table) if rows else SheetPart(text="Belum ada yang tercatat."),),
        )
    ]
    if missing:
        lines = tuple((str(number), one.name, "Tidak hadir") for number, one in enumerate(missing, 1))
        table = Table(heads=("No", "OPD", "Keterangan"), rows=lines, widths=(0, 4, 1.5))
        parts.append(Section(title="OPD yang tidak hadir", parts=(SheetPart(table=table),)))
    if attendance.minutes:
        parts.append(Section(title="Notulen", parts=(SheetPart(text=attendance.minutes),)))
    return Sheet(
        title="PRESENSI RAPAT KOORDINASI",
        number=number,
        subtitle=f"SOP Pengumpulan Data, langkah 3 · dicatat dari {attendance.source}",
        head=_head(proposal, round, tz),
        sections=tuple(parts),
        blocks=(
            replace(
                make_block("Pemimpin Rapat,", leader, tz=tz, show_role=False),
                place=f"{city}, {format_date(proposal.day, tz) if attendance.attendees else '………………'}",
            ),
        ),
        notes=make_notes(_remarks(attendance, recorder, tz), (leader,)),
    )
