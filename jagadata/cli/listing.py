"""What there is: backups, what retention would do, and the filed forms."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from jagadata.calendar import format_bytes, format_date, format_moment
from jagadata.cli.restore import new_run_id
from jagadata.errors import NotFoundError
from jagadata.pruning import prune as carry_out
from jagadata.workplace import Workplace

if TYPE_CHECKING:
    from jagadata.catalog import Backup
    from jagadata.ports import Store, StoredObject

CODES = """\b
Kode keluar:
  0  selesai
  1  ada yang tidak terbaca atau tidak dapat dihapus (disebut satu per satu)
  2  berkas kantor salah
  4  tidak ada penyimpanan yang terjangkau"""


def _describe(backup: Backup, place: Workplace) -> dict[str, Any]:
    manifest, locked = backup.manifest, backup.locked_until
    return {
        "id": backup.id,
        "sistem": manifest.system,
        "periode": manifest.period,
        "waktu": format_moment(manifest.started, place.timezone),
        "ukuran": format_bytes(manifest.size),
        "salinan": ", ".join(backup.stores),
        "terkunci_sampai": format_date(locked.astimezone(place.timezone).date()) if locked else "",
        "pemeriksaan": backup.review or "menunggu",
        "keterangan": "dihapus menurut retensi"
        if backup.pruned
        else "ditahan"
        if backup.held
        else manifest.note,
    }


@click.command(name="backups", epilog=CODES)
@click.option("--system", default="", help="Hanya sistem ini.")
@click.option("--period", default="", help="Hanya periode ini, misalnya 2026-11.")
@click.option("--json", "as_json", is_flag=True, help="Keluaran JSON.")
def backups(system: str, period: str, as_json: bool) -> None:
    """Menampilkan back up yang ada (terbaru lebih dahulu) dan masalah yang ditemukan di penyimpanan."""
    with Workplace.open() as place:
        if system:
            place.office.system(system)
        catalog = place.catalog(system or None)
        rows = [
            _describe(one, place) for one in catalog.backups if not period or one.manifest.period == period
        ]
        problems = [(problem.place, problem.what) for problem in catalog.problems]
        problems += [
            (f"{found.key} di {held.name}", found.what)
            for held in place.stores
            for found in held.tampering("systems/")
        ]
        if as_json:
            click.echo(
                json.dumps(
                    {"back_up": rows, "masalah": [f"{where}: {what}" for where, what in problems]},
                    ensure_ascii=False,
                    indent=2,
                )
            )
            return
        table = Table(
            *(
                "ID back up",
                "Sistem",
                "Periode",
                "Waktu",
                "Ukuran",
                "Salinan",
                "Terkunci s.d.",
                "Pemeriksaan",
                "Ket.",
            )
        )
        for row in rows:
            table.add_row(*row.values())
        console = Console()
        console.print(table)
        for where, what in problems:
            console.print(f"MASALAH {where}: {what}", markup=False)


@click.command(name="prune", epilog=CODES)
@click.option("--system", default="", help="Hanya sistem ini.")
@click.option("--yes", is_flag=True, help="Hapus; tanpa ini hanya ditampilkan.")
@click.pass_context
def prune(context: click.Context, system: str, yes: bool) -> None:
    """Menampilkan keputusan retensi untuk setiap back up beserta alasannya; dengan --yes melaksanakannya."""
    with Workplace.open() as place:
        report = carry_out(
            place, dry_run=not yes, run=f"{getpass.getuser()}-{new_run_id()}", system=system or None
        )
    table = Table("Sistem", "Back up", "Periode", "Keputusan", "Alasan")
    for row in report.table():
        table.add_row(*row.values())
    console = Console()
    console.print(table)
    for problem in report.problems:
        console.print(f"MASALAH {problem.place}: {problem.what}", markup=False)
    console.print(report.summary)
    if report.problems:
        context.exit(1)


@click.command(name="forms", epilog=CODES)
@click.option("--run", default="", help="Hanya formulir run ini.")
@click.option(
    "--save", "folder", type=click.Path(path_type=Path, file_okay=False), help="Simpan PDF ke folder ini."
)
def forms(run: str, folder: Path | None) -> None:
    """Menampilkan formulir yang tersimpan di penyimpanan, dan menyimpannya sebagai PDF."""
    with Workplace.open() as place:
        found: dict[str, tuple[Store, StoredObject]] = {}
        for held in place.stores:
            for stored in held.list("forms/"):
                if stored.key.endswith(".pdf") and run in stored.key:
                    found.setdefault(stored.key, (held, stored))
        if run and not found:
            raise NotFoundError(
                f"Tidak ada formulir untuk run '{run}'.", "Lihat semuanya dengan `jaga forms`."
            )
        for key, (held, stored) in sorted(found.items()):
            if folder is None:
                click.echo(key)
                continue
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / key.removeprefix("forms/").replace("/", "-")
            path.write_bytes(held.get(key, version=stored.version))
            click.echo(str(path))
