"""`jaga verify`: read backups from every store and say what still holds."""

from __future__ import annotations

from functools import partial

import click
from rich.console import Console
from rich.table import Table

from jagadata.backup import read_back
from jagadata.cli.restore import progress_bar
from jagadata.errors import DamagedError, JagadataError
from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  semua salinan yang diperiksa utuh
  2  berkas kantor salah
  4  penyimpanan tidak terjangkau
  5  back up tidak ada
  6  ada salinan yang rusak (disebut satu per satu)"""


@click.command(name="verify", epilog=CODES)
@click.argument("backups", nargs=-1, metavar="[ID BACK UP]...")
@click.option("--system", default="", help="Hanya sistem ini.")
def verify(backups: tuple[str, ...], system: str) -> None:
    """Membaca seluruh isi back up dari setiap penyimpanan: tanda tangan, hash, dekripsi, arsip, daftar tabel.

    Tanpa ID: back up terbaru setiap sistem.
    """
    console, damaged = Console(), []
    with Workplace.open() as place:
        catalog = place.catalog(system or None)
        if backups:
            chosen = [catalog.get(backup) for backup in backups]
        else:
            names = [system] if system else [entry.id for entry in place.office.systems]
            chosen = [catalog.newest(name) for name in names]
        table = Table("Back up", "Penyimpanan", "Hasil", "Keterangan")
        for backup in chosen:
            for store in place.stores:
                if store.name not in backup.stores:
                    continue
                read = partial(
                    read_back,
                    place,
                    backup.manifest.system,
                    backup.manifest.data,
                    store,
                    backup.versions_in(store.name),
                )
                size = sum(data.archive.plain_size for data in backup.manifest.data)
                try:
                    means = progress_bar(f"{backup.id} di {store.name}", size, read)
                except JagadataError as error:
                    damaged.append(f"{backup.id} di {store.name}")
                    table.add_row(backup.id, store.name, "RUSAK", error.message)
                else:
                    table.add_row(backup.id, store.name, "UTUH", "; ".join(means))
        console.print(table)
        for problem in catalog.problems:
            console.print(f"MASALAH {problem.place}: {problem.what}", markup=False)
    if damaged:
        raise DamagedError(
            f"{len(damaged)} salinan rusak: {', '.join(damaged)}.",
            "Jangan dipakai; buat back up baru dan selidiki penyimpanannya.",
        )
