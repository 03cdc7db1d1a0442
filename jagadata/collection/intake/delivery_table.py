"""Who delivered what, as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.intake.releases import make_held_rows
from jagadata.papers.markdown import render_facts, render_table
from jagadata.text.formats import format_long, format_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from jagadata.collection.intake.deliveries import Delivery


def make_delivery_rows(deliveries: Iterable[Delivery], tz: ZoneInfo) -> list[dict[str, str]]:
    """Who delivered what, as the rows of a table artifact."""
    return [
        {
            "OPD": one.agency,
            "Data": one.dataset.name,
            "Status": one.status_text + (" (terlambat)" if one.late else ""),
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
    facts = render_facts(
        [
            ("Batas waktu", format_long(deadline, tz)),
            ("Data lengkap", f"{complete} dari {len(deliveries)}"),
        ]
    )
    rows = [(one.agency, one.dataset.name, one.status_text) for one in deliveries if not one.is_complete]
    missing = render_table(("OPD", "Belum lengkap", "Status"), rows) if rows else "Semua data sudah lengkap."
    held = [(row["Kode"], row["Data"], row["Sebab"]) for row in make_held_rows(deliveries)]
    if not held:
        return f"{facts}\n\n{missing}"
    waiting = render_table(("Kode", "Ditahan karena data pribadi", "Sebab"), held)
    return f"{facts}\n\n{missing}\n\n{waiting}\n\nKasi dapat melepasnya dengan `jaga round release`."
