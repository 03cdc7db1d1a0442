"""A host over SSH: commands as argument lists, forwards, one connection that is opened again when it died."""

from __future__ import annotations

import contextlib
import math
import secrets
import shlex
import threading
import time
from typing import TYPE_CHECKING

import paramiko

from jagadata.adapters.ssh.channel import ChannelStream, receive, send_all, send_end
from jagadata.adapters.ssh.commands import STDERR_LINES, STDOUT_LIMIT, failure, too_long
from jagadata.adapters.ssh.forwarder import Forwarder
from jagadata.adapters.ssh.link import CONNECT_SECONDS, explain_refusal, open_link, parse_private_key
from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.ports.host import Completed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import fabric

    from jagadata.adapters.ssh.forwarder import Stream

TIMED_OUT = 124
_SESSION_SECONDS = 20
_GRACE_SECONDS = 10  # for the far side to end its command before we stop listening
_KILL_AFTER = 5
_PROHIBITED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED
_WINDOW = 1 << 21  # a larger one is slower: OpenSSH moves what it buffers (measured, docs/adr/0005)


class SshHost:
    """Implements ports.Host through fabric and paramiko. Threads may share one; it connects when first used."""

    def __init__(
        self,
        name: str,
        *,
        address: str,
        port: int,
        user: str,
        key_text: str,
        known_hosts: Path,
        via: SshHost | None = None,
    ) -> None:
        self.name = name
        self._place = f"Host '{name}' ({user}@{address}:{port})"
        self._key = parse_private_key(key_text, where=f"host '{name}'")
        self._address, self._port, self._user, self._known_hosts = address, port, user, known_hosts
        self._via = via
        self._lock = threading.Lock()
        self._connection: fabric.Connection | None = None
        self._transport: paramiko.Transport | None = None

    # --- the connection ---

    def _link(self) -> paramiko.Transport:
        """The live connection, opened again if it died. Raises RefusedError, UnreachableError."""
        with self._lock:
            if self._transport is None or not self._transport.is_active():
                self._drop()
                self._connection, self._transport = open_link(
                    where=self._place,
                    address=self._address,
                    port=self._port,
                    user=self._user,
                    key=self._key,
                    known_hosts=self._known_hosts,
                    channel=self._via.open_to(self._address, self._port) if self._via else None,
                )
            return self._transport

    def _drop(self) -> None:
        connection, self._connection, self._transport = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.client.close()

    def _forget(self, transport: paramiko.Transport) -> None:
        with self._lock:
            if self._transport is transport:
                self._drop()

    def _channel(self, open_channel: Callable[[paramiko.Transport], paramiko.Channel]) -> paramiko.Channel:
        """A channel; where the connection turns out to be dead, once more on a new one (nothing was sent yet)."""
        for attempt in (1, 2):
            transport = self._link()
            try:
                return open_channel(transport)
            except paramiko.ChannelException:
                raise  # the host answered: it refuses this channel
            except (paramiko.SSHException, OSError, EOFError) as error:
                # paramiko keeps one reason for all threads: of two refusals at once the second is a bare SSHException.
                refused = isinstance(error, paramiko.SSHException) and not str(error).startswith("Timeout")
                if refused and transport.is_active():
                    raise paramiko.ChannelException(4, str(error)) from error
                self._forget(transport)
                if attempt == 2:
                    raise self._lost(error) from error
        raise AssertionError

    def _lost(self, error: BaseException) -> UnreachableError:
        reason = str(error).strip() or type(error).__name__
        return UnreachableError(
            f"Sambungan ke {self._place} terputus: {reason}.",
            "Periksa jaringan ke host itu, lalu ulangi; sakelar pengaman di host menjaga layanan sementara itu.",
            transient=True,
        )

    # --- commands ---

    def run(
        self, argv: Sequence[str], *, stdin: str = "", timeout: float = 30, check: bool = True
    ) -> Completed:
        """Run and wait; past `timeout` (s) the host itself ends the command, and JagadataError is raised."""
        limit = max(1, math.ceil(timeout))
        # What a greeting in .bashrc says comes before the mark.
        mark = f"jagadata-{secrets.token_hex(8)}"
        command = f"echo {mark}; timeout -k {_KILL_AFTER} {limit} {shlex.join(argv)}"
        begun = time.monotonic()
        channel = self._session()
        channel.settimeout(limit + _KILL_AFTER + _GRACE_SECONDS)
        try:
            code, stdout, stderr = _talk(
                channel, command, stdin, begun + limit + _KILL_AFTER + _GRACE_SECONDS
            )
        except (paramiko.SSHException, OSError, EOFError) as error:
            transport = channel.get_transport()
            # Others may be talking on this connection: it is given up only when it is dead or silent.
            if transport is not None and (isinstance(error, TimeoutError) or not transport.is_active()):
                self._forget(transport)
            raise self._lost(error) from error
        finally:
            with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
                channel.close()
        before, marked, after = stdout.decode(errors="replace").partition(f"{mark}\n")
        if not marked and code != 0:
            fault = explain_refusal(
                f"{before}\n{stderr.decode(errors='replace')}", where=self._place, user=self._user
            )
            if fault:
                raise fault
        done = Completed(
            argv=tuple(argv),
            code=code,
            stdout=after if marked else before,
            stderr="\n".join(stderr.decode(errors="replace").splitlines()[-STDERR_LINES:]),
            seconds=time.monotonic() - begun,
        )
        if code in (TIMED_OUT, 128 + 9) and done.seconds >= limit:
            raise too_long(self.name, argv, limit)
        if check and code != 0:
            raise failure(self.name, done)
        return done

    def _session(self) -> paramiko.Channel:
        """A channel for one command. sshd allows only so many at once on a connection (MaxSessions): then it is asked again."""
        give_up = time.monotonic() + _SESSION_SECONDS
        while True:
            try:
                return self._channel(
                    lambda transport: transport.open_session(timeout=CONNECT_SECONDS, window_size=_WINDOW)
                )
            except paramiko.ChannelException as error:
                if time.monotonic() > give_up:
                    raise UnreachableError(
                        f"{self._place} menolak sesi perintah: {error.text}.",
                        "Kurangi pekerjaan yang bersamaan di host itu, atau naikkan MaxSessions pada sshd_config, lalu ulangi.",
                        transient=True,
                    ) from error
            time.sleep(0.1)

    # --- forwards ---

    @contextlib.contextmanager
    def forward(self, address: str, port: int) -> Iterator[int]:
        """A local port that leads to `address:port` as the host sees it; several connections at once.

        Raises RefusedError where the host forbids forwards; a port that nobody listens on is told at each connection.
        """
        self._refuse_forbidden(
            address, port
        )  # also tells an unreachable host now, not at the first connection

        def open_far_side() -> Stream:
            channel = self._channel(
                lambda transport: transport.open_channel(
                    "direct-tcpip",
                    (address, port),
                    ("127.0.0.1", 0),
                    timeout=CONNECT_SECONDS,
                    window_size=_WINDOW,
                )
            )
            return ChannelStream(channel)

        with Forwarder(open_far_side, name=self.name) as forwarder:
            yield forwarder.port

    def open_to(self, address: str, port: int) -> paramiko.Channel:
        """A channel to there, as the host sees it: the connection of a host behind this one. Raises RefusedError, UnreachableError."""
        try:
            return self._channel(
                lambda transport: transport.open_channel(
                    "direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=CONNECT_SECONDS
                )
            )
        except paramiko.ChannelException as error:
            if error.code == _PROHIBITED:
                raise self._forbidden(address, port) from error
            raise UnreachableError(
                f"{self._place} tidak mencapai {address}:{port}.",
                "Periksa bahwa host di belakangnya menyala, dan alamat serta port-nya dari sana.",
                transient=True,
            ) from error

    def _forbidden(self, address: str, port: int) -> RefusedError:
        return RefusedError(
            f"{self._place} melarang penerusan port ke {address}:{port}.",
            "Izinkan di host itu: `AllowTcpForwarding yes` pada sshd_config (atau `Match User` untuk pengguna ini), dan pada "
            f"barisnya di authorized_keys awalan dari `jaga host prepare {self.name}`.",
        )

    def _refuse_forbidden(self, address: str, port: int) -> None:
        """Open one channel and close it: sshd says "administratively prohibited" for what its settings forbid (RFC 4254, 5.1)."""
        try:
            channel = self._channel(
                lambda transport: transport.open_channel(
                    "direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=CONNECT_SECONDS
                )
            )
        except paramiko.ChannelException as error:
            if error.code == _PROHIBITED:
                raise self._forbidden(address, port) from error
            return
        with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
            channel.close()

    def close(self) -> None:
        with self._lock:
            self._drop()
        if self._via:
            self._via.close()


def _talk(channel: paramiko.Channel, command: str, stdin: str, deadline: float) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and the end of stderr. Raises OSError when the host stays silent past the deadline."""
    stderr = bytearray()

    def drain() -> None:
        with contextlib.suppress(OSError, EOFError):
            while data := receive(channel, 1 << 16, stderr=True):
                stderr.extend(data)
                del stderr[: -(1 << 16)]

    def feed() -> None:
        with contextlib.suppress(OSError, EOFError):  # a command need not read its input
            if stdin:
                send_all(channel, stdin.encode())
            send_end(channel)

    channel.exec_command(command)
    helpers = [threading.Thread(target=target, daemon=True) for target in (drain, feed)]
    for helper in helpers:
        helper.start()
    stdout = bytearray()
    while data := receive(channel, 1 << 18):
        if len(stdout) + len(data) > STDOUT_LIMIT:
            raise JagadataError(
                f"Perintah `{command[:200]}` mengeluarkan lebih dari {STDOUT_LIMIT >> 20} MiB teks.",
                "Jalankan perintah itu di host untuk melihat sebabnya.",
            )
        stdout += data
    helpers[0].join(max(0.1, deadline - time.monotonic()))
    if not channel.status_event.wait(max(0.1, deadline - time.monotonic())):
        raise TimeoutError("host tidak menjawab")
    code = channel.recv_exit_status()
    if code == -1:
        raise EOFError("perintah berakhir tanpa kode")
    return code, bytes(stdout), bytes(stderr)
