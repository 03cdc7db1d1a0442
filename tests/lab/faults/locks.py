"""The system's lock, held for as long as a test wants."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def slow_dump(office_lab) -> Iterator[None]:
    """pg_dump waits for a table for as long as this lasts."""
    with psycopg.connect(office_lab.postgres.dsn(office_lab.application.database)) as connection:
        connection.execute("LOCK TABLE aplikasi.antrean IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def wait_until_locked(office_lab) -> None:
    """Somebody holds the system's lock."""
    for _attempt in range(600):
        if office_lab.postgres.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"):
            return
        time.sleep(0.05)
    raise AssertionError("nobody took the lock")
