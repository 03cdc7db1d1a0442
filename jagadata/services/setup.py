"""What `jaga host prepare` prints: everything that root does once on a host, ready to paste. Pure text."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from jagadata.services.dispatcher import dispatcher_path, key_options, render_dispatcher
from jagadata.services.script import direct_folder, render_host_script, render_sudoers, script_path

if TYPE_CHECKING:
    from jagadata.office.file import Office

BOOT_UNIT = """[Unit]
Description=Jagadata: nyalakan layanan bila sakelar pengaman terpasang saat host padam
After=multi-user.target

[Service]
Type=oneshot
ExecStart={script} boot

[Install]
WantedBy=multi-user.target
"""


def render_host_setup(office: Office, host_name: str) -> str:
    """A sh script for root: user, place of its public key, the script, its sudoers lines, the hook at boot. May be run again.

    With `control: direct` nothing of root's is installed but the sudoers lines (if `sudo`), and the hook is a line for crontab.
    """
    host = office.host(host_name)
    user = shlex.quote(host.user)
    parts = [
        "#!/bin/sh",
        f"# Persiapan host {host.name} untuk Jagadata. Baca dahulu, lalu jalankan sebagai root di host itu.",
        "set -eu",
        "",
        "# 1. Pengguna tanpa kata sandi, hanya untuk Jagadata",
        f"id -u {user} >/dev/null 2>&1 || useradd --create-home --shell /bin/sh {user}",
        f"home=$(getent passwd {user} | cut -d: -f6)",
        f'install -d -m 0700 -o {user} "$home/.ssh"',
        f"chage -M -1 {user} # masuknya dengan kunci; sandi yang kedaluwarsa akan menolaknya",
        "# Tambahkan kunci publik Jagadata ke $home/.ssh/authorized_keys dengan awalan berikut (satu baris):",
        f"#   {key_options(office, host_name)} ssh-ed25519 AAAA... jagadata",
        "# (buat pasangan kuncinya di worker: ssh-keygen -t ed25519 -N '' -f kunci-ssh)",
    ]
    if host.control == "script":
        path = script_path(host)
        parts += [
            "",
            "# 2. Skrip milik root: daftar layanan tetap dan sakelar pengaman",
            *_here_document(path, render_host_script(office, host_name), "0755"),
            "",
            "# Satu-satunya program di balik kunci itu: persis panggilan yang dibuat Jagadata",
            *_here_document(dispatcher_path(host), render_dispatcher(office, host_name), "0755"),
            "",
            "# 3. Bila sakelar terpasang saat host padam, layanan dinyalakan ketika host menyala",
            "if [ -d /run/systemd/system ]; then",
            *_here_document(
                "/etc/systemd/system/jagadata-switch.service", BOOT_UNIT.format(script=path), "0644"
            ),
            "  systemctl daemon-reload",
            "  systemctl enable jagadata-switch.service",
            "fi",
        ]
    else:
        folder = direct_folder(host)
        parts += [
            "",
            f"# 2. Sebagai {host.user}, tambahkan baris ini dengan `crontab -e` (layanan dinyalakan bila host padam di tengah restore):",
            f'#   @reboot for skrip in {folder}/jagadata-host-{host.name}.*; do sh "$skrip" boot; done',
        ]
    sudoers = render_sudoers(office, host_name)
    if sudoers:
        file = f"/etc/sudoers.d/jagadata-{host.name}"
        parts += [
            "",
            "# 4. Hak sudo: baris-baris persis, tanpa wildcard; diperiksa sebelum berlaku",
            *_here_document(f"{file}.baru", sudoers, "0440"),
            f"visudo -cf {file}.baru",
            f"mv {file}.baru {file}",
        ]
    return "\n".join([*parts, ""])


def _here_document(path: str, text: str, mode: str) -> list[str]:
    """Lines of sh that write the text whole, owned by root. The end mark can't stand in the text by chance."""
    return [
        f"cat >{path}.tmp <<'AKHIR_BERKAS_JAGADATA'",
        text.rstrip("\n"),
        "AKHIR_BERKAS_JAGADATA",
        f"chown root:root {path}.tmp",
        f"chmod {mode} {path}.tmp",
        f"mv {path}.tmp {path}",
    ]
