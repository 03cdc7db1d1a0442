"""A round as Markdown: what stands above its sign-offs, and its artifacts. Pure. Every value is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.calendar import format_long, format_moment, zone_name
from jagadata.markdown import escape_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from jagadata.collection.deliveries import Delivery
    from jagadata.collection.last_round import LastRound
    from jagadata.collection.proposal import Proposal
    from jagadata.collection.report import Report
    from jagadata.collection.round import Round
    from jagadata.office_collection import DatasetEntry


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([escape_markdown(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{label}:** {escape_markdown(value)}" for label, value in pairs if value)


def render_proposal(
    proposal: Proposal,
    datasets: Sequence[DatasetEntry],
    round: Round,
    tz: ZoneInfo,
    *,
    last: LastRound | None = None,
    warnings: Sequence[str] = (),
) -> str:
    """Lokasi dan jadwal kegiatan, with what is asked of whom; and what came of it in the `last` round. `warnings` come first."""
    facts = _facts(
        [
            ("Putaran", round.text),
            ("Hari/Tanggal", format_long(proposal.day, tz)),
            ("Waktu", f"{proposal.begins} s.d. {proposal.ends} {zone_name(tz)}"),
            ("Tempat", proposal.place),
            ("Acara", "; ".join(proposal.agenda)),
            ("Batas waktu penyampaian data", format_long(proposal.deadline, tz)),
            ("Catatan", proposal.note),
        ]
    )
    heads = ["OPD", "Kode", "Data yang diminta", "Satuan"]
    rows = [[one.agency, one.code, one.name, one.unit] for one in datasets]
    if last and last.name:
        heads.append(f"Pada {last.name}")
        rows = [[*row, last.state(row[1])] for row in rows]
    parts = [f"**Perhatian: {escape_markdown(one)}**" for one in warnings]
    parts += ["### Lokasi dan jadwal kegiatan", facts, _table(heads, rows)]
    if last and last.gone:
        parts.append(f"Tidak ada lagi di berkas kantor: {escape_markdown(', '.join(last.gone))}.")
    if last and last.fault:
        parts.append(f"Hasil putaran lalu tidak diketahui: {escape_markdown(last.fault)}")
    return "\n\n".join(parts)


def make_delivery_rows(deliveries: Iterable[Delivery], tz: ZoneInfo) -> list[dict[str, str]]:
    """Who delivered what, as the rows of a table artifact."""
    return [
        {
            "OPD": one.agency,
            "Data": one.dataset.name,
            "Status": one.status + (" (terlambat)" if one.late else ""),
            "Tanda terima": one.received.number if one.received else "-",
            "Diterima": format_moment(one.received.at, tz) if one.received else "-",
            "Baris": str(one.table.rows) if one.table else "-",
            "Kesalahan": str(one.faults) if one.faults else "-",
        }
        for one in deliveries
    ]


def render_deliveries(deliveries: Sequence[Delivery], deadline: date, tz: ZoneInfo) -> str:
    """Above the closing gate."""
    complete = sum(one.is_complete for one in deliveries)
    facts = _facts(
        [
            ("Batas waktu", format_long(deadline, tz)),
            ("Data lengkap", f"{complete} dari {len(deliveries)}"),
        ]
    )
    rows = [(one.agency, one.dataset.name, one.status) for one in deliveries if not one.is_complete]
    if not rows:
        return f"{facts}\n\nSemua data sudah lengkap."
    return f"{facts}\n\n{_table(('OPD', 'Belum lengkap', 'Status'), rows)}"


def render_report(report: Report, tz: ZoneInfo) -> str:
    """The closing report as an artifact."""
    times = _table(
        ("No", "Kegiatan", "Waktu baku", "Realisasi", "Mutu Baku"),
        [(str(one.number), one.text, one.standard, one.actual, one.verdict or "-") for one in report.timings],
    )
    rows = make_delivery_rows(report.deliveries, tz)
    table = _table(tuple(rows[0]), [tuple(row.values()) for row in rows]) if rows else ""
    notes = "\n".join(f"- {escape_markdown(note)}" for note in report.notes)
    return (
        f"### Laporan penutup {escape_markdown(report.round.text)}\n\n{times}\n\n{table}\n\n{notes}".strip()
    )
