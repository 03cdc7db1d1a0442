"""`jaga kept`: databases that restores left beside the live ones; dropping them is an act of its own."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click
from rich.console import Console

from jagadata.cli.tables import print_problems, print_table
from jagadata.connections import open_workplace
from jagadata.errors import JagadataError, NotFoundError
from jagadata.restore.kept import Kept, current_name_of, drop_kept, list_kept
from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from jagadata.findings import Problem
    from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  selesai
  2  berkas kantor salah
  3  ditolak: belum lewat tanggalnya, atau barang bukti insiden siber
  4  server basis data atau penyimpanan tidak terjangkau
  5  tidak ada basis data simpanan dengan nama itu"""


@click.group(name="kept", invoke_without_command=True, epilog=CODES)
@click.option("--system", default="", help="Hanya sistem ini.")
@click.pass_context
def kept(context: click.Context, system: str) -> None:
    """Menampilkan basis data simpanan: data lama sebelum restore dan hasil uji, beserta tanggal terakhirnya."""
    if context.invoked_subcommand:
        return
    with open_workplace() as place:
        if system:
            place.office.system(system)
        silent: set[str] = set()
        problems: list[Problem] = []
        print_table(
            ("Sistem", "Basis data simpanan", "Isi", "Disimpan sampai", "Keterangan"),
            [
                (
                    one.system,
                    one.kept,
                    one.what,
                    format_date(one.until, place.timezone),
                    _remark(one, place, silent),
                )
                for one in list_kept(place, system or None, problems)
                if not one.dropped
            ],
        )
        print_problems(problems)


_MOVED = {
    "gone": "tidak ada lagi di server",
    "in use": "kini bernama lain: dipakai lagi sejak rollback",
    "other server": "ada di server yang tidak lagi disebut berkas kantor untuk sistem ini",
}


def _remark(one: Kept, place: Workplace, silent: set[str]) -> str:
    """`silent`: systems whose server did not answer, which is waited for once; the list is of use without it, too."""
    moved = ""
    if one.system not in silent:
        try:
            moved = _MOVED.get(current_name_of(place, one), "")
        except JagadataError:
            silent.add(one.system)
    if one.incident:
        return "; ".join(part for part in ("barang bukti insiden siber", moved) if part)
    return moved or ("boleh dihapus" if place.clock() >= one.until else "")


def _is_due(one: Kept, place: Workplace) -> bool:
    """What is used again, or lies on another server, is nobody's to drop; it must not hold up the others."""
    return (
        place.clock() >= one.until and not one.incident and current_name_of(place, one) in ("beside", "gone")
    )


@kept.command(name="drop", epilog=CODES)
@click.argument("names", nargs=-1, metavar="[NAMA]...")
@click.option("--yes", is_flag=True, help="Hapus; tanpa ini hanya ditampilkan.")
def drop(names: tuple[str, ...], yes: bool) -> None:
    """Menghapus basis data simpanan yang lewat tanggalnya (atau hanya yang disebut); dicatat di penyimpanan."""
    console = Console()
    with open_workplace() as place:
        present = [one for one in list_kept(place) if not one.dropped]
        unknown = set(names) - {one.kept for one in present}
        if unknown:
            raise NotFoundError(
                f"Basis data simpanan {', '.join(sorted(unknown))} tidak ada.",
                "Lihat daftarnya dengan `jaga kept`.",
            )
        chosen = (
            [one for one in present if one.kept in names]
            if names
            else [one for one in present if _is_due(one, place)]
        )
        for one in chosen:
            if not yes:
                console.print(f"akan dihapus: {one.kept} ({one.what}, sistem {one.system})", markup=False)
                continue
            try:
                drop_kept(place, one, by=getpass.getuser())
            except JagadataError:
                console.print(f"tidak dihapus: {one.kept}", markup=False)
                raise
            console.print(f"dihapus: {one.kept}", markup=False)
        if not yes and chosen:
            console.print("Belum ada yang dihapus. Ulangi dengan --yes.")
