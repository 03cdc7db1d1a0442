"""The program that runs a throw-away PostgreSQL: started in a room of its own, it lives as long as its standard input is open.

It needs nothing but Python's own library, for it also runs as a unit of its own (deployments/systemd/jagadata-uji@.service).
One line of JSON comes in: {"binaries": folder, "megabytes": for data, "password": of its superuser, "superuser": its name}.
One line goes out: {"sockets": folder, "port": number, "version": number}, or {"fault": kind, "words": what was said}.
Everything is written to a file system in memory, which ends with this process, however it ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PORT = 5432
START_SECONDS = 120
RESERVE = 256
"""Megabytes of memory that stay free for everybody else, and for the server's own processes."""
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "80MB",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_connections": "20",
    "max_locks_per_transaction": "1024",
    "max_prepared_transactions": "0",
    "jit": "off",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "256MB",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "temp_file_limit": "-1",
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_permissions": "0770",
}
"""Nothing of it has to survive a crash. Shared memory as files of its own data directory: /dev/shm is shared with others."""
_NO_NEW_PRIVS, _AMBIENT, _AMBIENT_CLEAR = 38, 47, 4
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8


class Fault(Exception):  # noqa: N818 - an answer, not a bug
    """`kind`: memori, program, mulai."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words


def available_megabytes(root: Path = Path("/")) -> int:
    """What the machine and this process's own group of processes (cgroup v2) still let us use."""
    text = (root / "proc/meminfo").read_text(encoding="ascii")
    free = next(
        int(line.split()[1]) // 1024 for line in text.splitlines() if line.startswith("MemAvailable:")
    )
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        name = next(line.partition("::")[2] for line in lines if line.startswith("0::"))
        folder = root / "sys/fs/cgroup" / name.strip("/")
        limit = int((folder / "memory.max").read_text(encoding="ascii"))  # "max": ValueError
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        free = min(free, (limit - used) // 2**20)
    return free


def mount_memory(folder: Path, megabytes: int) -> None:
    """A file system in memory over this folder, seen by this mount namespace alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={megabytes}m,mode=0700".encode()
    if libc.mount(b"jagadata-uji", os.fsencode(folder), b"tmpfs", _NOSUID | _NODEV | _NOEXEC, options):
        raise Fault("mulai", f"tmpfs: {os.strerror(ctypes.get_errno())}")


def drop_rights() -> None:
    """No capability, none to be had by starting a program, no core file."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def make_cluster(request: dict[str, Any], data: Path, environment: dict[str, str]) -> None:
    secret = data.parent / "sandi"
    secret.write_text(request["password"], encoding="ascii")
    command = [
        f"{request['binaries']}/initdb",
        "-D",
        str(data),
        "-U",
        request["superuser"],
        "--pwfile",
        str(secret),
    ]
    command += ["--auth=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise Fault("program", f"{command[0]}: {error.strerror}") from error
    finally:
        secret.unlink()
    if done.returncode:
        raise Fault("mulai", done.stderr.decode(errors="replace")[-400:])


def start_server(
    request: dict[str, Any], data: Path, sockets: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Raises Fault unless it is ready within two minutes."""
    command = [f"{request['binaries']}/postgres", "-D", str(data), "-k", str(sockets), "-p", str(PORT)]
    command += [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    log = data.parent / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output
        )
    end = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            if (data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[7:8] == ["ready   "]:
                return server
        time.sleep(0.02)
    stop(server)
    raise Fault("mulai", log.read_text(encoding="utf-8", errors="replace")[-400:])


def stop(server: subprocess.Popen[bytes]) -> None:
    """At once (SIGQUIT): nothing of it is needed any more."""
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
    server.wait()


def read_request() -> dict[str, Any]:
    """Byte by byte, so that nothing behind the line is lost."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece or len(line) > 2**16:
            raise SystemExit(0)
        line += piece
    return dict(json.loads(line))


def answer(value: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(value).encode() + b"\n")


def wait_for_the_end(server: subprocess.Popen[bytes]) -> None:
    """Until whoever asked is gone, or the server is."""
    while server.poll() is None:
        if select.select([0], [], [], 0.5)[0] and not os.read(0, 4096):
            return


def run(room: Path, sockets: Path, *, mounts: bool) -> None:
    request = read_request()
    megabytes = int(request["megabytes"])
    free = available_megabytes() - RESERVE
    if free < megabytes:
        raise Fault("memori", f"{megabytes} {max(0, free)}")
    if mounts:
        mount_memory(room, megabytes)
    drop_rights()
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": str(room)}
    place = os.statvfs(room)
    if place.f_bavail * place.f_frsize < megabytes * 2**20 * 9 // 10:
        raise Fault("memori", f"{megabytes} {place.f_bavail * place.f_frsize // 2**20}")
    data = room / "data"
    make_cluster(request, data, environment)
    server = start_server(request, data, sockets, environment)
    try:
        version = int((data / "PG_VERSION").read_text(encoding="ascii"))
        answer({"sockets": str(sockets), "port": PORT, "version": version})
        wait_for_the_end(server)
    finally:
        stop(server)


def main(arguments: list[str]) -> int:
    """`ROOM SOCKETS [--mount]`."""
    room, sockets, *options = arguments
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: sys.exit(0))
    try:
        run(Path(room), Path(sockets), mounts="--mount" in options)
    except Fault as fault:
        answer({"fault": fault.kind, "words": fault.words})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
