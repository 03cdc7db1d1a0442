"""The mailbox that OPD send their data to, over IMAP (RFC 3501). Nothing there is deleted, moved or marked as read.

What is known is told by the caller, who reads it from our own receipts; the keyword that is set is for people to see.
"""

from __future__ import annotations

import contextlib
import imaplib
import ipaddress
import re
import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import MailboxFolderSelectError, MailboxLoginError

from jagadata.collection.intake.mail_heads import LONGEST, read_head
from jagadata.collection.intake.mail_parts import make_arrival, read_mail
from jagadata.errors import RefusedError, UnreachableError
from jagadata.text.formats import format_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from jagadata.collection.intake.arrival import Arrival
    from jagadata.collection.intake.senders import Senders

KEYWORD = "$JagadataDiterima"
_BATCH = 200  # heads asked for at once
_IDENTITY = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)]"
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """One message as the listing shows it, before any of its text was fetched."""

    uid: str
    key: str
    size: int
    at: datetime


@dataclass(kw_only=True)
class ImapMailbox:
    """Implements collection.arrival.Arrivals.

    `limit`: bytes of a whole mail; a larger one is refused by its head alone. `since`: older mails are not looked at.
    """

    host: str
    port: int
    security: Literal["ssl", "starttls", "none"]
    user: str
    password: str = field(repr=False)
    senders: Senders = field(repr=False)
    limit: int
    folder: str = "INBOX"
    ca: Path | None = None
    since: datetime | None = None
    timeout: float = 30  # seconds, for each answer of the server
    _client: BaseMailBox | None = field(default=None, repr=False)
    _uids: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return f"kotak surel {self.user} di {self.host}"

    # --- the connection ---

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)

    def _connect(self) -> BaseMailBox:
        where = f"{self.host}:{self.port}"
        client: BaseMailBox
        try:
            if self.security == "ssl":
                client = MailBox(self.host, self.port, self.timeout, ssl_context=self._context())
            elif self.security == "starttls":
                client = MailBoxStartTls(self.host, self.port, self.timeout, ssl_context=self._context())
            elif _is_loopback(self.host):
                client = MailBoxUnencrypted(self.host, self.port, self.timeout)
            else:
                raise RefusedError(
                    f"Kotak surel {where} tidak dibuka tanpa TLS.",
                    "Pakai collection.mailbox.security 'ssl' atau 'starttls'; 'none' hanya untuk 127.0.0.1.",
                )
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
            raise self._explain(error) from error
        try:
            plain = (self.user + self.password).isascii()
            (client.login if plain else client.login_utf8)(self.user, self.password, self.folder)
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
            _leave(client)
            raise self._explain(error) from None  # the cause may hold the password
        return client

    def _explain(self, error: Exception) -> RefusedError | UnreachableError:
        where = f"{self.host}:{self.port}"
        if isinstance(error, MailboxLoginError):
            return RefusedError(
                f"Server IMAP {where} menolak pengguna '{self.user}'.",
                "Periksa collection.mailbox.user dan password di berkas kantor.",
            )
        if isinstance(error, MailboxFolderSelectError):
            return RefusedError(
                f"Folder surel '{self.folder}' tidak ada pada {self.user} di {where}.",
                "Periksa collection.mailbox.folder di berkas kantor.",
            )
        if isinstance(error, ssl.SSLError):
            return RefusedError(
                f"Sambungan aman ke server IMAP {where} gagal: {error.reason or 'TLS'}.",
                "Periksa collection.mailbox.security dan ca, serta sertifikat server surel.",
            )
        return UnreachableError(
            f"Server IMAP {where} tidak menjawab ({type(error).__name__}).",
            "Periksa collection.mailbox.host dan port serta jaringan ke server surel; surel tetap ada di sana.",
            transient=True,
        )

    def _ask(self, question: Callable[[imaplib.IMAP4], _T]) -> _T:
        """What the server answers; a connection that broke is made again, once. Raises UnreachableError, RefusedError."""
        for last in (False, True):
            if self._client is None:
                self._client = self._connect()
            try:
                return question(self._client.client)
            except (OSError, imaplib.IMAP4.error) as error:
                self.close()
                if last:
                    raise self._explain(error) from error
        raise AssertionError

    def close(self) -> None:
        """Log out; opened again when needed."""
        client, self._client = self._client, None
        if client is not None:
            _leave(client)

    # --- what is there ---

    def check(self) -> None:
        """Log in, open the folder, log out. Raises UnreachableError, RefusedError."""
        self._ask(lambda client: client.noop())
        self.close()

    def fetch(self, known: Iterable[str]) -> Iterator[Arrival]:
        """New mails, oldest first; the same mail delivered twice counts once.

        Raises UnreachableError, RefusedError; UnreachableError also after the last mail, where the server withheld some.
        """
        seen = set(known)
        self._uids = {}
        fresh: dict[str, _Listed] = {}
        for listed in self._list():
            self._uids.setdefault(listed.key, listed.uid)
            if listed.key not in seen:
                fresh.setdefault(listed.key, listed)
        withheld = []
        try:
            for listed in sorted(fresh.values(), key=lambda one: (one.at, int(one.uid))):
                try:
                    arrival = self._read(listed)
                except _WithheldError:
                    withheld.append(listed.uid)
                    continue
                if arrival is not None:
                    yield arrival
        finally:
            self.close()
        if withheld:
            raise UnreachableError(
                f"Server IMAP tidak memberikan {len(withheld)} surel (UID {', '.join(withheld[:5])}); surel lain sudah diambil.",
                "Buka surel itu di kotak surel, taruh lampirannya di folder kiriman, lalu pindahkan surelnya; "
                "bila tidak, dicoba lagi pada pengambilan berikutnya.",
                transient=True,
            )

    def _list(self) -> Iterator[_Listed]:
        criteria = ["ALL"]
        if self.since:  # days of the server's own zone: one more, and what is too old is left out by its time
            criteria = ["SINCE", imaplib.Time2Internaldate(self.since.timestamp() - 86400).strip('" ')[:11]]
        found: list[bytes] = self._ask(lambda client: _check(client.uid("SEARCH", *criteria)))
        uids = [one.decode() for line in found if line for one in line.split()]
        for start in range(0, len(uids), _BATCH):
            batch = ",".join(uids[start : start + _BATCH])
            wanted = f"(UID RFC822.SIZE INTERNALDATE {_IDENTITY}<0.{LONGEST}>)"
            for line, head in self._fetch(batch, wanted):
                listed = _parse(line, head)
                if listed and (self.since is None or listed.at >= self.since):
                    yield listed

    def _fetch(self, uids: str, wanted: str, *, one: bool = False) -> list[tuple[bytes, bytes]]:
        """Each answer that carries text: the line (all but the text) and the text.

        Raises _WithheldError if the server refuses this `one` mail and goes on talking.
        """

        def question(client: imaplib.IMAP4) -> list[tuple[bytes, bytes]]:
            try:
                answer: list[Any] = _check(client.uid("FETCH", uids, wanted))
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                if not one:
                    raise
                _check(client.noop())
                raise _WithheldError from error
            found: list[tuple[bytes, bytes]] = []
            for item in answer:
                if isinstance(item, tuple):
                    found.append((item[0], item[1]))
                elif isinstance(item, bytes) and found:  # what stands behind the text belongs to the line
                    found[-1] = (found[-1][0] + b" " + item, found[-1][1])
            return found

        return self._ask(question)

    def _read(self, listed: _Listed) -> Arrival | None:
        """None: it was taken away meanwhile."""
        if listed.size > self.limit:
            for _line, head in self._fetch(listed.uid, f"(UID BODY.PEEK[HEADER]<0.{LONGEST}>)", one=True):
                return self._refuse(listed, head)
            return None
        for _line, raw in self._fetch(listed.uid, f"(UID BODY.PEEK[]<0.{self.limit + 1}>)", one=True):
            if len(raw) > self.limit:  # larger than the server said
                return self._refuse(listed, raw)
            return read_mail(raw, at=listed.at, senders=self.senders, key=listed.key)
        return None

    def _refuse(self, listed: _Listed, head: bytes) -> Arrival:
        refusal = (
            f"surel berukuran {format_bytes(listed.size)}, sedangkan yang diterima paling besar "
            f"{format_bytes(self.limit)} (termasuk penyandian lampiran); pecah menjadi beberapa surel, atau simpan di folder kiriman"
        )
        found = make_arrival(
            read_head(head, authority=self.senders.authority), listed.at, self.senders, refusal=refusal
        )
        return replace(found, key=listed.key)

    def mark(self, arrival: Arrival) -> None:
        """Set the keyword where the server takes it."""
        uid = self._uids.get(arrival.key)
        if uid and self._client is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                self._client.client.uid("STORE", uid, "+FLAGS.SILENT", f"({KEYWORD})")


class _WithheldError(Exception):
    """The server refuses one mail and goes on talking."""


def _check(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error("the server refused")
    return data


def _parse(line: bytes, head: bytes) -> _Listed | None:
    """One line of the listing: '1 (UID 7 RFC822.SIZE 110 INTERNALDATE "05-Oct-2026 01:00:00 +0000" BODY[...] {30}'."""
    uid, size = re.search(rb"\bUID (\d+)", line), re.search(rb"\bRFC822\.SIZE (\d+)", line)
    date = re.search(rb'\bINTERNALDATE "([^"]+)"', line)
    if not (uid and size and date):
        return None
    text = date[1].decode("ascii", "replace").strip()
    try:
        at = parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        at = datetime.now(UTC)
    key = read_head(head, size=int(size[1]), arrived=text).key
    return _Listed(uid=uid[1].decode(), key=key, size=int(size[1]), at=at)


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _leave(client: BaseMailBox) -> None:
    with contextlib.suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
        client.logout()
    with contextlib.suppress(OSError):
        client.client.shutdown()
