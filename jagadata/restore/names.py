"""Names of databases beside the live ones. Pure."""

from __future__ import annotations

import hashlib
import re

from jagadata.text.names import NAME_BYTES


def make_side_name(database: str, token: str) -> str:
    """Name of the database that is built beside the live one."""
    return _beside(database, "baru", token)


def make_kept_name(database: str, token: str) -> str:
    """Name under which the former live database is kept after the swap."""
    return _beside(database, "lama", token)


def _beside(database: str, tag: str, token: str) -> str:
    # The hash covers the whole name and token, so names that share their first bytes can't meet once cut at 63.
    mark = hashlib.sha256(f"{tag}\0{token}\0{database}".encode()).hexdigest()[:12]
    shown = re.sub(r"[^a-z0-9]", "", token.lower())[-12:]
    tail = f"__{tag}_{shown}_{mark}" if shown else f"__{tag}_{mark}"
    head = "".join(letter if letter.isprintable() else "_" for letter in database)
    return _cut(head, NAME_BYTES - len(tail)) + tail


def _cut(text: str, longest: int) -> str:
    """The longest beginning of `text` within so many UTF-8 bytes that does not split a character."""
    return text.encode()[:longest].decode(errors="ignore")
