"""known_hosts files that people edit: every line that can be read counts, one that can't is named. Source: sshd(8)."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramiko.hostkeys import HostKeyEntry

from jagadata.adapters.edited_text import decode
from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    import paramiko

log = logging.getLogger(__name__)
_LARGEST = 8 << 20


@dataclass(frozen=True, kw_only=True)
class KnownHosts:
    """`keys`: host names as they are written (also hashed) with a key each; `broken`: numbers of lines that can't be read."""

    keys: tuple[tuple[tuple[str, ...], paramiko.PKey], ...]
    broken: tuple[int, ...]

    @property
    def remark(self) -> str:
        """What to say of its broken lines; empty without any."""
        return f"Baris {', '.join(map(str, self.broken))} rusak dan dilewati." if self.broken else ""


def parse_known_hosts(data: bytes) -> KnownHosts:
    """Any bytes are taken. Lines with a marker (@cert-authority, @revoked) and of kinds that we do not use are passed over."""
    keys: list[tuple[tuple[str, ...], paramiko.PKey]] = []
    broken: list[int] = []
    for number, raw in enumerate(decode(data).replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        line = raw.strip().strip("\ufeff")
        if not line or line.startswith(("#", "@")):
            continue
        words = line.split()
        try:
            entry = HostKeyEntry.from_line(" ".join(words[:3]), number)
            # paramiko fills up a key that was cut off with zeros
            if entry is not None and entry.key.asbytes() != base64.b64decode(words[2]):
                entry = None
        except Exception:  # noqa: BLE001 - the library's own kinds of refusal are many
            entry = None
        if entry is not None and entry.key is not None and entry.hostnames:
            keys.append((tuple(entry.hostnames), entry.key))
        elif len(words) < 3 or not words[1].startswith(("sk-", "ssh-dss")):
            broken.append(number)
    return KnownHosts(keys=tuple(keys), broken=tuple(broken))


def read_known_hosts(path: Path, *, where: str, hint: str) -> KnownHosts:
    """Raises RefusedError where the file can't be read at all."""
    try:
        with path.open("rb") as file:
            found = parse_known_hosts(file.read(_LARGEST))
    except (OSError, ValueError) as error:
        raise RefusedError(f"Berkas known_hosts untuk {where} tidak dapat dibaca: {path}.", hint) from error
    if found.remark:
        log.warning("%s: %s", path, found.remark)
    return found
