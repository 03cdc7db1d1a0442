"""What the demo's story stands on: the servers that it started, its voice, and answers to gates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jagadata.adapters.orchestrator.prefect_api import PrefectApi
    from jagadata.demo.office import Application
    from jagadata.lab.imap_server import ImapServer
    from jagadata.lab.mail import MailSink
    from jagadata.lab.postgres import Postgres
    from jagadata.lab.prefect_server import PrefectServer


ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass
class Scene:
    """Everything that runs for the demo."""

    folder: Path
    postgres: Postgres
    mail: MailSink
    application: Application
    mailbox: ImapServer
    office: Path
    prefect: PrefectServer
    api: PrefectApi
    keep: bool
    papers: Path
    shown: set[str] = field(default_factory=set)

    def show(self, teller: Teller) -> None:
        """The mails and papers that are new since the last time."""
        found = [
            ("Surat elektronik (mail)", f"{message['to']}: {message['subject']}")
            for message in self.mail.messages()
        ]
        found += [("PDF", str(path)) for path in sorted(self.papers.glob("*.pdf"))]
        for label, text in found:
            if text not in self.shown:
                teller.fact(label, text)
            self.shown.add(text)


class Teller:
    """Prints the story: Indonesian first, English dimmed below."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.begun = time.monotonic()

    def say(self, indonesian: str, english: str) -> None:
        self.console.print(f"[bold]{indonesian}[/bold]")
        self.console.print(f"[dim]{english}[/dim]\n")

    def act(self, number: str, indonesian: str, english: str) -> None:
        seconds = int(time.monotonic() - self.begun)
        self.console.print(
            Panel(
                f"[bold]{indonesian}[/bold]\n[dim]{english}[/dim]",
                title=f"{number} · {seconds} s",
                title_align="left",
            )
        )

    def fact(self, label: str, value: str) -> None:
        self.console.print(f"  {label}: {value}", soft_wrap=True, markup=False)


def sign_off(
    scene: Scene,
    teller: Teller,
    run: str,
    decision: str,
    who: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    """The gate of a run: the person at the screen decides (KEEP=1), else the demo does, as that official would."""
    end = time.monotonic() + 180
    while True:
        found = scene.api.wait(run, ("Suspended", *ENDED), 180)
        if found.state != "Suspended":
            raise SystemExit(f"{found.flow}: {found.state} {found.message}")
        gate = scene.api.gate(run, 30)
        if decision in gate.decisions:
            break
        if time.monotonic() > end:
            raise SystemExit(f"{found.flow}: '{decision}' is not what is asked for:\n{gate.text}")
        time.sleep(0.5)  # the gate before this one, just answered
    signer = next((one for one in gate.signers if f"[{who}]" in one), gate.signers[0])
    if scene.keep:
        teller.say(
            f"Buka {scene.api.ui_url(run)}, tekan Resume, pilih keputusan sebagai {signer}.",
            f"Open the page, press Resume, and decide as this official ('{decision}' goes on).",
        )
        while scene.api.read(run).state == "Suspended":
            time.sleep(1)
        return
    teller.fact("Tanda tangan (sign-off)", f"{signer}: {decision}   [jaga approve {run[:8]}…]")
    scene.api.answer(run, decision, signer, "sesuai" if decision == "Diterima" else "", values)
