"""Keys of objects in a store: what is safe as a file name on every system and in every bucket. Pure."""

from __future__ import annotations

import re

from jagadata.errors import RefusedError

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")


def check_key(key: str) -> str:
    """The key itself. Raises RefusedError for anything but `[a-z0-9._/-]` without `..`, hidden names or empty parts."""
    if not _KEY.fullmatch(key) or ".." in key or len(key) > 512:
        raise RefusedError(
            f"Kunci objek {key!r} tidak sah.",
            "Hanya huruf kecil, angka, titik, garis bawah, dan tanda hubung.",
        )
    return key
