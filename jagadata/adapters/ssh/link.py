"""One SSH connection, opened strictly: the one known_hosts file, the one private key, nothing from the account that runs us."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
from typing import TYPE_CHECKING, Any, NoReturn

import fabric
import paramiko

from jagadata.errors import JagadataError, RefusedError, UnreachableError

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
    *, where: str, address: str, port: int, user: str, key: paramiko.PKey, known_hosts: Path
) -> tuple[fabric.Connection, paramiko.Transport]:
    """A connection that has logged in. Raises RefusedError (host key, login) or UnreachableError (transient)."""
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
        },
    )
    client: Any = connection.client
    client.set_missing_host_key_policy(_Reject())
    try:
        client.load_host_keys(str(known_hosts))
    except OSError as error:
        raise RefusedError(
            f"Berkas known_hosts untuk {where} tidak dapat dibaca: {known_hosts}.", _scan_hint(address, port)
        ) from error
    try:
        connection.open()
    except BaseException as error:
        with contextlib.suppress(Exception):
            client.close()
        if isinstance(error, Exception):
            raise _explain(error, where=where, address=address, port=port, user=user) from error
        raise
    transport: Any = client.get_transport()
    transport.set_keepalive(_KEEPALIVE_SECONDS)
    # A peer that vanished never acknowledges the keepalives: then the kernel ends the connection.
    with contextlib.suppress(OSError):
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_AFTER_MS)
    return connection, transport


def _scan_hint(address: str, port: int) -> str:
    return (
        f"Ambil kuncinya dengan `ssh-keyscan -p {port} {address}`, cocokkan sidik jarinya langsung dengan pengelola host "
        "(telepon atau `ssh-keygen -lf` di konsolnya, bukan lewat jaringan yang sama), baru simpan ke known_hosts."
    )


def _explain(error: Exception, *, where: str, address: str, port: int, user: str) -> JagadataError:
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
    if isinstance(error, paramiko.AuthenticationException):
        return RefusedError(
            f"{where} menolak masuk sebagai '{user}'.",
            "Pasang kunci publik Jagadata di authorized_keys pengguna itu; `jaga host prepare` menunjukkan barisnya.",
        )
    reason = str(error).strip() or type(error).__name__
    return UnreachableError(
        f"{where} tidak dapat dihubungi: {reason}.",
        "Periksa bahwa host menyala, alamat dan port benar, dan jaringan ke sana terbuka, lalu ulangi.",
        transient=True,
    )
