"""Rooms of the office that carry no address (Telegram, a WhatsApp gateway, …), through apprise."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apprise import Apprise, AppriseAsset, NotifyFormat

from jagadata.errors import RefusedError, UnreachableError
from jagadata.ports.channel import Delivery

if TYPE_CHECKING:
    from jagadata.ports.channel import Message

_ASSET = AppriseAsset(app_id="Jagadata", app_desc="Jagadata", app_url="", async_mode=False)


@dataclass(frozen=True)
class AppriseChannel:
    """Any apprise URL. It holds whom it reaches, whoever a message names, and its secrets; it is never printed."""

    name: str
    url: str = field(repr=False)

    @property
    def addressed(self) -> bool:
        return False

    def send(self, message: Message) -> Delivery:
        """Send the notice, never the letter or its papers. See ports.Channel; apprise says only that it failed, not why."""
        if not message.notice:
            raise RefusedError(
                f"Surat '{message.subject}' tidak dikirim lewat saluran '{self.name}', yang tidak sampai ke penerimanya.",
                "Isi mail di berkas kantor: surat hanya dikirim lewat server surel.",
            )
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # its plugins are loaded now; one asks for imghdr
            target: Any = Apprise.instantiate(self.url, asset=_ASSET, suppress_exceptions=True)
        if target is None:
            raise RefusedError(
                f"Saluran '{self.name}' tidak dikenal apprise.",
                "Periksa rahasia pada channels di berkas kantor; bentuknya harus URL apprise.",
            )
        if not target.notify(title=message.subject, body=message.notice, body_format=NotifyFormat.TEXT):
            raise UnreachableError(
                f"Pesan '{message.subject}' tidak terkirim lewat saluran '{self.name}'.",
                "Periksa jaringan dan URL apprise saluran itu, lalu coba lagi dengan `jaga doctor`.",
                transient=True,
            )
        return Delivery(reference=f"saluran {self.name}")
