"""The passwords of a server's logins, all from one secret of the office, and what the server keeps of them (RFC 5802, 7677)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from jagadata.errors import RefusedError

ITERATIONS = 4096
"""As PostgreSQL's own (20.5): a derived password can't be guessed, so more of them would only slow logins down."""
SHORTEST = 24
"""Characters of a secret: whoever holds a verifier may try secrets as fast as they can."""


def derive_password(secret: str, login: str) -> str:
    """The password of a login: 43 characters of base64url. Raises RefusedError for a secret that could be guessed."""
    if len(secret) < SHORTEST:
        raise RefusedError(
            f"Rahasia server basis data (servers[].secret) terlalu pendek: kurang dari {SHORTEST} karakter.",
            "Buat yang acak, misalnya dengan `openssl rand -base64 32`, lalu jalankan `jaga db prepare` kembali.",
        )
    return _derive(secret, f"jagadata-login:{login}")


def make_verifier(secret: str, login: str) -> str:
    """What `ALTER ROLE ... PASSWORD` takes in place of a password: the same each time, so that running it again changes nothing."""
    password = derive_password(secret, login)
    salt = base64.urlsafe_b64decode(_derive(secret, f"jagadata-salt:{login}") + "=")[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def _derive(secret: str, purpose: str) -> str:
    return (
        base64.urlsafe_b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256"))
        .decode()
        .rstrip("=")
    )
