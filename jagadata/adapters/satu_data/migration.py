"""Brings the inventory's schema to what this code knows: one transaction, one worker at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from jagadata.adapters.satu_data import migrations
from jagadata.collection.inventory.statuses import SCHEMA, TABLES
from jagadata.errors import RefusedError

if TYPE_CHECKING:
    import psycopg

_LOCK = 7_003_503_005  # advisory, in the inventory's database
_FOLDER = Path(migrations.__file__).parent


def read_revision(connection: psycopg.Connection[Any]) -> str:
    """The step that the database is at; '' before the first."""
    found = connection.execute("SELECT to_regclass('satu_data.versi_skema')").fetchone()
    if not found or not found[0]:
        return ""
    row = connection.execute("SELECT version_num FROM satu_data.versi_skema").fetchone()
    return str(row[0]) if row else ""


def check_revision(revision: str, where: str) -> None:
    """Raises RefusedError: the schema is newer than this code."""
    if revision > migrations.HEAD:
        raise RefusedError(
            f"Skema {where} versi {revision} lebih baru daripada yang dikenal Jagadata ini ({migrations.HEAD}).",
            "Perbarui Jagadata di worker ini; skema tidak pernah diturunkan.",
        )


def migrate(connection: psycopg.Connection[Any], where: str) -> bool:
    """Make or bring up the schema. The connection (autocommit) is to be closed then: it holds the lock. Returns whether anything changed.

    Raises RefusedError (newer schema), psycopg.Error.
    """
    # A lock of the session, taken before the transaction: one that began while it waited would go on seeing no tables.
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    before = read_revision(connection)
    check_revision(before, where)
    if before == migrations.HEAD:
        return False

    import sqlalchemy
    from alembic import command
    from alembic.config import Config

    connection.autocommit = False
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=sqlalchemy.StaticPool
    )
    with engine.begin() as wrapped:  # from here on `connection` and `wrapped` are one transaction
        for schema in (SCHEMA, TABLES):
            # IF NOT EXISTS asks for the right to create even where the schema is there already
            row = connection.execute("SELECT to_regnamespace(%s)", [schema]).fetchone()
            if not row or not row[0]:
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")  # a folder's name may contain any other
        config.attributes["connection"] = wrapped
        command.upgrade(config, "head")
    return True
