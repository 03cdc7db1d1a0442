"""Written numbers that need no second look, read many at once: '1250', '12,5', '0.125', and not '1.250', which is two numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHOLE = r"^-?[0-9]{1,15}$"
_YEAR = r"^[0-9]{4}$"
_COMMA, _COMMA_OR_THOUSANDS = r"^-?[0-9]{1,15},[0-9]{1,20}$", r"^-?[1-9][0-9]{0,2},[0-9]{3}$"
_POINT, _POINT_OR_THOUSANDS = r"^-?(0|[1-9][0-9]{0,14})\.[0-9]{1,20}$", r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"


@dataclass(frozen=True, kw_only=True)
class PlainNumbers:
    """`values`: null where a cell is empty or is one of `rest`, rows (from 0) that must be read one by one."""

    values: pa.Array
    rest: Sequence[int]
    commas: int = 0  # decimal marks that were proved
    points: int = 0


def read_plain(cells: Sequence[str], kind: pa.DataType, *, year: bool = False) -> PlainNumbers | None:
    """None where the cells can't be looked at so: text that is no valid Unicode."""
    try:
        texts = pa.array(cells, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return None
    plain = pc.match_substring_regex(texts, _YEAR if year else _WHOLE)
    rest = pc.invert(pc.or_(plain, pc.equal(texts, "")))
    commas = points = 0
    if pa.types.is_floating(kind) and pc.any(rest).as_py():
        comma, point = (
            _proved(texts, _COMMA, _COMMA_OR_THOUSANDS),
            _proved(texts, _POINT, _POINT_OR_THOUSANDS),
        )
        commas, points = _count(comma), _count(point)
        marked = pc.or_(comma, point)
        plain, rest = pc.or_(plain, marked), pc.and_not(rest, marked)
        texts = pc.replace_substring(texts, ",", ".", max_replacements=1) if commas else texts
    values = pc.if_else(plain, texts, pa.scalar(None, pa.string())).cast(kind)
    return PlainNumbers(
        values=values, rest=pc.indices_nonzero(rest).to_pylist(), commas=commas, points=points
    )


def _proved(texts: pa.Array, marked: str, unsure: str) -> pa.Array:
    return pc.and_not(pc.match_substring_regex(texts, marked), pc.match_substring_regex(texts, unsure))


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)
