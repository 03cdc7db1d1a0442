"""One thing written in several ways: 'Panggul', 'PANGGUL', 'Kec. Panggul', '1. Panggul'. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.words import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.office.collection import ColumnEntry

_LEVELS = {
    "kecamatan": "kecamatan|kec",
    "desa": "desa|ds",
    "kelurahan": "kelurahan|kel",
    "kabupaten": "kabupaten|kab",
    "kota": "kota",
}
_NUMBERED = re.compile(r"\s*(\d{1,4})\s*[.)]\s*(?=\D)")
_CODED = re.compile(r"\s*(\d\d0)\.?\s+(?=\D)")


def bring_to_one(column: pa.ChunkedArray, entry: ColumnEntry, heading: str) -> pa.ChunkedArray:
    """The texts of a column as they are compared: small letters, no punctuation, without the level that the heading names."""
    if entry.type != "text":
        return column
    plain = pc.utf8_lower(column)
    code = pc.and_(
        pc.match_substring_regex(column, r"\d"), pc.invert(pc.match_substring_regex(column, r"\s"))
    )
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"[^\pL\pN+]+", " "))
    levels = [word for word in {*words_of(heading), *words_of(entry.name)} if word in _LEVELS]
    if len(levels) == 1 or set(levels) == {"desa", "kelurahan"}:
        bare = pc.replace_substring_regex(bare, rf"^({'|'.join(_LEVELS[one] for one in levels)}) ", "")
    return pc.if_else(code, column, bare)


def without_numbering(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """'1. Panggul', '2. Munjungan', … without their numbers, '010 Panggul', '020 Munjungan', … without their codes.

    As it is where these are not 1, 2, 3 down to the last row, or do not rise.
    """
    first = column[0].as_py() if len(column) > 1 else None
    pattern = next((one for one in (_NUMBERED, _CODED) if first and one.match(first)), None)
    if pattern is None:
        return column
    texts: Sequence[str | None] = column.to_pylist()
    numbers = [int(match[1]) for text in texts if (match := pattern.match(text or ""))]
    if len(numbers) < len(texts) or any(one >= other for one, other in pairwise(numbers)):
        return column
    if (
        pattern is _NUMBERED
        and not all(number % 10 == 0 for number in numbers)
        and numbers != list(range(1, len(texts) + 1))
    ):
        return column
    return pa.chunked_array(
        [pa.array([pattern.sub("", text or "", count=1).strip() for text in texts], pa.string())]
    )
