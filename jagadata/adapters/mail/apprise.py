"""Channels through apprise: mail over the office's SMTP server, and whatever else an apprise URL reaches.

apprise says only that sending failed, not why; for mail the reason is found by asking the server once more.
"""

from __future__ import annotations

import mimetypes
import smtplib
import ssl
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jagadata.errors import RefusedError, UnreachableError
from jagadata.text.names import make_slug

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # apprise's PGP part still asks for imghdr
    from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat
    from apprise.attachment.memory import AttachMemory
    from apprise.plugins.email import NotifyEmail

_Mail: Any = NotifyEmail  # neither is annotated
_Memory: Any = AttachMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.ports.channel import Message

Security = Literal["starttls", "ssl", "none"]
_MODES = {"starttls": "starttls", "ssl": "ssl", "none": "insecure"}
_TIMEOUT = 20.0  # seconds, for each answer of the server
_ASSET = AppriseAsset(app_id="Jagadata", app_desc="Jagadata", app_url="", async_mode=False)


@dataclass(frozen=True)
class AppriseChannel:
    """Any apprise URL (Telegram, a WhatsApp gateway, …). The URL holds whom it reaches and its secrets; it is never printed."""

    name: str
    url: str = field(repr=False)

    def send(self, message: Message) -> str:
        """Send to whom the URL names. Raises RefusedError for a URL that apprise does not know, else UnreachableError."""
        target: Any = Apprise.instantiate(self.url, asset=_ASSET, suppress_exceptions=True)
        if target is None:
            raise RefusedError(
                f"Saluran '{self.name}' tidak dikenal apprise.",
                "Periksa rahasia pada channels di berkas kantor; bentuknya harus URL apprise.",
            )
        attached = target.attachment_support and message.attachments
        delivered = target.notify(
            title=message.subject,
            body=message.text,
            body_format=NotifyFormat.TEXT,
            attach=_attach(message.attachments) if attached else None,
        )
        if not delivered:
            raise UnreachableError(
                f"Pesan '{message.subject}' tidak terkirim lewat saluran '{self.name}'.",
                "Periksa jaringan dan URL apprise saluran itu, lalu coba lagi dengan `jaga doctor`.",
                transient=True,
            )
        return f"saluran {self.name}"


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """The office's SMTP server."""

    host: str
    port: int
    security: Security
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str = "surel"

    def send(self, message: Message) -> str:
        """Send to each address by itself, so that a wrong one does not hold up the others.

        Returns the reference for the form, which names the addresses that were refused.

        Raises:
            RefusedError: no address, or the server refused the login or every address.
            UnreachableError: the server did not answer.
        """
        if not message.to:
            raise RefusedError(
                f"Surel '{message.subject}' tidak punya penerima.",
                "Isi alamat surel penerima di berkas kantor.",
            )
        delivered: list[str] = []
        failed: list[str] = []
        for address in message.to:
            if self._deliver(message, address):
                delivered.append(address)
                continue
            if not delivered and not failed:
                self.check()  # a server that answers nobody is not asked again for each address
            failed.append(address)
        if not delivered:
            raise RefusedError(
                f"Server surel {self.host}:{self.port} menolak surel '{message.subject}' ke {', '.join(failed)}.",
                "Periksa alamat penerima dan mail.sender di berkas kantor.",
            )
        told = f"e-mail ke {', '.join(delivered)}"
        return f"{told} (tidak terkirim ke {', '.join(failed)})" if failed else told

    def _deliver(self, message: Message, address: str) -> bool:
        target = _Mail(
            host=self.host,
            smtp_host=self.host,
            port=self.port,
            secure_mode=_MODES[self.security],
            user=self.user,
            password=self.password,
            from_addr=self.sender,
            targets=[address],
            headers=dict(message.headers),
            asset=_ASSET,
            cto=_TIMEOUT,
        )
        if len(target.targets) != 1:  # not an address, or several hidden in one
            return False
        return bool(
            target.notify(
                title=message.subject,
                body=message.html or message.text,
                body_format=NotifyFormat.HTML if message.html else NotifyFormat.TEXT,
                attach=_attach(message.attachments) if message.attachments else None,
            )
        )

    def check(self) -> None:
        """Greet the server and log in; sends nothing. Raises RefusedError, UnreachableError."""
        where = f"{self.host}:{self.port}"
        try:
            context = ssl.create_default_context()
            server = (
                smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT, context=context)
                if self.security == "ssl"
                else smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)
            )
            with server:
                if self.security == "starttls":
                    server.starttls(context=context)
                if self.user and self.password:
                    server.login(self.user, self.password)
        except ssl.SSLError as error:
            raise RefusedError(
                f"Sambungan aman ke server surel {where} gagal: {error.reason or 'TLS'}.",
                "Periksa mail.security dan sertifikat server surel.",
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            raise RefusedError(
                f"Server surel {where} menolak pengguna '{self.user}' (kode {error.smtp_code}).",
                "Periksa mail.user dan mail.password di berkas kantor.",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RefusedError(
                f"Server surel {where} tidak mendukung cara sambung yang ditetapkan.",
                "Periksa mail.security, mail.user, dan mail.port di berkas kantor.",
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnreachableError(
                f"Server surel {where} tidak menjawab ({type(error).__name__}).",
                "Periksa mail.host, mail.port, dan jaringan dari worker ke server surel.",
                transient=True,
            ) from error


def mail_channel(
    host: str,
    port: int,
    security: Security,
    sender: str,
    user: str | None = None,
    password: str | None = None,
) -> MailChannel:
    """The channel of the office file's `mail` entry."""
    return MailChannel(host=host, port=port, security=security, sender=sender, user=user, password=password)


def _attach(attachments: Sequence[tuple[str, bytes]]) -> AppriseAttachment:
    """Attachments from memory: nothing is written to a disk. Names become plain ASCII, which every reader shows."""
    found = AppriseAttachment(asset=_ASSET)
    for name, content in attachments:
        stem, dot, ending = name.rpartition(".")
        plain = f"{make_slug(stem, 120)}.{make_slug(ending, 10)}" if dot else make_slug(name, 120)
        kind = mimetypes.guess_type(plain)[0] or "application/octet-stream"
        found.add(_Memory(content=content, name=plain, mimetype=kind, asset=_ASSET))
    return found
