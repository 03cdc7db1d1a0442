"""Sheets, or parts of one, that hold the same table again: joined, each thing would be counted twice. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.spellings import bring_to_one
from jagadata.collection.tables.wording import describe_position, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from jagadata.office.collection import DatasetEntry

_MOST = 20_000
"""Rows of a sheet."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """`lines` of the sheet, one for each row of `table`."""

    sheet: str
    table: pa.Table
    lines: Sequence[int]


def find_copies(pieces: Sequence[Piece], dataset: DatasetEntry) -> list[Finding]:
    """Pairs of which half of the rows are about the same; where the data set has a key, its check tells them."""
    if any(one.key for one in dataset.columns):
        return []
    known = [(piece, _subjects(piece.table, dataset)) for piece in pieces]
    findings = []
    for (one, ours), (other, theirs) in combinations(known, 2):
        if not ours or not theirs or 2 * len(ours & theirs) < min(len(ours), len(theirs)):
            continue
        same = one.sheet == other.sheet
        what = f"Baris {one.lines[0]} dan seterusnya" if same else f"Lembar '{one.sheet}'"
        findings.append(
            Finding(
                code="tabel-salinan", severity="kesalahan", count=len(ours & theirs),
                where=describe_position(sheet=other.sheet, lines=other.lines[:1]),
                text=f"{what} dan tabel ini memuat {number_text(len(ours & theirs))} hal yang sama; bila digabung, semuanya terhitung dua kali.",
                action="Sisakan satu tabel yang benar; bila keduanya data, tambahkan kolom yang membedakannya (misalnya Tahun).",
            )
        )  # fmt: skip
    return findings


def _subjects(table: pa.Table, dataset: DatasetEntry) -> set[tuple[object, ...]]:
    """What each row is about: all that is no number; empty where rows of one table share it, or it is unknown."""
    if not 1 < table.num_rows <= _MOST:
        return set()
    named = [
        one
        for one in dataset.columns
        if one.type not in ("number", "integer") and one.name in table.column_names
    ]
    columns = [bring_to_one(table[one.name], one, one.name).to_pylist() for one in named]
    rows = list(zip(*columns, strict=True))
    found = set(rows)
    return found if columns and len(found) == len(rows) else set()
