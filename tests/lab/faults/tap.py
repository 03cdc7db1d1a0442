"""Every call that leaves the process goes through a tap: it counts them, and lets one of them fail in one way.

The taps sit on the libraries' side of the border (psycopg, paramiko, subprocess, os, smtplib, http.client), never on our own modules.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import signal
import smtplib
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self
from unittest import mock

import paramiko
import psycopg

PROGRAMS = ("pg_dump", "pg_restore")
FOLDER_CALLS = ("open", "mkdir", "link", "rename", "unlink", "fsync", "stat", "scandir")


@dataclass(frozen=True)
class Fault:
    """Call number `at` (from 0) fails in this way; 'kill' ends our own process there."""

    at: int
    kind: str


class Tap:
    """Use as a context manager. `calls` lists (channel, label) in order; `fired` is set once the fault happened."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault
        self.calls: list[tuple[str, str]] = []
        self.fired = False
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()

    def due(self, channel: str, label: str) -> str:
        """Count this call; the kind of failure if it is the one to fail, else ''."""
        with self._lock:
            number = len(self.calls)
            self.calls.append((channel, label))
        if self.fault is None or self.fault.at != number:
            return ""
        self.fired = True
        if self.fault.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return self.fault.kind

    def __enter__(self) -> Self:
        for patch in (
            *_tap_sql(self),
            *_tap_processes(self),
            *_tap_ssh(self),
            *_tap_folders(self),
            *_tap_mail(self),
            *_tap_probe(self),
        ):
            self._stack.enter_context(patch)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()


def _lost(connection) -> psycopg.OperationalError:
    connection.close()
    return psycopg.OperationalError("server closed the connection unexpectedly")


def _tap_sql(tap):
    execute, connect = psycopg.Cursor.execute, psycopg.Connection.connect.__func__
    command = psycopg.BaseConnection._exec_command

    def tapped_execute(cursor, query, *words, **options):
        kind = tap.due("sql", str(query)[:60])
        if kind == "refused":
            raise _lost(cursor.connection)
        if kind == "timeout":
            raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")
        if kind == "disk full":
            raise psycopg.errors.DiskFull("could not extend file: No space left on device")
        if kind == "permission":
            raise psycopg.errors.InsufficientPrivilege("permission denied")
        result = execute(cursor, query, *words, **options)
        if kind == "lost":
            raise _lost(cursor.connection)
        return result

    def tapped_command(connection, text, *words, **options):
        words_shown = text.decode() if isinstance(text, bytes) else str(text)
        kind = tap.due("commit", words_shown) if words_shown in ("COMMIT", "BEGIN") else ""
        if kind == "refused":
            raise _lost(connection)
        result = yield from command(connection, text, *words, **options)
        if kind == "lost":
            raise _lost(connection)
        return result

    def tapped_connect(cls, *words, **options):
        kind = tap.due("connect", "")
        if kind == "refused":
            raise psycopg.OperationalError("connection refused: Connection refused")
        if kind == "timeout":
            raise psycopg.errors.ConnectionTimeout("connection timeout expired")
        if kind == "login":
            raise psycopg.OperationalError('password authentication failed for user "jagadata"')
        if kind == "full":
            raise psycopg.OperationalError("FATAL:  sorry, too many clients already")
        return connect(cls, *words, **options)

    yield mock.patch.object(psycopg.Cursor, "execute", tapped_execute)
    yield mock.patch.object(psycopg.BaseConnection, "_exec_command", tapped_command)
    yield mock.patch.object(
        psycopg, "connect", lambda **options: tapped_connect(psycopg.Connection, **options)
    )


def _tap_processes(tap):
    real = subprocess.Popen

    def tapped(arguments, *words, **options):
        names = [PurePath(str(word)).name for word in arguments]
        program = next((name for name in names if name in PROGRAMS), "")
        version = "--version" in names
        if not program or version:
            return real(arguments, *words, **options)
        listing = " --list" if "--list" in names else ""
        kind = tap.due("process", program + listing)
        if kind == "missing":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", program)
        if kind == "fails":
            return real(["false"], *words, **options)
        if kind == "does nothing":
            return real(["true"], *words, **options)
        if kind == "cut":
            return real(["sh", "-c", '"$@" | head -c 3000', "sh", *arguments], *words, **options)
        process = real(arguments, *words, **options)
        if kind == "killed":
            process.kill()
        return process

    tapped.__class_getitem__ = real.__class_getitem__
    yield mock.patch.object(subprocess, "Popen", tapped)


def _tap_ssh(tap):
    execute = paramiko.Channel.exec_command

    def tapped(channel, command):
        words = command.decode() if isinstance(command, bytes) else command
        kind = tap.due("ssh", words.replace("timeout -k ", "")[:60])
        if kind == "refused":
            raise paramiko.SSHException("Channel closed.")
        if kind == "cut":
            channel.get_transport().close()
        if kind == "fails":
            words = "exit 1"
        if kind == "wrong answer":
            words = "echo bukan yang diminta"
        execute(channel, words)
        if kind == "lost":
            time.sleep(0.5)  # the host does it, and nobody hears of it
            channel.get_transport().close()

    yield mock.patch.object(paramiko.Channel, "exec_command", tapped)


class _TappedOs:
    """The module `os` as the directory store sees it."""

    def __init__(self, tap) -> None:
        self._tap = tap

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in FOLDER_CALLS:
            return real

        def tapped(*words, **options):
            kind = self._tap.due("folder", name)
            if kind in _ERRNO:
                raise OSError(_ERRNO[kind], os.strerror(_ERRNO[kind]))
            result = real(*words, **options)
            if kind == "lost":
                if name == "open":
                    os.close(result)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return result

        return tapped


_ERRNO = {
    "disk full": errno.ENOSPC,
    "refused": errno.EIO,
    "permission": errno.EACCES,
    "timeout": errno.ETIMEDOUT,
}


def _tap_folders(tap):
    from jagadata.adapters.directory import folder, upload

    seen = _TappedOs(tap)
    yield mock.patch.object(folder, "os", seen)
    yield mock.patch.object(upload, "os", seen)


def _tap_mail(tap):
    send = smtplib.SMTP.sendmail

    def tapped(server, *words, **options):
        kind = tap.due("mail", "")
        if kind == "refused":
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        if kind == "permission":
            raise smtplib.SMTPDataError(550, b"denied")
        result = send(server, *words, **options)
        if kind == "lost":
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        return result

    yield mock.patch.object(smtplib.SMTP, "sendmail", tapped)


def _tap_probe(tap):
    request = http.client.HTTPConnection.request

    def tapped(connection, *words, **options):
        kind = tap.due("probe", "")
        if kind == "refused":
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        if kind == "timeout":
            raise TimeoutError("timed out")
        return request(connection, *words, **options)

    yield mock.patch.object(http.client.HTTPConnection, "request", tapped)


KINDS = {
    "sql": ("refused", "lost", "timeout", "disk full", "permission"),
    "commit": ("refused", "lost"),
    "connect": ("refused", "timeout", "login", "full"),
    "process": ("missing", "fails", "does nothing", "cut", "killed"),
    "ssh": ("refused", "cut", "lost", "fails", "wrong answer"),
    "folder": ("disk full", "refused", "permission", "timeout", "lost"),
    "mail": ("refused", "permission", "lost"),
    "probe": ("refused", "timeout"),
}
"""The ways in which a call of each channel fails here; 'kill' fits all of them."""
