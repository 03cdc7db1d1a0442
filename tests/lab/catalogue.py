"""A catalogue of phrases (.po) as gettext reads it (.mo): `make messages`. Formats: GNU gettext manual, 4.2 and 10.3."""

from __future__ import annotations

import ast
import re
import struct
from typing import TYPE_CHECKING

from jagadata.cli import language

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = language.LOCALE / "id/LC_MESSAGES/messages.po"
_LINE = re.compile(r'(?:(msgid|msgid_plural|msgstr)(\[0\])? )?(".*")')


def read_phrases(path: Path) -> dict[str, str]:
    """Translation by phrase; a phrase with a plural is 'singular NUL plural'."""
    found: dict[str, str] = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            match = _LINE.fullmatch(line)
            if match is None:
                assert line.startswith("#"), line
                continue
            name = match[1] or name
            parts[name] = parts.get(name, "") + ast.literal_eval(match[3])
        if parts:
            key = "\0".join(parts[name] for name in ("msgid", "msgid_plural") if name in parts)
            assert key not in found, key
            found[key] = parts["msgstr"]
    return found


def compile_phrases(phrases: dict[str, str]) -> bytes:
    """Magic, version, count, two tables of (length, offset), no hash table; phrases in the order of their bytes."""
    keys = sorted(phrases, key=str.encode)
    texts = [key.encode() for key in keys] + [phrases[key].encode() for key in keys]
    offset = 28 + 8 * len(texts)
    table = b""
    for text in texts:
        table += struct.pack("<II", len(text), offset)
        offset += len(text) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 28 + 8 * len(texts))
    return head + table + b"".join(text + b"\0" for text in texts)


if __name__ == "__main__":
    CATALOGUE.with_suffix(".mo").write_bytes(compile_phrases(read_phrases(CATALOGUE)))
