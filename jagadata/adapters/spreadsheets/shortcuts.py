"""Files that only point to another place: what Drive, Windows, macOS and Linux leave in a folder in place of the file. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LARGEST = 4096
"""Bytes of a text that is nothing but a link and a greeting."""

_LINES = 6
_URL = re.compile(r"""https?://[^\s"'<>\\]{3,2000}""")
_WINDOWS = b"L\x00\x00\x00\x01\x14\x02\x00"
"""A shell link (MS-SHLLINK, 2.1): size of its head and its class."""
_MARKS = re.compile(
    r"""^\s*\[(?:InternetShortcut|Desktop\ Entry)[\].]
      | <!DOCTYPE\s+plist | <plist\b | <meta\s[^<>]{0,100}http-equiv=["']?refresh
      | ^\s*\{[^{}]{0,500}"(?:doc_id|resource_id|url)"\s*:""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)


def find_target(start: bytes) -> str | None:
    """The host that a file points to ('drive.google.com', '' where it names none), from its first bytes; None: it is no mere link."""
    if start.startswith(_WINDOWS):
        return ""
    if start.startswith(b"bplist00"):  # .webloc
        return _host(start.decode("latin-1"))
    text = _decode(start)
    if _MARKS.search(text[:2000]):
        found = _URL.search(text)
        return _host(found[0]) if found else ""
    if len(start) < LARGEST and _is_only_link(text):
        return _host(text)
    return None


def _decode(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start.decode("utf-16", "replace")
    return start.decode("utf-8-sig", "replace")


def _is_only_link(text: str) -> bool:
    """A few lines, one of them a link, and no two with numbers or columns: no table."""
    lines = [line for line in text.splitlines() if line.strip()]
    bare = [_URL.sub("", line) for line in lines]
    if not lines or len(lines) > _LINES or bare == lines:
        return False
    return sum(bool(re.search(r"[0-9,;\t]", line)) for line in bare) < 2


def _host(text: str) -> str:
    found = _URL.search(text)
    try:
        return (urlsplit(found[0]).hostname or "")[:100] if found else ""
    except ValueError:
        return ""
