"""Findings in words for the clerk: where something stands, what stands there (masked), equal faults told once. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.collection.tables.conversion import plain_text
from jagadata.collection.tables.personal import mask, mask_cell
from jagadata.text.template import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jagadata.collection.tables.examination import Finding
    from jagadata.collection.tables.grid import Cell

SHOWN = 5
"""Rows that a finding names."""


def number_text(number: float) -> str:
    """1234.5 as '1.234,5'."""
    text = f"{number:,.6f}".rstrip("0").rstrip(".") if number % 1 else f"{number:,.0f}"
    return text.translate(str.maketrans(",.", ".,"))


def describe_position(*, sheet: str = "", lines: Sequence[int] = (), column: str = "") -> str:
    """Such as "lembar 'Data', baris 7, 9, dan 12, kolom 'Jumlah'"."""
    parts = []
    if sheet:
        parts.append(f"lembar '{one_line(mask(sheet))[:60]}'")
    if lines:
        shown = [str(line) for line in lines[:SHOWN]]
        more = len(lines) - len(shown)
        if more:
            parts.append(f"baris {', '.join(shown)}, dan {number_text(more)} baris lain")
        elif len(shown) > 1:
            parts.append(f"baris {', '.join(shown[:-1])}{',' if len(shown) > 2 else ''} dan {shown[-1]}")
        else:
            parts.append(f"baris {shown[0]}")
    if column:
        parts.append(f"kolom '{one_line(mask(column))[:60]}'")
    return ", ".join(parts)


def quote(cells: Iterable[Cell]) -> str:
    """Such as "'abc', 'x y'": up to three different values as they stand there, cut and masked."""
    shown = dict.fromkeys(one_line(mask_cell(plain_text(cell)[:200]))[:40] for cell in cells)
    return ", ".join(f"'{text}'" for text in list(shown)[:3])


def clean_name(name: str) -> str:
    """A file's name as it may be shown: its last part, without control or direction signs, at most 120 characters, masked."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    text = one_line(mask(last)).strip(" .")
    if len(text) > 120:
        text = f"{text[:100]}…{text[-19:]}"
    return text or "(tanpa nama)"


def sift(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Masked once more, each said once, faults first; otherwise in the order in which they were found."""
    seen = dict.fromkeys(
        replace(one, where=mask(one.where), text=mask(one.text), action=mask(one.action)) for one in findings
    )
    return tuple(sorted(seen, key=lambda one: one.severity != "kesalahan"))
