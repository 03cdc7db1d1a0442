"""The proposal of a round as Markdown: what is asked of whom, above the gates of steps 1 and 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.papers.markdown import escape_markdown, render_facts, render_table
from jagadata.text.formats import format_long, zone_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from jagadata.collection.last_round import LastRound
    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.office.collection import DatasetEntry


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
    facts = render_facts(
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
    parts += ["### Lokasi dan jadwal kegiatan", facts, render_table(heads, rows)]
    if last and last.gone:
        parts.append(f"Tidak ada lagi di berkas kantor: {escape_markdown(', '.join(last.gone))}.")
    if last and last.fault:
        parts.append(f"Hasil putaran lalu tidak diketahui: {escape_markdown(last.fault)}")
    return "\n\n".join(parts)
