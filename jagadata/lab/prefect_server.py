"""A real Prefect server (SQLite) and process workers, each in a process of its own with its own home."""

from __future__ import annotations

import os
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from jagadata.lab.processes import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "jagadata",
    "NO_COLOR": "1",
}


@dataclass
class PrefectServer:
    """The server on 127.0.0.1; `environment()` is what clients need."""

    folder: Path
    auth: str = ""
    port: int = field(default_factory=free_port)
    server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, home: Path | None = None) -> dict[str, str]:
        """For clients and workers with this PREFECT_HOME (default: the server's)."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return {
            **kept,
            **_QUIET,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PREFECT_HOME": str(home or self.folder / "home"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_UI_URL": self.url,
            **({"PREFECT_API_AUTH_STRING": self.auth} if self.auth else {}),
        }

    def start(self) -> PrefectServer:
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        environment = {
            **self.environment(),
            "PREFECT_SERVER_UI_API_URL": f"{self.url}/api",  # where the browser asks; else it tries port 4200
            "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home}/prefect.db",
            **({"PREFECT_SERVER_API_AUTH_STRING": self.auth} if self.auth else {}),
        }
        environment.pop("PREFECT_API_URL")
        command = [
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        self.server = Server(command, log=self.folder / "log", environment=environment, cwd=self.folder)
        self.server.wait_for(self.is_ready, "Prefect server", 120)
        return self

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=2) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        if self.server:
            self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start_prefect_server(folder: Path, *, auth: str = "") -> PrefectServer:
    folder.mkdir(parents=True, exist_ok=True)
    return PrefectServer(folder=folder, auth=auth).start()


def start_worker(
    server: PrefectServer,
    office: Path,
    folder: Path,
    *,
    pool: str = "jagadata",
    environment: Mapping[str, str] | None = None,
) -> Server:
    """A process worker of `pool` with a home of its own in `folder`, heartbeats on."""
    folder.mkdir(parents=True, exist_ok=True)
    surroundings = {
        **server.environment(folder / "home"),
        "JAGADATA_OFFICE": str(office),
        "PREFECT_RUNNER_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        **(environment or {}),
    }
    command = [
        sys.executable,
        "-m",
        "prefect",
        "worker",
        "start",
        "--pool",
        pool,
        "--type",
        "process",
        "--name",
        folder.name,
    ]
    return Server(command, log=folder / "log", environment=surroundings, cwd=folder, stop_seconds=20)
