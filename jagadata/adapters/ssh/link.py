"""One SSH connection, opened strictly: the one known_hosts file, the one private key, nothing from the account that runs us."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import socket
from typing import TYPE_CHECKING, Any, NoReturn

import fabric
import paramiko

from jagadata.adapters.ssh.known_hosts import read_known_hosts
from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from pathlib import Path

CONNECT_SECONDS = 10
_KEEPALIVE_SECONDS = 15
_DEAD_AFTER_MS = 45_000

# What goes wrong is raised; without a handler Python would print paramiko's log to the terminal as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class _UnknownKeyError(paramiko.SSHException):
    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("unknown host key")
        self.key = key


class _Reject(paramiko.RejectPolicy):
    """As RejectPolicy, but keeps the key that was found, to show its fingerprint."""

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> NoReturn:  # noqa: ARG002 - paramiko's signature
        raise _UnknownKeyError(key)


class _Transport(paramiko.Transport):
    """AES-GCM first: it needs no second pass for the MAC (measured, docs/adr/0005)."""

    _preferred_ciphers = tuple(
        sorted(paramiko.Transport._preferred_ciphers, key=lambda name: "gcm" not in name)  # type: ignore[attr-defined]  # noqa: SLF001 - paramiko offers no other way before the handshake
    )

    def auth_interactive_dumb(self, username: str, handler: Any = None, submethods: str = "") -> NoReturn:
        """Paramiko would ask for the second factor on the terminal of whoever runs us."""
        del username, handler, submethods
        raise paramiko.BadAuthenticationType("second factor", ["keyboard-interactive"])


def parse_private_key(text: str, *, where: str) -> paramiko.PKey:
    """The private key of a text. Raises RefusedError; never repeats the text."""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text.strip() + "\n"))
        except paramiko.PasswordRequiredException as error:
            raise RefusedError(
                f"Kunci SSH untuk {where} dilindungi kata sandi.",
                "Buat kunci tanpa kata sandi khusus untuk Jagadata dengan `ssh-keygen -t ed25519 -N ''`.",
            ) from error
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise RefusedError(
        f"Kunci SSH untuk {where} bukan kunci privat OpenSSH yang sah.",
        "Isi dengan kunci privat utuh, dari baris BEGIN sampai END, buatan `ssh-keygen -t ed25519`.",
    )


def open_link(
    *,
    where: str,
    address: str,
    port: int,
    user: str,
    key: paramiko.PKey,
    known_hosts: Path,
    channel: paramiko.Channel | None = None,
) -> tuple[fabric.Connection, paramiko.Transport]:
    """A connection that has logged in. Raises RefusedError (host key, login) or UnreachableError (transient).

    `channel`: through another host, in place of a socket of our own.
    """
    config = fabric.Config(lazy=True, ssh_config=paramiko.SSHConfig())
    connection = fabric.Connection(
        address,
        user=user,
        port=port,
        config=config,
        connect_timeout=CONNECT_SECONDS,
        connect_kwargs={
            "pkey": key,
            "allow_agent": False,
            "look_for_keys": False,
            "banner_timeout": CONNECT_SECONDS,
            "auth_timeout": CONNECT_SECONDS,
            "transport_factory": _Transport,
            **({"sock": channel} if channel else {}),
        },
    )
    client: Any = connection.client
    client.set_missing_host_key_policy(_Reject())
    known = read_known_hosts(known_hosts, where=where, hint=_scan_hint(address, port))
    for names, host_key in known.keys:
        for name in names:
            client.get_host_keys().add(name, host_key.get_name(), host_key)
    try:
        connection.open()
    except BaseException as error:
        with contextlib.suppress(Exception):
            client.close()
        if isinstance(error, Exception):
            said = _banner(client)
            fault = explain_refusal(said, where=where, user=user) or explain(
                error, where=where, address=address, port=port, user=user
            )
            if isinstance(error, _UnknownKeyError) and known.remark:
                fault.message += f" {known_hosts}: {known.remark}"
            raise fault from error
        raise
    transport: Any = client.get_transport()
    transport.set_keepalive(_KEEPALIVE_SECONDS)
    # A peer that vanished never acknowledges the keepalives: then the kernel ends the connection.
    with contextlib.suppress(OSError, AttributeError):  # a channel of another connection has no such thing
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_AFTER_MS)
    return connection, transport


def _banner(client: Any) -> str:
    """What the host said before it let us in or not (PAM tells here of an account that expired)."""
    with contextlib.suppress(Exception):
        return bytes(client.get_transport().get_banner() or b"").decode(errors="replace")
    return ""


def _scan_hint(address: str, port: int) -> str:
    return (
        f"Ambil kuncinya dengan `ssh-keyscan -p {port} {address}`, cocokkan sidik jarinya langsung dengan pengelola host "
        "(telepon atau `ssh-keygen -lf` di konsolnya, bukan lewat jaringan yang sama), baru simpan ke known_hosts."
    )


def explain(error: Exception, *, where: str, address: str, port: int, user: str) -> JagadataError:
    if isinstance(error, _UnknownKeyError):
        return RefusedError(
            f"Kunci {where} belum dikenal: ditemukan {error.key.get_name()} {error.key.fingerprint}.",
            _scan_hint(address, port),
        )
    if isinstance(error, paramiko.BadHostKeyException):
        return RefusedError(
            f"Kunci {where} berubah: ditemukan {error.key.get_name()} {error.key.fingerprint}, "
            f"yang tercatat {error.expected_key.get_name()} {error.expected_key.fingerprint}.",
            "Host mungkin dipasang ulang, atau ada yang menyamar. Jangan lanjutkan sebelum pasti. "
            + _scan_hint(address, port),
        )
    if isinstance(error, paramiko.BadAuthenticationType):
        return RefusedError(
            f"{where} tidak menerima kunci saja untuk '{user}': masih diminta {', '.join(error.allowed_types)}.",
            "Bebaskan pengguna itu dari faktor kedua pada sshd_config: `Match User "
            f"{user}` dengan `AuthenticationMethods publickey`.",
        )
    if isinstance(error, paramiko.ssh_exception.PartialAuthentication):
        return RefusedError(
            f"{where} menerima kunci '{user}', tetapi meminta faktor kedua ({', '.join(error.allowed_types)}).",
            "Bebaskan pengguna itu dari faktor kedua pada sshd_config: `Match User "
            f"{user}` dengan `AuthenticationMethods publickey`.",
        )
    if isinstance(error, paramiko.AuthenticationException):
        return RefusedError(
            f"{where} menolak masuk sebagai '{user}'.",
            "Pasang kunci publik Jagadata di authorized_keys pengguna itu; `jaga host prepare` menunjukkan barisnya. Bila sudah terpasang, "
            f"periksa masa berlaku akunnya di host itu: `chage -l {user}`.",
        )
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return RefusedError(
            f"{where} tidak memiliki cara enkripsi yang dikenal kedua pihak: {_reason(error)}.",
            "Perbarui OpenSSH di host itu, atau izinkan cara bawaannya lagi (Ciphers, KexAlgorithms, MACs, HostKeyAlgorithms "
            "pada sshd_config); Jagadata tidak memakai cara yang sudah lemah.",
        )
    reason = _reason(error)
    return UnreachableError(
        f"{where} tidak dapat dihubungi: {reason}.",
        "Periksa bahwa host menyala, alamat dan port benar, dan jaringan ke sana terbuka, lalu ulangi.",
        transient=True,
    )


def _reason(error: Exception) -> str:
    """In words of the system's language where it is the system that speaks."""
    if isinstance(error, OSError) and error.errno:
        return explain_os_error(error)
    return str(error).strip() or type(error).__name__


# What a host says for itself when it has let the key in and refuses the work, and what mends it. Sources: pam_unix(8), nologin(8).
_REFUSALS = (
    (
        re.compile(
            r"password (has )?expired|you are required to change your password|password change required",
            re.IGNORECASE,
        ),
        "sandi pengguna itu kedaluwarsa",
        "Jalankan sebagai root di host itu: `chage -M -1 {user}` (pengguna ini masuk dengan kunci, bukan sandi).",
    ),
    (
        re.compile(r"account (has )?expired|account is locked", re.IGNORECASE),
        "akun pengguna itu kedaluwarsa atau dikunci",
        "Jalankan sebagai root di host itu: `chage -E -1 {user}`.",
    ),
    (
        re.compile(r"account is (currently )?not available|nologin", re.IGNORECASE),
        "pengguna itu tidak memiliki shell",
        "Jalankan sebagai root di host itu: `usermod --shell /bin/sh {user}`.",
    ),
)


def explain_refusal(said: str, *, where: str, user: str) -> RefusedError | None:
    """The error for what a host said in place of running a command; None where it is nothing of this kind."""
    for pattern, what, hint in _REFUSALS:
        if pattern.search(said):
            return RefusedError(f"{where} menolak bekerja untuk '{user}': {what}.", hint.format(user=user))
    return None
