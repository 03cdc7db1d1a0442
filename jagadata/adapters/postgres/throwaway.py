"""A private PostgreSQL for one test: no network, no file on a disk, gone with the `with` block or with our process.

Two ways lead to the same program (throwaway_program.py): a unit of its own that a socket starts, or namespaces of our own.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from jagadata.adapters.postgres.access import Access, Login
from jagadata.errors import UntestedError

if TYPE_CHECKING:
    from collections.abc import Iterator

Way = Literal["unit", "ruang nama", ""]
UNIT_SOCKET = Path("/run/jagadata-uji.socket")
PROGRAM = Path(__file__).with_name("throwaway_program.py")
SUPERUSER = "jagadata_uji"
NOBODY = 65534
ANSWER_SECONDS = 180
_WORDS = {
    "memori": "memori mesin worker tidak cukup (perlu {} MiB, tersedia {} MiB)",
    "program": "program server PostgreSQL tidak dapat dijalankan: {}",
    "mulai": "server uji tidak dapat dimulai: {}",
}


@dataclass(frozen=True, kw_only=True)
class ThrowAway:
    """`owner` is its superuser, who may be used only before anything of a backup is in it."""

    owner: Access
    way: Way

    def for_login(self, user: str, password: str) -> Access:
        """As this login, for every role that we play elsewhere."""
        return Access(
            name=self.owner.name,
            address=self.owner.address,
            port=self.owner.port,
            maintenance_database=self.owner.maintenance_database,
            logins={"load": Login(user=user, password=password)},
            tools=self.owner.tools,
        )


def size_megabytes(database_size: int) -> int:
    """How much memory a database of so many bytes takes when restored: indexes newly built, WAL of 256 MB, sorts, templates."""
    return int(database_size * 1.2) // 2**20 + 640


def find_binaries(tools: Path | None) -> Path:
    """Where initdb and postgres lie: the folder of the client programs. Raises UntestedError."""
    found = shutil.which(str(tools / "pg_restore") if tools else "pg_restore")
    folders = [tools] if tools else []
    if found:
        folders.append(Path(found).resolve().parent)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    raise UntestedError(
        "program server PostgreSQL (initdb, postgres) tidak ada di samping pg_restore",
        "Pasang paket postgresql-VERSI di mesin worker (layanannya boleh mati), dan tunjuk foldernya lewat servers[].tools.",
    )


def find_major(binaries: Path) -> int:
    """The major version of the server program. Raises UntestedError."""
    try:
        done = subprocess.run(
            [binaries / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=False,
            env={"LC_ALL": "C"},
        )
    except OSError as error:
        raise UntestedError(_WORDS["program"].format(error.strerror)) from error
    match = re.search(r"\(PostgreSQL\) ([0-9]+)", done.stdout)
    if not match:
        raise UntestedError(_WORDS["program"].format(done.stderr[-200:].strip()))
    return int(match[1])


def find_way(unit: Path = UNIT_SOCKET) -> Way:
    """How a throw-away server can run on this machine; '' if it can't."""
    if unit.is_socket() and os.access(unit, os.W_OK):
        return "unit"
    command = [*_namespaces(), "true"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0:
            return "ruang nama"
    return ""


_NO_WAY = UntestedError(
    "mesin worker tidak mengizinkan ruang nama, dan unit jagadata-uji tidak terpasang",
    "Pasang deployments/systemd/jagadata-uji.socket (deployments/README.md).",
)


def tell_way(tools: Path | None) -> str:
    """Where a throw-away server would run on this machine, in words. Raises UntestedError: nowhere, and why."""
    major = find_major(find_binaries(tools))
    way = find_way()
    if not way:
        raise _NO_WAY
    words = {"unit": "unit jagadata-uji", "ruang nama": "ruang nama milik worker sendiri"}
    return f"PostgreSQL {major} di {words[way]}"


@contextlib.contextmanager
def throw_away(
    tools: Path | None,
    *,
    megabytes: int,
    way: Way | None = None,
    unit: Path = UNIT_SOCKET,
    patience: float = 600,
) -> Iterator[ThrowAway]:
    """A running server of the version that `tools` holds. Raises UntestedError with the reason why there is none."""
    binaries = find_binaries(tools)
    way = find_way(unit) if way is None else way
    if not way:
        raise _NO_WAY
    password = secrets.token_hex(24)
    request = {
        "binaries": str(binaries),
        "megabytes": megabytes,
        "password": password,
        "superuser": SUPERUSER,
    }
    with _one_at_a_time(patience), _start(way, unit) as (ask, tell):
        tell.write(json.dumps(request).encode() + b"\n")
        tell.flush()
        reply = _read_reply(ask)
        login = Login(user=SUPERUSER, password=password)
        yield ThrowAway(
            way=way,
            owner=Access(
                name="uji",
                address=str(reply["sockets"]),
                port=int(reply["port"]),
                maintenance_database="postgres",
                logins={"restore": login},
                tools=binaries,
            ),
        )


def _read_reply(ask: IO[bytes]) -> dict[str, Any]:
    line = ask.readline(2**16)
    try:
        reply = json.loads(line)
    except ValueError:
        reply = {"fault": "mulai", "words": "tanpa jawaban"}
    if "fault" in reply:
        words = str(reply.get("words", ""))
        parts = words.split() if reply["fault"] == "memori" else [" ".join(words.split())]
        raise UntestedError(
            _WORDS.get(reply["fault"], "{}").format(*parts),
            "Tambah memori mesin worker." if reply["fault"] == "memori" else "Periksa dengan `jaga doctor`.",
        )
    return dict(reply)


@contextlib.contextmanager
def _one_at_a_time(patience: float) -> Iterator[None]:
    """One throw-away server per machine and user: memory is asked for once. Raises UntestedError after `patience` seconds."""
    path = Path(tempfile.gettempdir()) / f"jagadata-uji-{os.geteuid()}.lock"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > end:
                    raise UntestedError(
                        "uji lain masih berjalan di mesin worker ini", "Tunggu sampai selesai, lalu ulangi."
                    ) from None
                time.sleep(0.5)
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def _start(way: Way, unit: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    if way == "unit":
        with _call_unit(unit) as both:
            yield both
    else:
        with _unshare() as both:
            yield both


@contextlib.contextmanager
def _call_unit(unit: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(unit))
        except OSError as error:
            raise UntestedError(
                f"unit jagadata-uji tidak menjawab: {error.strerror}",
                "Periksa systemctl status jagadata-uji.socket.",
            ) from error
        with connection.makefile("rb") as ask, connection.makefile("wb") as tell:
            yield ask, tell


def _namespaces() -> list[str]:
    """User, mount, network and PID namespaces of its own; never as root."""
    command = [
        "unshare",
        "--user",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--map-current-user",
    ]
    command.append("--keep-caps")
    if os.geteuid() == 0:
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        return [*drop, "--pdeathsig", "KILL", *command]
    return ["setpriv", "--pdeathsig", "KILL", *command]


def _find_python() -> str:
    """Ours may lie where only root looks; the program is content with any."""
    system = shutil.which("python3", path="/usr/bin:/bin") if os.geteuid() == 0 else None
    return system or sys.executable


@contextlib.contextmanager
def _unshare() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    with tempfile.TemporaryDirectory(prefix="jagadata-uji-") as folder:
        room, sockets = Path(folder, "r"), Path(folder, "s")
        for one in (room, sockets):
            one.mkdir(mode=0o700)
        if os.geteuid() == 0:
            for one in (Path(folder), room, sockets):
                os.chown(one, NOBODY, NOBODY)
        process = subprocess.Popen(
            [*_namespaces(), _find_python(), "-I", str(PROGRAM), str(room), str(sockets), "--mount"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            cwd="/",
        )
        ask, tell = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stdin)
        try:
            yield ask, tell
        finally:
            with contextlib.suppress(OSError):
                tell.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            ask.close()
