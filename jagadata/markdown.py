"""Forms as Markdown: Prefect artifacts and the text above a sign-off, from templates/. Pure given those.

Every value is escaped as it is printed, so nothing that people typed is ever markup. The mails: mails.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jagadata.backup_sheet import count_outcomes, row_size
from jagadata.calendar import (
    WIB,
    format_date,
    format_duration,
    parse_period,
)
from jagadata.forms import BackupForm
from jagadata.plan_sheet import make_plan_facts
from jagadata.restore_sheet import make_restore_sheet, make_rows_table
from jagadata.sheet import make_notes, when, yes_or_no
from jagadata.template import make_environment, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from jagadata.forms import BackupRow, RestoreForm
    from jagadata.request import Impact, Plan
    from jagadata.sheet import Field

LONGEST_CELL = 1000
"""Characters of one value in Markdown: a sign-off must stay short enough to be read."""


def escape_markdown(value: Any) -> str:
    """Text that Markdown shows as it is, inside a table cell too; cut at LONGEST_CELL.

    Source: CommonMark 0.31, 2.4 (backslash escapes), 2.5 (entities); GFM tables and autolinks.
    """
    text = one_line(value)
    if len(text) > LONGEST_CELL:
        text = f"{text[:LONGEST_CELL]} …"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]#!~$^])", r"\\\1", text)
    text = text.replace("|", "&#124;").replace("://", r"\://")
    return re.sub(r"\bwww\.", r"www\.", text, flags=re.IGNORECASE)


_markdown = make_environment(escape_markdown)


def render_markdown(
    form: BackupForm | RestoreForm, *, facts: Sequence[tuple[str, str]] = (), tz: ZoneInfo = WIB
) -> str:
    """A form as far as it is filled in, as tables; `facts` (plan and impact) stand below it where they are given."""
    if isinstance(form, BackupForm):
        return _render_backup(form, tz)
    return _render_restore(form, facts, tz)


def render_plan(plan: Plan, impact: Impact) -> str:
    """The plan and what it does, as the approver reads them."""
    return _markdown.get_template("restore/plan.md.j2").render(facts=make_plan_facts(plan, impact))


def _render_backup(form: BackupForm, tz: ZoneInfo) -> str:
    head = [
        ("Periode", parse_period(form.period).text),
        ("Pelaksanaan", form.occasion),
        ("Jadwal yang Ditetapkan", form.schedule),
        ("Jumlah Aplikasi", count_outcomes(form)),
        ("Tanggal Pengisian", when(form.at, tz)),
        ("Pelaksana", form.performer.name),
        ("Keterangan", form.note),
    ]
    review = [
        ("Hasil Pemeriksaan", form.review or ""),
        ("Catatan", form.review_note),
        ("Pemeriksa", form.reviewer.name),
        ("Tanggal", when(form.reviewer.at, tz)),
    ]
    return _markdown.get_template("backup/form.md.j2").render(
        form=form,
        head=_filled(head),
        rows=[_cells(number, row) for number, row in enumerate(form.rows, 1)],
        details=[_details(number, row, tz) for number, row in enumerate(form.rows, 1)],
        review=_filled(review),
        notes=make_notes(form.remarks, (form.performer, form.reviewer)),
    )


def _cells(number: int, row: BackupRow) -> tuple[str, ...]:
    return (
        str(number),
        row.application,
        row.outcome or "-",
        row_size(row) or "-",
        format_duration(row.duration) if row.duration is not None else "-",
    )


def _details(number: int, row: BackupRow, tz: ZoneInfo) -> tuple[str, list[str]]:
    """What a narrow dialog can't show in columns."""
    lines = [
        ("Mulai", when(row.started, tz)),
        ("Penyimpanan", row.storage),
        ("Salinan kedua", row.second_copy),
        ("Hash sesuai setelah penyalinan", yes_or_no(row.hash_matches)),
        ("Retensi s.d.", format_date(row.retained_until, tz) if row.retained_until else ""),
        ("Sebab gagal", row.reason),
        ("Cara verifikasi", "; ".join(row.verification)),
        *(("File", f"{file.name} (SHA-256 {file.sha256[:16] or '-'}…)") for file in row.files),
        ("Kendala/tindak lanjut", row.obstacles),
        ("Keterangan", row.remarks),
    ]
    return f"{number}. {row.application}", [f"{label}: {value}" for label, value in _filled(lines)]


def _render_restore(form: RestoreForm, facts: Sequence[tuple[str, str]], tz: ZoneInfo) -> str:
    sheet = make_restore_sheet(form, tz)
    sections = [
        (section.title, _filled(_pairs(part.fields))) for section in sheet.sections for part in section.parts
    ]
    sections[0] = (sections[0][0], [*_pairs(sheet.head), *sections[0][1]])
    if facts:
        sections.insert(2, ("RENCANA DAN DAMPAK", list(facts)))
    return _markdown.get_template("restore/form.md.j2").render(
        form=form,
        sections=[(title, fields) for title, fields in sections if fields],
        table=make_rows_table(form),
        notes=sheet.notes,
    )


def _pairs(fields: Sequence[Field]) -> list[tuple[str, str]]:
    return [(field.label, field.value) for field in fields]


def _filled(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs (label, value) whose value is known."""
    return [(label, value) for label, value in pairs if value]
