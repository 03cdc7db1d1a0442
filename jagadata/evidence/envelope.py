"""Signed JSON: DSSE envelopes (github.com/secure-systems-lab/dsse, v1.0.2) with Ed25519 (RFC 8032)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jagadata.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from jagadata.office.machines import PublicKey

JsonObject = dict[str, Any]
"""A JSON object as it is signed and stored. Whoever reads one makes a value of it at once: it goes no further."""


def canonical_json(value: Any) -> bytes:
    """The one byte string of a JSON value: sorted keys, no spaces, UTF-8. What is hashed and signed."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def public_text(key: Ed25519PublicKey) -> str:
    """A public signing key as the office file writes it: `ed25519:BASE64`."""
    return "ed25519:" + base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _pre_authentication_encoding(kind: str, payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """The private key that signs manifests, receipts and journals."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> str:
        return public_text(self.key.public_key())

    def seal(self, kind: str, value: JsonObject) -> bytes:
        """The signed envelope of a JSON value; `kind` is its media type, for example `application/vnd.jagadata.manifest+json`."""
        payload = canonical_json(value)
        signature = self.key.sign(_pre_authentication_encoding(kind, payload))
        return canonical_json(
            {
                "payloadType": kind,
                "payload": base64.b64encode(payload).decode(),
                "signatures": [{"keyid": self.public, "sig": base64.b64encode(signature).decode()}],
            }
        )


@dataclass(frozen=True, kw_only=True)
class Seals:
    """The public keys that the office trusts, with the days on which each was in force."""

    keys: Sequence[PublicKey]
    timezone: ZoneInfo

    def open(self, envelope: bytes, kind: str, *, where: str) -> JsonObject:
        """The value inside, if one of the keys signed it while in force (the value's own `at` says when).

        Raises:
            DamagedError: not an envelope, another kind, no trusted signature, or a key used outside its days.
        """
        hint = "Jangan dipakai. Cari salinan di penyimpanan kedua, dan laporkan: isi penyimpanan mungkin diubah orang."
        try:
            outer = json.loads(envelope)
            payload = base64.b64decode(outer["payload"], validate=True)
            found_kind = outer["payloadType"]
            signatures = [
                (item["keyid"], base64.b64decode(item["sig"], validate=True)) for item in outer["signatures"]
            ]
            exact = canonical_json(
                {
                    "payload": base64.b64encode(payload).decode(),
                    "payloadType": found_kind,
                    "signatures": [
                        {"keyid": keyid, "sig": base64.b64encode(sig).decode()} for keyid, sig in signatures
                    ],
                }
            )
        except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
            raise DamagedError(f"Catatan {where} rusak: bukan amplop bertanda tangan.", hint) from error
        if exact != envelope:  # what nobody signed would change its hash, by which others refer to it
            raise DamagedError(f"Catatan {where} rusak: amplopnya ditulis ulang.", hint)
        if found_kind != kind:
            raise DamagedError(f"Catatan {where} berjenis lain, bukan '{kind}'.", hint)
        signed = _pre_authentication_encoding(kind, payload)
        for known in self.keys:
            if not any(
                keyid == known.key and _valid(known.key, signature, signed) for keyid, signature in signatures
            ):
                continue
            try:
                value: JsonObject = json.loads(payload)
                at = datetime.fromisoformat(value["at"]).astimezone(self.timezone).date()
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                raise DamagedError(f"Catatan {where} tidak memuat waktu yang sah.", hint) from error
            if not known.holds_on(at):
                raise DamagedError(
                    f"Catatan {where} ditandatangani dengan kunci di luar masa berlakunya ({at}).", hint
                )
            return value
        raise DamagedError(
            f"Tanda tangan digital pada {where} tidak sah atau dari kunci yang tidak dikenal.", hint
        )


def _valid(key: str, signature: bytes, signed: bytes) -> bool:
    try:
        raw = base64.b64decode(key.removeprefix("ed25519:"), validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
    except (ValueError, InvalidSignature, binascii.Error):
        return False
    return True
