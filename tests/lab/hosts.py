"""Real SSH servers and a supervisor for the tests of hosts and services; loopback, free ports, no root needed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from jagadata.adapters.ssh.host import SshHost
from jagadata.lab.processes import answers, free_port
from jagadata.office.machines import DataSet, HostEntry, Probe, Service, System
from tests.lab.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent

WEB = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"sehat" if self.path == "/sehat" else b"Surat Kepegawaian"
        self.send_response(200 if self.path != "/rusak" else 500); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *values): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """A running SSH server and what a client needs."""

    folder: Path
    port: int
    user: str
    key_text: str
    known_hosts: Path
    process: subprocess.Popen[bytes]

    def host(self, name: str = "aplikasi") -> SshHost:
        return SshHost(
            name,
            address="127.0.0.1",
            port=self.port,
            user=self.user,
            key_text=self.key_text,
            known_hosts=self.known_hosts,
        )


def _keys(folder: Path, port: int) -> str:
    host_key, client_key = (
        asyncssh.generate_private_key("ssh-ed25519"),
        asyncssh.generate_private_key("ssh-ed25519"),
    )
    host_key.write_private_key(folder / "host_key")
    (folder / "host_key").chmod(0o600)
    client_key.write_public_key(folder / "client_key.pub")
    public = host_key.export_public_key().decode().strip()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    return client_key.export_private_key().decode()


@contextlib.contextmanager
def start_asyncssh(folder: Path) -> Iterator[Ssh]:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    key_text = _keys(folder, port)
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "jagadata.lab.ssh_server", str(folder), str(port)],
        env=environment,
        start_new_session=True,
    )
    try:
        wait_until(lambda: answers(port))
        yield Ssh(
            folder=folder,
            port=port,
            user="petugas",
            key_text=key_text,
            known_hosts=folder / "known_hosts",
            process=process,
        )
    finally:
        end(process)


@contextlib.contextmanager
def start_openssh(folder: Path) -> Iterator[Ssh]:
    import pwd

    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    key_text = _keys(folder, port)
    user = pwd.getpwuid(os.getuid()).pw_name
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/client_key.pub\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"SetEnv PATH={BIN}:/usr/bin:/bin\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # privilege separation of Debian's build
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    process = subprocess.Popen(
        [sshd, "-D", "-e", "-f", str(config)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(lambda: answers(port))
        yield Ssh(
            folder=folder,
            port=port,
            user=user,
            key_text=key_text,
            known_hosts=folder / "known_hosts",
            process=process,
        )
    finally:
        end(process)


@dataclass(frozen=True, kw_only=True)
class Supervised:
    """A web program and a queue worker under supervisor."""

    folder: Path
    config: Path
    port: int

    def control(self, *words: str) -> str:
        return subprocess.run(
            [BIN / "supervisorctl", "-c", self.config, *words], capture_output=True, text=True, check=False
        ).stdout

    def entry(self, name: str = "aplikasi") -> HostEntry:
        return HostEntry(
            name=name,
            address="127.0.0.1",
            user="petugas",
            key="env:X",
            known_hosts=Path("known_hosts"),
            control="direct",
            sudo=False,
            supervisor_config=str(self.config),
            switch_folder=str(self.folder / "sakelar"),
        )

    def system(self, *, probe: Probe | None = None, host: str = "aplikasi") -> System:
        return System(
            id="simpeg",
            name="SIMPEG",
            owner="BKPSDM",
            server="db",
            data=[DataSet(database="simpeg")],
            services=[
                Service(
                    unit="web",
                    host=host,
                    manager="supervisor",
                    port=self.port,
                    probe=probe
                    or Probe(url=f"http://127.0.0.1:{self.port}/sehat", contains="sehat", timeout=10),
                ),
                Service(unit="antrean:pekerja", host=host, manager="supervisor"),
            ],
        )

    def states(self) -> dict[str, str]:
        return {line.split()[0]: line.split()[1] for line in self.control("status").splitlines()}

    def all_run(self) -> bool:
        return set(self.states().values()) == {"RUNNING"} and answers(self.port)


@contextlib.contextmanager
def start_supervised(folder: Path) -> Iterator[Supervised]:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "web.py").write_text(WEB)
    config = folder / "supervisord.conf"
    # A UNIX socket's path holds 107 bytes at most; pytest's folders can be longer.
    sockets = Path(tempfile.mkdtemp(prefix="jgd-"))
    common = "startsecs=0\nstopasgroup=true\nkillasgroup=true\nstopwaitsecs=3\n"
    config.write_text(
        f"[unix_http_server]\nfile={sockets}/s\n[supervisord]\nlogfile={folder}/log\npidfile={folder}/pid\nchildlogdir={folder}\n"
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        f"[supervisorctl]\nserverurl=unix://{sockets}/s\n"
        f"[program:web]\ncommand={sys.executable} {folder}/web.py {port}\n{common}"
        f"[program:pekerja]\ncommand=sleep 100000\n{common}[group:antrean]\nprograms=pekerja\n"
    )
    process = subprocess.Popen(
        [BIN / "supervisord", "-n", "-c", config], stdout=subprocess.DEVNULL, start_new_session=True
    )
    supervised = Supervised(folder=folder, config=config, port=port)
    try:
        wait_until(supervised.all_run)
        yield supervised
    finally:
        end(process)
        shutil.rmtree(sockets, ignore_errors=True)


def stop_at_once(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
