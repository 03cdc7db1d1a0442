"""The script that runs on a host: fixed lists of services and the dead-man's switch, as text. No I/O but its own template."""

from __future__ import annotations

import hashlib
import re
import shlex
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.office.file import Office
    from jagadata.office.machines import HostEntry, Service, System

STATE_FOLDER = "/var/lib/jagadata-switch"
"""Where the root-owned script keeps the switch: it must outlive a reboot."""
SUPERVISOR_CONFIG = "/etc/supervisor/supervisord.conf"
DIRECT_FOLDER = "~/.jagadata"
_VERSION_MARK = "@VERSION@"
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
        f"VERSION={_VERSION_MARK}",
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
        entries = " ".join(f"{_word(item)}:{item.unit}" for item in services_on(system, host.name))
        lines.append(f"  {shlex.quote(system.id)}) printf '%s\\n' {shlex.quote(entries)} ;;")
    lines += ["  *) return 1 ;;", "  esac", "}"]
    template = resources.files("jagadata").joinpath("services/script.sh").read_text(encoding="utf-8")
    text = template.replace("#SETTINGS#", "\n".join(lines))
    return text.replace(_VERSION_MARK, hashlib.sha256(text.encode()).hexdigest()[:16])


def _word(service: Service) -> str:
    """How the script calls what manages it."""
    if service.kind == "service":
        return service.manager
    return "oneshot-run" if service.run_after else service.kind


def script_version(text: str) -> str:
    """What a script of that text says of itself; another one on the host has other lists or is of another Jagadata."""
    found = re.search(r"^VERSION=([0-9a-f]{16})$", text, re.MULTILINE)
    return found[1] if found else ""


VERBS = ("status", "stop", "start", "arm", "renew", "disarm", "switch")


def render_sudoers(office: Office, host_name: str) -> str:
    """The exact lines that let the login user run the script (or, with `control: direct`, the managers) as root.

    No wildcard: what varies (token, seconds, units) comes through standard input and is checked by the script.
    Empty where nothing needs root. Raises RefusedError for a name that means something else in sudoers.
    """
    host = office.host(host_name)
    systems = [system for system in office.systems if services_on(system, host_name)]
    if not host.sudo:
        return ""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", host.user):
        raise RefusedError(
            f"Nama pengguna '{host.user}' pada host '{host_name}' tidak dapat dipakai di sudoers.",
            "Pakai pengguna yang namanya hanya memuat huruf, angka, titik, garis bawah, dan tanda hubung.",
        )
    if host.control == "script":
        path = script_path(host)
        commands = [f"{path} {verb} {system.id}" for system in systems for verb in VERBS]
    else:
        commands = [line for system in systems for line in _direct_commands(host, system)]
    lines = [f"{host.user} ALL=(root) NOPASSWD: {command}" for command in dict.fromkeys(commands)]
    return "\n".join([f"# Jagadata, host {host_name}", f"Defaults:{host.user} !requiretty", *lines, ""])


def _direct_commands(host: HostEntry, system: System) -> list[str]:
    """What the script runs through sudo: one unit for systemd; neighbours under supervisor together, in their order."""
    commands = []
    everything = services_on(system, host.name)
    runs = [list(group) for _, group in groupby(system.services, key=lambda item: item.host)]
    for services in [everything, *(run for run in runs if run[0].host == host.name)]:
        for manager, neighbours in groupby(services, key=_word):
            units = [_escaped(item.unit) for item in neighbours]
            if manager.startswith("oneshot"):
                timers = [unit.removesuffix(".service") + ".timer" for unit in units]
                commands += [
                    f"/usr/bin/systemctl {verb} {unit}" for unit in timers for verb in ("stop", "start")
                ]
                if manager == "oneshot-run":
                    commands += [f"/usr/bin/systemctl start {unit}" for unit in units]
            elif manager in ("systemd", "timer"):
                commands += [
                    f"/usr/bin/systemctl {verb} {unit}" for unit in units for verb in ("stop", "start")
                ]
            else:
                program = f"/usr/bin/supervisorctl -c {_escaped(supervisor_config(host))}"
                commands += [f"{program} status", f"{program} stop {' '.join(units)}"]
                commands.append(f"{program} start {' '.join(reversed(units))}")
    return commands


def _escaped(word: str) -> str:
    """A word of a command in sudoers(5): the characters that mean something there get a backslash."""
    return re.sub(r"([\\:=,\s*?\[\]!\"'])", r"\\\1", word)


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
    return f"jagadata-host-{host.name}.{system.id}"
