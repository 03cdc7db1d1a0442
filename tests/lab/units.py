"""The units of systemd that an office installs, as their lines say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

UNITS = sorted((ROOT / "deployments/systemd").glob("*.service"))


def read_unit(path: Path) -> dict[str, list[str]]:
    """Every setting of a unit with its values in order, comments left out."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def environment(unit: dict[str, list[str]]) -> dict[str, str]:
    return dict(value.split("=", 1) for value in unit["Environment"])


def server_unit() -> dict[str, list[str]]:
    return read_unit(ROOT / "deployments/systemd/jagadata-server.service")


def worker_unit() -> dict[str, list[str]]:
    return read_unit(ROOT / "deployments/systemd/jagadata-worker.service")
