"""A real SMTP server that keeps what it gets as .eml files (aiosmtpd)."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path


class _Keep:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.count += 1
        (self.folder / f"{self.count:04}.eml").write_bytes(envelope.content)
        return "250 OK"


@dataclass
class MailSink:
    host: str
    port: int
    folder: Path
    controller: Any

    def messages(self) -> list[EmailMessage]:
        found: list[EmailMessage] = []
        for path in sorted(self.folder.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            found.append(message)
        return found

    def stop(self) -> None:
        self.controller.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start_mail(folder: Path, *, login: tuple[str, str] | None = None) -> MailSink:
    """An SMTP server on a free port, in a thread of this process; with `login`, it wants this user and password."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    from jagadata.lab.processes import free_port

    folder.mkdir(parents=True, exist_ok=True)

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        good = (
            login is not None
            and isinstance(data, LoginPassword)
            and (data.login.decode(), data.password.decode()) == login
        )
        return AuthResult(success=good, handled=False)

    options: Any = (
        {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False} if login else {}
    )
    controller: Any = Controller(_Keep(folder), hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    return MailSink("127.0.0.1", controller.port, folder, controller)
