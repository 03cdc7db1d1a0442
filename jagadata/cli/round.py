"""`jaga round`: rounds of SOP Pengumpulan Data without Prefect: who delivered what, attendance, intake, quarantine, papers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jagadata.cli.first_day import write_new
from jagadata.cli.tables import print_problems, print_table
from jagadata.collection.claims import find_holder, find_rounds
from jagadata.collection.intake.delivery_table import make_delivery_rows
from jagadata.collection.intake.late_arrivals import make_late_rows
from jagadata.collection.intake.releases import list_releases, make_held_rows, release, render_release
from jagadata.collection.intake.run import (
    accept_receipt,
    list_deliveries,
    list_open_rounds,
    list_quarantine,
    list_unread_mails,
    take_in_round,
)
from jagadata.collection.round import Round, parse_round
from jagadata.collection.run import RoundRun, find_policy
from jagadata.collection.steps import MEET, SCHEDULE
from jagadata.connections import open_workplace
from jagadata.errors import NotFoundError, RefusedError, UnreachableError
from jagadata.findings import Problem
from jagadata.stores import layout
from jagadata.stores.copies import from_all

if TYPE_CHECKING:
    from jagadata.ports.store import Store
    from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  selesai
  1  ada yang tidak dapat diterima atau dijawab (disebut satu per satu)
  2  berkas kantor salah
  3  ditolak sebelum apa pun diubah
  4  kotak surat, penyimpanan, atau basis data tidak terjangkau
  5  putaran, tanda terima, atau OPD tidak ada"""


@click.group(name="round", epilog=CODES)
def round_group() -> None:
    """SOP Pengumpulan Data: putaran, penyampaian data, presensi, dan karantina."""


def _open(place: Workplace, text: str) -> RoundRun:
    """The run that holds a round. Raises RefusedError, NotFoundError."""
    found = parse_round(text)
    holder = find_holder(place, found)
    if not holder:
        raise NotFoundError(
            f"Putaran {found.text} belum pernah dijalankan.", "Lihat daftarnya dengan `jaga round list`."
        )
    return RoundRun(place, holder)


@round_group.command(name="list", epilog=CODES)
def list_rounds() -> None:
    """Menampilkan semua putaran."""
    with open_workplace() as place:
        find_policy(place)
        print_table(
            ("Putaran", "Run", "Keadaan", "Batas waktu", "Data lengkap"),
            [_row(place, one) for one in find_rounds(place)],
        )


def _row(place: Workplace, one: Round) -> list[str]:
    run = RoundRun(place, find_holder(place, one))
    if run.journal.outcome(SCHEDULE) is None:
        return [one.text, run.run, run.status or "disiapkan", "-", "-"]
    deliveries = list_deliveries(run)
    complete = sum(item.is_complete for item in deliveries)
    return [
        one.text,
        run.run,
        run.status or "berjalan",
        run.deadline.isoformat(),
        f"{complete} dari {len(deliveries)}",
    ]


@round_group.command(name="show", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
def show(name: str) -> None:
    """Menampilkan siapa menyampaikan apa, isi karantina, dan surel yang perlu dibaca petugas."""
    with open_workplace() as place:
        run = _open(place, name)
        deliveries = list_deliveries(run)
        rows = make_delivery_rows(deliveries, place.timezone)
        if rows:
            print_table(tuple(rows[0]), [list(row.values()) for row in rows])
        personal = make_held_rows(deliveries)
        if personal:
            click.echo("Ditahan karena data pribadi (Kasi dapat melepasnya dengan `jaga round release`):")
            print_table(tuple(personal[0]), [list(row.values()) for row in personal])
        for one in list_releases(run):
            click.echo(f"Data pribadi pada '{one.dataset}' {render_release(run, one)}.")
        held = list_quarantine(run)
        if held:
            click.echo("Karantina (pengirim tidak dikenal; terima dengan `jaga round accept`):")
            print_table(("Tanda terima", "Pengirim", "Berkas", "Sebab"), [list(row.values()) for row in held])
        unread = list_unread_mails(run)
        if unread:
            click.echo("Perlu dibaca petugas (tanpa data, tidak dijawab):")
            print_table(tuple(unread[0]), [list(row.values()) for row in unread])
        late = make_late_rows(run)
        if late:
            click.echo("Datang setelah penutupan (disimpan dan dijawab, tidak dihitung):")
            print_table(tuple(late[0]), [list(row.values()) for row in late])


@round_group.command(name="attendance", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
@click.argument("file", metavar="BERKAS", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def attendance(name: str, file: Path) -> None:
    """Memasukkan presensi dari Daftar Hadir (XLSX) yang sudah diisi."""
    with open_workplace() as place:
        run = _open(place, name)
        if run.journal.outcome(MEET) is not None:
            raise RefusedError(f"Presensi {run.title} sudah ditutup.", "Lihat dengan `jaga round papers`.")
        found = place.spreadsheets.read_attendance(file, run.agencies)
        run.enter_attendance(found)
        click.echo(
            f"{len(found.present)} dari {len(run.agencies)} OPD hadir. Jawab gerbang presensi di UI Prefect untuk melanjutkan."
        )


@round_group.command(name="intake", epilog=CODES)
@click.pass_context
def intake(context: click.Context) -> None:
    """Mengambil, memeriksa, dan menjawab kiriman OPD sekarang, tanpa server Prefect."""
    with open_workplace() as place:
        problems: list[Problem] = []
        for run in list_open_rounds(place):
            done = take_in_round(run)
            click.echo(f"{run.title}: {done.summary}")
            problems += done.problems
    print_problems(problems)
    if problems:
        context.exit(1)


@round_group.command(name="accept", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
@click.argument("receipt", metavar="TANDA-TERIMA")
@click.option("--agency", required=True, help="ID OPD pemilik berkas itu.")
@click.option("--by", required=True, help="ID pejabat yang memutuskan.")
def accept(name: str, receipt: str, agency: str, by: str) -> None:
    """Menerima berkas dari karantina sebagai kiriman sebuah OPD."""
    with open_workplace() as place:
        run = _open(place, name)
        official = place.office.official(by)
        if agency not in [one.id for one in run.agencies]:
            known = ", ".join(one.id for one in run.agencies)
            raise NotFoundError(
                f"OPD '{agency}' tidak ada di berkas kantor.", f"Pilih salah satu dari: {known}."
            )
        accept_receipt(run, receipt, agency, official.id)
        click.echo(
            f"{receipt} diterima sebagai kiriman {run.agency(agency).name}; diperiksa pada penerimaan berikutnya."
        )


@round_group.command(name="release", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
@click.argument("dataset", metavar="KODE-DATA")
@click.option("--by", required=True, help="ID Kasi yang memutuskan.")
@click.option("--note", required=True, help="Alasan atau dasar hukumnya; dicatat dan dicetak pada laporan.")
def release_dataset(name: str, dataset: str, by: str, note: str) -> None:
    """Melepas satu tabel yang ditahan karena data pribadi (UU 27/2022), atas keputusan Kasi yang dicatat dan ditandatangani."""
    with open_workplace() as place:
        run = _open(place, name)
        official = place.office.official(by)
        done = release(run, list_deliveries(run), dataset, official, note)
        for found in done.found:
            click.echo(f"- {found}")
        click.echo(
            f"Data '{dataset}' {render_release(run, done)}. Berlaku hanya bagi tabel ini; kiriman berikutnya diperiksa lagi."
        )
        if run.journal.outcome("5") is not None:
            click.echo(f"Terbitkan sekarang dengan `jaga inventory take-in {name}`.")


@round_group.command(name="papers", epilog=CODES)
@click.argument("name", metavar="PUTARAN")
@click.option(
    "--folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder tujuan (izin 0600).",
)
def papers(name: str, folder: Path) -> None:
    """Menyimpan surat, presensi, dan laporan putaran sebagai berkas."""
    with open_workplace() as place:
        _open(place, name)
        prefix = layout.make_papers_prefix(str(parse_round(name)))
        seen: set[str] = set()
        answers = from_all(
            place.stores,
            lambda store: _save(store, prefix, folder, seen),
            passable=(UnreachableError,),  # the others have copies
        )
        print_problems([Problem(where="penyimpanan", what=fault.message) for _, fault in answers.faults])


def _save(store: Store, prefix: str, folder: Path, seen: set[str]) -> None:
    """What a store has of a round's papers and no store before it had. Raises UnreachableError."""
    for stored in store.list(prefix):
        if stored.key in seen:
            continue
        path = folder / layout.make_download_name(stored.key, prefix)
        content = store.get(stored.key, version=stored.version)
        if not (path.exists() and path.read_bytes() == content):
            write_new(path, content)
        seen.add(stored.key)
        click.echo(str(path))
