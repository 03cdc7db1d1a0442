"""One host's side of one system: calls the host's script and turns its exit codes into errors for people."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

from jagadata.errors import BusyError, JagadataError, RefusedError, SwitchFiredError
from jagadata.services.script import direct_folder, direct_name, make_script, script_path, supervisor_config
from jagadata.services.states import (
    SwitchState,
    UnitState,
    parse_limits,
    parse_listening,
    parse_switch,
    parse_units,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.office.machines import HostEntry, Service, System
    from jagadata.ports.host import Completed, Host

FIRED, OTHER, NOT_ARMED, DISOBEYED, NOT_LISTED, BAD_INPUT, CANNOT = 10, 11, 12, 13, 64, 65, 70
"""Exit codes of host_script.sh."""
_READ_ONLY = ("status", "switch")

# $1: folder, $2: file name; the script comes through standard input and takes its place whole.
_UPLOAD = 'umask 077; mkdir -p -- "$1" && cat >"$1/$2.new" && mv -f -- "$1/$2.new" "$1/$2"'


class HostAgent:
    """Runs verbs of the script on one host; with `control: direct` it uploads the script before the first that changes something."""

    def __init__(self, system: System, entry: HostEntry, connect: Callable[[str], Host]) -> None:
        self.system, self.entry = system, entry
        self._connect = connect
        self._uploaded = False
        self._limits: dict[str, int] | None = None
        self._lock = threading.Lock()
        if entry.control == "direct":
            self._script = make_script(entry, [system])
        else:
            self._script = ""
            script_path(entry)  # refuses a path that can't be in sudoers

    # --- verbs ---

    def status(self) -> list[UnitState]:
        return parse_units(self.entry.name, self._call("status").stdout)

    def stop_limits(self) -> dict[str, int]:
        """For how many seconds each unit may take to stop, by its manager's own setting; asked once."""
        if self._limits is None:
            self._limits = parse_limits(self._call("status").stdout)
        return self._limits

    def act(self, verb: Literal["stop", "start"], services: Sequence[Service]) -> dict[str, bool]:
        """Stop these services in their order, or start them in reverse; all are tried. Which ran before (of stop only).

        Raises JagadataError that names those that do not obey and what they are instead.
        """
        # A start is never put off by a question.
        limits = self.stop_limits() if verb == "stop" else self._limits or {}
        seconds = 40 + sum(max(95, limits.get(service.unit, 0) + 35) for service in services)
        done = self._run(verb, " ".join(service.unit for service in services), seconds=seconds)
        if done.code == DISOBEYED:
            states = parse_units(self.entry.name, done.stdout)
            seen = ", ".join(f"'{state.unit}' ({state.detail})" for state in states)
            word = "dihentikan" if verb == "stop" else "dijalankan"
            raise JagadataError(
                f"Layanan di host '{self.entry.name}' tidak dapat {word}: {seen}.",
                f"Periksa di host itu dengan {self._advice(states)}, perbaiki, lalu ulangi.",
            )
        self._expect(verb, done)
        return {
            state.unit: state.state == "running"
            for state in parse_units(self.entry.name, done.stdout, kind="was")
        }

    def script_version(self) -> str:
        """What the script on the host says that it is; empty for one that is older than this answer."""
        for line in self._call("status").stdout.splitlines():
            words = line.split()
            if words[:1] == ["script"] and len(words) == 2:
                return words[1]
        return ""

    def listening(self) -> set[int]:
        """Ports that listen on the host. Raises JagadataError where the host does not show them."""
        done = self._host().run(
            ["cat", "/proc/net/tcp", "/proc/net/tcp6"], check=False
        )  # no tcp6 without IPv6
        if "local_address" not in done.stdout:
            raise JagadataError(
                f"Port yang terbuka di host '{self.entry.name}' tidak dapat dibaca dari /proc/net/tcp.",
                "Pastikan pengguna SSH boleh membaca /proc/net, lalu ulangi.",
            )
        return parse_listening(done.stdout)

    def arm(self, token: str, seconds: int) -> None:
        done = self._run("arm", f"{token} {seconds}", seconds=90)
        if done.code == OTHER:
            state = parse_switch(self.entry.name, done)
            raise BusyError(
                f"Sakelar pengaman sistem '{self.system.id}' di host '{self.entry.name}' sedang dipakai proses lain "
                f"('{state.token}', sisa {state.seconds:.0f} detik).",
                "Tunggu proses itu selesai; bila proses itu sudah mati, sakelar menyalakan layanan pada akhir waktunya, lalu ulangi.",
                transient=True,
            )
        self._expect("arm", done)

    def renew(self, token: str) -> None:
        self._expect("renew", self._run("renew", token))

    def disarm(self, token: str) -> None:
        done = self._run("disarm", token)
        if done.code != NOT_ARMED:
            self._expect("disarm", done)

    def switch(self) -> SwitchState:
        return parse_switch(self.entry.name, self._call("switch"))

    def _advice(self, states: Sequence[UnitState]) -> str:
        if states and states[0].manager == "supervisor":
            return f"`supervisorctl -c {supervisor_config(self.entry)} status`"
        return f"`systemctl status {states[0].unit if states else ''}`"

    # --- transport ---

    def _host(self) -> Host:
        return self._connect(self.entry.name)

    def _call(self, verb: str) -> Completed:
        done = self._run(verb)
        self._expect(verb, done)
        return done

    def _run(self, verb: str, line: str = "", *, seconds: float = 60) -> Completed:
        stdin = f"{line}\n" if line else ""
        host = self._host()
        if self.entry.control == "script":
            sudo = ["sudo", "-n"] if self.entry.sudo else []
            return host.run(
                [*sudo, self.entry.script, verb, self.system.id], stdin=stdin, timeout=seconds, check=False
            )
        if verb in _READ_ONLY:  # leaves nothing behind
            return host.run(
                ["sh", "-s", "--", verb, self.system.id], stdin=self._script, timeout=seconds, check=False
            )
        folder, name = direct_folder(self.entry), direct_name(self.entry, self.system)
        with self._lock:
            if not self._uploaded:
                host.run(["sh", "-c", f'set -- {folder} "$1"; {_UPLOAD}', "sh", name], stdin=self._script)
                self._uploaded = True
        return host.run(
            ["sh", "-c", f'exec sh {folder}/"$1" "$2" "$3"', "sh", name, verb, self.system.id],
            stdin=stdin,
            timeout=seconds,
            check=False,
        )

    def _expect(self, verb: str, done: Completed) -> None:
        if done.code != 0:
            raise self._refusal(verb, done)

    def _refusal(self, verb: str, done: Completed) -> JagadataError:
        name, system = self.entry.name, self.system.id
        said = (done.stderr.strip().splitlines() or [f"kode {done.code}"])[-1].removeprefix("jagadata-host: ")
        if done.code in (FIRED, OTHER, NOT_ARMED) and verb in ("arm", "renew", "disarm"):
            state = parse_switch(name, done)
            why = {
                FIRED: "host dinyalakan ulang" if state.reason == "reboot" else "waktunya habis tanpa kabar",
                OTHER: f"kini dipegang proses lain ('{state.token}')",
                NOT_ARMED: "tidak terpasang lagi",
            }[done.code]
            return SwitchFiredError(
                f"Sakelar pengaman sistem '{system}' di host '{name}' sudah lepas: {why}; layanan dapat berjalan lagi.",
                "Data yang berjalan tidak ditukar. Periksa jaringan ke host itu, lalu ajukan ulang.",
            )
        if done.code == NOT_ARMED and verb == "stop":
            fired = parse_switch(name, done).state == "fired"
            return (SwitchFiredError if fired else RefusedError)(
                f"Layanan sistem '{system}' di host '{name}' tidak dihentikan: sakelar pengamannya "
                f"{'sudah lepas' if fired else 'tidak terpasang'}.",
                "Pasang sakelar sebelum menghentikan layanan; ajukan ulang restore-nya.",
            )
        if done.code == NOT_LISTED:
            return RefusedError(
                f"Skrip di host '{name}' tidak mengenal sistem '{system}' sebagaimana berkas kantor sekarang: {said}.",
                f"Pasang ulang skrip dan sudoers dari `jaga host prepare {name}`.",
            )
        if self.entry.control == "script" and done.code in (1, 126, 127):
            return RefusedError(
                f"Skrip {self.entry.script} di host '{name}' tidak dapat dijalankan untuk '{verb}': {said}.",
                f"Pasang skrip dan baris sudoers dari `jaga host prepare {name}`.",
            )
        if done.code == CANNOT:
            return RefusedError(
                f"Sakelar pengaman di host '{name}' tidak dapat dipakai: {said}.",
                "Perbaiki di host itu, lalu periksa dengan `jaga doctor`.",
            )
        return JagadataError(
            f"Perintah '{verb}' untuk sistem '{system}' di host '{name}' gagal: {said}.",
            "Periksa keadaan host itu dengan `jaga doctor`.",
        )
