"""What a column of the office file is by its name and unit. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from jagadata.collection.tables.words import unit_of, words_of

if TYPE_CHECKING:
    from jagadata.office.collection import ColumnEntry

_SHARES_TEXT = """
persen rasio indeks kepadatan rata-rata laju tingkat prevalensi skor harga suhu kelembaban peringkat harapan
produktivitas proporsi cakupan density
"""
_SHARES = frozenset(_SHARES_TEXT.split())
"""Words in the name of a column whose numbers do not add up."""


def is_share(column: ColumnEntry) -> bool:
    """Numbers that do not add up: percentages, rates, prices."""
    return _is_share(column.name, column.unit or "")


@lru_cache(maxsize=1_000)
def _is_share(name: str, unit: str) -> bool:
    plain = unit_of(unit)
    if plain in ("persen", "rasio", "indeks") or "/" in plain or "per " in f"{plain} ":
        return True
    words = words_of(name)
    return bool(_SHARES & set(words)) or "per" in words
