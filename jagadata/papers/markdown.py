"""What all SOPs' texts in Markdown have in common: escaping, templates, tables. Prefect artifacts and the text above a sign-off.

Every value is escaped as it is printed, so nothing that people typed is ever markup. The mails: mails.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jagadata.text.template import make_environment, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


templates = make_environment(escape_markdown)


def only_known(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs (label, value) whose value is known."""
    return [(label, value) for label, value in pairs if value]


def render_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([escape_markdown(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def render_facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{label}:** {escape_markdown(value)}" for label, value in pairs if value)
