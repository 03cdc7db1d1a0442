"""`jaga acknowledge`: step 6 of a restore, where no Prefect server asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jagadata.connections import open_workplace
from jagadata.restore.submission import record_acknowledgement

if TYPE_CHECKING:
    from jagadata.restore.steps import RequesterAnswer

CODES = """\b
Kode keluar:
  0  selesai
  2  berkas kantor salah
  3  ditolak: pemohon belum diberi tahu, jawabannya sudah dicatat, atau petugas tidak berwenang
  4  tidak ada penyimpanan yang terjangkau
  5  tidak ada permohonan restore dengan nomor run itu"""


@click.command(name="acknowledge", epilog=CODES)
@click.argument("run")
@click.option(
    "--note", required=True, help="Media dan rujukan jawabannya, misalnya: telepon 08.30 WIB, agenda 12."
)
@click.option("--as", "who", default="", help="ID petugas yang mencatat; wajib bila lebih dari satu.")
@click.option("--not-received", "refused", is_flag=True, help="Pemohon menyatakan datanya belum diterima.")
def acknowledge(run: str, note: str, who: str, refused: bool) -> None:
    """Mencatat jawaban pemohon atas nama pemohon (langkah 6), misalnya setelah `jaga restore`.

    Run yang menunggu di Prefect dijawab dengan `jaga approve` atau `jaga reject`.
    """
    with open_workplace() as place:
        answer: RequesterAnswer = "Belum diterima" if refused else "Diterima pemohon"
        click.echo(record_acknowledgement(place, run, answer=answer, note=note, recorder=who))
