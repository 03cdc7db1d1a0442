"""A round as Markdown: what stands above its sign-offs, and its artifacts. Pure. Every value is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.closing.report import conclude
from jagadata.collection.intake.delivery_table import make_delivery_rows
from jagadata.papers.markdown import escape_markdown, render_table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from jagadata.collection.closing.report import Report


def render_report(report: Report, tz: ZoneInfo) -> str:
    """The closing report as an artifact."""
    times = render_table(
        ("No", "Kegiatan", "Waktu baku", "Realisasi", "Mutu Baku"),
        [(str(one.number), one.text, one.standard, one.actual, one.verdict or "-") for one in report.timings],
    )
    rows = make_delivery_rows(report.deliveries, tz)
    table = render_table(tuple(rows[0]), [tuple(row.values()) for row in rows]) if rows else ""
    notes = "\n".join(f"- {escape_markdown(note)}" for note in report.notes)
    title = f"### Laporan penutup {escape_markdown(report.round.text)}"
    return "\n\n".join([title, escape_markdown(conclude(report)), times, table, notes]).strip()
