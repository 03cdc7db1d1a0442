"""References to secrets (`env:NAME`, `file:PATH`, `prefect:BLOCK`) and their values, which never leave memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from jagadata.errors import RefusedError
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Callable

_resolvers: dict[str, Callable[[str], str]] = {}


def register(scheme: str, resolve: Callable[[str], str]) -> None:
    """Teach a further scheme (tasks/ teaches `prefect`, which this package must not import)."""
    _resolvers[scheme] = resolve


def reveal(reference: str, *, folder: Path) -> str:
    """The value behind a reference; relative files start at `folder` (the office file's).

    Raises:
        RefusedError: missing, empty, or a file that others may read; names the reference, never a value.
    """
    scheme, _, name = reference.partition(":")
    if scheme == "env":
        value = os.environ.get(name, "")
        hint = f"Isi variabel lingkungan {name} pada layanan worker, lalu mulai ulang."
    elif scheme == "file":
        try:
            path = (folder / Path(name).expanduser()).absolute()
        except RuntimeError:
            raise RefusedError(
                f"Pengguna pada '{reference}' tidak ada di mesin ini.", "Tulis lokasi lengkapnya."
            ) from None
        hint = f"Buat berkas {path} dengan izin 0600, milik pengguna yang menjalankan Jagadata."
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise RefusedError(
                    f"Rahasia '{reference}' dapat dibaca pengguna lain.", f"Jalankan `chmod 600 {path}`."
                )
            value = path.read_text(encoding="utf-8")
        except OSError as error:
            raise RefusedError(
                f"Rahasia '{reference}' tidak dapat dibaca: {explain_os_error(error)}.", hint
            ) from error
        except (ValueError, RuntimeError):
            raise RefusedError(f"Rahasia '{reference}' tidak dapat dibaca sebagai teks.", hint) from None
    elif scheme in _resolvers:
        hint = f"Buat blok Secret '{name}' di Prefect (menu Blocks)."
        value = _resolvers[scheme](name)
    else:
        raise RefusedError(
            f"Rahasia '{reference}' tidak dapat diambil di sini.",
            "Skema 'prefect:' hanya berlaku di dalam alur Prefect.",
        )
    value = value.strip("\n")
    if not value:
        raise RefusedError(f"Rahasia '{reference}' tidak ada atau kosong.", hint)
    return value
