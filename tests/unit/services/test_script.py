"""The script of a host and what root installs, as text."""

import subprocess
from pathlib import Path

import pytest

from jagadata.errors import RefusedError
from jagadata.office.file import Office
from jagadata.office.machines import DataSet, HostEntry, Service, System
from jagadata.services.script import make_script, render_host_script, render_sudoers
from jagadata.services.setup import render_host_setup
from jagadata.services.states import parse_listening


def _office(host: dict | None = None, units: list[dict] | None = None) -> Office:
    """Only what the script is made from; the rest of the file does not matter here."""
    entry = {
        "name": "aplikasi",
        "address": "10.0.0.5",
        "user": "jagadata",
        "key": "env:K",
        "known_hosts": "kh",
        **(host or {}),
    }
    units = (
        units if units is not None else [{"unit": "simpeg-web.service"}, {"unit": "simpeg-antrean.service"}]
    )
    system = System(
        id="simpeg",
        name="SIMPEG",
        owner="BKPSDM",
        server="db",
        data=[DataSet(database="simpeg")],
        services=[Service(**{"host": "aplikasi", **unit}) for unit in units],
    )
    return Office.model_construct(hosts=[HostEntry(**entry)], systems=[system], servers=[], collection=None)


def _run(text: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", text, "sh", *words], input=stdin, capture_output=True, text=True, check=False
    )


def test_the_script_lists_the_units_of_its_host_in_the_order_of_the_file() -> None:
    script = render_host_script(_office(), "aplikasi")
    assert "'systemd:simpeg-web.service systemd:simpeg-antrean.service'" in script.replace(
        "printf '%s\\n' ", ""
    )
    assert "#SETTINGS#" not in script


@pytest.mark.parametrize("control", ["script", "direct"])
def test_the_script_is_sound_posix_sh(control: str) -> None:
    script = render_host_script(_office({"control": control}), "aplikasi")
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_system_or_unit_that_is_not_listed_is_refused() -> None:
    script = render_host_script(_office({"control": "direct", "sudo": False}), "aplikasi")
    assert _run(script, "status", "lain").returncode == 64
    assert _run(script, "stop", "simpeg", stdin="sshd.service\n").returncode == 64
    assert _run(script, "hapus", "simpeg").returncode == 64
    assert _run(script).returncode == 64


@pytest.mark.parametrize(
    "line",
    [
        "",
        "$(touch x) 5",
        "a;b 5",
        "-x 5",
        "../a 5",
        "t 0",
        "t -5",
        "t 5;x",
        "t 1e9",
        "t 9999999",
        "x" * 101 + " 5",
    ],
)
def test_a_token_or_seconds_that_are_not_plain_are_refused(tmp_path: Path, line: str) -> None:
    office = _office({"control": "direct", "sudo": False, "switch_folder": str(tmp_path / "a")})
    done = _run(render_host_script(office, "aplikasi"), "arm", "simpeg", stdin=line + "\n")
    assert done.returncode == 65, done.stderr
    assert not (tmp_path / "a" / "simpeg").exists()


@pytest.mark.parametrize("name", ["spasi dan 'kutip'", "$HOME; touch x", 'a"b', "--x"])
def test_folders_with_odd_characters_stay_what_they_are(tmp_path: Path, name: str) -> None:
    office = _office(
        {"control": "direct", "sudo": False, "switch_folder": str(tmp_path / name)},
        units=[{"unit": "tak-ada.service"}],
    )
    done = _run(render_host_script(office, "aplikasi"), "switch", "simpeg")
    assert done.stdout == "switch disarmed - " + done.stdout.split()[3] + " - dead\n"
    done = _run(render_host_script(office, "aplikasi"), "disarm", "simpeg", stdin="t\n")
    assert done.returncode == 12
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_supervisor_s_word_for_everything_is_not_a_unit() -> None:
    with pytest.raises(RefusedError, match="'all'"):
        render_host_script(_office(units=[{"unit": "all", "manager": "supervisor"}]), "aplikasi")


def test_sudoers_lines_are_exact_and_cover_every_verb() -> None:
    lines = render_sudoers(_office(), "aplikasi").splitlines()
    commands = [line for line in lines if "NOPASSWD" in line]
    assert commands == [
        f"jagadata ALL=(root) NOPASSWD: /usr/local/sbin/jagadata-host {verb} simpeg"
        for verb in ("status", "stop", "start", "arm", "renew", "disarm", "switch")
    ]
    assert not any(sign in "".join(commands) for sign in "*?[]!")
    assert "systemd-run" not in "".join(lines)


def test_sudoers_lines_of_direct_control_name_each_call_of_the_script() -> None:
    office = _office(
        {"control": "direct"},
        units=[
            {"unit": r"dev-a\x2db.service"},
            {"unit": "web", "manager": "supervisor"},
            {"unit": "antre:satu", "manager": "supervisor"},
        ],
    )
    text = render_sudoers(office, "aplikasi")
    assert r"/usr/bin/systemctl stop dev-a\\x2db.service" in text
    assert r"/usr/bin/supervisorctl -c /etc/supervisor/supervisord.conf stop web antre\:satu" in text
    assert r"/usr/bin/supervisorctl -c /etc/supervisor/supervisord.conf start antre\:satu web" in text


@pytest.mark.parametrize(
    "change",
    [
        {"user": "a, ALL"},
        {"user": "%wheel"},
        {"script": "/opt/a b"},
        {"script": "jagadata-host"},
        {"script": "/opt/../x*"},
    ],
)
def test_names_that_sudoers_would_read_otherwise_are_refused(change: dict) -> None:
    with pytest.raises(RefusedError):
        render_sudoers(_office(change), "aplikasi")


def test_the_preparation_of_a_host_is_sound_sh_and_holds_script_and_sudoers() -> None:
    office = _office()
    text = render_host_setup(office, "aplikasi")
    done = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert render_host_script(office, "aplikasi") in text
    assert render_sudoers(office, "aplikasi") in text


def test_two_systems_on_one_host_have_their_own_lists() -> None:
    office = _office({"control": "direct", "sudo": False})
    other = office.systems[0].model_copy(
        update={"id": "e-surat", "services": [Service(unit="surat.service", host="aplikasi")]}
    )
    script = make_script(office.hosts[0], [office.systems[0], other])
    assert _run(script, "start", "e-surat", stdin="simpeg-web.service\n").returncode == 64


def test_listening_ports_are_read_from_proc() -> None:
    text = (
        "  sl  local_address rem_address   st tx_queue\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n"
        "   1: 0100007F:A1B2 0100007F:1F91 01 00000000:00000000\n"
        "   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 0\n"
    )
    assert parse_listening(text) == {8080, 22}
