"""What the product's SSH key may do on a host: the prefix of its line in authorized_keys, and the one program behind it. Pure text.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jagadata.services.script import VERBS, script_path, services_on

if TYPE_CHECKING:
    from jagadata.office.file import Office
    from jagadata.office.machines import HostEntry

TEMPLATE = """#!/bin/sh
# Jagadata on host {host}: the only calls that its key may make (command= in authorized_keys). Generated.
set -uf
refuse() {{
  printf 'jagadata-host: panggilan ini tidak ada dalam daftar\\n' >&2
  exit 64
}}
call=${{SSH_ORIGINAL_COMMAND:-}}
case $call in *'
'*) refuse ;; esac
# Each call is `echo MARK; timeout -k 5 SECONDS WORDS`; nothing of it is given to a shell.
mark=${{call%%;*}}
mark=${{mark#echo }}
case $mark in jagadata-*) ;; *) refuse ;; esac
case ${{mark#jagadata-}} in '' | *[!0-9a-f]*) refuse ;; esac
rest=${{call#"echo $mark; timeout -k 5 "}}
[ "$rest" != "$call" ] || refuse
seconds=${{rest%% *}}
words=${{rest#* }}
case $seconds in '' | *[!0-9]* | ??????*) refuse ;; esac
case $words in
{calls}
'df -B1 --output=avail /'*)
  folder=${{words#df -B1 --output=avail }}
  case $folder in *[!A-Za-z0-9/._@+-]*) refuse ;; esac
  ;;
*) refuse ;;
esac
echo "$mark"
exec timeout -k 5 "$seconds" $words
"""


def render_dispatcher(office: Office, host_name: str) -> str:
    """The program of `command=`: exactly the calls that the product makes there with `control: script`."""
    host = office.host(host_name)
    sudo = "sudo -n " if host.sudo else ""
    calls = ["date +%s", "cat /proc/net/tcp /proc/net/tcp6"]
    for system in office.systems:
        if services_on(system, host_name):
            calls += [f"{sudo}{script_path(host)} {verb} {system.id}" for verb in VERBS]
    return TEMPLATE.format(host=host.name, calls=" | \\\n".join(map(shlex.quote, calls)) + ") ;;")


def dispatcher_path(host: HostEntry) -> str:
    return f"{script_path(host)}-calls"


def key_options(office: Office, host_name: str) -> str:
    """What stands before the key in authorized_keys: nothing but the forwards that the office file names, and the calls."""
    host = office.host(host_name)
    options = ["restrict", *(f'permitopen="{target}"' for target in list_forwards(office, host_name))]
    if len(options) > 1:
        options.insert(1, "port-forwarding")
    if host.control == "script":
        options.append(f'command="{dispatcher_path(host)}"')
    return ",".join(options)


def list_forwards(office: Office, host_name: str) -> list[str]:
    """`address:port` of everything that is reached through this host."""
    found = [f"{_bracketed(one.address)}:{one.port}" for one in office.servers if one.via == host_name]
    found += [f"{_bracketed(one.address)}:{one.port}" for one in office.hosts if one.via == host_name]
    for system in office.systems:
        for service in system.services:
            if service.probe and service.probe.via == host_name:
                url = urlsplit(service.probe.url)
                port = url.port or (443 if url.scheme == "https" else 80)
                found.append(f"{_bracketed(url.hostname or '127.0.0.1')}:{port}")
    inventory = office.collection.inventory if office.collection else None
    if inventory and inventory.via == host_name:
        found.append(f"{_bracketed(inventory.address)}:{inventory.port}")
    return list(dict.fromkeys(found))


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
