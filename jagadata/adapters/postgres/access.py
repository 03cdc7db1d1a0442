"""How one PostgreSQL server is reached: logins, connections and the client programs. Passwords travel in the environment only."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql

from jagadata.errors import JagadataError, NotFoundError, RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Role = Literal["dump", "restore", "load", "extend"]
"""Whose login: `dump` asks catalogues and runs pg_dump, `restore` orchestrates from a database of its own, `load` acts for the owners
of one system in its databases, and `extend` makes extensions that ask for a superuser in a database that is still empty."""
APPLICATION = "jagadata"
_WORDS: dict[Role, str] = {
    "dump": "back up",
    "restore": "restore",
    "load": "pemuat",
    "extend": "ekstensi",
}
_KEEPALIVES: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 45_000,
}
"""A network that vanished without a word is noticed within 45 s (libpq, 34.1.2)."""
_OPTIONS = (
    "-c search_path=pg_catalog "  # nothing that a database's owner put there runs with our privileges (CVE-2018-1058)
    "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 "  # a lost worker's lock goes as soon
    "-c local_preload_libraries= -c lock_timeout=60s -c default_transaction_read_only={} -c statement_timeout={}"
)
LOADS_NOTHING = "-c local_preload_libraries="
"""A database's owner and a login may set this, and with a library that is not there nobody logs in any more; what the client asks for wins."""
_TRANSACTION_TIMEOUT_SINCE = 170000
"""An older server refuses a connection that names this setting in its options."""
_LOGIN = re.compile(
    r"authentication failed|no password supplied|no pg_hba.conf entry|role .* does not exist|not permitted to log in"
    r"|pg_hba.conf rejects"
)
_UNPREPARED = re.compile(r'database ".*" does not exist|permission denied for database')
_FULL = re.compile(r"too many (clients|connections)|remaining connection slots")
_SILENCE = re.compile(
    r"Connection refused|timeout expired|could not translate|could not connect|server closed the connection|Network is unreachable"
    r"|No route to host|Connection reset|is starting up|shutting down|recovery mode|could not receive|Connection timed out"
)


class UnpreparedError(RefusedError):
    """`jaga db prepare` of this version was not run on this server yet."""


@dataclass(frozen=True, kw_only=True)
class Login:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Address, logins and tools of one server. With `ca` TLS is verify-full (libpq, 34.19)."""

    name: str
    address: str
    port: int
    maintenance_database: str
    logins: dict[Role, Login]
    ca: Path | None = None
    tools: Path | None = None
    is_own: bool = (
        False  # the maintenance database is one that `jaga db prepare` makes, closed to everybody else
    )

    def connect(
        self, database: str = "", role: Role = "restore", *, patient: bool = False
    ) -> psycopg.Connection[Any]:
        """An open connection in autocommit; a statement may take 60 s, or with `patient` for ever.

        Raises UnreachableError, RefusedError (login) or NotFoundError (database).
        """
        login, database = self.login(role), database or self.maintenance_database
        try:
            connection = psycopg.connect(
                host=self.address,
                port=self.port,
                dbname=database,
                user=login.user,
                password=login.password,
                application_name=APPLICATION,
                autocommit=True,
                connect_timeout=10,
                options=_OPTIONS.format("on" if role == "dump" else "off", "0" if patient else "60s"),
                client_encoding="UTF8",
                **_KEEPALIVES,
                **self._tls(),
            )
            lift_limits(connection)
        except psycopg.OperationalError as error:
            raise self._explain(error, database, login.user) from error
        return connection

    def login(self, role: Role) -> Login:
        """Raises RefusedError: the office file knows no password for it."""
        if role not in self.logins:
            raise RefusedError(
                f"Server '{self.name}' belum memiliki rahasia untuk login {_WORDS[role]}.",
                f"Isi servers[].secret di berkas kantor, lalu jalankan SQL dari `jaga db prepare {self.name}`.",
            )
        return self.logins[role]

    @contextlib.contextmanager
    def session(
        self, database: str = "", role: Role = "restore", *, patient: bool = False
    ) -> Iterator[psycopg.Connection[Any]]:
        """`connect` for a `with` block whose statements' errors become ours too."""
        with self.connect(database, role, patient=patient) as connection:
            try:
                yield connection
            except psycopg.Error as error:
                raise self.explain(error) from error

    def explain(self, error: psycopg.Error) -> JagadataError:
        """A statement's error, or a connection lost meanwhile."""
        text = (str(error).splitlines() or [type(error).__name__])[0]
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
            return JagadataError(
                f"Server basis data '{self.name}' tidak selesai menjawab pada waktunya: {text}",
                "Ulangi saat server tidak sesibuk ini.",
                transient=True,
            )
        if isinstance(error, psycopg.OperationalError):
            return UnreachableError(
                f"Koneksi ke server basis data '{self.name}' terputus: {text}",
                "Periksa server dan jaringannya, lalu ulangi.",
                transient=True,
            )
        if isinstance(
            error, psycopg.errors.CharacterNotInRepertoire | psycopg.errors.UntranslatableCharacter
        ):
            return RefusedError(
                f"Server basis data '{self.name}' memuat nama yang bukan UTF-8 (encoding SQL_ASCII menerima apa saja): {text}",
                "Ganti nama tabel, peran, atau komentar itu dengan huruf ASCII (ALTER … RENAME TO …), lalu ulangi.",
            )
        return JagadataError(
            f"Perintah ditolak server basis data '{self.name}': {text}",
            f"Jalankan SQL dari `jaga db prepare {self.name}`, lalu ulangi.",
        )

    def _tls(self) -> dict[str, Any]:
        return {"sslmode": "verify-full", "sslrootcert": str(self.ca)} if self.ca else {}

    def _explain(self, error: psycopg.OperationalError, database: str, user: str) -> JagadataError:
        text = " ".join(str(error).split())
        if self.is_own and database == self.maintenance_database and _UNPREPARED.search(text):
            return UnpreparedError(
                f"Server '{self.name}' belum disiapkan untuk versi Jagadata ini: basis data '{database}' belum ada atau belum terbuka bagi '{user}'.",
                f"Jalankan SQL dari `jaga db prepare {self.name}` sebagai superuser, lalu ulangi.",
            )
        if re.search(r'database ".*" does not exist', text):
            return NotFoundError(
                f"Basis data '{database}' tidak ada di server '{self.name}'.",
                "Periksa namanya di berkas kantor.",
            )
        if _LOGIN.search(text):
            return RefusedError(
                f"Server '{self.name}' menolak login '{user}' ke basis data '{database}'.",
                f"Jalankan SQL dari `jaga db prepare {self.name}`, lalu periksa sandi dan pg_hba.conf.",
            )
        if "is not currently accepting connections" in text:
            return RefusedError(
                f"Basis data '{database}' di '{self.name}' ditutup untuk semua koneksi (datallowconn = false).",
                f"Jalankan sebagai superuser: ALTER DATABASE {sql.Identifier(database).as_string()} ALLOW_CONNECTIONS true;",
            )
        if "permission denied for database" in text:
            return RefusedError(
                f"Login '{user}' tidak boleh membuka basis data '{database}' di '{self.name}'.",
                f"Jalankan SQL dari `jaga db prepare {self.name}`.",
            )
        if re.search(r"certificate|SSL error|server does not support SSL", text):
            return RefusedError(
                f"Sambungan TLS ke server '{self.name}' ({self.address}:{self.port}) tidak dapat dipercaya.",
                f"Periksa servers[].ca dan sertifikat server. Jawaban terakhir: {text[-200:]}",
            )
        if _FULL.search(text):
            return UnreachableError(
                f"Server basis data '{self.name}' tidak menerima koneksi lagi: jatahnya habis.",
                f"Tutup sesi yang tidak terpakai atau naikkan batas koneksi. Jawaban terakhir: {text[-200:]}",
                transient=True,
            )
        if not _SILENCE.search(text):  # a server answers in its own language
            return RefusedError(
                f"Server '{self.name}' menolak koneksi '{user}' ke basis data '{database}'.",
                f"Periksa jawaban terakhir server: {text[-200:]}",
            )
        return UnreachableError(
            f"Server basis data '{self.name}' ({self.address}:{self.port}) tidak menjawab.",
            f"Periksa apakah PostgreSQL berjalan dan dapat dicapai. Jawaban terakhir: {text[-200:]}",
            transient=True,
        )

    # --- client programs ---

    def program(self, name: str) -> str:
        """The path of a client program. Raises RefusedError that names the folder searched."""
        found = shutil.which(str(self.tools / name) if self.tools else name)
        if found is None:
            where = f"folder {self.tools}" if self.tools else "PATH"
            raise RefusedError(
                f"Program {name} tidak ada di {where}.",
                "Pasang paket postgresql-client versi server, atau isi servers[].tools.",
            )
        return found

    def tool_version(self, name: str = "pg_dump") -> str:
        """Such as '17.10'. Raises RefusedError."""
        done = subprocess.run(
            [self.program(name), "--version"],
            capture_output=True,
            text=True,
            check=False,
            env={"LC_ALL": "C"},
        )
        match = re.search(r"\(PostgreSQL\) ([0-9][0-9.]*)", done.stdout)
        if not match:
            raise RefusedError(
                f"Program {name} tidak dapat dijalankan: {done.stderr[-200:]}",
                "Pasang ulang paket postgresql-client.",
            )
        return match[1]

    def program_path(self) -> str:
        """PATH of client programs."""
        return os.environ.get("PATH", os.defpath)

    def environment(self, role: Role, **more: str) -> dict[str, str]:
        """The whole environment of a client program: nothing of ours leaks in, nothing of it is on a command line."""
        login = self.login(role)
        environment = {
            "PATH": self.program_path(),
            "LC_ALL": "C",
            "PGHOST": self.address,
            "PGPORT": str(self.port),
            "PGUSER": login.user,
            "PGPASSWORD": login.password,
            "PGAPPNAME": APPLICATION,
            "PGCONNECT_TIMEOUT": "10",
            "PGPASSFILE": os.devnull,
            "PGOPTIONS": LOADS_NOTHING,
        }
        if self.ca:
            environment |= {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.ca)}
        return environment | more


def lift_limits(connection: psycopg.Connection[Any]) -> None:
    """A transaction of this session may take as long as it has to."""
    if connection.info.server_version >= _TRANSACTION_TIMEOUT_SINCE:
        connection.execute("SET transaction_timeout = 0")


def make_dsn(database: str) -> str:
    """The database name as a connection string: a name with '=' or '://' would be taken apart otherwise (libpq, 34.1.1)."""
    return psycopg.conninfo.make_conninfo(dbname=database, **_KEEPALIVES)
