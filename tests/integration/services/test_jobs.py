"""Services that end by themselves: off, on, waited for and never run by a restore; with systemctl and /etc/cron.d in a folder."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from jagadata.errors import JagadataError, UnreachableError
from jagadata.lab.memory_host import MemoryHost
from jagadata.office.machines import DataSet, HostEntry, Probe, Service, System
from jagadata.services.control import ServiceControl
from jagadata.services.script import make_script
from jagadata.services.states import parse_limits, parse_units
from tests.lab.waiting import wait_until

SYSTEMCTL = """#!/bin/sh
# A unit is a file: its name holds its state; what was done stands in `log`.
cd "$UNITS" || exit 1
for last; do :; done
case $1 in
show)
  property=${2#--property=}
  case $property in
  LoadState) [ -e "$last" ] && echo LoadState=loaded || echo LoadState=not-found ;;
  ActiveState) echo ActiveState="$(cat "$last" 2>/dev/null || echo inactive)" ;;
  SubState) echo SubState=running ;;
  TriggeredBy) [ -e "${last%.service}.timer" ] && echo TriggeredBy="${last%.service}.timer" || echo TriggeredBy= ;;
  Triggers) echo Triggers="${last%.timer}.service" ;;
  TimeoutStopUSec) echo TimeoutStopUSec="$(cat "$last.limit" 2>/dev/null || echo 1min 30s)" ;;
  esac ;;
start) echo "start $last" >>log; case $last in *.service) echo inactive ;; *) echo active ;; esac >"$last" ;;
stop) echo "stop $last" >>log; echo inactive >"$last" ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Host:
    folder: Path
    services: list[Service]

    @property
    def units(self) -> Path:
        return self.folder / "units"

    def set(self, **states: str) -> None:
        for name, state in states.items():
            (self.units / name.replace("__", ".")).write_text(state + "\n")

    def run(self, verb: str, line: str = "") -> subprocess.CompletedProcess[str]:
        entry = HostEntry(
            name="aplikasi",
            address="x",
            user="u",
            key="env:X",
            known_hosts=Path("kh"),
            control="direct",
            sudo=False,
            switch_folder=str(self.folder / "sakelar"),
        )
        system = System(
            id="simpeg",
            name="SIMPEG",
            owner="BKPSDM",
            server="db",
            data=[DataSet(database="simpeg")],
            services=self.services,
        )
        text = make_script(entry, [system])
        text = text.replace("CRON=/etc/cron.d", f"CRON={self.folder}/cron.d")
        text = text.replace("CRON_ASIDE=/etc/jagadata-cron", f"CRON_ASIDE={self.folder}/aside")
        script = self.folder / "sakelar" / "jagadata-host-aplikasi.simpeg"
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        return subprocess.run(
            ["sh", script, verb, "simpeg"],
            input=line + "\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "UNITS": str(self.units), "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
        )

    def states(self) -> dict[str, str]:
        return {one.unit: one.state for one in parse_units("aplikasi", self.run("status").stdout)}

    def log(self) -> list[str]:
        path = self.units / "log"
        return path.read_text().splitlines() if path.exists() else []

    def stop(self) -> subprocess.CompletedProcess[str]:
        assert self.run("arm", "uji 90").returncode == 0
        return self.run("stop")

    def disarm(self) -> None:
        self.run("disarm", "uji")


@pytest.fixture
def host(tmp_path: Path):
    for name in ("units", "bin", "cron.d"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin" / "systemctl").write_text(SYSTEMCTL)
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    made: list[Host] = []

    def make(*services: dict) -> Host:
        found = [Service(**{"host": "aplikasi", **service}) for service in services]
        made.append(Host(folder=tmp_path, services=found))
        return made[-1]

    yield make
    for one in made:
        one.disarm()


def test_a_timer_is_off_then_on_and_its_job_is_never_run(host) -> None:
    place = host({"unit": "rekap.timer", "kind": "timer"})
    place.set(rekap__timer="active", rekap__service="inactive")
    assert place.states() == {"rekap.timer": "running"}
    assert place.stop().returncode == 0
    assert place.states() == {"rekap.timer": "stopped"}
    assert place.run("start").returncode == 0
    assert place.states() == {"rekap.timer": "running"}
    assert place.log() == ["stop rekap.timer", "start rekap.timer"]


def test_a_oneshot_loses_its_timer_and_gets_it_back_and_is_never_run(host) -> None:
    place = host({"unit": "rekap.service", "kind": "oneshot"})
    place.set(rekap__timer="active", rekap__service="failed")
    assert place.stop().returncode == 0
    assert place.states() == {"rekap.service": "stopped"}
    assert place.run("start").returncode == 0
    assert place.log() == ["stop rekap.timer", "start rekap.timer"]


def test_a_oneshot_that_only_people_start_is_idle_before_and_after(host) -> None:
    place = host({"unit": "migrasi.service", "kind": "oneshot"})
    place.set(migrasi__service="inactive")
    assert place.stop().returncode == 0
    assert place.states() == {"migrasi.service": "idle"}
    assert place.run("start").returncode == 0
    assert place.log() == []


def test_a_oneshot_is_run_after_a_restore_only_where_the_office_says_so(host) -> None:
    place = host({"unit": "migrasi.service", "kind": "oneshot", "run_after": True})
    place.set(migrasi__service="inactive")
    assert place.stop().returncode == 0
    assert place.run("start").returncode == 0
    assert place.log() == ["start migrasi.service"]


@pytest.mark.parametrize(
    "unit", [{"unit": "rekap.timer", "kind": "timer"}, {"unit": "rekap.service", "kind": "oneshot"}]
)
def test_a_job_that_runs_now_is_waited_for(host, unit: dict) -> None:
    place = host(unit)
    place.set(rekap__timer="active", rekap__service="activating")
    with subprocess.Popen(["sh", "-c", f"sleep 3; echo inactive >{place.units}/rekap.service"]):
        begun = time.monotonic()
        assert place.stop().returncode == 0
        assert time.monotonic() - begun > 2
    assert set(place.states().values()) == {"stopped"}


CRON = """# pekerjaan SIMPEG
SHELL=/bin/sh
*/5 * * * * www-data {job} > /dev/null 2>&1
@daily root cd /tmp && true % masukan
"""


def test_a_cron_file_is_moved_aside_and_back_and_its_running_job_is_waited_for(host, tmp_path: Path) -> None:
    place = host({"unit": "simpeg", "kind": "cron"})
    job = tmp_path / "rekap-simpeg.sh"
    job.write_text("#!/bin/sh\nsleep 4\n")
    job.chmod(0o755)
    text = CRON.format(job=f"{job} --semua")
    (tmp_path / "cron.d" / "simpeg").write_text(text)
    assert place.states() == {"simpeg": "running"}
    with subprocess.Popen(["sh", "-c", f"{job} --semua > /dev/null 2>&1"]):
        time.sleep(0.3)
        begun = time.monotonic()
        assert place.stop().returncode == 0
        assert time.monotonic() - begun > 2
    assert not (tmp_path / "cron.d" / "simpeg").exists()
    assert place.states() == {"simpeg": "stopped"}
    assert place.run("start").returncode == 0
    assert (tmp_path / "cron.d" / "simpeg").read_text() == text
    assert place.states() == {"simpeg": "running"}


def test_the_switch_puts_a_cron_file_back(host, tmp_path: Path) -> None:
    place = host({"unit": "simpeg", "kind": "cron"})
    (tmp_path / "cron.d" / "simpeg").write_text("* * * * * root /opt/simpeg/rekap-yang-tidak-ada\n")
    assert place.run("arm", "uji 12").returncode == 0
    assert place.run("stop").returncode == 0
    assert not (tmp_path / "cron.d" / "simpeg").exists()
    wait_until((tmp_path / "cron.d" / "simpeg").exists, 25)


def test_a_cron_file_that_is_not_there_is_unknown(host) -> None:
    place = host({"unit": "salah-ketik", "kind": "cron"})
    assert place.states() == {"salah-ketik": "unknown"}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("1min 30s", 90), ("15min", 900), ("1h 2min 500ms", 3721), ("infinity", 3600), ("5s", 5)],
)
def test_how_long_a_stop_may_take_is_read_from_systemd(host, said: str, seconds: int) -> None:
    place = host({"unit": "web.service"})
    place.set(web__service="active", web__service__limit=said)
    assert parse_limits(place.run("status").stdout) == {"web.service": seconds}


# --- what a start that lacks a helper comes to ---


class _Answering:
    def __init__(self, *, silent: bool = False) -> None:
        self.silent = silent

    def ask(self, probe: Probe, *, port: int | None, seconds: float) -> str:
        del port, seconds
        if self.silent:
            raise UnreachableError(f"{probe.url} tidak menjawab.", transient=True)
        return "HTTP 200"


def _control(*, probe: bool, silent: bool = False) -> tuple[ServiceControl, MemoryHost]:
    asked = Probe(url="http://127.0.0.1:8080/", timeout=0.1) if probe else None
    system = System(
        id="simpeg",
        name="SIMPEG",
        owner="BKPSDM",
        server="db",
        data=[DataSet(database="simpeg")],
        services=[
            Service(unit="web.service", host="aplikasi", port=8080, probe=asked),
            Service(unit="antrean.service", host="aplikasi"),
        ],
    )
    entry = HostEntry(name="aplikasi", address="x", user="u", key="env:X", known_hosts=Path("kh"))
    memory = MemoryHost("aplikasi", [system])
    control = ServiceControl(
        system,
        {"aplikasi": entry},
        lambda _name: memory,
        probe=_Answering(silent=silent),
        sleep=lambda _seconds: None,
    )
    control.arm("t", 60)
    control.stop()
    return control, memory


def test_a_helper_that_does_not_start_is_a_note_where_the_probe_is_answered() -> None:
    control, memory = _control(probe=True)
    memory.stubborn.add("antrean.service")
    answered = control.start_and_ask()
    assert answered.answers == ("web.service: HTTP 200",)
    assert "antrean.service" in answered.notes[0]


def test_without_any_probe_every_service_must_start() -> None:
    control, memory = _control(probe=False)
    memory.stubborn.add("antrean.service")
    with pytest.raises(JagadataError, match="antrean"):
        control.start_and_ask()


def test_a_web_service_that_does_not_start_or_answer_is_no_note() -> None:
    control, memory = _control(probe=True)
    memory.stubborn.add("web.service")
    with pytest.raises(JagadataError, match="web"):
        control.start_and_ask()
    control, _ = _control(probe=True, silent=True)
    with pytest.raises(UnreachableError, match="belum menjawab"):
        control.start_and_ask()


def test_all_that_runs_and_answers_has_no_note() -> None:
    control, _ = _control(probe=True)
    assert control.start_and_ask().notes == ()


def test_the_stop_is_waited_for_as_long_as_the_manager_allows() -> None:
    control, memory = _control(probe=True)
    memory.limits["web.service"] = 900
    fresh = ServiceControl(
        control.system,
        {"aplikasi": control._gates["aplikasi"].entry},
        lambda _name: memory,
        probe=_Answering(),
    )
    assert fresh.stop_seconds() == {"aplikasi/web.service": 900, "aplikasi/antrean.service": 10}
