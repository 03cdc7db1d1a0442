"""A letter as it goes out by mail: one copy for one address (RFC 5322, RFC 2047, RFC 2231)."""

from __future__ import annotations

import mimetypes
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import TYPE_CHECKING

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from jagadata.ports.channel import Message

_ADDRESS = re.compile(
    r'[^\s@,;:<>()\[\]\\"\x00-\x1f]{1,64}@(?=.{1,253}$)[^\W_](?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*'
)
"""One mailbox and nothing else. Quoted local parts and address literals, which no office uses, are refused."""
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def parse_sender(text: str) -> Address:
    """`Dinas Kominfo <layanan@…>`, or the address alone. Raises RefusedError."""
    named = _NAMED.fullmatch(text.strip())
    address = (named["address"] if named else text).strip()
    name = " ".join((named["name"] if named else "").split()).strip('" ')
    if not is_address(address):
        raise RefusedError(
            f"Alamat pengirim '{text}' bukan alamat surel.",
            "Isi mail.sender di berkas kantor sebagai 'NAMA <alamat@kantor>'.",
        )
    return make_address(address, name)


def make_address(text: str, name: str = "") -> Address:
    """Of what `is_address`."""
    user, _, domain = text.partition("@")
    return Address(display_name=name, username=user, domain=_ascii_domain(domain))


def _ascii_domain(domain: str) -> str:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain  # the server says what is wrong with it


def make_letter(message: Message, sender: Address, to: Address) -> EmailMessage:
    """Raises ValueError, MessageError: what no mail may hold."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = make_msgid(domain=sender.domain)
    for name, value in message.headers:
        mail[name] = value
    # No line is too long for any server, and none changes on its way.
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    for name, content in message.attachments:
        plain = " ".join(name.split())
        kind = mimetypes.guess_type(plain)[0] or "application/octet-stream"
        if kind.startswith(("message/", "multipart/")):  # such parts may not be base64 (RFC 2045, 6.4)
            kind = "application/octet-stream"
        main, _, sub = kind.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=plain, cte="base64")
    return mail
