"""The office's keys: signing (Ed25519), encryption (age, docs/format.md), and a recovery identity that is stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from jagadata.errors import RefusedError
from jagadata.evidence.envelope import Signer

if TYPE_CHECKING:
    from collections.abc import Sequence

Identity: TypeAlias = pyrage.x25519.Identity
"""The private half of an age key."""


@dataclass(frozen=True, kw_only=True)
class NewKeys:
    """Freshly made keys; the private texts are for files with mode 0600 and, for recovery, for paper in a sealed envelope."""

    signing_pem: str
    signing_public: str
    identity: str
    recipient: str
    recovery_identity: str
    recovery_recipient: str


def make_keys() -> NewKeys:
    signing = Ed25519PrivateKey.generate()
    office, recovery = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    pem = signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return NewKeys(
        signing_pem=pem,
        signing_public=Signer(key=signing).public,
        identity=str(office),
        recipient=str(office.to_public()),
        recovery_identity=str(recovery),
        recovery_recipient=str(recovery.to_public()),
    )


def parse_signer(pem: str) -> Signer:
    """Raises RefusedError if the text is no Ed25519 private key in PEM."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except Exception as error:  # cryptography has more than ValueError to say
        raise RefusedError(
            "Kunci tanda tangan bukan PEM yang sah.",
            "Buat dengan `jaga keys init`, atau pulihkan dari cadangan.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RefusedError("Kunci tanda tangan bukan kunci Ed25519.", "Buat dengan `jaga keys init`.")
    return Signer(key=key)


def parse_identity(text: str) -> Identity:
    """The age identity in a key file (comment lines allowed). Raises RefusedError."""
    for line in text.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except Exception as error:
                raise RefusedError(
                    "Identitas age rusak.", "Salin ulang seluruh baris AGE-SECRET-KEY-…."
                ) from error
    raise RefusedError(
        "Tidak ada baris AGE-SECRET-KEY-… di identitas age.",
        "Buat dengan `jaga keys init`, atau pulihkan dari cadangan.",
    )


def parse_recipients(keys: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Public age keys. Raises RefusedError that names the wrong one (a public key is no secret)."""
    recipients = []
    for key in keys:
        try:
            recipients.append(pyrage.x25519.Recipient.from_str(key))
        except Exception as error:
            raise RefusedError(
                f"Kunci penerima '{key}' bukan kunci age.",
                "Salin ulang kunci berawalan 'age1…' ke keys.recipients.",
            ) from error
    return recipients
