"""The office's mail server (SMTP, RFC 5321; STARTTLS, RFC 3207)."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import ssl
from dataclasses import dataclass, field
from email.errors import MessageError
from typing import TYPE_CHECKING, Literal

from jagadata.adapters.mail.letter import is_address, make_address, make_letter, parse_sender
from jagadata.errors import RefusedError, UnreachableError
from jagadata.ports.channel import Delivery

if TYPE_CHECKING:
    from email.headerregistry import Address

    from jagadata.errors import JagadataError
    from jagadata.ports.channel import Message

log = logging.getLogger(__name__)
Security = Literal["starttls", "ssl", "none"]
_TIMEOUT = 20.0  # seconds, for each answer of the server
_ANSWERS = (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected)
"""Faults that the server told of, by word or by hanging up; smtplib's others say that it lacks what was asked for."""
_BREAKS = 2  # connections that broke off one after the other: the rest is left for later


@dataclass
class _Posting:
    """What became of each address so far, with the server's words."""

    reached: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    deferred: dict[str, str] = field(default_factory=dict)

    def file(self, address: str, code: int, words: bytes | str) -> None:
        """5xx is for good; anything else that is no success may be tried again later (RFC 5321, 4.2.1)."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        reason = " ".join(f"{code} {text}".split())[:200]
        (self.refused if code >= 500 else self.deferred)[address] = reason


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """Sends to each address by itself: a wrong one holds up nobody, and nobody learns who else was written to."""

    host: str
    port: int
    security: Security
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = _TIMEOUT
    name: str = "surel"

    @property
    def addressed(self) -> bool:
        return True

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"

    def send(self, message: Message) -> Delivery:
        """See ports.Channel. Also raises RefusedError for a login, a certificate or a way to connect that is refused."""
        if not message.to:
            raise RefusedError(
                f"Surel '{message.subject}' tidak punya penerima.",
                "Isi alamat surel penerima di berkas kantor.",
            )
        posting = self._post(message, parse_sender(self.sender))
        failed = {**posting.refused, **posting.deferred}
        for address, reason in failed.items():
            log.warning("Surel '%s' tidak diterima untuk %s: %s", message.subject, address, reason)
        if posting.reached:
            told = f"e-mail ke {', '.join(posting.reached)}"
            if failed:
                told += f" (tidak terkirim ke {', '.join(one for one in message.to if one in failed)})"
            return Delivery(reference=told, reached=tuple(posting.reached), deferred=tuple(posting.deferred))
        raise self._explain_failure(message, posting)

    def _explain_failure(self, message: Message, posting: _Posting) -> JagadataError:
        told = "; ".join(
            f"{one} ({reason})" for one, reason in {**posting.refused, **posting.deferred}.items()
        )
        if posting.deferred:
            return UnreachableError(
                f"Server surel {self.where} menunda surel '{message.subject}' ke {told}.",
                "Surel dicoba lagi; bila terus ditunda, tanyakan kepada pengelola server surel.",
                transient=True,
            )
        return RefusedError(
            f"Server surel {self.where} menolak surel '{message.subject}' ke {told}.",
            "Periksa alamat penerima dan mail.sender di berkas kantor.",
        )

    def _post(self, message: Message, sender: Address) -> _Posting:
        posting, breaks = _Posting(), 0
        waiting = [address for address in dict.fromkeys(message.to) if is_address(address)]
        for address in message.to:
            if address not in waiting:
                posting.refused[address] = "bukan alamat surel"
        server: smtplib.SMTP | None = None
        try:
            for address in waiting:
                if breaks >= _BREAKS:
                    posting.deferred[address] = "server memutus sambungan"
                    continue
                try:
                    server = server or self._connect()
                except UnreachableError as error:
                    if not posting.reached:
                        raise
                    posting.deferred[address], breaks = error.message, _BREAKS
                    continue
                if self._deliver(server, message, sender, address, posting):
                    breaks = 0
                else:
                    server, breaks = None, breaks + 1
        finally:
            if server:
                _quit(server)
        return posting

    def _deliver(
        self, server: smtplib.SMTP, message: Message, sender: Address, address: str, posting: _Posting
    ) -> bool:
        """One copy; False if the connection is gone."""
        to = make_address(address)
        try:
            server.send_message(make_letter(message, sender, to), sender.addr_spec, [to.addr_spec])
        except smtplib.SMTPServerDisconnected:
            posting.deferred[address] = "server memutus sambungan"
            server.close()
        except smtplib.SMTPRecipientsRefused as error:
            posting.file(address, *error.recipients[to.addr_spec])
        except smtplib.SMTPResponseException as error:
            posting.file(address, error.smtp_code, error.smtp_error)
        except smtplib.SMTPNotSupportedError:
            posting.refused[address] = "server tidak mendukung alamat di luar ASCII (SMTPUTF8)"
        except (ValueError, MessageError) as error:
            posting.refused[address] = f"isi surel tidak sah: {error}"
        except OSError as error:
            posting.deferred[address] = f"sambungan terputus: {type(error).__name__}"
            server.close()
        else:
            posting.reached.append(address)
        return server.sock is not None

    def check(self) -> None:
        """Greet the server and log in; sends nothing. Raises RefusedError, UnreachableError."""
        parse_sender(self.sender)
        _quit(self._connect())

    def _connect(self) -> smtplib.SMTP:
        server: smtplib.SMTP | None = None
        try:
            if self.security == "ssl":
                server = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout, context=ssl.create_default_context()
                )
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
            if self.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user and self.password:
                server.login(self.user, self.password)
        except (OSError, UnicodeError) as error:  # smtplib's own are OSErrors
            if server:
                server.close()
            raise self._explain(error) from (None if isinstance(error, UnicodeError) else error)
        return server

    def _explain(self, error: Exception) -> JagadataError:
        """Why there is no connection. Never holds the password."""
        if isinstance(error, ssl.SSLError):
            return RefusedError(
                f"Sambungan aman ke server surel {self.where} gagal: {error.reason or 'TLS'}.",
                "Periksa mail.security dan sertifikat server surel.",
            )
        if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500:
            return RefusedError(
                f"Server surel {self.where} menolak pengguna '{self.user}' (kode {error.smtp_code}).",
                "Periksa mail.user dan mail.password di berkas kantor.",
            )
        if isinstance(error, smtplib.SMTPException) and not isinstance(error, _ANSWERS):
            return RefusedError(
                f"Server surel {self.where} tidak mendukung cara sambung yang ditetapkan.",
                "Periksa mail.security, mail.user, dan mail.port di berkas kantor.",
            )
        if isinstance(error, UnicodeError):  # a password outside ASCII, which AUTH LOGIN can't carry
            return RefusedError(
                f"Pengguna atau kata sandi untuk server surel {self.where} tidak dapat dikirim.",
                "Pakai mail.user dan mail.password tanpa aksara di luar ASCII.",
            )
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500:
            return RefusedError(
                f"Server surel {self.where} menolak sambungan (kode {error.smtp_code}).",
                "Tanyakan kepada pengelola server surel apakah worker ini boleh mengirim.",
            )
        return UnreachableError(
            f"Server surel {self.where} tidak menjawab ({type(error).__name__}).",
            "Periksa mail.host, mail.port, dan jaringan dari worker ke server surel.",
            transient=True,
        )


def _quit(server: smtplib.SMTP) -> None:
    """Every letter was answered for by now: how the farewell goes changes nothing."""
    with contextlib.suppress(OSError):
        server.quit()
    server.close()
