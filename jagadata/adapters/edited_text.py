"""Text files that people edit, as text: whatever their editor made of the encoding."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 (PowerShell's `>`, with or without its mark), else Latin-1, in which any byte is a character."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    half = len(data) // 2
    if half and data[1::2].count(0) > half // 2:
        return data.decode("utf-16-le", errors="replace")
    if half and data[0::2].count(0) > half // 2:
        return data.decode("utf-16-be", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
