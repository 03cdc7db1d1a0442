"""The restore form and the plan as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.papers.markdown import only_known, templates
from jagadata.restore.papers.plan_sheet import make_plan_facts
from jagadata.restore.papers.sheet import make_restore_sheet, make_rows_table
from jagadata.text.formats import WIB

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from jagadata.papers.sheet import Field
    from jagadata.restore.papers.form import RestoreForm
    from jagadata.restore.request import Impact, Plan


def render_plan(plan: Plan, impact: Impact) -> str:
    """The plan and what it does, as the approver reads them."""
    return templates.get_template("restore/plan.md.j2").render(facts=make_plan_facts(plan, impact))


def render_restore(form: RestoreForm, tz: ZoneInfo = WIB, *, facts: Sequence[tuple[str, str]] = ()) -> str:
    """The form as far as it is filled in, as tables; `facts` (plan and impact) stand below it where they are given."""
    sheet = make_restore_sheet(form, tz)
    sections = [
        (section.title, only_known(_pairs(part.fields)))
        for section in sheet.sections
        for part in section.parts
    ]
    sections[0] = (sections[0][0], [*_pairs(sheet.head), *sections[0][1]])
    if facts:
        sections.insert(2, ("RENCANA DAN DAMPAK", list(facts)))
    return templates.get_template("restore/form.md.j2").render(
        form=form,
        sections=[(title, fields) for title, fields in sections if fields],
        table=make_rows_table(form),
        notes=sheet.notes,
    )


def _pairs(fields: Sequence[Field]) -> list[tuple[str, str]]:
    return [(field.label, field.value) for field in fields]
