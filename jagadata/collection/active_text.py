"""Text that a spreadsheet would run as a formula when it opens a CSV (OWASP: CSV injection). Pure."""

from __future__ import annotations

import re

_ACTIVE = re.compile(r"\s*(=|[+\-@]\s*[A-Za-z][\w.]*\s*[(|!]|[+\-]\s*[\d.,]+\s*[+\-*/].*[|!(])")
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def is_active(text: str) -> bool:
    """A formula or a DDE call ('=cmd|...'); not '-5', '+62 812', '- lainnya', '@akun'."""
    return text[:1] in " =+-@\t\r\n" and _ACTIVE.match(text) is not None


def make_inert(text: str) -> str:
    """The text as it may stand in a CSV that people open in a spreadsheet: an apostrophe before a sign that could start a formula.

    Numbers stay as they are.
    """
    if not text.startswith(_STARTS) or re.fullmatch(r"[+-]?[\d.,]+%?", text):
        return text
    return f"'{text}"
