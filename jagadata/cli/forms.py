"""`jaga forms`: the forms that runs filed in the stores, and their PDFs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jagadata.cli.first_day import write_new
from jagadata.cli.tables import print_problems, print_table
from jagadata.connections import open_workplace
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.findings import Problem
from jagadata.papers.outbox import FORM_KIND
from jagadata.restore.letters import print_minutes
from jagadata.restore.run import RestoreRun
from jagadata.stores import layout
from jagadata.stores.copies import from_all
from jagadata.text.formats import format_bytes, format_moment

if TYPE_CHECKING:
    from jagadata.ports.store import Store, StoredObject
    from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  selesai
  1  ada penyimpanan yang tidak menjawab, atau catatan yang tidak terbaca
  2  berkas kantor salah
  3  ditolak: berkas dengan nama itu sudah ada dan isinya lain, atau berita acara tidak dapat dibuat
  4  tidak ada penyimpanan yang terjangkau
  5  tidak ada formulir untuk run itu"""

_PROCEDURES = {"backup": "Back Up", "restore": "Restore"}


@dataclass(frozen=True, kw_only=True)
class Filed:
    """One PDF; `number` comes from its signed record and is empty where that can't be read."""

    store: Store
    stored: StoredObject
    number: str

    @property
    def key(self) -> layout.FormKey:
        return layout.parse_form_key(self.stored.key)

    @property
    def procedure(self) -> str:
        return _PROCEDURES.get(self.key.procedure, self.key.procedure)

    @property
    def run(self) -> str:
        return self.key.run

    @property
    def step(self) -> str:
        return self.key.step


@click.command(name="forms", epilog=CODES)
@click.option("--run", default="", help="Hanya formulir run ini; awal nomor run cukup.")
@click.option(
    "--save",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Simpan PDF-nya ke folder ini (izin 0600: memuat data pribadi).",
)
@click.option(
    "--minutes",
    "letter",
    metavar="NOMOR",
    help="Buat juga Berita Acara Restore (atau Uji Restore) dengan nomor surat ini; perlu --run dan --save.",
)
@click.pass_context
def forms(context: click.Context, run: str, folder: Path | None, letter: str | None) -> None:
    """Menampilkan formulir di penyimpanan; dengan --save menyimpan PDF-nya."""
    if letter is not None and not (run and folder and letter.strip()):
        raise RefusedError(
            "Berita acara memerlukan run, folder, dan nomor surat.",
            "Ketik `jaga forms --run RUN --save FOLDER --minutes NOMOR`.",
        )
    with open_workplace() as place:
        found, problems = _find(place, run)
        if run and not found:
            raise NotFoundError(
                f"Tidak ada formulir untuk run '{run}'.", "Lihat semuanya dengan `jaga forms`."
            )
        print_table(
            ("Nomor formulir", "Prosedur", "Run", "Sampai langkah", "Disimpan", "Ukuran", "Penyimpanan"),
            [
                [
                    one.number,
                    one.procedure,
                    one.run,
                    one.step,
                    format_moment(one.stored.modified, place.timezone),
                    format_bytes(one.stored.size),
                    one.store.name,
                ]
                for one in found
            ],
        )
        if folder:
            for one in found:
                path = folder / layout.make_download_name(one.stored.key, layout.FORMS)
                click.echo(_save(path, one.store.get(one.stored.key, version=one.stored.version)))
            if letter:
                click.echo(_save_minutes(place, found, letter.strip(), folder))
        print_problems(problems)
    if problems:
        context.exit(1)


def _find(place: Workplace, run: str) -> tuple[list[Filed], list[Problem]]:
    """In key order, each from the first store that holds it. Raises UnreachableError if no store answers."""
    held: dict[str, tuple[Store, StoredObject]] = {}

    def look(store: Store) -> None:
        for stored in store.list(layout.FORMS):
            name = stored.key.rpartition("/")[2]
            if name.endswith(".pdf") and name.startswith(run):
                held.setdefault(stored.key, (store, stored))

    answers = from_all(place.stores, look)
    problems = [Problem(where=store, what=fault.message) for store, fault in answers.faults]
    found = [
        Filed(store=store, stored=stored, number=_number(place, key, problems))
        for key, (store, stored) in sorted(held.items())
    ]
    return found, problems


def _number(place: Workplace, key: str, problems: list[Problem]) -> str:
    record = key.removesuffix(".pdf") + ".json"
    try:
        return str(place.records.read(record, FORM_KIND).value["form"].get("number", ""))
    except (JagadataError, KeyError, AttributeError) as error:
        what = error.message if isinstance(error, JagadataError) else "Catatan formulir tidak lengkap."
        problems.append(Problem(where=record, what=what))
        return ""


def _save_minutes(place: Workplace, found: list[Filed], letter: str, folder: Path) -> Path:
    """The Berita Acara of the one restore that was found, dated today. Raises RefusedError if there is none, or several."""
    runs = {one.run for one in found if one.key.procedure == "restore"}
    if len(runs) != 1:
        raise RefusedError(
            f"Berita acara dibuat untuk satu restore; yang ditemukan: {len(runs)}.",
            "Sebutkan nomor run restore lebih lengkap; lihat dengan `jaga forms`.",
        )
    restore = RestoreRun(place, runs.pop())
    if restore.result is None:
        raise RefusedError(
            f"Permohonan {restore.number()} tidak sampai pada restore ({restore.status}).",
            "Berita acara hanya dibuat untuk restore yang dilaksanakan.",
        )
    pdf = print_minutes(place, restore.form(), number=letter)
    return _save(folder / f"berita-acara-{restore.run}.pdf", pdf)


def _save(path: Path, data: bytes) -> Path:
    """Write the PDF, once. Raises RefusedError if another file lies there."""
    if path.exists() and path.read_bytes() == data:
        return path
    if path.exists():
        raise RefusedError(
            f"Berkas {path} sudah ada dan isinya lain; tidak ditimpa.", "Pilih folder lain dengan --save."
        )
    write_new(path, data)
    return path
