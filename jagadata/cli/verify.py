"""`jaga verify`: read backups from every store and say what still holds."""

from __future__ import annotations

from dataclasses import dataclass, field
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

    from jagadata.ports.store import Store
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
    with open_workplace() as place:
        catalog = place.catalog(system or None)
        checked = check_copies(place, _wanted(place, catalog, backups, system))
        print_table(("Back up", "Penyimpanan", "Hasil", "Keterangan"), checked.rows)
        print_problems(catalog.problems)
    if checked.damaged:
        raise DamagedError(
            f"{len(checked.damaged)} salinan rusak: {', '.join(checked.damaged)}.",
            "Jangan dipakai; buat back up baru dan selidiki penyimpanannya.",
        )
    if checked.unread:
        raise checked.unread[0]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A row for each copy, the copies that are damaged, and why nothing is said about others."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    unread: list[JagadataError] = field(default_factory=list)


def check_copies(place: Workplace, wanted: Sequence[tuple[str, Callable[[], Backup]]]) -> Checked:
    """Read every copy of these backups; what one lacks hides none of the others."""
    checked = Checked()
    for name, find in wanted:
        try:
            backup = find()
        except NotFoundError as error:
            checked.rows.append((name, "", "TIDAK ADA", error.message))
            checked.unread.append(error)
            continue
        if backup.pruned:
            checked.rows.append((backup.id, "", "DIHAPUS", "datanya sudah dihapus menurut retensi"))
            continue
        for store in backup.held_by(place.stores):
            outcome, words = _check_copy(place, backup, store, checked)
            checked.rows.append((backup.id, store.name, outcome, words))
    return checked


def _check_copy(place: Workplace, backup: Backup, store: Store, checked: Checked) -> tuple[str, str]:
    """UTUH, RUSAK or TIDAK DIPERIKSA, and why."""
    size = sum(data.archive.plain_size for data in backup.manifest.data)
    try:
        read = partial(
            read_back,
            place.server(backup.manifest.system),
            place.identities_for(backup.manifest.recipients),
            backup.manifest.data,
            store,
            backup.versions_in(store.name),
        )
        means = progress_bar(f"{backup.id} di {store.name}", size, read)
    except (DamagedError, NotFoundError) as error:
        checked.damaged.append(f"{backup.id} di {store.name}")
        return "RUSAK", error.message
    except JagadataError as error:  # nothing is said about the copy
        checked.unread.append(error)
        return "TIDAK DIPERIKSA", error.message
    return "UTUH", "; ".join(means)


def _wanted(
    place: Workplace, catalog: Catalog, backups: Sequence[str], system: str
) -> list[tuple[str, Callable[[], Backup]]]:
    """What to verify, each with how it is found. Raises NotFoundError for an unknown system."""
    if backups:
        return [(backup, partial(catalog.get, backup)) for backup in backups]
    names = [place.office.system(system).id] if system else [entry.id for entry in place.office.systems]
    return [(name, partial(catalog.newest, name)) for name in names]
