"""What only Debian packages bring, and whether it is there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")

PROGRAMS = {
    "postgresql": "",
    "ceph": "radosgw",
    "openssh-server": "sshd",
    "poppler-utils": "pdftoppm",
    "nspawn": "systemd-nspawn",
}
"""What `needs` names that is not itself a program: the program that shows that it is there."""


def debian_postgres() -> Path | None:
    """The binaries of the oldest PostgreSQL that Debian brought, if any."""
    found = sorted(DEBIAN_POSTGRES.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[0].parent if found else None


def is_there(what: str) -> bool:
    if what == "postgresql":
        return debian_postgres() is not None
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return shutil.which(PROGRAMS.get(what, what), path=path) is not None
