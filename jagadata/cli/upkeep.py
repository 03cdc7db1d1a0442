"""`jaga sweep` and `jaga resume`: what interrupted runs left, and going on where one stopped."""

from __future__ import annotations

import getpass

import click

from jagadata.backup.letters import file_backup_form
from jagadata.backup.papers.markdown import render_backup
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.cli.restore import carry_on
from jagadata.cli.tables import print_problems, print_table
from jagadata.connections import open_workplace
from jagadata.errors import JagadataError, NotFoundError
from jagadata.restore.record import is_restore
from jagadata.restore.run import RestoreRun
from jagadata.restore.submission import refuse_unresumable
from jagadata.upkeep.sweep import sweep as find_and_clean

SWEEP_CODES = """\b
Kode keluar:
  0  selesai
  1  ada yang tidak dapat diperiksa atau dibersihkan (disebut satu per satu)
  2  berkas kantor salah"""
RESUME_CODES = """\b
Kode keluar:
  0  selesai
  1  gagal; layanan berjalan dengan data lama (alasan tercetak)
  3  ditolak: belum disetujui, atau keadaan sudah berubah sejak disetujui
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
        opened = place.journal(run).outcome("open")
        if opened is None:
            raise NotFoundError(
                f"Run '{run}' tidak ada di penyimpanan.", "Lihat nomornya dengan `jaga forms`."
            )
        if is_restore(place.journal(run)):
            _resume_restore(RestoreRun(place, run), yes=yes)
        else:
            _resume_backup(BackupRun(place, run, BackupOrder()))


def _resume_restore(run: RestoreRun, *, yes: bool) -> None:
    refuse_unresumable(run)
    click.echo(f"Permohonan {run.number()} · run {run.run} · {run.status}")
    if run.result is None and not yes:
        click.confirm("Lanjutkan?", abort=True)
    carry_on(run)


def _resume_backup(run: BackupRun) -> None:
    opened = run.open()
    for number, step in enumerate((run.dump, run.verify, run.name, run.secure), 1):
        for system in run.waiting(number, opened["systems"]):
            step(system)
    form = run.fill_form()
    file_backup_form(run.place, form, step=5)
    click.echo(render_backup(form, run.place.timezone))
    if run.failures():
        raise JagadataError(
            f"Back up {form.number}: {', '.join(run.failures())} gagal.",
            "Perbaiki sebabnya, lalu buat back up Susulan.",
        )
