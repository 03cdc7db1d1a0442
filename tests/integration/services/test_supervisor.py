"""Stop, prove, start and probe: on a real supervisor over real SSH, and alike on the host in memory."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from jagadata.adapters.http_probe import HttpProbe
from jagadata.errors import BusyError, JagadataError, RefusedError, SwitchFiredError, UnreachableError
from jagadata.lab.memory_host import MemoryHost
from jagadata.office.machines import DataSet, HostEntry, Probe, Service, System
from jagadata.services.control import ServiceControl
from tests.lab.hosts import free_port, start_asyncssh, start_supervised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagadata.ports.host import Host


@dataclass(frozen=True, kw_only=True)
class Place:
    """A system with two services on one host, and how to look at it from the side."""

    system: System
    entry: HostEntry
    host: Host
    running: Callable[[], dict[str, bool]]

    def control(self, system: System | None = None) -> ServiceControl:
        # The probe of the place in memory would find no web server; a switch or a stop needs none.
        return ServiceControl(
            system or self.system, {"aplikasi": self.entry}, lambda _name: self.host, probe=HttpProbe()
        )


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        ssh = stack.enter_context(start_asyncssh(tmp_path_factory.mktemp("ssh")))
        supervised = stack.enter_context(start_supervised(tmp_path_factory.mktemp("sv")))
        host = ssh.host()
        yield Place(
            system=supervised.system(),
            entry=supervised.entry(),
            host=host,
            running=lambda: {name: state == "RUNNING" for name, state in supervised.states().items()},
        )
        host.close()


def _memory() -> Place:
    entry = HostEntry(name="aplikasi", address="x", user="u", key="env:X", known_hosts="kh", control="script")
    system = System(
        id="simpeg",
        name="SIMPEG",
        owner="BKPSDM",
        server="db",
        data=[DataSet(database="simpeg")],
        services=[
            Service(unit="web", host="aplikasi", manager="supervisor", port=8080),
            Service(unit="antrean:pekerja", host="aplikasi", manager="supervisor"),
        ],
    )
    host = MemoryHost("aplikasi", [system])
    return Place(system=system, entry=entry, host=host, running=lambda: dict(host.units))


@pytest.fixture(params=["memory", "real"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    found: Place = _memory() if request.param == "memory" else request.getfixturevalue("real")
    yield found
    found.control().start()
    state = found.control().switch()
    if state.state == "armed":
        found.control().disarm(state.token)


def test_status_tells_every_service_in_the_order_of_the_file(place: Place) -> None:
    states = place.control().status()
    assert [(state.unit, state.state) for state in states] == [
        ("web", "running"),
        ("antrean:pekerja", "running"),
    ]


def test_stop_proof_and_start(place: Place) -> None:
    control = place.control()
    with pytest.raises(
        RefusedError, match=r"'web' .* masih berjalan .*; 'antrean:pekerja' .* masih berjalan"
    ):
        control.prove_stopped()
    control.arm(f"henti-{id(control)}", 60)
    stopped = control.stop()
    assert [(item.unit, item.was_running) for item in stopped] == [("web", True), ("antrean:pekerja", True)]
    assert set(place.running().values()) == {False}
    proof = control.prove_stopped()
    assert len(proof) == 2
    assert f"port {place.system.services[0].port} tertutup" in proof[0]
    assert [item.unit for item in control.start()] == ["antrean:pekerja", "web"]
    assert set(place.running().values()) == {True}


def test_what_was_already_stopped_is_noted_and_started_all_the_same(place: Place) -> None:
    control = place.control()
    control.arm(f"dua-kali-{id(control)}", 60)
    control.stop()
    assert [item.was_running for item in control.stop()] == [False, False]
    control.start()
    assert set(place.running().values()) == {True}
    control.start()  # twice changes nothing
    assert set(place.running().values()) == {True}


def test_a_unit_that_the_manager_does_not_know_is_not_taken_for_stopped(real: Place) -> None:
    system = real.system.model_copy(
        update={"services": [Service(unit="salah-ketik", host="aplikasi", manager="supervisor")]}
    )
    control = real.control(system)
    assert control.status()[0].state == "unknown"
    with pytest.raises(RefusedError, match="tidak dapat dipastikan"):
        control.prove_stopped()
    control.arm(f"salah-{id(control)}", 60)
    with pytest.raises(JagadataError, match="'salah-ketik'"):
        control.stop()
    control.disarm()


def test_one_service_that_does_not_start_keeps_no_other_down(real: Place) -> None:
    services = [*real.system.services, Service(unit="salah-ketik", host="aplikasi", manager="supervisor")]
    control = real.control()
    control.arm(f"satu-{id(control)}", 60)
    control.stop()
    with pytest.raises(JagadataError, match="'salah-ketik'"):
        real.control(real.system.model_copy(update={"services": services})).start()
    assert set(real.running().values()) == {True}
    control.disarm()


def test_a_port_that_another_program_keeps_open_is_no_proof(real: Place) -> None:
    control = real.control()
    port = real.system.services[0].port or 0
    control.arm(f"port-{id(control)}", 60)
    try:
        control.stop()
        with (
            socket.create_server(("127.0.0.1", port)),
            pytest.raises(RefusedError, match=f"port {port} .* masih terbuka"),
        ):
            control.prove_stopped()
        control.prove_stopped()
    finally:
        control.start()
        control.disarm()


def test_a_manager_that_does_not_answer_is_no_proof(real: Place, tmp_path) -> None:
    entry = real.entry.model_copy(update={"supervisor_config": str(tmp_path / "tidak-ada.conf")})
    control = ServiceControl(real.system, {"aplikasi": entry}, lambda _name: real.host, probe=HttpProbe())
    assert {state.state for state in control.status()} == {"unknown"}
    with pytest.raises(RefusedError):
        control.prove_stopped()


def test_nothing_is_stopped_without_an_armed_switch(place: Place) -> None:
    control = place.control()
    with pytest.raises(RefusedError, match="tidak dihentikan"):
        control.stop()
    assert set(place.running().values()) == {True}


def test_the_switch_is_never_armed_for_longer_than_hours(place: Place) -> None:
    with pytest.raises(JagadataError):
        place.control().arm("selamanya", 99_999)
    assert place.control().switch().state != "armed"


# --- the probe ---


def _probing(real: Place, probe: Probe) -> ServiceControl:
    web = real.system.services[0].model_copy(update={"probe": probe})
    return real.control(real.system.model_copy(update={"services": [web, real.system.services[1]]}))


def _url(real: Place, path: str = "/sehat") -> str:
    return f"http://127.0.0.1:{real.system.services[0].port}{path}"


@pytest.mark.parametrize("via", [None, "aplikasi"])
def test_a_service_that_answers_is_told_with_its_answer(real: Place, via: str | None) -> None:
    answers = _probing(real, Probe(url=_url(real), contains="sehat", via=via)).probe()
    assert len(answers) == 1
    assert "HTTP 200" in answers[0]


@pytest.mark.parametrize(
    ("path", "contains", "seen"),
    [("/rusak", None, "menjawab HTTP 500"), ("/", "tidak tertulis di sana", "tanpa teks")],
)
@pytest.mark.parametrize("via", [None, "aplikasi"])
def test_a_wrong_answer_is_told_as_it_was_seen(
    real: Place, path: str, contains: str | None, seen: str, via: str | None
) -> None:
    begun = time.monotonic()
    with pytest.raises(UnreachableError, match=seen):
        _probing(real, Probe(url=_url(real, path), contains=contains, timeout=1, via=via)).probe()
    assert time.monotonic() - begun < 8


def test_a_service_that_is_off_fails_the_probe(real: Place) -> None:
    control = _probing(real, Probe(url=_url(real), timeout=1))
    control.arm(f"mati-{id(control)}", 60)
    control.stop()
    with pytest.raises(UnreachableError, match=r"tidak menjawab.*Unit 'web'.*tidak berjalan"):
        control.probe()
    control.start()
    control.disarm()


def test_the_probe_waits_for_a_service_that_is_still_starting(real: Place) -> None:
    control = _probing(real, Probe(url=_url(real), timeout=20))
    control.arm(f"tunggu-{id(control)}", 60)
    control.stop()
    timer = threading.Timer(1.5, real.control().start)
    timer.start()
    assert control.probe()
    timer.join()
    control.disarm()


def test_a_closed_port_behind_a_forward_fails_the_probe(real: Place) -> None:
    with pytest.raises(UnreachableError, match="tidak menjawab"):
        _probing(real, Probe(url=f"http://127.0.0.1:{free_port()}/", timeout=1, via="aplikasi")).probe()


# --- the switch's rules, alike on both ---


def test_a_switch_is_armed_renewed_and_disarmed(place: Place) -> None:
    control = place.control()
    token = f"jalan-{id(control)}"
    control.arm(token, 60)
    state = control.switch()
    assert (state.state, state.token, state.watched) == ("armed", token, True)
    assert 55 <= state.seconds <= 61
    control.renew()
    control.disarm()
    assert control.switch().state == "disarmed"
    control.disarm()  # nothing left to do


def test_another_token_is_refused_while_one_is_armed(place: Place) -> None:
    first, second = place.control(), place.control()
    first.arm(f"satu-{id(first)}", 60)
    with pytest.raises(BusyError, match=f"satu-{id(first)}"):
        second.arm(f"dua-{id(first)}", 60)
    first.renew()
    first.disarm()
    second.arm(f"dua-{id(first)}", 60)
    second.disarm()


def test_arming_again_with_the_same_token_goes_on(place: Place) -> None:
    control = place.control()
    control.arm(f"ulang-{id(control)}", 60)
    control.arm(f"ulang-{id(control)}", 90)
    assert control.switch().seconds > 80
    control.renew()
    control.disarm()


def test_renewing_what_another_disarmed_is_told(place: Place) -> None:
    control = place.control()
    with pytest.raises(SwitchFiredError, match="belum dipasang"):
        control.renew()
    control.arm(f"lepas-{id(control)}", 60)
    place.control().disarm(f"lepas-{id(control)}")
    with pytest.raises(SwitchFiredError, match="tidak terpasang"):
        control.renew()


def test_a_foreign_token_neither_renews_nor_disarms(place: Place) -> None:
    control, other = place.control(), place.control()
    control.arm(f"milik-{id(control)}", 60)
    other._token = "asing"
    with pytest.raises(SwitchFiredError, match=f"milik-{id(control)}"):
        other.renew()
    with pytest.raises(SwitchFiredError):
        other.disarm()
    assert control.switch().token == f"milik-{id(control)}"
    control.disarm()


def test_a_fired_switch_starts_the_services_and_is_never_renewed(place: Place) -> None:
    control = place.control()
    token = f"habis-{id(control)}"
    control.arm(token, 2)
    control.stop()
    time.sleep(4)
    state = control.switch()
    assert (state.state, state.token, state.reason) == ("fired", token, "deadline")
    assert set(place.running().values()) == {True}
    for _attempt in range(2):
        with pytest.raises(SwitchFiredError, match="waktunya habis"):
            control.renew()
    with pytest.raises(SwitchFiredError):
        control.arm(token, 60)
    with pytest.raises(RefusedError):
        control.prove_stopped()
    other = place.control()
    other.arm(f"{token}-2", 60)
    with pytest.raises(SwitchFiredError):
        control.renew()
    other.disarm()


def test_a_system_without_services_needs_no_host() -> None:
    place = _memory()
    control = place.control(place.system.model_copy(update={"services": []}))
    control.arm("t", 60)
    control.renew()
    assert (control.stop(), control.prove_stopped(), control.start(), control.probe()) == ((), (), (), ())
    control.disarm()


# --- several hosts ---


def _two_hosts() -> tuple[ServiceControl, dict[str, MemoryHost], list[str]]:
    place = _memory()
    names = ["depan", "belakang"]
    system = place.system.model_copy(
        update={
            "services": [
                Service(unit="situs", host="depan"),
                Service(unit="antrean", host="belakang"),
                Service(unit="jadwal", host="depan"),
            ]
        }
    )
    hosts = {name: MemoryHost(name, [system]) for name in names}
    entries = {name: place.entry.model_copy(update={"name": name}) for name in names}
    log: list[str] = []
    for name, host in hosts.items():
        host.log = _Tagged(name, log)
    return ServiceControl(system, entries, lambda name: hosts[name], probe=HttpProbe()), hosts, log


class _Tagged(list[str]):
    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__()
        self.name, self.all = name, log

    def append(self, line: str) -> None:
        self.all.append(f"{self.name}: {line}")


def test_across_hosts_the_order_of_the_file_holds() -> None:
    control, _, log = _two_hosts()
    control.arm("t", 60)
    control.stop()
    control.start()
    assert log == [
        "depan: arm simpeg t 60",
        "belakang: arm simpeg t 60",
        "depan: status simpeg",
        "depan: stop simpeg situs",
        "belakang: status simpeg",
        "belakang: stop simpeg antrean",
        "depan: stop simpeg jadwal",
        "depan: start simpeg jadwal",
        "belakang: start simpeg antrean",
        "depan: start simpeg situs",
    ]


def test_a_host_that_can_not_be_armed_leaves_none_armed() -> None:
    control, hosts, _ = _two_hosts()
    hosts["belakang"].unreachable = True
    with pytest.raises(UnreachableError):
        control.arm("t", 60)
    hosts["belakang"].unreachable = False
    assert control.switch().state == "disarmed"


def test_an_unreachable_host_does_not_keep_the_others_down_or_unrenewed() -> None:
    control, hosts, log = _two_hosts()
    control.arm("t", 60)
    control.stop()
    hosts["depan"].unreachable = True
    with pytest.raises(UnreachableError):
        control.renew()
    assert log[-1] == "belakang: renew simpeg t"
    with pytest.raises(JagadataError):
        control.start()
    assert hosts["belakang"].units["antrean"] is True


def test_a_reboot_of_one_host_counts_as_fired() -> None:
    control, hosts, _ = _two_hosts()
    control.arm("t", 60)
    control.stop()
    hosts["belakang"].reboot()
    with pytest.raises(SwitchFiredError, match="dinyalakan ulang"):
        control.renew()
    assert control.switch().host == "belakang"
