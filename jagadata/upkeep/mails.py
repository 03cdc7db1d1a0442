"""The mail of the watch: what is newly wrong, and what is over. Pure given templates/watch.mail.j2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.papers.mails import make_mail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.findings import Concern
    from jagadata.ports.channel import Message


def render_watch(new: Sequence[Concern], over: Sequence[str], *, to: Sequence[str], office: str) -> Message:
    """To those who run the infrastructure."""
    facts = [
        *((f"Masalah {number}", f"{one.text} {one.action}".strip()) for number, one in enumerate(new, 1)),
        *((f"Sudah pulih {number}", text) for number, text in enumerate(over, 1)),
    ]
    return make_mail(
        "watch",
        to,
        person="Pengelola Infrastruktur TIK",
        office=office,
        facts=facts,
        count=len(new),
        notice=True,
    )
