"""A real IMAP server on loopback with one mailbox in memory (pymap): no keywords, no TLS, gone when it stops."""

from __future__ import annotations

import imaplib
import secrets
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from jagadata.lab.processes import Server, answers, free_port

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@dataclass(kw_only=True)
class ImapServer:
    """A running server and its one user."""

    port: int
    user: str
    password: str
    server: Server
    host: str = "127.0.0.1"

    def client(self) -> imaplib.IMAP4:
        """Logged in, INBOX selected."""
        client = imaplib.IMAP4(self.host, self.port, timeout=20)
        client.login(self.user, self.password)
        client.select("INBOX")
        return client

    def deliver(self, at: datetime, *mails: bytes) -> None:
        """Put mails into INBOX as if they had come at that moment (aware), a second apart."""
        client = self.client()
        try:
            for number, raw in enumerate(mails):
                when = imaplib.Time2Internaldate(at + timedelta(seconds=number))
                kind, data = client.append("INBOX", "", when, raw)
                if kind != "OK":
                    raise RuntimeError(f"APPEND: {data!r}")
        finally:
            client.logout()

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start_imap(folder: Path, *, user: str = "data") -> ImapServer:
    """Start it on a free port; the log is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_hex(8)
    login = folder / "login"  # arguments by file: a password is never on a command line
    login.touch(mode=0o600)
    login.write_text(f"dict\n--demo-user\n{user}\n--demo-password\n{password}\n", encoding="ascii")
    start = "import sys; from pymap.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "--host", "127.0.0.1", "--port", str(port), "--no-tls"]
    server = Server([*command, f"@{login}"], log=folder / "imap.log")
    server.wait_for(lambda: answers(port), "IMAP server")
    return ImapServer(port=port, user=user, password=password, server=server)
