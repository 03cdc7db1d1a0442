"""`jaga verify`: read backups from every store and say what still holds."""

from __future__ import annotations

from functools import partial

import click

from jagadata.backup import read_back
from jagadata.cli.restore import progress_bar
from jagadata.cli.tables import print_problems, print_table
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
    rows: list[tuple[str, ...]] = []
    damaged: list[str] = []
    with Workplace.open() as place:
        catalog = place.catalog(system or None)
        if backups:
            chosen = [catalog.get(backup) for backup in backups]
        else:
            names = (
                [place.office.system(system).id] if system else [entry.id for entry in place.office.systems]
            )
            chosen = [catalog.newest(name) for name in names]
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
                    rows.append((backup.id, store.name, "RUSAK", error.message))
                else:
                    rows.append((backup.id, store.name, "UTUH", "; ".join(means)))
        print_table(("Back up", "Penyimpanan", "Hasil", "Keterangan"), rows)
        print_problems(catalog.problems)
    if damaged:
        raise DamagedError(
            f"{len(damaged)} salinan rusak: {', '.join(damaged)}.",
            "Jangan dipakai; buat back up baru dan selidiki penyimpanannya.",
        )
