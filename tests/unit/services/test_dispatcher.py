"""What the product's key may do on a host: exactly its own calls, and the forwards that the office file names."""

import os
import subprocess
from pathlib import Path

import pytest

from jagadata.office.file import Office
from jagadata.office.machines import DataSet, HostEntry, Probe, ServerEntry, Service, System
from jagadata.services.dispatcher import key_options, render_dispatcher
from jagadata.services.setup import render_host_setup

CREDENTIALS = {"dump": {"user": "d"}, "restore": {"user": "r"}}


def _office(**host) -> Office:
    entry = {
        "name": "aplikasi",
        "address": "10.0.0.5",
        "user": "jaga",
        "key": "env:K",
        "known_hosts": Path("kh"),
        **host,
    }
    behind = {**entry, "name": "dalam", "address": "10.1.0.9", "via": "aplikasi"}
    system = System(
        id="simpeg",
        name="SIMPEG",
        owner="BKPSDM",
        server="db",
        data=[DataSet(database="simpeg")],
        services=[
            Service(
                unit="web.service",
                host="aplikasi",
                probe=Probe(url="http://127.0.0.1:8080/sehat", via="aplikasi"),
            )
        ],
    )
    server = ServerEntry(name="db", via="aplikasi", **CREDENTIALS)
    return Office.model_construct(
        hosts=[HostEntry(**entry), HostEntry(**behind)], servers=[server], systems=[system], collection=None
    )


def _call(tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "sudo").write_text('#!/bin/sh\necho "sudo $*"\n')
    (tmp_path / "sudo").chmod(0o755)
    return subprocess.run(
        ["sh", "-c", render_dispatcher(_office(), "aplikasi")],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SSH_ORIGINAL_COMMAND": command},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        "date +%s",
        "cat /proc/net/tcp /proc/net/tcp6",
        "sudo -n /usr/local/sbin/jagadata-host status simpeg",
        "sudo -n /usr/local/sbin/jagadata-host arm simpeg",
        "df -B1 --output=avail /",
    ],
)
def test_each_call_of_the_product_passes(tmp_path, words):
    done = _call(tmp_path, f"echo jagadata-0123456789abcdef; timeout -k 5 30 {words}")
    assert done.stdout.startswith("jagadata-0123456789abcdef\n")
    assert len(done.stdout.splitlines()) > 1, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "",
        "id",
        "date +%s",
        "echo jagadata-00; timeout -k 5 30 id",
        "echo jagadata-00; timeout -k 5 30 date +%s; id",
        "echo jagadata-00; id; timeout -k 5 30 date +%s",
        "echo jagadata-$(id); timeout -k 5 30 date +%s",
        "echo jagadata-00; timeout -k 5 30;id date +%s",
        "echo jagadata-00; timeout -k 5 30 date +%s\nid",
        "echo jagadata-00; timeout -k 5 30 sudo -n /usr/local/sbin/jagadata-host boot",
        "echo jagadata-00; timeout -k 5 30 sudo -n /usr/local/sbin/jagadata-host watch simpeg",
        "echo jagadata-00; timeout -k 5 30 sudo -n /usr/local/sbin/jagadata-host status lain",
        "echo jagadata-00; timeout -k 5 30 df -B1 --output=avail / --total",
        "echo jagadata-00; timeout -k 5 30 df -B1 --output=avail /;id",
        "echo jagadata-00; timeout -k 5 30 df -B1 --output=avail /$(id)",
    ],
)
def test_everything_else_is_refused(tmp_path, command):
    done = _call(tmp_path, command)
    assert (done.returncode, done.stdout) == (64, "")


def test_a_key_may_forward_to_what_the_office_file_names_and_nowhere_else():
    assert key_options(_office(), "aplikasi") == (
        'restrict,port-forwarding,permitopen="127.0.0.1:5432",permitopen="10.1.0.9:22",permitopen="127.0.0.1:8080",'
        'command="/usr/local/sbin/jagadata-host-calls"'
    )
    assert key_options(_office(), "dalam") == 'restrict,command="/usr/local/sbin/jagadata-host-calls"'


def test_direct_control_has_no_dispatcher():
    assert "command=" not in key_options(_office(control="direct"), "aplikasi")


def test_the_preparation_holds_the_options_and_keeps_the_password_from_expiring():
    text = render_host_setup(_office(), "aplikasi")
    assert key_options(_office(), "aplikasi") in text
    assert "chage -M -1 jaga" in text
    assert render_dispatcher(_office(), "aplikasi") in text
    assert (
        subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False).returncode == 0
    )
