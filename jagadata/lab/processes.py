"""Child processes that are stopped by their own id, and free ports on loopback."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

NOBODY = 65534
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_LOWEST_PORT = 10240
_libc = ctypes.CDLL(None, use_errno=True)


class StartError(RuntimeError):
    """A server did not come up; the message holds the end of its log."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody else is given here while this process lives.

    It lies below the ports of outgoing connections (ip(7), ip_local_port_range): a service that is stopped for a while finds
    it free again. The claim is an abstract Unix socket (unix(7)), which ends with the process, however that ends.
    """
    first_outgoing = int(
        Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0]
    )
    while True:
        port = secrets.choice(range(_LOWEST_PORT, max(first_outgoing, 2 * _LOWEST_PORT)))
        claim = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(f"\0jagadata-port-{port}")
            probe.bind(("127.0.0.1", port))
            claim.detach()  # held until this process ends, without an object that warns then
            return port
        claim.close()


def die_with_parent() -> None:
    """In a child: end when the parent thread does (prctl(2) PR_SET_PDEATHSIG), so that nothing outlives a crash."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _become_nobody_here() -> None:
    """In a child of root: a user namespace in which root's id is 65534 (user_namespaces(7)); files stay root's outside."""
    if _libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("uid_map", f"{NOBODY} 0 1"), ("setgroups", "deny"), ("gid_map", f"{NOBODY} 0 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - a child after fork keeps it simple
            file.write(text)


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def without_root() -> tuple[Callable[[], None] | None, bool]:
    """How a child of root stops being root (None: we are no root), and whether its folders must be given to `nobody`."""
    if os.geteuid() != 0:
        return None, False
    try:
        subprocess.run(
            [sys.executable, "-c", "import os; assert os.geteuid()"],
            preexec_fn=_become_nobody_here,
            check=True,
            capture_output=True,
        )
    except (subprocess.SubprocessError, OSError):
        return _become_nobody, True
    return _become_nobody_here, False


class Server:
    """A running child; `stop()` ends exactly this process (SIGTERM, after 10 s SIGKILL)."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        before: Callable[[], None] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_seconds: float = 10,
    ) -> None:
        self.log = log
        self.stop_signal = stop_signal
        self.stop_seconds = stop_seconds

        def prepare() -> None:
            die_with_parent()
            if before:
                before()

        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment) if environment is not None else None,
                cwd=cwd,
                preexec_fn=prepare,  # noqa: PLW1509 - only plain system calls between fork and exec
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait until `ready()`. Raises StartError when the process ends before, or time is up."""
        end = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise StartError(f"{what} ended with code {self.process.returncode}:\n{self.tail()}")
            if ready():
                return
            if time.monotonic() > end:
                self.stop()
                raise StartError(f"{what} was not ready after {seconds} s:\n{self.tail()}")
            time.sleep(0.05)

    def tail(self, size: int = 3000) -> str:
        with contextlib.suppress(OSError):
            return self.log.read_bytes()[-size:].decode(errors="replace")
        return ""

    def kill(self) -> None:
        """As a power cut would: SIGKILL, only this process."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def answers(port: int) -> bool:
    """Something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
