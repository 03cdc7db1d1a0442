"""Runs the set-up of the flows in a process of its own: this package never imports Prefect."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from pathlib import Path


def deploy(office: Path) -> None:
    """`python -m deployments` with this office file; its output goes where ours goes. Raises JagadataError."""
    environment = {**os.environ, "JAGADATA_OFFICE": str(office)}
    done = subprocess.run([sys.executable, "-m", "deployments"], env=environment, check=False)
    if done.returncode:
        raise JagadataError(
            f"Pemasangan alur di server Prefect gagal (kode {done.returncode}).",
            "Baca keterangan di atas; periksa PREFECT_API_URL dan PREFECT_API_AUTH_STRING, "
            "pastikan server Prefect berjalan, lalu ulangi `jaga apply`.",
        )
