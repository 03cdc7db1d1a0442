"""CA files that people edit: every whole certificate counts, a broken one is named by its line and left out."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import re
import tempfile
import warnings
from pathlib import Path

from cryptography import x509

from jagadata.adapters.edited_text import decode
from jagadata.errors import RefusedError

log = logging.getLogger(__name__)
_LARGEST = 8 << 20
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def read_ca(path: Path, *, where: str) -> str:
    """The PEM text of its whole certificates. Raises RefusedError: unreadable, or not one is whole."""
    data = _read(path, where)
    whole, broken = split_ca(decode(data))
    if not whole:
        what = f"baris {', '.join(map(str, broken))} rusak" if broken else f"tidak ada baris '{_BEGIN}'"
        raise RefusedError(
            f"Berkas CA {path} untuk {where} tidak memuat sertifikat yang utuh: {what}.",
            "Minta kembali sertifikat CA itu (PEM) kepada pengelola server, lalu simpan tanpa diubah.",
        )
    for line in broken:
        log.warning(
            "Berkas CA %s: sertifikat mulai baris %d rusak dan dilewati; yang lain dipakai.", path, line
        )
    return "".join(whole)


def split_ca(text: str) -> tuple[list[str], list[int]]:
    """Its whole certificates as PEM, and the line at which each broken one begins. Any text is taken."""
    whole: list[str] = []
    broken: list[int] = []
    block: list[str] | None = None
    begun = 0
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = raw.strip().replace("\ufeff", "")
        if line == _BEGIN:
            if block is not None:
                broken.append(begun)
            block, begun = [], number
        elif line == _END and block is not None:
            pem = "\n".join([_BEGIN, *block, _END, ""])
            if _is_certificate(pem):
                whole.append(pem)
            else:
                broken.append(begun)
            block = None
        elif block is not None:
            block.append(line)
    if block is not None:
        broken.append(begun)
    return whole, broken


def _is_certificate(pem: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd serial numbers in old authorities
            x509.load_pem_x509_certificate(pem.encode("ascii"))
    except Exception:  # noqa: BLE001 - the parser's own kinds of refusal are many
        return False
    return True


def _read(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"Berkas CA {path} untuk {where} tidak dapat dibaca.",
            "Perbaiki lokasi 'ca' di berkas kantor, dan izinkan pengguna yang menjalankan Jagadata membacanya.",
        ) from error


def clean_ca(path: Path, *, where: str) -> Path:
    """A file that libraries take as it is: the same one if it is plain PEM, else a copy of its whole certificates."""
    text = read_ca(path, where=where)
    return path if _read(path, where).decode("latin-1") == text else _copy(text)


@functools.lru_cache(maxsize=64)
def _copy(text: str) -> Path:
    """Kept until the process ends; certificates are public."""
    descriptor, name = tempfile.mkstemp(prefix="jagadata-ca-", suffix=".pem")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    atexit.register(Path(name).unlink, missing_ok=True)
    return Path(name)
