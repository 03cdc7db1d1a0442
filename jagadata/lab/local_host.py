"""The machine that we run on, as a host: commands as our own user, forwards on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from jagadata.adapters.ssh.commands import STDERR_LINES, STDOUT_LIMIT, command_text, failure, too_long
from jagadata.adapters.ssh.forwarder import Forwarder
from jagadata.errors import JagadataError
from jagadata.ports.host import Completed
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class LocalHost:
    """Implements ports.Host without a network."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(
        self, argv: Sequence[str], *, stdin: str = "", timeout: float = 30, check: bool = True
    ) -> Completed:
        """Run and wait; past `timeout` (s) the command's whole process group is ended."""
        begun = time.monotonic()
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            if not check:
                return Completed(argv=tuple(argv), code=127, stdout="", stderr=str(error), seconds=0)
            raise JagadataError(
                f"Perintah {command_text(argv)} di host '{self.name}' tidak dapat dijalankan: {explain_os_error(error)}.",
                "Pasang program itu, atau perbaiki namanya.",
            ) from error
        with process:
            try:
                stdout, stderr = process.communicate(stdin.encode(), timeout=timeout)
            except subprocess.TimeoutExpired as error:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise too_long(self.name, argv, timeout) from error
        done = Completed(
            argv=tuple(argv),
            code=process.returncode if process.returncode >= 0 else 128 - process.returncode,
            stdout=stdout[:STDOUT_LIMIT].decode(errors="replace"),
            stderr="\n".join(stderr.decode(errors="replace").splitlines()[-STDERR_LINES:]),
            seconds=time.monotonic() - begun,
        )
        if check and done.code != 0:
            raise failure(self.name, done)
        return done

    @contextlib.contextmanager
    def forward(self, address: str, port: int) -> Iterator[int]:
        """A local port that leads to `address:port`."""
        with Forwarder(
            lambda: socket.create_connection((address, port), timeout=10), name=self.name
        ) as forwarder:
            yield forwarder.port

    def close(self) -> None:
        """Nothing stays open."""
