"""The swap: names exchanged in one transaction on the connection that also holds the system's lock."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from jagadata.adapters.postgres.access import UnpreparedError
from jagadata.adapters.postgres.identity import read_identities
from jagadata.adapters.postgres.locks import hash_key
from jagadata.errors import BusyError, JagadataError, RefusedError, RestoreRunningError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.adapters.postgres.access import Access, Role
    from jagadata.ports.data_source import Answer, Pair

_HOLDER = """
SELECT l.pid, a.usename, coalesce(host(a.client_addr), 'lokal'), to_char(a.backend_start, 'YYYY-MM-DD HH24.MI.SS TZ'),
  extract(epoch FROM now() - a.backend_start)::int / 60,
  EXISTS (SELECT FROM pg_catalog.pg_locks r WHERE r.pid = l.pid AND r.locktype = 'advisory' AND r.granted
    AND r.objsubid = 1 AND r.database = l.database AND r.classid = %s AND r.objid = %s)
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = %s AND l.objid = %s
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""
"""Who holds a system's lock, and whether the mark of a restore with it: pg_locks tells everybody, and login names tell nothing."""
_TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE datname = ANY(%s) AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


_until_told = Retrying(
    retry=retry_if_exception_type(JagadataError),
    wait=wait_fixed(2),
    stop=stop_after_attempt(60),
    reraise=True,
)
"""How often the server is asked whether a swap happened whose answer was lost."""
_DURABLE = """
SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'
"""
"""The names must survive a crash of the server, and with them all that was restored before (WAL is flushed in order)."""


def lock_key(system: str) -> int:
    """The advisory lock of a system."""
    return hash_key(f"jagadata:{system}")


def restore_mark(system: str) -> int:
    """A second, shared lock: a restore takes it before the system's own, so whoever meets that one sees what holds it."""
    return hash_key(f"jagadata-restore:{system}")


def _halves(key: int) -> tuple[int, int]:
    """As pg_locks shows it: classid, objid."""
    return divmod(key % 2**64, 2**32)


def end_sessions(access: Access, names: Sequence[str]) -> int:
    """End client sessions of these databases. Raises RefusedError for sessions that the restore role may not end."""
    with access.session() as connection:
        return _end_sessions(connection, names)


def _end_sessions(connection: psycopg.Connection[Any], names: Sequence[str]) -> int:
    try:
        found = connection.execute(_TERMINATE, (list(names),)).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            "Sesi superuser pada basis data tidak dapat diakhiri oleh peran restore.",
            "Tutup sesi itu (biasanya pgAdmin atau psql), lalu ulangi.",
        ) from error
    return int(found[0]) if found else 0


@contextlib.contextmanager
def exclusive(
    access: Access, system: str, role: Role, *, restoring: bool = False, before: str | None = None
) -> Iterator[PostgresSwap]:
    """Hold the system's advisory lock in the maintenance database. Raises BusyError that names the holder.

    `before`: the database where workers of the release before this one lock; for as long as those may run, both are held.
    A server that was not prepared for this release yet may still be backed up: then that lock is the only one.
    """
    with contextlib.ExitStack() as stack:
        swap: PostgresSwap | None = None
        try:
            swap = _lock(access, system, "", role, restoring=restoring)
        except UnpreparedError:
            if role != "dump" or not before:
                raise
        if swap:
            stack.callback(swap.connection.close)
        if before:
            old = _lock(access, system, before, role, restoring=restoring, only_ours=swap is not None)
            if old:
                stack.callback(old.connection.close)
                swap = swap or old
        if swap:
            yield swap


def _lock(
    access: Access,
    system: str,
    database: str,
    role: Role,
    *,
    restoring: bool,
    only_ours: bool = False,
) -> PostgresSwap | None:
    """Take the lock in one database. With `only_ours` a holder that is none of our logins is passed by (None): everybody may lock there."""
    key, mark = lock_key(system), restore_mark(system)
    connection = access.connect(database, role, patient=True)
    try:
        try:
            connection.execute("SET idle_session_timeout = 0")
            if restoring:
                connection.execute("SELECT pg_catalog.pg_try_advisory_lock_shared(%s)", (mark,))
            got = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (key,)).fetchone()
            if got and got[0]:
                return PostgresSwap(access, connection, key)
            holder = connection.execute(_HOLDER, (*_halves(mark), *_halves(key))).fetchone()
        except psycopg.Error as error:
            raise access.explain(error) from error
    except BaseException:
        connection.close()
        raise
    connection.close()
    if only_ours and holder and holder[1] not in [login.user for login in access.logins.values()]:
        return None
    raise _make_busy(system, holder)


def _make_busy(system: str, holder: tuple[Any, ...] | None) -> BusyError:
    who = f" (proses {holder[0]}, login {holder[1]} dari {holder[2]}" if holder else ""
    if holder:  # without pg_read_all_stats the time is not told
        who += f", sejak {holder[3]}, {holder[4]} menit lalu)" if holder[3] else ")"
    kind, what = BusyError, "Back up atau pekerjaan lain"
    if holder and holder[5]:
        kind, what = RestoreRunningError, "Restore lain"
    return kind(
        f"{what} untuk sistem '{system}' sedang berjalan{who}.", "Tunggu sampai selesai, lalu ulangi."
    )


class PostgresSwap:
    """Implements ports.Swap."""

    def __init__(self, access: Access, connection: psycopg.Connection[Any], key: int) -> None:
        self.access = access
        self.connection = connection
        self.key = key

    def holds(self) -> bool:
        query = "SELECT true FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND classid = %s AND objid = %s"
        try:
            return self.connection.execute(query, _halves(self.key)).fetchone() is not None
        except psycopg.Error:
            return False

    @contextlib.contextmanager
    def prepare(
        self, pairs: Sequence[Pair], *, end_sessions: bool, timeout: float = 60
    ) -> Iterator[PreparedRenames]:
        """See ports.Swap.prepare. `ALTER DATABASE RENAME` waits up to 5 s for sessions to go, while a second connection ends them."""
        if not self.holds():
            raise UnreachableError(
                f"Kunci sistem di server '{self.access.name}' hilang (koneksi terputus).",
                "Tidak ada nama yang ditukar; ulangi.",
                transient=True,
            )
        names = [
            name for pair in pairs for name in ((pair.live,) if pair.live_identity else ()) + (pair.side,)
        ]
        with self._ending(names) if end_sessions else contextlib.nullcontext():
            prepared = PreparedRenames(self, pairs, names)
            try:
                with self._explain(pairs, names):
                    self._rename_all(pairs, timeout)
                yield prepared
            finally:
                self._roll_back()

    def _rename_all(self, pairs: Sequence[Pair], timeout: float) -> None:
        """One transaction for all, that is open afterwards."""
        self.connection.execute("BEGIN")
        self.connection.execute("SET LOCAL lock_timeout = '10s'")
        self.connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {int(1000 * timeout)}")
        self.connection.execute(_DURABLE)
        expect: dict[str, str | None] = {}
        for pair in pairs:
            expect |= {pair.live: pair.live_identity, pair.side: pair.side_identity, pair.kept: None}
        self._check(expect)
        for pair in pairs:
            if pair.live_identity is not None:
                self._rename(pair.live, pair.kept)
            self._rename(pair.side, pair.live)
        self._check({pair.live: pair.side_identity for pair in pairs})

    @contextlib.contextmanager
    def _explain(
        self, pairs: Sequence[Pair], names: Sequence[str], *, committing: bool = False
    ) -> Iterator[None]:
        """The server's words as ours. Where the answer to COMMIT was lost, what is true counts."""
        try:
            try:
                yield
            except psycopg.Error:
                self._roll_back()
                raise
        except psycopg.errors.ObjectInUse as error:
            raise RefusedError(
                f"Pertukaran nama dibatalkan, masih ada sesi: {'; '.join(self._sessions(names)) or str(error).splitlines()[-1]}.",
                "Tutup aplikasi yang masih memakai basis data, lalu ajukan kembali.",
            ) from error
        except psycopg.errors.LockNotAvailable as error:
            raise RefusedError(
                f"Pertukaran nama di '{self.access.name}' dibatalkan: basis data dikunci pekerjaan lain.",
                "Tunggu sampai pekerjaan itu selesai (misalnya CREATE DATABASE atau VACUUM), lalu ajukan kembali.",
            ) from error
        except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
            if not (committing and self._happened(pairs)):
                raise UnreachableError(
                    f"Koneksi ke '{self.access.name}' terputus saat menukar nama; perubahan dibatalkan server.",
                    "Data yang berjalan utuh; ulangi setelah server menjawab.",
                    transient=True,
                ) from error
        except psycopg.Error as error:
            raise JagadataError(
                f"Pertukaran nama ditolak server: {str(error).splitlines()[0]}",
                f"Jalankan SQL dari `jaga db prepare {self.access.name}`.",
            ) from error

    def _roll_back(self) -> None:
        """End the transaction, if one is still open."""
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                self.connection.execute("ROLLBACK")

    def commit(self, pairs: Sequence[Pair], names: Sequence[str]) -> None:
        with self._explain(pairs, names, committing=True):
            self.connection.execute("COMMIT")

    def _rename(self, old: str, new: str) -> None:
        self.connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
        )

    def _check(self, expect: dict[str, str | None]) -> None:
        found = read_identities(self.connection, list(expect))
        wrong = [name for name, identity in expect.items() if found.get(name) != identity]
        if wrong:
            raise RefusedError(
                f"Basis data {', '.join(wrong)} bukan lagi yang diharapkan; tidak ada nama yang ditukar.",
                "Periksa server, lalu ajukan kembali.",
            )

    def _sessions(self, names: Sequence[str]) -> list[str]:
        query = """SELECT coalesce(usename, backend_type), coalesce(host(client_addr), 'lokal')
            FROM pg_catalog.pg_stat_activity WHERE datname = ANY(%s) AND pid <> pg_backend_pid()"""
        with contextlib.suppress(psycopg.Error):
            return [f"{user}@{address}" for user, address in self.connection.execute(query, (list(names),))][
                :5
            ]
        return []

    @contextlib.contextmanager
    def _ending(self, names: Sequence[str]) -> Iterator[None]:
        """End sessions of these databases again and again, from a second connection, until the renames are through."""
        end = threading.Event()

        def work(connection: psycopg.Connection[Any]) -> None:
            with contextlib.suppress(psycopg.Error, JagadataError):
                while not end.is_set():
                    _end_sessions(connection, names)
                    end.wait(0.02)

        with self.access.session() as connection:
            _end_sessions(connection, names)  # a session that may not be ended is told now
            thread = threading.Thread(target=work, args=(connection,), name="sessions", daemon=True)
            thread.start()
            try:
                yield
            finally:
                end.set()
                thread.join()

    def _happened(self, pairs: Sequence[Pair]) -> bool:
        """After a lost answer to COMMIT, look at what is true. Raises UnreachableError while nobody can tell."""
        answer: Answer = "old"
        for attempt in _until_told:
            with attempt:
                answer = ask(self.access, pairs)
        return answer == "new"


class PreparedRenames:
    """Implements ports.PreparedSwap: the transaction that has renamed everything and is still open."""

    def __init__(self, swap: PostgresSwap, pairs: Sequence[Pair], names: Sequence[str]) -> None:
        self.swap = swap
        self.pairs = pairs
        self.names = names
        self.committed = False

    def commit(self, before_commit: Callable[[], None] = lambda: None) -> None:
        before_commit()
        self.swap.commit(self.pairs, self.names)
        self.committed = True


def ask(access: Access, pairs: Sequence[Pair]) -> Answer:
    """Which databases have the live names: all names are exchanged in one transaction, so it is never mixed by us."""
    with access.session() as connection:
        found = read_identities(connection, [pair.live for pair in pairs])
    if all(found.get(pair.live) == pair.side_identity for pair in pairs):
        return "new"
    return "old" if all(found.get(pair.live) == pair.live_identity for pair in pairs) else "mixed"
