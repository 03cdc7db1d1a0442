"""known_hosts and CA files as people leave them: what can be read counts, what can't is named, nothing breaks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagadata.adapters.ca_file import clean_ca, read_ca, split_ca
from jagadata.adapters.edited_text import decode
from jagadata.adapters.ssh.known_hosts import parse_known_hosts, read_known_hosts
from jagadata.errors import RefusedError
from tests.lab.s3 import make_certificate

if TYPE_CHECKING:
    from pathlib import Path

KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
LINE = f"[10.0.0.5]:22 {KEY}"

ENCODINGS = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "utf-16 of PowerShell": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16 the other way": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "latin-1": lambda text: f"# caf\xe9\n{text}".encode("latin-1"),
    "lines of Windows": lambda text: text.replace("\n", "\r\n").encode(),
}


@pytest.mark.parametrize("kind", ENCODINGS)
def test_a_known_hosts_file_is_read_in_whatever_encoding_an_editor_left_it(kind: str) -> None:
    found = parse_known_hosts(ENCODINGS[kind](f"{LINE}\n"))
    assert [names for names, _ in found.keys] == [("[10.0.0.5]:22",)]
    assert found.broken == ()


@pytest.mark.parametrize(
    "cut",
    [
        LINE[:-20],
        "10.0.0.9",
        "10.0.0.9 ssh-ed25519",
        "10.0.0.9 ssh-ed25519 AAAA",
        "10.0.0.9 ssh-rsa !!!",
        "<html>",
    ],
    ids=["half a key", "a host alone", "no key", "a short key", "no base64", "a page"],
)
def test_a_cut_line_of_another_host_is_named_and_the_others_work(cut: str) -> None:
    found = parse_known_hosts(f"# daftar\n{cut}\n{LINE}\n@revoked x {KEY}\n".encode())
    assert len(found.keys) == 1
    assert found.broken == (2,)
    assert "Baris 2" in found.remark


def test_broken_lines_are_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "kh").write_text(f"rusak\n{LINE}\n")
    with caplog.at_level(logging.WARNING):
        read_known_hosts(tmp_path / "kh", where="host 'a'", hint="")
    assert "Baris 1" in caplog.text


@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_a_reader(data: bytes) -> None:
    parse_known_hosts(data)
    parse_known_hosts(data + b"\n" + LINE.encode() + b"\n" + data)
    split_ca(decode(data))


@given(st.integers(0, len(LINE)), st.binary(min_size=1, max_size=3))
def test_a_line_that_was_damaged_anywhere_leaves_the_next_one(position: int, bytes_: bytes) -> None:
    damaged = LINE.encode()[:position] + bytes_.replace(b"\0", b"x") + LINE.encode()[position:]
    found = parse_known_hosts(damaged + b"\n" + f"lain {KEY}\n".encode())
    assert ("lain",) in [names for names, _ in found.keys]


@pytest.fixture
def pem(tmp_path: Path) -> str:
    return split_ca(make_certificate(tmp_path / "asal.pem").read_text())[0][0]


@pytest.mark.parametrize("kind", ENCODINGS)
def test_a_ca_file_is_read_in_whatever_encoding_an_editor_left_it(
    tmp_path: Path, pem: str, kind: str
) -> None:
    (tmp_path / "ca.pem").write_bytes(ENCODINGS[kind](pem))
    assert read_ca(tmp_path / "ca.pem", where="x") == pem
    assert clean_ca(tmp_path / "ca.pem", where="x").read_text() == pem


def test_a_broken_certificate_is_named_by_its_line_and_the_others_work(
    tmp_path: Path, pem: str, caplog: pytest.LogCaptureFixture
) -> None:
    cut = "\n".join(pem.splitlines()[:3])
    (tmp_path / "ca.pem").write_text(f"Kepala\n{cut}\n{pem}")
    with caplog.at_level(logging.WARNING):
        assert read_ca(tmp_path / "ca.pem", where="x") == pem
    assert "baris 2" in caplog.text


@pytest.mark.parametrize(
    "text", ["", "bukan sertifikat", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_ca_file_without_a_whole_certificate_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(RefusedError, match=r"ca\.pem"):
        clean_ca(tmp_path / "ca.pem", where="penyimpanan 'utama'")
    with pytest.raises(RefusedError):
        clean_ca(tmp_path, where="sebuah folder")
