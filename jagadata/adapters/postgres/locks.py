"""Advisory locks in the database of our own: each is a hash of words, so that nobody has to keep a list of numbers."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator


def hash_key(text: str) -> int:
    """64 bits, signed."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


@contextlib.contextmanager
def hold_while(connection: psycopg.Connection[Any], key: int) -> Iterator[bool]:
    """Within it nobody else holds this lock, if it was free (True)."""
    found = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (key,)).fetchone()
    alone = bool(found and found[0])
    try:
        yield alone
    finally:
        if alone:
            with contextlib.suppress(psycopg.Error):  # a lost connection holds nothing
                connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (key,))
