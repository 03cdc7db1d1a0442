"""A real S3 server without root: OpenStack Swift with its s3api, one process for each ring, in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from jagadata.lab.processes import Server, answers, free_port

_PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {folder}
log_udp_host = 127.0.0.1
log_udp_port = {udp}
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats s3api tempauth copy slo dlo versioned_writes symlink proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_demo_backup = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
check_bucket_owner = false
location = us-east-1
min_segment_size = 1048576
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
"""
_STORAGE = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
devices = {folder}/devices
mount_check = false
swift_dir = {folder}
log_udp_host = 127.0.0.1
log_udp_port = {udp}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


@dataclass
class S3:
    endpoint: str
    region: str
    access_key: str
    secret_key: str
    servers: list[Server]

    def client(self) -> Any:
        """A boto3 client."""
        import boto3
        from botocore.client import Config

        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def make_bucket(self, name: str, *, versioned: bool = False) -> str:
        self.client().create_bucket(Bucket=name)
        if versioned:
            self.client().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def stop(self) -> None:
        for server in reversed(self.servers):
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def _build_ring(ring: Path, port: int) -> None:
    """In a process of its own: Swift brings eventlet, which warns of every fork that follows in its process."""
    device = {
        "region": 1,
        "zone": 1,
        "ip": "127.0.0.1",
        "port": port,
        "device": "d1",
        "weight": 1,
        "replication_ip": "127.0.0.1",
        "replication_port": port,
    }
    code = (
        "import json, sys; from swift.common.ring import RingBuilder; builder = RingBuilder(8, 1, 1); "
        "builder.add_dev(json.loads(sys.argv[1])); builder.rebalance(); builder.get_ring().save(sys.argv[2])"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps(device), ring],
        check=True,
        capture_output=True,
    )


def start_swift(folder: Path) -> S3:
    """Proxy, account, container and object server on free ports, one replica, data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = jagadata\n[storage-policy:0]\nname = Policy-0\ndefault = yes\n",
        encoding="ascii",
    )
    secret, udp = "rahasia-demo", free_port()
    bin_folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONWARNINGS": "ignore",
    }
    servers: list[Server] = []
    ports = [free_port() for _ in range(3)]
    for kind, port in zip(("account", "container", "object"), ports, strict=True):
        (folder / "devices" / "d1").mkdir(parents=True, exist_ok=True)
        _build_ring(folder / f"{kind}.ring.gz", port)
        config = folder / f"{kind}.conf"
        config.write_text(_STORAGE.format(port=port, folder=folder, kind=kind, udp=udp), encoding="ascii")
        servers.append(
            Server(
                [bin_folder / f"swift-{kind}-server", config],
                log=folder / f"{kind}.log",
                environment=environment,
            )
        )
    port = free_port()
    config = folder / "proxy.conf"
    config.write_text(_PROXY.format(port=port, folder=folder, udp=udp, secret=secret), encoding="ascii")
    config.chmod(0o600)
    proxy = Server(
        [bin_folder / "swift-proxy-server", config], log=folder / "proxy.log", environment=environment
    )
    servers.append(proxy)
    proxy.wait_for(lambda: answers(port), "Swift")
    for port_of, server in zip(ports, servers, strict=False):
        server.wait_for(partial(answers, port_of), "Swift storage")
    return S3(f"http://127.0.0.1:{port}", "us-east-1", "demo:backup", secret, servers)
