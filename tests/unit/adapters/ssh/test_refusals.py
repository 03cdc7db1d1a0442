"""What a host says when it refuses, by its name and with what mends it."""

import errno

import paramiko
import pytest

from jagadata.adapters.ssh.link import explain, explain_refusal
from jagadata.errors import RefusedError, UnreachableError
from jagadata.text.os_errors import explain_os_error

PLACE = {"where": "Host 'a'", "user": "jaga"}


@pytest.mark.parametrize(
    ("said", "mends"),
    [
        (
            "WARNING: Your password has expired.\nPassword change required but no TTY available.",
            "chage -M -1 jaga",
        ),
        ("You are required to change your password immediately (password expired).", "chage -M -1 jaga"),
        ("Your account has expired; please contact your system administrator.", "chage -E -1 jaga"),
        ("This account is currently not available.", "usermod --shell"),
    ],
)
def test_a_host_that_refuses_the_work_is_told_with_what_mends_it(said, mends):
    fault = explain_refusal(said, **PLACE)
    assert mends in fault.hint
    assert not fault.transient


def test_a_greeting_is_no_refusal():
    assert explain_refusal("Selamat datang di server aplikasi", **PLACE) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (paramiko.BadAuthenticationType("x", ["keyboard-interactive"]), "keyboard-interactive"),
        (paramiko.ssh_exception.IncompatiblePeer("no acceptable ciphers"), "enkripsi"),
        (paramiko.AuthenticationException("no"), "menolak masuk"),
    ],
)
def test_what_does_not_pass_by_itself_is_not_called_transient(error, words):
    fault = explain(error, address="x", port=22, **PLACE)
    assert isinstance(fault, RefusedError)
    assert words in fault.message
    assert not fault.transient


def test_a_network_that_is_away_may_pass_and_is_told_in_indonesian():
    fault = explain(OSError(errno.EHOSTUNREACH, "No route to host"), address="x", port=22, **PLACE)
    assert isinstance(fault, UnreachableError)
    assert fault.transient
    assert "tidak ada jalan" in fault.message


def test_what_the_system_says_has_indonesian_words():
    for code in (errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ECONNREFUSED):
        assert explain_os_error(OSError(code, "English")) != "English"
