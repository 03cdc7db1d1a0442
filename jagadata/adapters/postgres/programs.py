"""Running PostgreSQL's client programs: they end with us, and what they say at the end is kept for the error."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOST = re.compile(
    r"server closed the connection|could not receive data|terminating connection|connection to server .* failed"
    r"|connection not open|could not send data|SSL SYSCALL|timeout expired"
)

_QUOTES = re.compile(r"(DETAIL|CONTEXT):")
"""Begins what may hold values of a row, over several lines where a value does."""
_SPEAKS = re.compile(r"(pg_\w+: |HINT:|Command was:)")


@functools.cache
def _leash() -> tuple[str, ...]:
    """setpriv(1) of util-linux lets a program be told when its parent dies (prctl(2), PR_SET_PDEATHSIG); busybox's can't.

    Python's own way, `preexec_fn`, is unsafe where there are threads.
    """
    program = shutil.which("setpriv")
    if program is None:
        return ()
    leash = (program, "--pdeathsig", "TERM")
    try:
        code = subprocess.run([*leash, "true"], capture_output=True, check=False, timeout=10).returncode
    except (OSError, subprocess.SubprocessError):
        return ()
    return leash if code == 0 else ()


def with_parent_death_signal(command: Sequence[str]) -> list[str]:
    """The command such that a kill -9 of our process ends it too, where the system can."""
    return [*_leash(), *command]


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """subprocess.Popen; a program that can't be started is told as such. Raises RefusedError."""
    try:
        return subprocess.Popen(command, **options)
    except OSError as error:
        raise RefusedError(
            f"Program {command[0]} tidak dapat dijalankan: {explain_os_error(error)}.",
            "Periksa paket postgresql-client dan servers[].tools, lalu ulangi.",
        ) from error


def last_lines(text: str, count: int = 5) -> str:
    """The end of a program's stderr on one line, for an error message.

    Without what the server quotes from rows ("Key (nik)=(...) is duplicated."): the message goes into journal, form and mails.
    """
    lines: list[str] = []
    quotes = False
    for line in map(str.strip, text.splitlines()):
        if _QUOTES.match(line):
            quotes = True
        elif _SPEAKS.match(line):
            quotes = False
        if line and not quotes:
            lines.append(line)
    return " | ".join(lines[-count:])[-800:]


def make_fault(what: str, code: int, errors: str, hint: str) -> JagadataError:
    """The error of a program that failed; transient if it lost its server."""
    message = f"{what} gagal (kode {code}): {last_lines(errors) or 'tanpa keterangan'}"
    if _LOST.search(errors):
        return UnreachableError(
            message, f"Periksa server basis data dan jaringannya, lalu ulangi. {hint}", transient=True
        )
    return JagadataError(message, hint)
