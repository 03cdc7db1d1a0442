"""`jaga verify`: read backups from every store and say what still holds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from jagadata.cli.restore import progress_bar
from jagadata.cli.tables import print_problems, print_table
from jagadata.connections import open_workplace
from jagadata.errors import DamagedError, JagadataError, NotFoundError
from jagadata.vault.verification import read_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.vault.catalog import Backup, Catalog
    from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  semua salinan yang diperiksa utuh
  2  berkas kantor salah
  3  ada salinan yang tidak dapat diperiksa di sini (misalnya identitas age tidak tersedia)
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
    unread: list[JagadataError] = []
    with open_workplace() as place:
        catalog = place.catalog(system or None)
        for name, find in _wanted(place, catalog, backups, system):
            try:
                backup = find()
            except NotFoundError as error:  # one that is not there hides none of the others
                rows.append((name, "", "TIDAK ADA", error.message))
                unread.append(error)
                continue
            if backup.pruned:
                rows.append((backup.id, "", "DIHAPUS", "datanya sudah dihapus menurut retensi"))
                continue
            for store in backup.held_by(place.stores):
                size = sum(data.archive.plain_size for data in backup.manifest.data)
                try:
                    read = partial(
                        read_back,
                        place.server(backup.manifest.system),
                        place.identity(),
                        backup.manifest.data,
                        store,
                        backup.versions_in(store.name),
                    )
                    means = progress_bar(f"{backup.id} di {store.name}", size, read)
                except (DamagedError, NotFoundError) as error:
                    damaged.append(f"{backup.id} di {store.name}")
                    rows.append((backup.id, store.name, "RUSAK", error.message))
                except JagadataError as error:  # nothing is said about the copy
                    unread.append(error)
                    rows.append((backup.id, store.name, "TIDAK DIPERIKSA", error.message))
                else:
                    rows.append((backup.id, store.name, "UTUH", "; ".join(means)))
        print_table(("Back up", "Penyimpanan", "Hasil", "Keterangan"), rows)
        print_problems(catalog.problems)
    if damaged:
        raise DamagedError(
            f"{len(damaged)} salinan rusak: {', '.join(damaged)}.",
            "Jangan dipakai; buat back up baru dan selidiki penyimpanannya.",
        )
    if unread:
        raise unread[0]


def _wanted(
    place: Workplace, catalog: Catalog, backups: Sequence[str], system: str
) -> list[tuple[str, Callable[[], Backup]]]:
    """What to verify, each with how it is found. Raises NotFoundError for an unknown system."""
    if backups:
        return [(backup, partial(catalog.get, backup)) for backup in backups]
    names = [place.office.system(system).id] if system else [entry.id for entry in place.office.systems]
    return [(name, partial(catalog.newest, name)) for name in names]
