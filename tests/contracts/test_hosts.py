"""What every host does: run argument lists, end what takes too long, forward ports."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from jagadata.adapters.ssh.host import SshHost
from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.lab.local_host import LocalHost
from tests.lab.hosts import Ssh, free_port, start_asyncssh, start_openssh
from tests.lab.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.ports.host import Host

STARTERS = {"asyncssh": start_asyncssh, "openssh": start_openssh}
SERVERS = ["asyncssh", pytest.param("openssh", marks=pytest.mark.needs("sshd"))]


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ssh]:
    with STARTERS[request.param](tmp_path_factory.mktemp("ssh")) as ssh:
        yield ssh


@pytest.fixture(scope="module", params=["local", *SERVERS])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with ExitStack() as stack:
        if request.param == "local":
            made: Host = LocalHost("aplikasi")
        else:
            made = stack.enter_context(STARTERS[request.param](tmp_path_factory.mktemp("ssh"))).host()
        yield made
        made.close()


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it got, once the client has ended its half."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(near: socket.socket) -> None:
        with near:
            data = bytearray()
            while chunk := near.recv(1 << 16):
                data += chunk
            near.sendall(data)

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(near,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_arguments_arrive_as_they_are(host: Host) -> None:
    odd = ["a b", "'", '"', "$HOME", "`id`", ";", "x\ny", "*", "\\", "é", ""]
    assert host.run(["printf", "%s|", *odd]).stdout == "".join(f"{word}|" for word in odd)


def test_standard_input_exit_code_and_both_outputs_are_told(host: Host) -> None:
    done = host.run(["sh", "-c", "cat; echo salah >&2; exit 3"], stdin="masukan\n", check=False)
    assert (done.code, done.stdout, done.stderr) == (3, "masukan\n", "salah")


def test_a_command_may_leave_its_input_unread(host: Host) -> None:
    assert host.run(["true"], stdin="x" * 3_000_000).code == 0


def test_long_output_arrives_whole(host: Host) -> None:
    assert len(host.run(["sh", "-c", "head -c 2000000 /dev/zero | tr '\\0' a"]).stdout) == 2_000_000


def test_a_failed_command_names_command_host_and_reason(host: Host) -> None:
    with pytest.raises(JagadataError) as caught:
        host.run(["ls", "/tidak ada"])
    assert "aplikasi" in caught.value.message
    assert "'/tidak ada'" in caught.value.message
    assert caught.value.hint


def test_a_program_that_is_missing_is_an_error_or_a_code(host: Host) -> None:
    assert host.run(["program-tidak-ada"], check=False).code in (126, 127)
    with pytest.raises(JagadataError, match="program-tidak-ada"):
        host.run(["program-tidak-ada"])


def test_a_command_past_its_time_is_ended_on_the_host(host: Host) -> None:
    mark = f"{uuid.uuid4().int % 10**9 + 10**9}"
    with pytest.raises(JagadataError, match="tidak selesai dalam 1 detik") as caught:
        host.run(["sleep", mark], timeout=1)
    assert caught.value.transient
    wait_until(lambda: not _runs(mark))


def _runs(word: str) -> bool:
    """Whether a process of this machine has the word on its command line (a minimal Debian has no pgrep)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            found.append(path.read_bytes())
    return any(word.encode() in line.split(b"\0") for line in found)


def test_threads_share_one_host(host: Host) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: host.run(["echo", str(number)]).stdout.strip(), range(40)))
    assert found == [str(number) for number in range(40)]


def test_a_forward_is_ready_and_carries_many_connections_at_once(host: Host, echo: int) -> None:
    def send(number: int) -> bool:
        data = bytes([number]) * 500_000
        with socket.create_connection(("127.0.0.1", port), 10) as near:
            near.sendall(data)
            near.shutdown(socket.SHUT_WR)
            got = bytearray()
            while chunk := near.recv(1 << 16):
                got += chunk
            return bytes(got) == data

    with host.forward("127.0.0.1", echo) as port, ThreadPoolExecutor(16) as pool:
        assert all(pool.map(send, range(16)))


def test_a_forward_to_a_closed_port_closes_the_connection(host: Host) -> None:
    with (
        host.forward("127.0.0.1", free_port()) as port,
        socket.create_connection(("127.0.0.1", port), 10) as near,
    ):
        near.settimeout(10)
        with suppress(ConnectionResetError):
            assert near.recv(1) == b""


def test_a_forward_that_ended_listens_no_more(host: Host, echo: int) -> None:
    with host.forward("127.0.0.1", echo) as port:
        near = socket.create_connection(("127.0.0.1", port), 10)
    with near:
        near.settimeout(10)
        with suppress(ConnectionResetError):
            assert near.recv(1) == b""
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)


# --- what only SSH can get wrong ---


def _host(server: Ssh, **change: object) -> SshHost:
    values = {
        "address": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "key_text": server.key_text,
        "known_hosts": server.known_hosts,
        **change,
    }
    return SshHost("aplikasi", **values)  # type: ignore[arg-type]


def test_a_changed_host_key_is_refused_with_both_fingerprints(server: Ssh, tmp_path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "kh").write_text(f"[127.0.0.1]:{server.port} {other}\n")
    with pytest.raises(RefusedError, match="berubah") as caught:
        _host(server, known_hosts=tmp_path / "kh").run(["true"])
    assert caught.value.message.count("SHA256:") == 2
    assert f"ssh-keyscan -p {server.port} 127.0.0.1" in caught.value.hint


def test_an_unknown_host_key_is_refused_and_not_learned(server: Ssh, tmp_path) -> None:
    (tmp_path / "kh").write_text("")
    for _attempt in range(2):
        with pytest.raises(RefusedError, match=r"belum dikenal.*SHA256:"):
            _host(server, known_hosts=tmp_path / "kh").run(["true"])
    assert (tmp_path / "kh").read_text() == ""


def test_a_missing_known_hosts_file_is_refused(server: Ssh, tmp_path) -> None:
    with pytest.raises(RefusedError, match="known_hosts"):
        _host(server, known_hosts=tmp_path / "tidak-ada").run(["true"])


def test_a_login_with_another_key_is_refused(server: Ssh) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(RefusedError, match="menolak masuk"):
        _host(server, key_text=key).run(["true"])


def test_a_text_that_is_no_key_is_refused_without_repeating_it() -> None:
    with pytest.raises(RefusedError) as caught:
        SshHost("a", address="x", port=1, user="u", key_text="RAHASIA", known_hosts=None)  # type: ignore[arg-type]
    assert "RAHASIA" not in str(caught.value)


def test_an_unreachable_host_is_told_as_such(server: Ssh) -> None:
    with pytest.raises(UnreachableError) as caught:
        _host(server, port=free_port()).run(["true"])
    assert caught.value.transient
    with pytest.raises(UnreachableError), _host(server, port=free_port()).forward("127.0.0.1", 1):
        pass


def test_a_connection_that_died_between_commands_is_opened_again(server: Ssh) -> None:
    host = server.host()
    host.run(["true"])
    sock = host._transport.sock
    sock.shutdown(socket.SHUT_RDWR)
    assert host.run(["echo", "lagi"]).stdout == "lagi\n"
    host.close()
    assert host.run(["echo", "lagi"]).stdout == "lagi\n"
    host.close()


def test_a_connection_cut_during_a_command_is_told_and_not_repeated(server: Ssh, tmp_path) -> None:
    host = server.host()
    host.run(["true"])
    threading.Timer(1, lambda: host._transport.sock.shutdown(socket.SHUT_RDWR)).start()
    with pytest.raises(UnreachableError, match="terputus"):
        host.run(["sh", "-c", f"echo x >>{tmp_path}/kali; sleep 3"])
    time.sleep(0.2)
    assert (tmp_path / "kali").read_text() == "x\n"
    host.close()


def test_a_forward_outlives_a_lost_connection(server: Ssh, echo: int) -> None:
    host = server.host()
    with host.forward("127.0.0.1", echo) as port:
        for _attempt in range(2):
            with socket.create_connection(("127.0.0.1", port), 10) as near:
                near.sendall(b"halo")
                near.shutdown(socket.SHUT_WR)
                assert near.recv(10) == b"halo"
            host._transport.sock.shutdown(socket.SHUT_RDWR)
    host.close()


@pytest.mark.needs("sshd")
def test_a_greeting_in_bashrc_breaks_nothing(tmp_path: Path) -> None:
    """sshd runs ~/.ssh/rc and bash its .bashrc before each command; what they say is not the command's output."""
    with start_openssh(tmp_path) as ssh:
        config = tmp_path / "sshd_config"
        assert "SetEnv" in config.read_text()
        host = ssh.host()
        greeting = tmp_path / "greet"
        greeting.write_text("#!/bin/sh\necho Selamat datang\n")
        greeting.chmod(0o755)
        key = (tmp_path / "client_key.pub").read_text()
        (tmp_path / "client_key.pub").write_text(
            f'command="{greeting}; sh -c \\"$SSH_ORIGINAL_COMMAND\\"" {key}'
        )
        assert host.run(["echo", "isi"]).stdout == "isi\n"
        host.close()


@pytest.mark.needs("sshd")
@pytest.mark.parametrize("options", ["restrict", 'permitopen="127.0.0.1:1",restrict,port-forwarding'])
def test_a_host_that_forbids_forwards_says_so_with_what_mends_it(
    tmp_path: Path, options: str, echo: int
) -> None:
    with start_openssh(tmp_path) as ssh:
        key = (tmp_path / "client_key.pub").read_text()
        (tmp_path / "client_key.pub").write_text(f"{options} {key}")
        host = ssh.host()
        with (
            pytest.raises(RefusedError, match="melarang penerusan port") as caught,
            host.forward("127.0.0.1", echo),
        ):
            pass
        assert not caught.value.transient
        assert "AllowTcpForwarding" in caught.value.hint
        host.close()


def test_a_host_behind_another_is_reached_through_it(server: Ssh, echo: int) -> None:
    """ProxyJump: its key, its name and its commands are its own."""
    jump = server.host("gerbang")
    host = _host(server, via=jump)
    assert host.run(["echo", "dalam"]).stdout == "dalam\n"
    with host.forward("127.0.0.1", echo) as port, socket.create_connection(("127.0.0.1", port), 10) as near:
        near.sendall(b"halo")
        near.shutdown(socket.SHUT_WR)
        assert near.recv(10) == b"halo"
    host.close()
    assert host.run(["echo", "lagi"]).stdout == "lagi\n"
    host.close()


def test_a_jump_that_does_not_lead_on_is_told_with_the_host_that_failed(server: Ssh) -> None:
    host = _host(server, port=free_port(), via=server.host("gerbang"))
    with pytest.raises(UnreachableError, match="gerbang"):
        host.run(["true"])
    host.close()
