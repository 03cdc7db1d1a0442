"""The prepared host for real: systemd as PID 1, sudo, sshd with PAM; our script as root's, sudoers lines as printed, a reboot.

The machine is this one's own files under an overlay that is thrown away, in a container of systemd-nspawn. Root only.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from jagadata.adapters.http_probe import HttpProbe
from jagadata.adapters.ssh.host import SshHost
from jagadata.errors import JagadataError, RefusedError, SwitchFiredError
from jagadata.office.file import Office
from jagadata.office.machines import DataSet, HostEntry, Probe, Service, System
from jagadata.services.control import ServiceControl
from jagadata.services.setup import render_host_setup
from tests.lab.hosts import WEB, answers, free_port
from tests.lab.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.needs("nspawn", "sshd", "sudo", "visudo"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a container with systemd needs root"),
]

USER = "jaga-uji"
MACHINE = """
mount -t tmpfs tmpfs "$1" && mkdir "$1/up" "$1/work" "$1/root" && mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root" || exit 3
cp -a "$2/." "$1/root/" || exit 3
shift 2
while :; do # 133: rebooted
  systemd-nspawn -q --register=no --keep-unit --console=pipe "$@"
  [ $? = 133 ] || exit 0
done
"""


def _unit(command: str, more: str = "") -> str:
    return f"[Unit]\nDescription=uji\n{more}\n[Service]\nExecStart={command}\n"


def _child(number: int) -> int:
    """The shell's nspawn, and nspawn's PID 1."""
    return int(Path(f"/proc/{number}/task/{number}/children").read_text().split()[0])


@dataclass(frozen=True, kw_only=True)
class Machine:
    process: subprocess.Popen[bytes]
    host: SshHost
    system: System
    entry: HostEntry
    port: int

    def inside(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run as root in the machine, from the side."""
        return subprocess.run(
            ["nsenter", "-t", str(_child(_child(self.process.pid))), "-a", *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def active(self, unit: str) -> bool:
        return self.inside("systemctl", "is-active", unit).stdout.strip() == "active"

    def control(self, *more: Service) -> ServiceControl:
        system = self.system.model_copy(update={"services": [*self.system.services, *more]})
        return ServiceControl(system, {"aplikasi": self.entry}, lambda _name: self.host, probe=HttpProbe())


def _office(port: int, ssh_port: int) -> Office:
    entry = HostEntry(
        name="aplikasi",
        address="127.0.0.1",
        port=ssh_port,
        user=USER,
        key="env:X",
        known_hosts=Path("kh"),
        control="script",
    )
    system = System(
        id="simpeg",
        name="SIMPEG",
        owner="BKPSDM",
        server="db",
        data=[DataSet(database="simpeg")],
        services=[
            Service(
                unit="uji-web.service",
                host="aplikasi",
                port=port,
                probe=Probe(
                    url=f"http://127.0.0.1:{port}/sehat", contains="sehat", timeout=20, via="aplikasi"
                ),
            ),
            Service(unit="uji-antrean@satu.service", host="aplikasi"),
        ],
    )
    timed = system.model_copy(
        update={"id": "berkala", "services": [Service(unit="uji-jadwal.service", host="aplikasi")]}
    )
    wrong = system.model_copy(
        update={"id": "salah", "services": [Service(unit="uji-salah-ketik.service", host="aplikasi")]}
    )
    return Office.model_construct(hosts=[entry], systems=[system, timed, wrong], servers=[], collection=None)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("this machine allows no mount namespaces")
    folder = tmp_path_factory.mktemp("mesin")
    port, ssh_port = free_port(), free_port()
    office = _office(port, ssh_port)
    files, mounted = folder / "berkas", folder / "m"
    units, here = files / "etc/systemd/system", "/opt/uji"
    for path in (units, files / here[1:], files / "etc/systemd/logind.conf.d", mounted):
        path.mkdir(parents=True)
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]
    keys[0].write_private_key(files / here[1:] / "host_key")
    (files / here[1:] / "host_key").chmod(0o600)
    keys[1].write_public_key(files / here[1:] / "authorized")
    (folder / "kh").write_text(f"[127.0.0.1]:{ssh_port} {keys[0].export_public_key().decode()}")
    (files / here[1:] / "web.py").write_text(WEB)
    (files / here[1:] / "sshd").write_text(
        f"Port {ssh_port}\nListenAddress 127.0.0.1\nHostKey {here}/host_key\nUsePAM yes\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {here}/authorized\nPasswordAuthentication no\n"
    )
    # The strictest logind: whatever a session leaves behind is killed.
    (files / "etc/systemd/logind.conf.d/uji.conf").write_text("[Login]\nKillUserProcesses=yes\n")
    python = Path(sys.executable).resolve()
    (units / "uji-web.service").write_text(_unit(f"{python} {here}/web.py {port}"))
    (units / "uji-antrean@.service").write_text(_unit("/bin/sleep 100000"))
    (units / "uji-jadwal.service").write_text(_unit("/bin/true"))
    (units / "uji-jadwal.timer").write_text("[Timer]\nOnActiveSec=1h\n")
    (units / "uji-sshd.service").write_text(
        _unit(f"/usr/sbin/sshd -D -f {here}/sshd") + "RuntimeDirectory=sshd\n"
    )
    (units / "multi-user.target.wants").mkdir()
    # Nothing else of this machine is started; the real name matters for the hook at boot (WantedBy=multi-user.target).
    (units / "multi-user.target").write_text(
        "[Unit]\nRequires=basic.target uji-sshd.service systemd-logind.service dbus.service\nAfter=basic.target uji-sshd.service\nAllowIsolate=yes\n"
    )
    for unit in Path("/etc/systemd/system/multi-user.target.wants").glob("*"):
        (units / unit.name).symlink_to("/dev/null")
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            *("unshare", "-m", "--propagation", "private", "sh", "-c", MACHINE, "sh", mounted, files),
            *(
                "-D",
                mounted / "root",
                *([] if python.is_relative_to("/usr") else [f"--bind-ro={python.parents[1]}"]),
                "-b",
                "systemd.unit=multi-user.target",
            ),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    log.close()
    host = SshHost(
        "aplikasi",
        address="127.0.0.1",
        port=ssh_port,
        user=USER,
        key_text=keys[1].export_private_key().decode(),
        known_hosts=folder / "kh",
    )
    machine = Machine(process=process, host=host, system=office.systems[0], entry=office.hosts[0], port=port)
    try:
        wait_until(lambda: process.poll() is not None or answers(ssh_port), 60)
        if process.poll() == 3:
            pytest.skip("this machine allows no overlay mounts")
        for _twice in range(2):  # it may be run again
            done = machine.inside("sh", stdin=render_host_setup(office, "aplikasi"))
            assert done.returncode == 0, done.stdout + done.stderr
        machine.inside("systemctl", "start", "uji-web.service", "uji-antrean@satu.service")
        yield machine
    finally:
        host.close()
        with contextlib.suppress(OSError, IndexError):
            os.kill(_child(process.pid), signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_stop_proof_start_and_probe_through_the_root_owned_script(machine: Machine) -> None:
    control = machine.control()
    assert [state.state for state in control.status()] == ["running", "running"]
    control.arm("henti", 60)
    assert [item.was_running for item in control.stop()] == [True, True]
    assert not machine.active("uji-web.service")
    proof = control.prove_stopped()
    assert f"port {machine.port} tertutup" in proof[0]
    control.start()
    assert machine.active("uji-antrean@satu.service")
    assert "HTTP 200" in control.probe()[0]
    control.disarm()


def test_sudo_allows_the_listed_lines_and_nothing_else(machine: Machine) -> None:
    script = machine.entry.script
    assert machine.host.run(["sudo", "-n", script, "status", "simpeg"]).code == 0
    for words in (
        [script],
        [script, "boot"],
        [script, "watch", "simpeg"],
        [script, "status", "lain"],
        [script, "status", "simpeg", "lagi"],
        [script, "stop", "simpeg", "uji-web.service"],
        ["systemctl", "stop", "uji-web.service"],
        ["/usr/bin/systemd-run", "true"],
        ["sh"],
        ["true"],
    ):
        assert machine.host.run(["sudo", "-n", *words], check=False).code != 0, words
    assert machine.host.run(["test", "-w", script], check=False).code == 1


def test_a_unit_that_a_timer_would_start_again_is_no_proof(machine: Machine) -> None:
    machine.inside("systemctl", "start", "uji-jadwal.timer")
    system = machine.system.model_copy(
        update={"id": "berkala", "services": [Service(unit="uji-jadwal.service", host="aplikasi")]}
    )
    control = ServiceControl(
        system, {"aplikasi": machine.entry}, lambda _name: machine.host, probe=HttpProbe()
    )
    control.arm("berkala", 60)
    control.stop()
    with pytest.raises(RefusedError, match=r"dinyalakan lagi oleh uji-jadwal\.timer"):
        control.prove_stopped()
    machine.inside("systemctl", "stop", "uji-jadwal.timer")
    control.prove_stopped()
    control.disarm()


def test_a_misspelled_unit_is_unknown_though_systemd_calls_it_inactive(machine: Machine) -> None:
    system = machine.system.model_copy(
        update={"id": "salah", "services": [Service(unit="uji-salah-ketik.service", host="aplikasi")]}
    )
    control = ServiceControl(
        system, {"aplikasi": machine.entry}, lambda _name: machine.host, probe=HttpProbe()
    )
    assert control.status()[0].state == "unknown"
    with pytest.raises(RefusedError, match="tidak dapat dipastikan"):
        control.prove_stopped()


def test_an_office_file_that_is_newer_than_the_script_is_refused_with_what_to_do(machine: Machine) -> None:
    extra = Service(unit="uji-baru.service", host="aplikasi")
    with pytest.raises(RefusedError, match="tidak mengenal") as caught:
        machine.control(extra).stop()
    assert "jaga host prepare aplikasi" in caught.value.hint
    with pytest.raises(RefusedError, match="uji-baru"):
        machine.control(extra).prove_stopped()
    machine.control().start()


def test_the_switch_outlives_the_session_and_its_killing_by_logind(machine: Machine) -> None:
    control = machine.control()
    control.arm("sesi", 4)
    control.stop()
    machine.inside("loginctl", "terminate-user", USER)
    machine.inside("sh", "-c", f"pkill -KILL -u {USER}")
    machine.host.close()
    assert not machine.active("uji-web.service")
    wait_until(lambda: machine.active("uji-web.service") and machine.active("uji-antrean@satu.service"), 12)
    assert control.switch().reason == "deadline"
    with pytest.raises(SwitchFiredError):
        control.renew()


def test_renewal_and_disarming_work_through_sudo(machine: Machine) -> None:
    control = machine.control()
    control.arm("sudo", 3)
    control.stop()
    for _number in range(3):
        time.sleep(1.5)
        control.renew()
    control.disarm()
    time.sleep(4)
    assert not machine.active("uji-web.service")
    control.start()


def test_direct_control_is_refused_where_logind_would_kill_the_watcher(machine: Machine) -> None:
    entry = machine.entry.model_copy(update={"control": "direct", "sudo": False})
    control = ServiceControl(
        machine.system, {"aplikasi": entry}, lambda _name: machine.host, probe=HttpProbe()
    )
    with pytest.raises(JagadataError, match="KillUserProcesses"):
        control.arm("langsung", 60)


def test_a_reboot_while_armed_starts_the_services_at_boot(machine: Machine) -> None:
    control = machine.control()
    control.arm("padam", 600)
    control.stop()
    machine.inside("systemctl", "reboot")
    wait_until(lambda: not answers(machine.entry.port), 30)
    machine.host.close()
    wait_until(lambda: answers(machine.entry.port), 60)
    wait_until(lambda: answers(machine.port), 30)  # nobody called: the hook did
    assert control.switch().reason == "reboot"
    with pytest.raises(SwitchFiredError, match="dinyalakan ulang"):
        control.renew()
    assert control.probe()


def test_this_machine_was_left_as_it_was(machine: Machine) -> None:
    assert machine.process.poll() is None
    assert not Path("/etc/sudoers.d/jagadata-aplikasi").exists()
    assert not shutil.which("jagadata-host")
    with pytest.raises(KeyError):
        pwd.getpwnam(USER)
