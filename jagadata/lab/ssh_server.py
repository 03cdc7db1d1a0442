"""A real SSH server in a process of its own (asyncssh): commands by /bin/sh as the present user, forwards to loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from jagadata.lab.processes import Server, answers, free_port


@dataclass
class SshServer:
    address: str
    port: int
    user: str
    client_key: Path
    known_hosts: Path
    server: Server

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start_ssh(folder: Path, *, port: int = 0) -> SshServer:
    """Keys in `folder` are made once, so a server started again there is the same host."""
    import asyncssh

    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    for name in ("host_key", "client_key"):
        path = folder / name
        if not path.exists():
            key = asyncssh.generate_private_key("ssh-ed25519")
            path.write_bytes(key.export_private_key())
            path.chmod(0o600)
            (folder / f"{name}.pub").write_bytes(key.export_public_key())
    known = folder / "known_hosts"
    known.write_text(
        f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text(encoding='ascii')}", encoding="ascii"
    )
    programs = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"  # supervisorctl
    )
    server = Server(
        [sys.executable, "-m", "jagadata.lab.ssh_server", str(folder), str(port)],
        log=folder / "log",
        environment={**os.environ, "PATH": programs},
    )
    server.wait_for(lambda: answers(port), "SSH server")
    return SshServer(
        "127.0.0.1", port, pwd.getpwuid(os.geteuid()).pw_name, folder / "client_key", known, server
    )


async def _feed(source: Any, target: Any) -> None:
    wanted = True
    while data := await source.read(65536):
        try:
            if wanted:
                target.write(data)
                await target.drain()
        except (BrokenPipeError, ConnectionResetError):
            wanted = False
    target.close()


async def _show(source: Any, target: Any) -> None:
    while data := await source.read(65536):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked may be gone
            target.write(data)
            await target.drain()


async def _handle(process: object) -> None:
    import asyncssh

    assert isinstance(process, asyncssh.SSHServerProcess)  # noqa: S101 - asyncssh gives nothing else
    command = process.command or "exit 0"
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    # Not redirect(): it ends the whole connection when the command leaves its input unread, or closes stdout before stderr.
    feeding = asyncio.create_task(_feed(process.stdin, child.stdin))
    await asyncio.gather(_show(child.stdout, process.stdout), _show(child.stderr, process.stderr))
    code = await child.wait()
    feeding.cancel()
    process.exit(code if code >= 0 else 128 - code)


async def _serve(folder: Path, port: int) -> None:
    import asyncssh

    class Gatekeeper(asyncssh.SSHServer):
        def connection_requested(
            self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
        ) -> bool:
            del dest_port, orig_host, orig_port
            return dest_host in ("127.0.0.1", "localhost", "::1")

    await asyncssh.create_server(
        Gatekeeper,
        "127.0.0.1",
        port,
        server_host_keys=[str(folder / "host_key")],
        authorized_client_keys=str(folder / "client_key.pub"),
        process_factory=_handle,
        encoding=None,
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
