"""A real S3 server with Object Lock: Debian's Ceph with one monitor, one OSD in memory and one radosgw, on loopback."""

from __future__ import annotations

import os
import subprocess
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.lab.processes import Server, StartError, answers, free_port
from jagadata.lab.swift import S3

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{v2}/0,v1:127.0.0.1:{v1}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd pool default pg num = 4
osd crush chooseleaf type = 0
mon max pg per osd = 1000
keyring = {folder}/keyring
run dir = {folder}/run
log to file = false
[mon.a]
mon data = {folder}/mon
[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd class load list = *
osd class default list = *
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw crypt require ssl = false
rgw data = {folder}/rgw
rgw multipart min part size = 1048576
"""
_KEYS = (
    ("mon.", "mon", "allow *"),
    ("client.admin", "mon", "allow *", "osd", "allow *", "mgr", "allow *"),
    ("osd.0", "mon", "allow profile osd", "osd", "allow *"),
    ("client.rgw.a", "mon", "allow rwx", "osd", "allow rwx"),
)


@dataclass
class Ceph(S3):
    def make_bucket(self, name: str, *, versioned: bool = False, lock: bool = False) -> str:
        """`lock`: with Object Lock, which brings versions with it."""
        self.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        if versioned and not lock:
            self.client().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


def start_ceph(folder: Path) -> Ceph:
    """About 10 s and 0.6 GB of memory; the data lives in memory only."""
    for name in ("mon", "osd", "run"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    port, v1, v2 = free_port(), free_port(), free_port()
    config = folder / "ceph.conf"
    config.write_text(
        _CONFIG.format(folder=folder, fsid=uuid.uuid4(), port=port, v1=v1, v2=v2), encoding="ascii"
    )
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    environment = {**os.environ, "CEPH_CONF": str(config), "PATH": path}
    keyring = str(folder / "keyring")

    def run(*command: str) -> None:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise StartError(f"{command[0]} ended with code {done.returncode}:\n{done.stderr[-2000:]}")

    servers: list[Server] = []

    def start(name: str, *command: str) -> Server:
        servers.append(Server(command, log=folder / f"{name}.log", environment=environment))
        return servers[-1]

    try:
        for number, (entity, *caps) in enumerate(_KEYS):
            grants = [word for pair in zip(caps[::2], caps[1::2], strict=True) for word in ("--cap", *pair)]
            create = [] if number else ["--create-keyring"]
            run("ceph-authtool", keyring, *create, "--gen-key", "-n", entity, *grants)
        fsid = next(line.split()[-1] for line in config.read_text().splitlines() if line.startswith("fsid"))
        addresses = f"[v2:127.0.0.1:{v2},v1:127.0.0.1:{v1}]"
        run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", addresses, str(folder / "monmap"))
        run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"), "--keyring", keyring)
        start("mon", "ceph-mon", "-i", "a", "-f").wait_for(lambda: answers(v2), "ceph-mon")
        run("ceph", "--connect-timeout", "30", "osd", "create")
        run("ceph", "auth", "import", "-i", keyring)
        run("ceph-osd", "-i", "0", "--mkfs", "--osd-objectstore", "memstore")
        start("osd", "ceph-osd", "-i", "0", "-f")
        run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost")
        run(
            *("radosgw-admin", "user", "create", "--uid=demo", "--display-name=demo"),
            *("--access-key=AKIDEMO", "--secret=SECRETDEMO"),
        )
        gateway = start("rgw", "radosgw", "-n", "client.rgw.a", "-f", "--log-to-stderr=true")
        gateway.wait_for(lambda: answers(port), "radosgw", seconds=90)
    except BaseException:
        for server in reversed(servers):
            server.stop()
        raise
    return Ceph(f"http://127.0.0.1:{port}", "us-east-1", "AKIDEMO", "SECRETDEMO", servers)
