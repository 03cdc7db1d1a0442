"""The head of a mail as it came, however broken: who, when, what about, and whether a person wrote it. Pure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Literal

from jagadata.collection.intake.senders import AUTOMATIC_NAMES, parse_address

LONGEST = 65536
"""Bytes of a head that are looked at."""
_TOKEN = re.compile(r'"[\w.@+\-]*"')
"""A quoted word that could stand without its quotes."""
_BULK = ("bulk", "junk", "list", "auto_reply")
_LIST_FIELDS = ("list-id", "list-unsubscribe", "list-post")
_ROBOT_FIELDS = ("x-autoreply", "x-autorespond", "x-loop", "x-failed-recipients")


Vouched = Literal["yes", "no", "unsaid"]


@dataclass(frozen=True, kw_only=True)
class MailHead:
    """`key` is equal for the same mail however often it is delivered. `automatic`, `forged`: why, in words, '' if not.

    `vouched`: whether the server says that the sender's domain sent it; 'unsaid': it says nothing of any sender.
    """

    key: str
    sender: str
    subject: str
    reference: str  # Message-ID that an answer may name, ''
    automatic: str = ""
    forged: str = ""
    vouched: Vouched = "no"
    is_reply: bool = False


def read_text(value: str) -> str:
    """A header's text: raw 8-bit bytes, encoded words (RFC 2047) and folded lines undone; never fails."""
    text = read_bytes(value)
    with contextlib.suppress(
        HeaderParseError, LookupError, ValueError
    ):  # unknown charset, broken base64: as it stands
        text = str(make_header(decode_header(text)))
    return " ".join(text.split()).encode("utf-8", "replace").decode()


def read_bytes(value: str) -> str:
    """Text that the parser kept as surrogates: UTF-8, else Windows-1252."""
    try:
        raw = str(value).encode("utf-8", "surrogateescape")
        return raw.decode()
    except UnicodeEncodeError:  # surrogates of its own, by an encoding like 'unicode-escape'
        return str(value).encode("utf-8", "replace").decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def read_head(raw: bytes, *, size: int = 0, arrived: str = "", authority: str = "") -> MailHead:
    """The head of a mail from its first bytes. `size` and `arrived` (as the server writes it) tell mails without Message-ID apart.

    `authority`: the authserv-id whose Authentication-Results count, and no other's.
    """
    message = BytesHeaderParser(policy=compat32).parsebytes(raw[:LONGEST])
    fields: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        fields.setdefault(str(name).lower(), []).append(str(value))

    def first(name: str) -> str:
        return fields.get(name, [""])[0]

    senders = fields.get("from") or fields.get("sender") or [""]
    sender = parse_address(read_bytes(senders[0])) if len(senders) == 1 else ""
    identity = [
        " ".join(read_bytes(first(name)).split()) for name in ("message-id", "date", "from", "subject")
    ]
    if not identity[0]:
        identity += [str(size), arrived]
    found = re.fullmatch(r"\s*(<[!-;=?-~]{3,250}>)\s*", first("message-id"))
    domain = sender.rpartition("@")[2].lower()
    results = [_bare(read_bytes(one)) for one in fields.get("authentication-results", [])]
    if authority:
        results = [one for one in results if _authority(one) == authority]
    return MailHead(
        key=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
        sender=sender,
        subject=read_text(first("subject"))[:300],
        reference=found[1] if found else "",
        automatic=_automatic(fields, sender, message.get_content_type()),
        forged=_forged(results, domain),
        vouched=_vouched(results, domain),
        is_reply=bool(first("in-reply-to") or first("references")),
    )


def _automatic(fields: dict[str, list[str]], sender: str, kind: str) -> str:
    """Why a machine wrote it (RFC 3834), '' if a person may have."""

    def value(name: str) -> str:
        return fields.get(name, [""])[0].strip().lower()

    if kind == "multipart/report":
        return "laporan pengiriman"
    if sender and AUTOMATIC_NAMES.fullmatch(sender.partition("@")[0]):
        return "alamat mesin"
    if value("auto-submitted").partition(";")[0].strip() not in ("", "no"):
        return "surel otomatis"
    if "return-path" in fields and value("return-path") == "<>":
        return "tanpa alamat balik"
    if value("precedence") in _BULK or any(name in fields for name in _LIST_FIELDS):
        return "surel dari milis"
    if value("x-auto-response-suppress") not in ("", "none") or any(name in fields for name in _ROBOT_FIELDS):
        return "pengirim meminta tidak dibalas otomatis"
    return ""


def _forged(results: list[str], domain: str) -> str:
    """Why the sender is not believed, from Authentication-Results (RFC 8601) of the server that got the mail; '' otherwise.

    That server is the one that the office names; else its header is taken to be the topmost, which can only harm its sender:
    without a name nobody is believed for a pass. Failures count from every header in its name: adding one harms only who adds it.
    Passes count from the topmost alone, and for the sender's own `domain` alone (RFC 7489, relaxed alignment).
    """
    ours = [one for one in results if _authority(one) == _authority(results[0])]
    verdicts = [dict(re.findall(r"[;\s](dmarc|spf|dkim)\s*=\s*([a-z]+)", one)) for one in ours]
    if any(one.get("dmarc") == "fail" for one in verdicts):
        return "server surel menyatakan alamat pengirimnya tidak asli (dmarc=fail)"
    passes = _passes(results[0]) if results else []
    aligned = {method for method, one in passes if _aligned(one, domain)}
    if "dkim" in aligned or (verdicts and verdicts[0].get("dmarc") == "pass"):
        return ""
    if any(one.get("spf") in ("fail", "hardfail") for one in verdicts):
        return "server surel menyatakan pengirimnya tidak berhak memakai alamat itu (spf=fail)"
    if not aligned and any(one.get("spf") == "softfail" for one in verdicts):
        return "server surel tidak memastikan pengirimnya berhak memakai alamat itu (spf=softfail)"
    if passes and not aligned:
        return f"server surel hanya memastikan pengirim dari {passes[0][1]}, bukan dari {domain}"
    return ""


def _vouched(results: list[str], domain: str) -> Vouched:
    """By the topmost header alone: DMARC passed, or SPF or DKIM for the sender's own `domain`."""
    if not results:
        return "unsaid"
    passed = re.search(r"[;\s]dmarc\s*=\s*pass\b", results[0]) or any(
        _aligned(one, domain) for _, one in _passes(results[0])
    )
    return "yes" if passed else "no"


def _authority(header: str) -> str:
    """The authserv-id of a bare header: its first word, before the version that may follow (RFC 8601, 2.2)."""
    words = header.partition(";")[0].split()
    return words[0].strip('"') if words else ""


def _bare(header: str) -> str:
    """Without comments and without what stands in quotes: the sender chose it, `MAIL FROM:<"x; dkim=pass header.d=opd.go.id"@evil.id>`."""
    plain = re.sub(
        r'"(?:[^"\\]|\\.)*"', lambda match: match[0] if _TOKEN.fullmatch(match[0]) else "quoted", header
    )
    return re.sub(r"\([^()]*\)", " ", " ".join(plain.lower().split()))


def _passes(header: str) -> list[tuple[str, str]]:
    """(method, domain that it vouches for) of each dkim and spf pass that names one."""
    found = []
    for part in header.split(";")[1:]:
        match = re.match(r"\s*(dkim|spf)\s*=\s*pass\b(.*)", part)
        if match:
            names = r"header\.d|header\.i" if match[1] == "dkim" else r"smtp\.mailfrom|smtp\.helo"
            values = re.findall(rf"\b(?:{names})\s*=\s*\"?([^\s;\"]+)", match[2])
            domains = [value.rpartition("@")[2].strip("<>.") for value in values]
            found += [(match[1], domain) for domain in domains if domain]
    return found


def _aligned(one: str, other: str) -> bool:
    """The same domain, or one below the other."""
    return one == other or one.endswith(f".{other}") or (other.endswith(f".{one}") and "." in one)
