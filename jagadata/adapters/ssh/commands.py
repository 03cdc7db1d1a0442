"""What all hosts say alike about a command that failed, and how much of its output is kept."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.ports.host import Completed

STDOUT_LIMIT = 4 << 20
"""Bytes of output; a command that says more fails."""
STDERR_LINES = 20


def failure(host: str, done: Completed) -> JagadataError:
    """The error of a command that ended with another code than 0."""
    said = done.stderr.strip() or done.stdout.strip()[-500:] or "tanpa keterangan"
    return JagadataError(
        f"Perintah {command_text(done.argv)} di host '{host}' gagal (kode {done.code}): {said}",
        "Jalankan perintah itu di host untuk melihat sebabnya, perbaiki, lalu ulangi.",
    )


def too_long(host: str, argv: Sequence[str], seconds: float) -> JagadataError:
    """The error of a command that was ended because its time was over."""
    return JagadataError(
        f"Perintah {command_text(argv)} di host '{host}' tidak selesai dalam {seconds:g} detik dan dihentikan.",
        "Periksa keadaan host itu, misalnya bebannya dan layanan yang menggantung.",
        transient=True,
    )


def command_text(argv: Sequence[str]) -> str:
    text = shlex.join(argv)
    return f"`{text if len(text) <= 200 else text[:197] + '...'}`"
