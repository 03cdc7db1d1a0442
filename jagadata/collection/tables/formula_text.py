"""Text that a spreadsheet would run as a formula when it opens a CSV (OWASP: CSV injection). Pure."""

from __future__ import annotations

import re

_ACTIVE = re.compile(r"\s*(=|[+\-@]\s*[A-Za-z][\w.]*\s*[(|!]|[+\-]\s*[\d.,]+\s*[+\-*/].*[|!(])")

_LEGEND = re.compile(r"\s*=\s+[A-Za-z][A-Za-z ,.-]*")
"""'= tidak ada', as legends below tables say: a name at most, which runs nothing."""


def is_active(text: str) -> bool:
    """A formula or a DDE call ('=cmd|...'); not '-5', '+62 812', '- lainnya', '@akun'."""
    return text[:1] in " =+-@\t\r\n" and _ACTIVE.match(text) is not None and not _LEGEND.fullmatch(text)
