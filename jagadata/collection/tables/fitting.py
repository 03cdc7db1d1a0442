"""How well a heading that stands in a sheet fits a column that was asked for. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from jagadata.collection.tables.numerals import years_in
from jagadata.collection.tables.translations import is_english, without_english
from jagadata.collection.tables.words import (
    bare_heading,
    is_unit_alone,
    same_unit,
    unit_in,
    words_in_brackets,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAST = 0.6
SURE_ENOUGH = 0.655
"""Below it a heading has a word more, less or other that may matter: 'Jumlah Siswa Miskin' is not 'Jumlah Siswa'."""

_DOUBTFUL = 0.64

_FILLERS = {"jumlah", "banyak", "banyaknya", "data", "nama"}
"""Words that headings have or lack without meaning anything else; 'Angka Kematian' is a rate, 'Jumlah Kematian' is none."""

_MARKS = re.compile(
    r"^([^()]*)\s\d{1,2}\)\s*$|\s*\*+\)?\s*$|(?<=[a-z]{3})[\u00b9\u00b2\u00b3\u2070-\u2079]+\s*$",
    re.IGNORECASE,
)
"""Signs of footnotes."""

_COMMON_TEXT = """
kecamatan kelurahan kabupaten provinsi wilayah tahun jumlah alamat perempuan laki-laki keterangan tanggal nomor penduduk
"""
_COMMON = frozenset(_COMMON_TEXT.split())
"""Words that no other is like: a slip in them is one."""

_ALWAYS_MATTER = frozenset(
    {"laki-laki", "perempuan", "target", "rencana", "realisasi", "anggaran", "prognosis"}
)


def fit_of(texts: Sequence[str], name: str, context: frozenset[str]) -> float:
    """What stands above a column, from top to bottom, against a name: 1 the same, 0 nothing. `context`: words of the data set's name."""
    return max(
        (
            min(_fit(text, name, context) - loss, most)
            for text, loss, most in _candidates(tuple(texts), context)
        ),
        default=0.0,
    )


def _candidates(texts: tuple[str, ...], context: frozenset[str]) -> Iterator[tuple[str, float, float]]:
    """Readings of a heading of several rows, with what each costs and the most it can be: all of it, its lower rows, its first."""
    core = [text for text in texts if not (is_english(text) or is_unit_alone(text))] or list(texts[:1])
    units = [
        text if text.startswith(("(", "[")) else f"({text})"
        for text in texts
        if is_unit_alone(text) and text not in core
    ]
    whole = " ".join([*core, *units])
    yield whole, 0, 1
    if len(core) < 2:
        return
    for start in range(1, len(core)):
        yield " ".join([*core[start:], *units]), 0.02 * start, 1
    dropped = {word for text in core[1:] for word in words_of(text)} - (context - _ALWAYS_MATTER)
    harmless = all(
        word in ("jumlah", "total", "satuan") or re.fullmatch(r"(19|20)\d\d|tahun", word) for word in dropped
    )
    yield " ".join([core[0], *units]), 0.02 * len(core), 1 if harmless else _DOUBTFUL


@lru_cache(maxsize=50_000)
def _fit(text: str, name: str, context: frozenset[str]) -> float:
    """How well a heading fits a name: 1 the same, 0.95 without a unit, 0.85 the same words in any order, less: similar; 0 not."""
    if len(text) > 200:
        return 0
    text = _MARKS.sub(lambda match: match[1] or "", text) or text
    if (whole := words_of(text)) == words_of(name):
        return 1
    if (half := without_english(text)) != text:
        return max(0.0, _fit(half, name, context) - 0.01)
    heard, asked = _core(text), _core(name)
    if not any(map(_is_year, asked)):  # 'Jumlah Penduduk 2026'
        heard = tuple(word for word in heard if not _is_year(word)) or heard
        heard = heard[:-1] if len(heard) > 1 and heard[-1] == "tahun" and heard != asked else heard
    if not heard or not asked:
        return 0
    fit = _fit_words(heard, asked)
    if fit == 1:
        fit = 0.95 if whole == heard or unit_in(text, frozenset()) or unit_in(name, frozenset()) else 0.9
    own, others = words_in_brackets(text), words_in_brackets(name)
    matters = (own ^ others) - (context - _ALWAYS_MATTER) - set(heard) - set(asked)
    said, wanted = _per(text), _per(name)
    years, asked_years = set(years_in(text)), set(years_in(name))
    if (
        matters
        or (years and asked_years and years != asked_years)
        or (wanted and not (said and same_unit(said, wanted)))
    ):
        return min(fit, _DOUBTFUL)
    return fit


def _per(text: str) -> str:
    """'per 1000 …' in a heading or a name, normalised; '' where it is of no such rate."""
    unit = unit_in(text, frozenset())
    return unit if unit.startswith("per ") else ""


def _fit_words(heard: tuple[str, ...], asked: tuple[str, ...]) -> float:
    if heard == asked:
        return 1
    if set(heard) == set(asked) or "".join(heard) == "".join(asked):
        return 0.85
    if len(heard) == len(asked):
        slips = [_slip(one, other) for one, other in zip(heard, asked, strict=True)]
        if all(slips):
            return min(slips)
    shared, all_words = set(heard) & set(asked), set(heard) | set(asked)
    if shared and all_words - shared <= _FILLERS and not shared <= _FILLERS:
        return 0.7
    if len(asked) < 2 or len(shared) / len(all_words) < 0.66:
        return 0
    return 0.65


def _slip(one: str, other: str) -> float:
    """1 for the same word, 0.75 for a longer one with a letter lost or doubled, less for another that looks like it; 0: no likeness.

    'Pelanggaran' is no slip of 'Pelanggan', nor 'Penerimaan' of 'Penerima'; 'SMP' and 'SMA' are two.
    """
    if one == other:
        return 1
    if one[0] != other[0] or abs(len(one) - len(other)) > 2 or min(len(one), len(other)) < 5:
        return 0
    if (one + other).isdigit() or SequenceMatcher(None, one, other).ratio() < 0.83:
        return 0
    return 0.75 if other in _COMMON or _has_letter_more(one, other) else _DOUBTFUL


def _has_letter_more(one: str, other: str) -> bool:
    """One letter in the midst of a long word is lost or too many."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) != 1 or len(short) < 7:
        return False
    return any(long[:at] + long[at + 1 :] == short for at in range(1, len(long) - 1))


def _core(text: str) -> tuple[str, ...]:
    """The words without brackets and without 'nama', which headings have or lack at will."""
    words = words_of(bare_heading(text))
    return tuple(word for word in words if word != "nama") or words


def _is_year(word: str) -> bool:
    return len(word) == len("2026") and word.isdecimal() and word[:2] in ("19", "20")
