"""Passwords of logins come from one secret, and the server gets what it needs to check them and no more."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from jagadata.adapters.postgres.passwords import derive_password, make_verifier
from jagadata.errors import RefusedError

SECRET = "rahasia yang panjangnya cukup untuk ini"


def test_each_login_has_a_password_of_its_own_and_always_the_same():
    assert derive_password(SECRET, "a") == derive_password(SECRET, "a") != derive_password(SECRET, "b")
    assert len(derive_password(SECRET, "a")) == 43


def test_the_verifier_is_that_of_the_password():
    verifier = make_verifier(SECRET, "jagadata_muat_surat")
    assert make_verifier(SECRET, "jagadata_muat_surat") == verifier
    kind, rest, keys = verifier.split("$")
    iterations, salt = rest.split(":")
    stored, _server = keys.split(":")
    password = derive_password(SECRET, "jagadata_muat_surat").encode()
    salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(iterations))
    client = hmac.digest(salted, b"Client Key", "sha256")
    assert (kind, hashlib.sha256(client).digest()) == ("SCRAM-SHA-256", base64.b64decode(stored))
    assert password.decode() not in verifier
    assert SECRET not in verifier


def test_a_secret_that_could_be_guessed_is_refused():
    with pytest.raises(RefusedError, match="terlalu pendek") as caught:
        derive_password("rahasia", "a")
    assert "'rahasia'" not in str(caught.value)
