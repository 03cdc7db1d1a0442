"""The closing report of a round: Mutu Baku, deliveries over time and by OPD, what went into the inventory. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from jagadata.papers.sheet import Field, Section, Sheet, SheetPart, Table, make_block, make_notes
from jagadata.text.formats import format_date, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from jagadata.collection.closing.timing import StepTime
    from jagadata.collection.intake.deliveries import Delivery
    from jagadata.collection.round import Round
    from jagadata.office.collection import Agency
    from jagadata.papers.values import Signature

MOST_COLUMNS = 30
"""Columns that a chart over time shows; days are put together to weeks and more beyond that."""


_NAMED = 5
"""OPD that the conclusion names."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """`value` of `total`; `mark`: set apart (after the deadline)."""

    label: str
    value: int
    total: int = 0
    mark: bool = False


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`kind` 'columns': over time, upright; 'bars': one line for each OPD, value of total.

    `legend`: what each colour that is drawn means, ('dark', 'lengkap').
    """

    title: str
    kind: str
    bars: tuple[Bar, ...]
    legend: tuple[tuple[Literal["dark", "light", "late"], str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReportSheet(Sheet):
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that the closing report says. `arrivals`: when each file came; `stored`: (data set, rows, place) in the inventory."""

    round: Round
    number: str
    at: datetime
    deadline: date
    timings: tuple[StepTime, ...]
    agencies: tuple[Agency, ...]
    present: frozenset[str]
    deliveries: tuple[Delivery, ...]
    arrivals: tuple[datetime, ...]
    stored: tuple[tuple[str, int, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> int:
        return sum(one.is_complete for one in self.deliveries)


def make_arrivals_chart(arrivals: Sequence[datetime], deadline: date, tz: ZoneInfo) -> Chart | None:
    """Files a day, or in spans of days where there are many; None where all came on one day, or nothing: there is nothing to compare."""
    days = Counter(moment.astimezone(tz).date() for moment in arrivals)
    if len(days) < 2:
        return None
    first, last = min(days), max(days)
    span = 1 + (last - first).days // MOST_COLUMNS
    columns: dict[int, int] = {}
    for day, count in days.items():
        columns[(day - first).days // span] = columns.get((day - first).days // span, 0) + count
    bars = []
    for number in range(1 + (last - first).days // span):
        day = first.fromordinal(first.toordinal() + number * span)
        bars.append(Bar(label=f"{day.day}/{day.month}", value=columns.get(number, 0), mark=day > deadline))
    title = "Berkas diterima per hari" if span == 1 else f"Berkas diterima per {span} hari"
    late: tuple[Literal["late"], str] = ("late", "setelah batas waktu")
    return Chart(
        title=title,
        kind="columns",
        bars=tuple(bars),
        legend=(("dark", "sampai batas waktu"), *([late] if any(bar.mark for bar in bars) else [])),
    )


def make_agency_chart(agencies: Sequence[Agency], deliveries: Sequence[Delivery]) -> Chart:
    """Complete data sets of those asked, for each OPD that was asked for some."""
    asked = Counter(one.dataset.agency for one in deliveries)
    done = Counter(one.dataset.agency for one in deliveries if one.is_complete)
    bars = [Bar(label=one.name, value=done[one.id], total=asked[one.id]) for one in agencies if asked[one.id]]
    return Chart(
        title="Data lengkap menurut OPD",
        kind="bars",
        bars=tuple(bars),
        legend=(("dark", "lengkap"), ("light", "belum lengkap")),
    )


def conclude(report: Report) -> str:
    """What the round came to, in a few sentences."""
    asked, owing = len(report.deliveries), [one for one in report.deliveries if not one.is_complete]
    producers = {one.dataset.agency for one in report.deliveries}
    share = f" ({format_number(round(100 * report.complete / asked))} persen)" if asked else ""
    found = [
        f"Dari {format_number(asked)} data yang diminta kepada {format_number(len(producers))} OPD pada {report.round.text}, "
        f"{format_number(report.complete)} data{share} lengkap"
        + (
            f" dan {format_number(len(report.stored))} data tercatat dalam inventaris."
            if report.stored
            else "."
        )
    ]
    if owing:
        names = list(dict.fromkeys(one.agency for one in owing))
        found.append(
            f"Yang belum lengkap {format_number(len(owing))} data dari {_join(names[:_NAMED])}"
            + (f" dan {len(names) - _NAMED} OPD lain" if len(names) > _NAMED else "")
            + "."
        )
    elif asked:
        found.append("Semua OPD yang diminta telah menyampaikan datanya dengan lengkap.")
    slow = [str(one.number) for one in report.timings if one.verdict == "Terlambat"]
    if slow:
        found.append(f"Kegiatan {_join(slow)} melampaui waktu baku SOP.")
    elif any(one.verdict for one in report.timings):
        found.append("Semua kegiatan dilaksanakan dalam waktu baku SOP.")
    return " ".join(found)


def _join(words: Sequence[str]) -> str:
    """'a, b, dan c'."""
    if len(words) < 3:
        return " dan ".join(words)
    return f"{', '.join(words[:-1])}, dan {words[-1]}"


def make_report_sheet(report: Report, *, city: str, signer: Signature, tz: ZoneInfo) -> ReportSheet:
    """Laporan Penutup Pengumpulan Data, one round."""
    late = sum(one.late for one in report.deliveries)
    timings = Table(
        heads=("No", "Kegiatan", "Waktu Baku", "Tanggal", "Realisasi", "Mutu Baku"),
        rows=tuple(
            (str(one.number), one.text, one.standard, one.dates, one.actual, one.verdict or "-")
            for one in report.timings
        ),
        widths=(0, 3, 1.1, 1.8, 1.2, 1),
    )
    names = {one.id: one.name for one in report.agencies}
    deliveries = Table(
        heads=("No", "OPD", "Data", "Status", "Diterima", "Baris"),
        rows=tuple(
            (
                str(number),
                names.get(one.dataset.agency, one.agency),
                one.dataset.name,
                one.status_text + (" (terlambat)" if one.late else ""),
                format_date(one.received.at, tz) if one.received else "-",
                format_number(one.table.rows) if one.table else "-",
            )
            for number, one in enumerate(report.deliveries, 1)
        ),
        widths=(0, 2.4, 2.4, 1.3, 1.3, 0.8),
        right=(5,),
    )
    sections = [
        Section(title="Mutu Baku", parts=(SheetPart(table=timings),)),
        Section(title="Penyampaian data", parts=(SheetPart(table=deliveries),)),
    ]
    if report.stored:
        stored = Table(
            heads=("No", "Data", "Baris", "Keterangan"),
            rows=tuple(
                (str(number), name, format_number(rows), where)
                for number, (name, rows, where) in enumerate(report.stored, 1)
            ),
            widths=(0, 3, 0.8, 3),
            right=(2,),
        )
        sections.append(Section(title="Inventaris dan publikasi", parts=(SheetPart(table=stored),)))
    arrivals = make_arrivals_chart(report.arrivals, report.deadline, tz)
    charts = (*((arrivals,) if arrivals else ()), make_agency_chart(report.agencies, report.deliveries))
    return ReportSheet(
        title="LAPORAN PENUTUP PENGUMPULAN DATA",
        number=report.number,
        subtitle=f"{report.round.text} · SOP/06/406.020/2019, prosedur Pengumpulan Data",
        head=(
            Field(label="Putaran", value=report.round.text),
            Field(label="Batas waktu", value=format_date(report.deadline)),
            Field(
                label="OPD hadir rapat",
                value=f"{len(report.present)} dari {len(report.agencies)}",
            ),
            Field(label="Data lengkap", value=f"{report.complete} dari {len(report.deliveries)}"),
            Field(label="Data terlambat", value=str(late)),
            Field(label="Berkas diterima", value=format_number(len(report.arrivals))),
        ),
        sections=tuple(sections),
        closing=conclude(report),
        blocks=(make_block("", signer, city=city, tz=tz, show_role=False),),
        notes=make_notes(report.notes, (signer,)),
        charts=charts,
    )


class ReportWorkbooks(Protocol):
    """The closing report as a workbook (`Workplace.spreadsheets`)."""

    def make_report(self, report: Report, tz: ZoneInfo) -> bytes:
        """Mutu Baku, deliveries (with a chart by OPD), inventory."""
        ...
