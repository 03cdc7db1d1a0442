"""The dead-man's switch against what it is there for: we die, the network dies, the watcher dies, the host is rebooted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jagadata.adapters.http_probe import HttpProbe
from jagadata.errors import JagadataError, RefusedError, SwitchFiredError, UnreachableError
from jagadata.office.machines import DataSet, HostEntry, Service, System
from jagadata.services.control import ServiceControl
from jagadata.services.script import make_script
from tests.lab.hosts import (
    Ssh,
    Supervised,
    start_asyncssh,
    start_openssh,
    start_supervised,
    stop_at_once,
)
from tests.lab.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.adapters.ssh.host import SshHost

SERVERS = {"asyncssh": start_asyncssh, "openssh": start_openssh}
SLACK = 4
"""Seconds for the manager to start the services on a busy machine."""

DYING = """
import sys, time
from pathlib import Path
from jagadata.adapters.ssh.host import SshHost
from jagadata.adapters.http_probe import HttpProbe
from jagadata.office.machines import HostEntry, System
from jagadata.services.control import ServiceControl
entry, system = HostEntry.model_validate_json(sys.argv[1]), System.model_validate_json(sys.argv[2])
host = SshHost("aplikasi", address="127.0.0.1", port=int(sys.argv[3]), user=sys.argv[4], key_text=sys.stdin.read(),
               known_hosts=Path(sys.argv[5]))
control = ServiceControl(system, {"aplikasi": entry}, lambda name: host, probe=HttpProbe())
control.arm("mati", float(sys.argv[6]))
control.stop()
print("stopped", flush=True)
time.sleep(1000)
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    ssh: Ssh
    supervised: Supervised
    host: SshHost

    def control(self) -> ServiceControl:
        return ServiceControl(
            self.supervised.system(),
            {"aplikasi": self.supervised.entry()},
            lambda _name: self.host,
            probe=HttpProbe(),
        )

    @property
    def state(self) -> Path:
        return self.supervised.folder / "sakelar" / "simpeg"

    def stays(self, wanted: bool, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.supervised.all_run() is wanted
            time.sleep(0.3)


@pytest.fixture(params=["asyncssh", pytest.param("openssh", marks=pytest.mark.needs("sshd"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        ssh = stack.enter_context(SERVERS[request.param](tmp_path / "ssh"))
        supervised = stack.enter_context(start_supervised(tmp_path / "sv"))
        host = ssh.host()
        yield Place(ssh=ssh, supervised=supervised, host=host)
        host.close()
        watcher = _watcher(tmp_path / "sv" / "sakelar" / "simpeg")
        if watcher:
            os.kill(watcher, signal.SIGKILL)


def _watcher(state: Path) -> int | None:
    """The process id of the watcher, if it lives."""
    try:
        number = int((state.parent / "simpeg.watch").read_text().split()[1])
        return number if b"watch" in Path(f"/proc/{number}/cmdline").read_bytes() else None
    except (OSError, IndexError):
        return None


def _off(place: Place) -> bool:
    return set(place.supervised.states().values()) == {"STOPPED"}


def test_our_process_is_killed_and_the_services_come_back(place: Place) -> None:
    words = [
        place.supervised.entry().model_dump_json(),
        place.supervised.system().model_dump_json(),
        str(place.ssh.port),
        place.ssh.user,
        str(place.ssh.known_hosts),
        "5",
    ]
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", DYING, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(place.ssh.key_text.encode())
        process.stdin.close()
        assert process.stdout.readline() == b"stopped\n"
        armed = time.monotonic()
        process.kill()
    assert _off(place)
    wait_until(place.supervised.all_run, 5 + SLACK - (time.monotonic() - armed))
    assert time.monotonic() - begun >= 4
    wait_until(lambda: place.control().switch().state == "fired")


def test_the_network_is_cut_and_the_services_come_back(place: Place) -> None:
    control = place.control()
    control.arm("putus", 3)
    control.stop()
    armed = time.monotonic()
    stop_at_once(place.ssh.process)
    place.host._transport.sock.close()
    with pytest.raises(UnreachableError):
        control.renew()
    wait_until(place.supervised.all_run, 3 + SLACK - (time.monotonic() - armed))


def test_renewing_keeps_the_services_off_and_disarming_leaves_them_so(place: Place) -> None:
    control = place.control()
    control.arm("perpanjang", 8)
    control.stop()
    for _number in range(5):
        time.sleep(2.5)
        control.renew()
        assert _off(place)
    control.disarm()
    wait_until(lambda: _watcher(place.state) is None)
    time.sleep(9)
    assert _off(place)


def test_a_watcher_that_was_killed_is_replaced_by_the_next_renewal(place: Place) -> None:
    control = place.control()
    control.arm("ganti", 4)
    control.stop()
    first = _watcher(place.state)
    assert first
    os.kill(first, signal.SIGKILL)
    assert control.switch().watched is False
    control.renew()
    second = _watcher(place.state)
    assert second not in (None, first)
    assert control.switch().watched is True
    wait_until(place.supervised.all_run, 5 + SLACK)
    with pytest.raises(SwitchFiredError):
        control.renew()


def test_an_overdue_switch_without_a_watcher_fires_at_the_next_contact(place: Place) -> None:
    control = place.control()
    control.arm("telat", 4)
    control.stop()
    os.kill(_watcher(place.state) or 0, signal.SIGKILL)
    deadline = int(place.state.read_text().split()[3])
    wait_until(lambda: float(Path("/proc/uptime").read_text().split()[0]) > deadline + 1)
    assert _off(place)
    place.control().arm("berikut", 60)  # fires the old one first
    wait_until(place.supervised.all_run, 2 + SLACK)
    with pytest.raises(SwitchFiredError):
        control.renew()
    control.disarm("berikut")


@pytest.mark.parametrize("contact", ["renew", "boot"])
def test_a_reboot_while_armed_counts_as_fired_and_starts_the_services(place: Place, contact: str) -> None:
    control = place.control()
    control.arm("nyala", 60)
    control.stop()
    os.kill(_watcher(place.state) or 0, signal.SIGKILL)
    words = place.state.read_text().split()
    words[2] = "00000000-0000-0000-0000-000000000000"  # as the state of an earlier boot
    place.state.write_text(" ".join(words) + "\n")
    assert control.switch().reason == "reboot"
    assert _off(place)  # only looking changes nothing
    if contact == "boot":
        script = next(place.state.parent.glob("jagadata-host-*"))
        assert place.host.run(["sh", str(script), "boot"]).code == 0
    with pytest.raises(SwitchFiredError, match="dinyalakan ulang"):
        control.renew()
    wait_until(place.supervised.all_run, 2 + SLACK)


def test_renewal_and_firing_never_both_win(place: Place) -> None:
    """Several renew at the very deadline: once one is told that the switch fired, none succeeds, and the other way round."""
    control = place.control()
    control.arm("adu", 1)
    control.stop()
    told: list[tuple[float, float, bool]] = []  # begun, ended, renewed

    def renew() -> None:
        begun = time.monotonic()
        try:
            control.renew()
            renewed = True
        except SwitchFiredError:
            renewed = False
        told.append((begun, time.monotonic(), renewed))

    for jitter in (
        -0.15,
        -0.1,
        -0.08,
        -0.05,
        0,
        0.05,
    ):  # a call takes some hundredths of a second to get there
        deadline = int(place.state.read_text().split()[3])
        while float(Path("/proc/uptime").read_text().split()[0]) < deadline + jitter:
            time.sleep(0.01)
        threads = [threading.Thread(target=renew) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        first_no = min((ended for _, ended, renewed in told if not renewed), default=None)
        if first_no is not None:
            assert not any(renewed and begun > first_no for begun, _, renewed in told)
            assert place.state.read_text().startswith("fired adu ")
            break
        assert place.state.read_text().startswith("armed adu ")
        assert _off(place)
    else:
        time.sleep(2)
    wait_until(place.supervised.all_run, SLACK)
    with pytest.raises(SwitchFiredError):
        control.renew()


def _no_new_files(place: Place) -> None:
    """As with no inode left: whatever the script would make anew is taken, by what can't be written to."""
    for name in ("new", "log", "spent"):
        path = place.state.with_name(f"simpeg.{name}")
        path.unlink(missing_ok=True)
        path.mkdir()


def test_services_come_back_where_nothing_can_be_written_and_the_passed_deadline_says_so(
    place: Place,
) -> None:
    control = place.control()
    control.arm("penuh", 6)
    control.stop()
    _no_new_files(place)
    wait_until(place.supervised.all_run, 7 + SLACK)
    assert place.state.read_text().startswith("armed penuh ")  # "fired" could not be written
    assert control.switch().state == "fired"
    for ask in (
        control.renew,
        control.disarm,
        lambda: control.arm("penuh", 60),
        lambda: control.arm("lain", 60),
    ):
        with pytest.raises(SwitchFiredError):
            ask()
    control._token = "penuh"
    with pytest.raises(SwitchFiredError):  # what a restore asks right before its swap
        control.renew()
    with pytest.raises(SwitchFiredError):
        control.stop()
    assert place.supervised.all_run()
    for name in ("new", "log", "spent"):
        place.state.with_name(f"simpeg.{name}").rmdir()
    wait_until(lambda: place.state.read_text().startswith("fired penuh "), 30)
    other = place.control()
    other.arm("berikut", 60)
    other.disarm()


def test_a_switch_that_can_not_be_written_is_not_renewed_and_fires(place: Place) -> None:
    control = place.control()
    control.arm("macet", 10)
    control.stop()
    _no_new_files(place)
    with pytest.raises(RefusedError, match="tidak dapat ditulis"):
        control.renew()
    wait_until(place.supervised.all_run, 11 + SLACK)
    for name in ("new", "log", "spent"):
        place.state.with_name(f"simpeg.{name}").rmdir()


def test_a_state_that_can_not_be_read_any_more_still_fires(place: Place) -> None:
    control = place.control()
    control.arm("hilang", 6)
    control.stop()
    place.state.unlink()
    wait_until(place.supervised.all_run, 7 + SLACK)


SMALL = """
set -eu
mount -t tmpfs -o size=200k,nr_inodes=40 none "$1"
cp "$2" "$1/s"
printf 'uji 3\\n' | sh "$1/s" arm simpeg
case $3 in
inodes) i=0; while (: >"$1/isi$i") 2>/dev/null; do i=$((i + 1)); done ;;
read-only) mount -o remount,ro "$1" 2>/dev/null || mount -o remount,ro,force "$1" ;;
full) cat /dev/zero >"$1/isi" 2>/dev/null || : ;;
esac
i=0; while [ ! -e "$4" ] && [ "$i" -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
for verb in renew disarm arm; do echo "uji 60" | sh "$1/s" $verb simpeg || echo "$verb $?"; done
read -r _ watcher <"$1/simpeg.watch"; kill "$watcher" 2>/dev/null || :
"""


@pytest.mark.parametrize("fault", ["inodes", "read-only", "full"])
def test_a_file_system_that_takes_nothing_more_keeps_no_service_off(tmp_path: Path, fault: str) -> None:
    """On a real file system of its own: no inodes left, remounted read-only (what ext4 does on an I/O error), full."""
    if subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", tmp_path], stderr=subprocess.DEVNULL, check=False
    ).returncode:
        pytest.skip("this machine allows no mounts in a namespace")
    small, started = tmp_path / "kecil", tmp_path / "menyala"
    small.mkdir()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "systemctl").write_text(
        "#!/bin/sh\n"
        f'case "$*" in *ActiveState*) [ -e {started} ] && echo ActiveState=active || echo ActiveState=inactive ;;\n'
        f"*LoadState*) echo LoadState=loaded ;; start*) : >{started} ;; esac\n"
    )
    (bin_folder / "systemctl").chmod(0o755)
    entry = HostEntry(
        name="aplikasi",
        address="x",
        user="u",
        key="env:X",
        known_hosts=Path("kh"),
        control="direct",
        sudo=False,
        switch_folder=str(small),
    )
    system = System(
        id="simpeg",
        name="SIMPEG",
        owner="BKPSDM",
        server="db",
        data=[DataSet(database="simpeg")],
        services=[Service(unit="web.service", host="aplikasi")],
    )
    text = make_script(entry, [system]).replace(
        "SELF=$FOLDER/jagadata-host-aplikasi.simpeg", "SELF=$FOLDER/s"
    )
    (tmp_path / "s").write_text(text)
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SMALL, "sh", small, tmp_path / "s", fault, started],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
    )
    assert started.exists(), done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if not line.startswith("switch")] == [
        "renew 10",
        "disarm 10",
        "arm 10",
    ], done.stdout + done.stderr


def test_the_watcher_holds_no_file_of_the_session_that_armed_it(place: Place) -> None:
    control = place.control()
    control.arm("lepas", 60)
    watcher = _watcher(place.state)
    assert watcher
    assert os.getsid(watcher) != os.getsid(0)
    targets = {str(link.readlink()) for link in Path(f"/proc/{watcher}/fd").iterdir()}
    own = str(place.state.parent)
    assert {target for target in targets if not target.startswith(own)} == {"/dev/null"}
    control.disarm()


def test_the_switch_folder_is_private(place: Place) -> None:
    control = place.control()
    control.arm("rahasia", 60)
    assert place.state.parent.stat().st_mode & 0o077 == 0
    assert place.state.stat().st_mode & 0o077 == 0
    control.disarm()


def test_a_folder_that_can_not_be_written_refuses_before_anything_stops(place: Place) -> None:
    entry = place.supervised.entry().model_copy(update={"switch_folder": "/proc/tidak-bisa"})
    control = ServiceControl(
        place.supervised.system(), {"aplikasi": entry}, lambda _name: place.host, probe=HttpProbe()
    )
    with pytest.raises(JagadataError):
        control.arm("gagal", 60)
    assert place.supervised.all_run()
