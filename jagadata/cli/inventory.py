"""`jaga inventory`: the database of SOP Pengumpulan Data's inventory: its login, its tables, what is in it."""

from __future__ import annotations

import click

from jagadata.adapters.satu_data.roles import render_inventory_sql
from jagadata.cli.tables import print_table
from jagadata.collection.claims import find_holder
from jagadata.collection.round import parse_round
from jagadata.collection.run import RoundRun, find_policy
from jagadata.collection.steps import TAKE_IN
from jagadata.connections import open_workplace
from jagadata.errors import NotFoundError, RefusedError

CODES = """\b
Kode keluar:
  0  selesai
  2  berkas kantor salah
  3  ditolak: hak akses kurang, atau skemanya dari versi Jagadata yang lebih baru
  4  basis data inventaris tidak terjangkau
  5  putaran tidak dikenal"""


@click.group(name="inventory", epilog=CODES)
def inventory() -> None:
    """Inventaris Satu Data (SOP Pengumpulan Data, langkah 5)."""


@inventory.command(name="prepare", epilog=CODES)
def prepare() -> None:
    """Mencetak SQL untuk basis data dan login inventaris; dijalankan administrator dengan psql."""
    with open_workplace() as place:
        click.echo(render_inventory_sql(find_policy(place).inventory), nl=False)


@inventory.command(name="migrate", epilog=CODES)
def migrate() -> None:
    """Membuat atau memutakhirkan tabel inventaris. Aman diulang; langkah 5 melakukannya sendiri."""
    with open_workplace() as place:
        done = place.inventory(find_policy(place)).migrate()
        click.echo("Tabel inventaris dimutakhirkan." if done else "Tabel inventaris sudah mutakhir.")


@inventory.command(name="show", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
def show(name: str) -> None:
    """Menampilkan status dan versi setiap data pada satu putaran."""
    with open_workplace() as place:
        round = parse_round(name)
        book = place.inventory(find_policy(place))
        rows = []
        for code, entry in sorted(book.statuses(round).items()):
            versions = book.versions(code, round)
            last = versions[-1] if versions else None
            rows.append(
                [
                    code,
                    entry.status,
                    last.label if last else "-",
                    str(last.rows) if last else "-",
                    "ya" if last and last.held else "-",
                    last.receipt if last else "-",
                ]
            )
        print_table(("Data", "Status", "Versi", "Baris", "Ditahan", "Tanda terima"), rows)


@inventory.command(name="take-in", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
def take_in(name: str) -> None:
    """Mengulang langkah 5 bagi data lengkap yang belum masuk inventaris atau belum terpublikasi. Yang sudah selesai tidak diulang."""
    from jagadata.collection.closing import steps  # late: the other commands need none of it
    from jagadata.collection.inventory.run import carry_in

    with open_workplace() as place:
        round = parse_round(name)
        holder = find_holder(place, round)
        if not holder:
            raise NotFoundError(
                f"Putaran {round.text} belum pernah dijalankan.", "Lihat daftarnya dengan `jaga round list`."
            )
        run = RoundRun(place, holder)
        if run.journal.outcome(TAKE_IN) is None:
            raise RefusedError(
                f"Langkah 5 {round.text} belum dijalankan.",
                "Tutup dahulu pengumpulan datanya (`jaga pending`).",
            )
        refusals = carry_in(run)
        rows = [[name, str(count), text] for name, count, text in steps.stored(run, refusals)]
        print_table(("Data", "Baris", "Keterangan"), rows)
        if refusals:
            raise RefusedError(
                f"{len(refusals)} data belum selesai: {', '.join(refusals)}.",
                "Lihat keterangannya, lalu ulangi.",
            )
