"""What there is: backups, what retention would do, and the filed forms."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from jagadata.backup.prune import prune as carry_out
from jagadata.cli.restore import new_run_id
from jagadata.cli.tables import print_problems, print_table
from jagadata.connections import open_workplace
from jagadata.errors import JagadataError
from jagadata.findings import Problem
from jagadata.stores import layout
from jagadata.text.formats import format_bytes, format_date, format_moment
from jagadata.text.periods import parse_period
from jagadata.vault.catalog import make_unanswered

if TYPE_CHECKING:
    from jagadata.vault.catalog import Backup, Catalog
    from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  selesai
  1  ada masalah di penyimpanan, atau ada yang tidak dapat dihapus (disebut satu per satu)
  2  berkas kantor salah
  3  periode salah
  4  tidak ada penyimpanan yang terjangkau
  5  sistem tidak ada"""


@click.command(name="backups", epilog=CODES)
@click.option("--system", default="", help="Hanya sistem ini.")
@click.option("--period", default="", help="Hanya periode ini, misalnya 2026-11.")
@click.option("--json", "as_json", is_flag=True, help="Keluaran JSON: waktu ISO 8601, ukuran dalam bita.")
@click.pass_context
def backups(context: click.Context, system: str, period: str, as_json: bool) -> None:
    """Menampilkan back up yang ada, terbaru lebih dahulu, dan masalah di penyimpanan."""
    if period:
        parse_period(period)
    with open_workplace() as place:
        catalog = _catalog(place, system)
        problems = [*catalog.problems, *map(make_unanswered, catalog.silent)]
        problems += _tampering(place, layout.make_system_prefix(system or None))
        found = [one for one in catalog.backups if period in ("", one.manifest.period)]
        if as_json:
            value = {
                "back_up": [_facts(one) for one in found],
                "masalah": [f"{one.where}: {one.what}" for one in problems],
            }
            click.echo(json.dumps(value, ensure_ascii=False, indent=2))
        else:
            headings = (
                "ID back up",
                "Sistem",
                "Periode",
                "Waktu",
                "Ukuran",
                "Salinan",
                "Terkunci s.d.",
                "Pemeriksaan",
                "Bukti",
                "Ket.",
            )
            print_table(headings, [_row(one, place) for one in found])
            print_problems(problems)
    if problems:
        context.exit(1)


def _catalog(place: Workplace, system: str) -> Catalog:
    """Of one system, or of all. Raises NotFoundError for a system that neither the office file nor any backup names."""
    if system and system not in [entry.id for entry in place.office.systems]:
        catalog = place.catalog()  # a system that has left the office file still has its backups
        if not catalog.of(system):
            place.office.system(system)
        return replace(catalog, backups=catalog.of(system))
    return place.catalog(system or None)


def _tampering(place: Workplace, prefix: str) -> list[Problem]:
    """Keys with later versions or delete markers. A store that does not answer is in the catalog's problems already."""
    problems = []
    for store in place.stores:
        try:
            problems += [
                Problem(where=f"{found.key} di {store.name}", what=found.what)
                for found in store.tampering(prefix)
            ]
        except JagadataError:
            continue
    return problems


def _remark(backup: Backup, place: Workplace) -> str:
    if backup.pruned:
        return "dihapus menurut retensi"
    ahead = "jam salah: waktunya lebih maju" if backup.is_after(place.clock()) else ""
    return "; ".join(part for part in (ahead, "ditahan" if backup.held else "", backup.manifest.note) if part)


def _row(backup: Backup, place: Workplace) -> list[str]:
    manifest, locked = backup.manifest, backup.locked_until
    return [
        backup.id,
        manifest.system,
        manifest.period,
        format_moment(manifest.started, place.timezone),
        format_bytes(manifest.size),
        ", ".join(backup.stores),
        format_date(locked, place.timezone) if locked else "",
        backup.review or "menunggu",
        manifest.state,
        _remark(backup, place),
    ]


def _facts(backup: Backup) -> dict[str, Any]:
    manifest, locked = backup.manifest, backup.locked_until
    return {
        "id": backup.id,
        "sistem": manifest.system,
        "periode": manifest.period,
        "kesempatan": manifest.occasion,
        "mulai": manifest.started.isoformat(),
        "selesai": manifest.finished.isoformat(),
        "ukuran_bita": manifest.size,
        "salinan": list(backup.stores),
        "terkunci_sampai": locked.isoformat() if locked else None,
        "pemeriksaan": backup.review or None,
        "bukti": manifest.state,
        "kekurangan": [one.what for entry in manifest.data if entry.proof for one in entry.proof.shortfalls],
        "dapat_dipulihkan": backup.restorable,
        "dihapus_menurut_retensi": backup.pruned,
        "ditahan": backup.held,
        "catatan": manifest.note,
        "nomor_formulir": manifest.form_number,
        "sha256_manifes": backup.digest,
    }


@click.command(name="prune", epilog=CODES)
@click.option("--system", default="", help="Hanya sistem ini.")
@click.option("--yes", is_flag=True, help="Hapus; tanpa ini hanya ditampilkan.")
@click.pass_context
def prune(context: click.Context, system: str, yes: bool) -> None:
    """Menampilkan keputusan retensi dan alasannya; dengan --yes melaksanakannya."""
    with open_workplace() as place:
        if system:
            place.office.system(system)
        run = f"{getpass.getuser()}-{new_run_id()}"
        report = carry_out(place, dry_run=not yes, run=run, system=system or None)
    rows = report.table()
    print_table(("Sistem", "Back up", "Periode", "Keputusan", "Alasan"), [list(row.values()) for row in rows])
    print_problems(report.problems)
    click.echo(report.summary)
    if report.dry_run and any(not decision.keep for decision in report.decisions):
        click.echo("Ulangi dengan --yes untuk menghapusnya.")
    if report.problems:
        context.exit(1)
