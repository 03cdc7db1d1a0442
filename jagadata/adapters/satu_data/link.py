"""How the inventory's database is reached: one connection, whole transactions, errors that say what to do about an inventory."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Self

import psycopg

from jagadata.adapters.postgres.access import Access, Login
from jagadata.adapters.satu_data import migration
from jagadata.adapters.satu_data.migrations import HEAD
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.office.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from jagadata.office.collection import Inventory as InventoryEntry
    from jagadata.ports.host import Host

PLACE = "inventaris"


class InventoryLink:
    """One connection, opened when first used and again after it was lost; threads take turns."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.RLock()
        self._connection: psycopg.Connection[Any] | None = None

    @classmethod
    def open(
        cls, entry: InventoryEntry, *, folder: Path, host: Callable[[str], Host], stack: ExitStack
    ) -> Self:
        """The inventory of the office file. `folder` is that file's; `stack` closes the forward and the connection.

        Raises RefusedError (secret), UnreachableError (host).
        """
        address, port = entry.address, entry.port
        password = reveal(entry.login.password, folder=folder) if entry.login.password else ""
        if entry.via:
            port = stack.enter_context(host(entry.via).forward(entry.address, entry.port))
            address = "127.0.0.1"
        access = Access(
            name=PLACE,
            address=address,
            port=port,
            maintenance_database=entry.database,
            logins={"restore": Login(user=entry.login.user, password=password)},
            ca=folder / entry.ca.expanduser() if entry.ca else None,
        )
        inventory = cls(access)
        stack.callback(inventory.close)
        return inventory

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            return self._access.connect(patient=True)
        except (RefusedError, NotFoundError) as error:
            raise self._own(error) from error

    @staticmethod
    def _own(error: JagadataError) -> JagadataError:
        """The same error, with what to do about an inventory."""
        cause = " ".join(str(error.__cause__ or "").split())[-200:]
        return type(error)(
            error.message,
            "Periksa collection.inventory di berkas kantor, dan jalankan SQL dari `jaga inventory prepare`."
            + (f" Jawaban terakhir: {cause}" if cause else ""),
            transient=error.transient,
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """All or nothing. Statements' errors become ours, without the values that PostgreSQL repeats."""
        with self._lock:
            if self._connection is None or self._connection.closed:
                connection = self._connect()
                try:
                    self._check(migration.read_revision(connection))
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
            try:
                with self._connection.transaction():
                    yield self._connection
            except psycopg.Error as error:
                if self._connection.broken:
                    self.close()
                raise self._explain(error) from error

    def _explain(self, error: psycopg.Error) -> JagadataError:
        if isinstance(error, psycopg.OperationalError):
            return self._access.explain(error)
        return JagadataError(
            f"Basis data inventaris menolak sebuah perintah (SQLSTATE {error.sqlstate}).",
            "Jalankan SQL dari `jaga inventory prepare` dan migrasinya, lalu ulangi.",
        )

    @staticmethod
    def _check(revision: str) -> None:
        migration.check_revision(revision, PLACE)
        if revision != HEAD:
            raise RefusedError(
                f"Skema inventaris {'versi ' + revision if revision else 'belum ada'}; Jagadata ini memerlukan versi {HEAD}.",
                "Jalankan migrasinya (`jaga inventory migrate`).",
            )

    def is_current(self) -> bool:
        """Whether the schema is there and as new as this code. Raises RefusedError (newer), UnreachableError."""
        with self._connect() as connection:
            revision = migration.read_revision(connection)
        migration.check_revision(revision, PLACE)
        return revision == HEAD

    def migrate(self) -> bool:
        """Make the schema, or bring it up to date; whether anything changed. Raises RefusedError: it is newer than this code."""
        with self._connect() as connection:
            try:
                return migration.migrate(connection, PLACE)
            except psycopg.errors.InsufficientPrivilege as error:
                raise RefusedError(
                    f"Login '{self._access.logins['restore'].user}' tidak boleh membuat skema inventaris.",
                    "Jalankan SQL dari `jaga inventory prepare`, lalu ulangi.",
                ) from error
            except psycopg.Error as error:
                raise self._explain(error) from error
