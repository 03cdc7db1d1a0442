"""Sign-offs from the command line: what waits, and the answer to it."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import click
from rich.console import Console

from jagadata.adapters.orchestrator.prefect_api import PrefectApi
from jagadata.cli.tables import print_table
from jagadata.errors import NotFoundError, RefusedError
from jagadata.signoff.signers import parse_label
from jagadata.text.formats import format_moment

CODES = """\b
Kode keluar:
  0  selesai
  3  ditolak: pejabat tidak berwenang, atau run tidak sedang menunggu
  4  server Prefect tidak terjangkau
  5  run tidak ada"""


@click.command(name="pending", epilog=CODES)
@click.option("--full", is_flag=True, help="Cetak juga isi formulir dan rencana setiap run.")
def pending(full: bool) -> None:
    """Menampilkan run yang menunggu keputusan, beserta pilihan dan pejabat yang berwenang."""
    console = Console()
    with closing(PrefectApi()) as api:
        rows: list[tuple[str, ...]] = []
        texts: list[tuple[str, str]] = []
        for run in api.pending():
            try:
                gate = api.gate(run.id, 1)
            except RefusedError:
                continue  # paused by hand, without a form
            choices, signers = " / ".join(gate.decisions[:2]), "\n".join(gate.signers)
            since = format_moment(datetime.fromisoformat(run.since)) if run.since else ""
            rows.append((run.id, run.flow, since, choices, signers))
            texts.append((run.id, gate.text))
        print_table(("Run", "Prosedur", "Sejak", "Pilihan", "Pejabat"), rows)
        for identifier, text in texts if full else []:
            console.rule(identifier)
            console.print(text, markup=False)


def _answer(run: str, *, where: int, who: str, note: str) -> None:
    with closing(PrefectApi()) as api:
        identifier = _find(api, run)
        gate = api.gate(identifier, 5)
        chosen = [signer for signer in gate.signers if not who or parse_label(signer) == who]
        if len(chosen) != 1:
            known = ", ".join(parse_label(signer) for signer in gate.signers)
            raise RefusedError(
                f"Pejabat '{who}' tidak berwenang di sini." if who else "Lebih dari satu pejabat berwenang.",
                f"Sebutkan --as dengan salah satu dari: {known}.",
            )
        api.answer(identifier, gate.decisions[where], chosen[0], note)
        click.echo(
            f"{gate.decisions[where]} dicatat atas nama {chosen[0]}. Identitas penanda tangan belum dibuktikan."
        )


def _find(api: PrefectApi, run: str) -> str:
    """The waiting run whose id begins so. Raises NotFoundError."""
    found = [one.id for one in api.pending() if one.id.startswith(run)]
    if len(found) != 1:
        raise NotFoundError(
            f"Tidak ada satu run menunggu yang nomornya berawalan '{run}'.",
            "Lihat daftarnya dengan `jaga pending`.",
        )
    return found[0]


_AS = click.option("--as", "who", default="", help="ID pejabat; wajib bila lebih dari satu yang berwenang.")
_NOTE = click.option("--note", default="", help="Catatan pada formulir.")


@click.command(name="approve", epilog=CODES)
@click.argument("run")
@_AS
@_NOTE
def approve(run: str, who: str, note: str) -> None:
    """Menyetujui atau menerima (Menyetujui, Diterima) run yang menunggu; awal nomor run cukup."""
    _answer(run, where=0, who=who, note=note)


@click.command(name="reject", epilog=CODES)
@click.argument("run")
@_AS
@_NOTE
def reject(run: str, who: str, note: str) -> None:
    """Menolak atau mengembalikan (Tidak menyetujui, Dikembalikan) run yang menunggu."""
    _answer(run, where=1, who=who, note=note)
