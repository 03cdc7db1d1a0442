"""Keys of objects in a store: what is safe as a file name on every system and in every bucket. Pure."""

from __future__ import annotations

import re

from jagadata.errors import RefusedError

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
_PREFIX = re.compile(r"(?:[a-z0-9_-][a-z0-9._-]*/)*(?:[a-z0-9_-][a-z0-9._-]*)?")
_NAME_LENGTH = 240  # of one part: file systems end at 255, and a hidden name beside it is longer
_KEY_LENGTH = 512


def is_key(key: str) -> bool:
    """`[a-z0-9._/-]` without `..`, hidden names or empty parts, and short enough."""
    return (
        _KEY.fullmatch(key) is not None
        and ".." not in key
        and len(key) <= _KEY_LENGTH
        and all(len(part) <= _NAME_LENGTH for part in key.split("/"))
    )


def check_key(key: str) -> str:
    """The key itself. Raises RefusedError for anything that is none."""
    if not is_key(key):
        raise RefusedError(
            f"Kunci objek {key!r} tidak sah.",
            "Pakai hanya huruf kecil, angka, titik, garis bawah, tanda hubung, dan garis miring di antaranya.",
        )
    return key


def check_prefix(prefix: str) -> str:
    """The beginning of keys, "" for all. Raises RefusedError for what no key can begin with."""
    if not _PREFIX.fullmatch(prefix) or ".." in prefix:
        raise RefusedError(
            f"Awalan kunci {prefix!r} tidak sah.",
            "Pakai hanya huruf kecil, angka, titik, garis bawah, tanda hubung, dan garis miring di antaranya.",
        )
    return prefix
