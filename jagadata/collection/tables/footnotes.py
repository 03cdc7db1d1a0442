"""Raised signs in a cell's text: '125' with a raised '1' is 125 with a footnote, 'km' with a raised '2' is km². Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = re.compile(r"(?:^|[^a-z])(?:[khdcm]|da)?m$", re.IGNORECASE)
_POWERS = {"2": "²", "3": "³"}
_SIGN = re.compile(r"[\w*†‡),.(/ ]{1,6}")
_RAISED = re.compile(r"[\u00b9\u00b2\u00b3\u2070-\u207f]+")
"""¹ ² ³ ⁴ ⁾: raised by themselves."""


def without_footnotes(runs: Sequence[tuple[bool, str]]) -> str | None:
    """The text of (raised, text) runs without its footnote signs; None where none of them is raised."""
    if not any(raised and text.strip() for raised, text in runs):
        return None
    found = ""
    for raised, text in runs:
        sign = text.strip()
        if not raised or not sign:
            found += text
        elif sign in _POWERS and _LENGTH.search(found):
            found += _POWERS[sign]
        elif not _SIGN.fullmatch(sign):  # a raised word is one
            found += text
    return found.strip() or None


def strip_raised(text: str) -> str:
    """'910,25¹⁾' -> '910,25', 'Panggul¹' -> 'Panggul'; 'km²' stays."""
    if not (match := _RAISED.search(text)) or _LENGTH.search(text[: match.start()]):
        return text
    return " ".join(_RAISED.sub("", text).split()) or text
