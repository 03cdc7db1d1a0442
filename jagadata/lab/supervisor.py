"""A real service manager without root: supervisor, with its own configuration and socket in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from jagadata.lab.processes import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Supervisor:
    config: Path
    folder: Path
    server: Server

    def control(self, *words: str) -> str:
        """What supervisorctl prints."""
        done = subprocess.run(
            [_program("supervisorctl"), "-c", str(self.config), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def start_supervisor(
    folder: Path, programs: Mapping[str, Sequence[str]], *, environment: Mapping[str, str] | None = None
) -> Supervisor:
    """Start it with these programs, all of them running."""
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "s"
    lines = [
        "[supervisord]",
        "nodaemon=true",
        f"logfile={folder}/supervisord.log",
        f"pidfile={folder}/supervisord.pid",
        f"childlogdir={folder}",
        f"[unix_http_server]\nfile={socket}\nchmod=0700",
        f"[supervisorctl]\nserverurl=unix://{socket}",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for name, command in programs.items():
        lines += [
            f"[program:{name}]",
            "command=" + " ".join(f'"{part}"' for part in command).replace("%", "%%"),
            "autorestart=true",
            "startsecs=0",
            "stopasgroup=true",
            "killasgroup=true",
            "stopwaitsecs=5",
            f"stdout_logfile={folder}/{name}.log",
            "redirect_stderr=true",
        ]
    config = folder / "supervisord.conf"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config.chmod(0o600)
    server = Server(
        [_program("supervisord"), "-c", config],
        log=folder / "log",
        environment={**os.environ, **(environment or {})},
    )
    server.wait_for(socket.exists, "supervisor")
    return Supervisor(config, folder, server)
