"""`jaga acknowledge`: step 6 of a restore, where no Prefect server asks for it."""

from __future__ import annotations

import click

from jagadata.connections import open_workplace
from jagadata.errors import NotFoundError, RefusedError
from jagadata.restore.letters import close_restore
from jagadata.restore.run import RestoreRun

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
        opened = place.journal(run).outcome("open")
        if opened is None or "request" not in opened:
            raise NotFoundError(
                f"Permohonan restore dengan run '{run}' tidak ada.", "Lihat nomornya dengan `jaga forms`."
            )
        restore = RestoreRun(place, run)
        if restore.journal.outcome("5") is None or restore.status not in ("Selesai", "Gagal"):
            raise RefusedError(
                f"Permohonan {restore.number()} belum sampai langkah 6 ({restore.status}).",
                "Selesaikan lebih dahulu dengan `jaga resume`.",
            )
        if restore.journal.outcome("6") is not None:
            raise RefusedError(
                f"Jawaban atas permohonan {restore.number()} sudah dicatat.", "Lihat dengan `jaga forms`."
            )
        chosen = [official for official in restore.recorders() if who in ("", official.id)]
        if len(chosen) != 1:
            known = ", ".join(official.id for official in restore.recorders()) or "(tidak ada)"
            raise RefusedError(
                f"Petugas '{who}' tidak berwenang mencatatnya."
                if who
                else "Petugas yang mencatat belum jelas.",
                f"Sebutkan --as dengan salah satu dari: {known}.",
            )
        answer = "Belum diterima" if refused else "Diterima pemohon"
        restore.acknowledge(answer=answer, recorded_by=chosen[0].name, how=note, note=note)
        close_restore(restore)
        click.echo(f"{answer}: dicatat pada permohonan {restore.number()} oleh {chosen[0].name}.")
