"""`jaga sweep` and `jaga resume`: what interrupted runs left, and going on where one stopped."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from jagadata.backup.letters import file_backup_form
from jagadata.backup.offers import BACKUP
from jagadata.backup.papers.markdown import render_backup
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.cli.restore import carry_on
from jagadata.cli.tables import print_problems, print_table
from jagadata.collection.claims import find_holder
from jagadata.collection.closing.steps import finish
from jagadata.collection.inventory.run import fill_inventory
from jagadata.collection.offers import COLLECTION
from jagadata.collection.run import RoundRun
from jagadata.connections import open_workplace
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.evidence.journal import OPEN
from jagadata.restore.offers import RESTORE
from jagadata.restore.run import RestoreRun
from jagadata.restore.submission import refuse_unresumable
from jagadata.upkeep.procedures import find_gate, find_procedure
from jagadata.upkeep.sweep import sweep as find_and_clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.workplace import Workplace

SWEEP_CODES = """\b
Kode keluar:
  0  selesai
  1  ada yang tidak dapat diperiksa atau dibersihkan (disebut satu per satu)
  2  berkas kantor salah"""
RESUME_CODES = """\b
Kode keluar:
  0  selesai
  1  gagal; layanan berjalan dengan data lama (alasan tercetak)
  3  ditolak: belum disetujui, menunggu keputusan, sudah berakhir, atau keadaan sudah berubah sejak disetujui
  4  host, basis data, atau penyimpanan tidak terjangkau
  5  tidak ada run dengan nomor itu
  7  run itu masih berjalan"""


@click.command(name="sweep", epilog=SWEEP_CODES)
@click.option("--yes", is_flag=True, help="Bersihkan; tanpa ini hanya ditampilkan.")
@click.pass_context
def sweep(context: click.Context, yes: bool) -> None:
    """Menampilkan sisa run yang terputus dan artinya; dengan --yes membersihkan yang aman dibersihkan."""
    with open_workplace() as place:
        report = find_and_clean(place, dry_run=not yes, by=getpass.getuser())
    rows = report.table()
    if rows:
        print_table(tuple(rows[0]), [list(row.values()) for row in rows])
    print_problems(report.problems)
    click.echo(report.summary)
    if not yes and any(leftover.clean for leftover in report.found):
        click.echo("Ulangi dengan --yes untuk membersihkannya.")
    if report.problems:
        context.exit(1)


@click.command(name="resume", epilog=RESUME_CODES)
@click.argument("run")
@click.option("--yes", is_flag=True, help="Jangan bertanya lagi sebelum layanan dihentikan.")
def resume(run: str, yes: bool) -> None:
    """Melanjutkan run yang terhenti dari langkah pertama yang belum selesai; tidak ada langkah yang diulang tanpa dilihat dahulu."""
    with open_workplace() as place:
        journal = place.journal(run)
        if journal.outcome(OPEN) is None:
            raise NotFoundError(
                f"Run '{run}' tidak ada di penyimpanan.", "Lihat nomornya dengan `jaga forms`."
            )
        procedure = find_procedure(journal)
        go_on = _WAYS.get(procedure.name) if procedure else None
        if go_on is None:
            raise RefusedError(
                f"Run '{run}' bukan run dari SOP yang dikenal versi Jagadata ini.",
                "Lanjutkan dengan versi yang menulisnya.",
            )
        go_on(place, run, yes)


def _resume_restore(place: Workplace, run_id: str, yes: bool) -> None:
    run = RestoreRun(place, run_id)
    refuse_unresumable(run)
    click.echo(f"Permohonan {run.number()} · run {run.run} · {run.status}")
    if run.result is None and not yes:
        click.confirm("Lanjutkan?", abort=True)
    carry_on(run)


def _resume_backup(place: Workplace, run_id: str, yes: bool) -> None:
    del yes  # nothing is stopped
    run = BackupRun(place, run_id, BackupOrder())
    form = run.carry_on()
    file_backup_form(place, form, step=5)
    click.echo(render_backup(form, place.timezone))
    if run.failures():
        raise JagadataError(
            f"Back up {form.number}: {', '.join(run.failures())} gagal.",
            "Perbaiki sebabnya, lalu buat back up Susulan.",
        )


def _resume_round(place: Workplace, run_id: str, yes: bool) -> None:
    """What needs nobody's decision is done; the rest is named with the way to it."""
    del yes  # nothing is stopped
    run = RoundRun(place, run_id)
    if run.status:
        raise RefusedError(
            f"{run.title} sudah berakhir ({run.status}).", "Lihat suratnya dengan `jaga round papers`."
        )
    holder = find_holder(place, run.round)
    if holder != run_id:
        raise RefusedError(
            f"{run.title} kini dipegang run {holder}.", f"Lanjutkan dengan `jaga resume {holder}`."
        )
    if run.is_closed:
        fill_inventory(run)
        finish(run)
        click.echo(f"{run.title}: {run.status}.")
        return
    page = place.office.prefect.run_page(run_id)
    gate = find_gate(place.journal(run_id))
    waits = f"menunggu: {gate.gate.what}" if gate else "belum sampai penutupan"
    raise RefusedError(
        f"{run.title} {waits}; langkah berikutnya memerlukan keputusan pejabat.",
        f"Jawab dengan tombol Resume pada run itu di UI Prefect{f' ({page})' if page else ''}. Bila run itu sudah tidak ada, "
        f"jalankan SOP Pengumpulan Data untuk putaran {run.round} dengan 'Ambil alih': langkah yang selesai tidak diulang.",
    )


_WAYS: dict[str, Callable[[Workplace, str, bool], None]] = {
    RESTORE.name: _resume_restore,
    BACKUP.name: _resume_backup,
    COLLECTION.name: _resume_round,
}
"""How a run of each kind goes on from a terminal."""
