"""Foreign keys and checks that the rows do not hold: made NOT VALID, so that they hold from now on (ALTER TABLE, NOT VALID)."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import psycopg

from jagadata.adapters.postgres.archive_contents import split_statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.adapters.postgres.archive_file import Archive
    from jagadata.adapters.postgres.entries import Entry


def add_not_valid(
    connection: psycopg.Connection[Any], archive: Archive, entry: Entry, paths: Sequence[str]
) -> None:
    """One constraint; where PostgreSQL has no NOT VALID for it (a partitioned table before 18), it stays missing."""
    text = archive.text([entry]).encode(archive.codec, errors="surrogateescape")
    for statement in split_statements(io.BytesIO(text)):
        if not statement.startswith(b"ALTER TABLE "):
            continue
        for path in ("", *paths):
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))
                words = statement.decode(archive.codec, errors="surrogateescape").rstrip().removesuffix(";")
                connection.execute(
                    f"{words.removesuffix(' NOT VALID')} NOT VALID".encode(errors="surrogateescape")
                )
                break
    connection.execute("SET search_path = pg_catalog")
