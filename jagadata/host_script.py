"""The script that runs on a host: fixed lists of services and the dead-man's switch, as text. No I/O but its own template."""

from __future__ import annotations

import re
import shlex
from importlib import resources
from typing import TYPE_CHECKING

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.office import HostEntry, Office, Service, System

STATE_FOLDER = "/var/lib/jagadata-switch"
"""Where the root-owned script keeps the switch: it must outlive a reboot."""
SUPERVISOR_CONFIG = "/etc/supervisor/supervisord.conf"
DIRECT_FOLDER = "~/.jagadata"
FIXED_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def render_host_script(office: Office, host_name: str) -> str:
    """The script of one host with every system that has a service there. Raises RefusedError for a unit it can't name."""
    systems = [system for system in office.systems if services_on(system, host_name)]
    return make_script(office.host(host_name), systems)


def make_script(host: HostEntry, systems: Sequence[System]) -> str:
    """A POSIX sh script; for `control: direct` it lives in the login user's folder, else it is root's."""
    lines = [
        f"# Host {host.name}",
        f"SUPERVISOR={shlex.quote(supervisor_config(host))}",
        f"SYSTEMS={shlex.quote(' '.join(system.id for system in systems))}",
    ]
    if host.control == "script":
        lines += [
            "SUDO=",
            f"PATH={FIXED_PATH}",
            "export PATH",
            f"FOLDER={STATE_FOLDER}",
            f"SELF={shlex.quote(script_path(host))}",
        ]
    else:
        name = direct_name(host, systems[0]) if len(systems) == 1 else "jagadata-host"
        lines += [
            f"SUDO={shlex.quote('sudo -n' if host.sudo else '')}",
            f'PATH="${{PATH:-/usr/bin:/bin}}:{FIXED_PATH}"',
            "export PATH",
            f"FOLDER={direct_folder(host)}",
            f"SELF=$FOLDER/{name}",
        ]
    lines += ["", "units() { # SYSTEM: its services on this host, in the order of stopping", "  case $1 in"]
    for system in systems:
        entries = " ".join(f"{item.manager}:{item.unit}" for item in services_on(system, host.name))
        lines.append(f"  {shlex.quote(system.id)}) printf '%s\\n' {shlex.quote(entries)} ;;")
    lines += ["  *) return 1 ;;", "  esac", "}"]
    template = resources.files("jagadata").joinpath("host_script.sh").read_text(encoding="utf-8")
    return template.replace("#SETTINGS#", "\n".join(lines))


def services_on(system: System, host_name: str) -> list[Service]:
    """The system's services on that host, in the order of stopping. Raises RefusedError."""
    found = [service for service in system.services if service.host == host_name]
    for service in found:
        if service.manager == "supervisor" and service.unit in ("all", "all:"):
            raise RefusedError(
                f"Unit 'all' pada sistem '{system.id}' berarti semua program supervisor di host '{host_name}'.",
                "Sebutkan setiap program satu per satu di berkas kantor.",
            )
    return found


def supervisor_config(host: HostEntry) -> str:
    return host.supervisor_config or SUPERVISOR_CONFIG


def script_path(host: HostEntry) -> str:
    """The root-owned script's path. Raises RefusedError: sudoers has meanings for other characters."""
    if not re.fullmatch(r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+", host.script):
        raise RefusedError(
            f"Lokasi skrip '{host.script}' pada host '{host.name}' tidak dapat dipakai di sudoers.",
            "Pakai lokasi mutlak yang hanya memuat huruf, angka, titik, garis bawah, dan tanda hubung, "
            "misalnya /usr/local/sbin/jagadata-host.",
        )
    return host.script


def direct_folder(host: HostEntry) -> str:
    """Where the switch lives with `control: direct`, as a word of sh: `~/` and relative paths start at the login user's home."""
    folder = host.switch_folder or DIRECT_FOLDER
    if folder.startswith("/"):
        return shlex.quote(folder)
    return '"$HOME"/' + shlex.quote(folder.removeprefix("~/"))


def direct_name(host: HostEntry, system: System) -> str:
    """The file name of the uploaded script; one per system, so that two systems never replace each other's lists."""
    return f"jagadata-host-{host.name}-{system.id}"
