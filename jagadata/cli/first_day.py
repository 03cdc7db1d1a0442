"""The first day: a starter file, what administrators paste on servers and hosts, stores, and the deployment."""

from __future__ import annotations

import os
import time
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jagadata.adapters.directory.store import DirectoryStore
from jagadata.adapters.orchestrator.deployer import deploy
from jagadata.adapters.orchestrator.prefect_api import PrefectApi
from jagadata.adapters.postgres.roles import render_roles_sql
from jagadata.errors import NotFoundError, RefusedError, UnreachableError
from jagadata.office.file import load_office, office_path
from jagadata.office.secrets import reveal
from jagadata.services.setup import render_host_setup
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence

CODES = """\b
Kode keluar:
  0  selesai
  2  berkas kantor salah
  3  ditolak; tidak ada yang ditimpa
  4  disk atau share penyimpanan tidak menjawab
  5  nama itu tidak ada di berkas kantor"""

CODES_APPLY = """\b
Kode keluar:
  0  selesai
  1  pemasangan gagal di tengah; aman diulang
  2  berkas kantor salah
  3  server Prefect menolak login, atau alamatnya belum diketahui
  4  server Prefect tidak terjangkau"""


def write_new(path: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Write a file that must not exist yet, whole or not at all; new folders are private. Raises RefusedError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise RefusedError(
            f"Berkas {path} sudah ada dan tidak ditimpa.", "Pilih nama lain, atau pindahkan yang lama."
        ) from error
    except OSError as error:
        raise RefusedError(
            f"Berkas {path} tidak dapat dibuat: {explain_os_error(error)}.",
            "Periksa izin dan ruang foldernya.",
        ) from error
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, mode)
            file.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise RefusedError(
            f"Berkas {path} tidak dapat ditulis: {explain_os_error(error)}.", "Periksa ruang disknya."
        ) from error


def _known(what: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise NotFoundError(
            f"{what} '{name}' tidak ada di berkas kantor.",
            f"Pilih salah satu dari: {', '.join(names) or '(belum ada satu pun)'}.",
        )


@click.command(name="init", epilog=CODES)
@click.argument("file", metavar="[BERKAS]", type=click.Path(path_type=Path), default=Path("office.yaml"))
def init(file: Path) -> None:
    """Menulis contoh berkas kantor yang diberi penjelasan (bawaan: office.yaml); tidak pernah menimpa."""
    write_new(file, resources.files("jagadata").joinpath("office/starter.yaml").read_text(encoding="utf-8"))
    click.echo(f"{file} ditulis. Berikutnya:")
    click.echo("  1. `jaga keys init`, lalu tempel keluarannya ke bagian keys;")
    click.echo("  2. ganti isian contoh dengan milik kantor (penjelasan: docs/office-file.md);")
    click.echo("  3. `jaga db prepare`, `jaga host prepare`, `jaga store prepare`;")
    click.echo("  4. `jaga doctor` sampai semuanya OK, lalu `jaga apply`.")


@click.group(name="db")
def db() -> None:
    """Server basis data."""


@db.command(name="prepare", epilog=CODES)
@click.argument("server")
def db_prepare(server: str) -> None:
    """Mencetak SQL semua login Jagadata pada satu server dengan hak sekecil mungkin; dijalankan superuser dengan psql."""
    office = load_office()
    _known("Server", server, [entry.name for entry in office.servers])
    reference = office.server(server).secret
    secret = reveal(reference, folder=office.folder) if reference else ""
    click.echo(render_roles_sql(office, server, secret), nl=False)


@click.group(name="host")
def host() -> None:
    """Host layanan web."""


@host.command(name="prepare", epilog=CODES)
@click.argument("name", metavar="HOST")
def host_prepare(name: str) -> None:
    """Mencetak skrip milik root, baris sudoers yang tepat, dan langkah pemasangannya untuk satu host."""
    office = load_office()
    _known("Host", name, [entry.name for entry in office.hosts])
    click.echo(render_host_setup(office, name), nl=False)


@click.group(name="store")
def store() -> None:
    """Penyimpanan back up."""


@store.command(name="prepare", epilog=CODES)
@click.argument("names", metavar="[NAMA]...", nargs=-1)
def store_prepare(names: tuple[str, ...]) -> None:
    """Menyiapkan penyimpanan folder: foldernya (0700) dan berkas penandanya; aman diulang.

    Jalankan saat disk atau share sudah terpasang (mount). Bucket S3 dibuat di server S3-nya.
    """
    office = load_office()
    for name in names:
        _known("Penyimpanan", name, [entry.name for entry in office.stores])
    for entry in office.stores:
        if names and entry.name not in names:
            continue
        if entry.kind == "s3":
            click.echo(
                f"{entry.name}: bucket '{entry.bucket}' dibuat di server S3-nya; periksa dengan `jaga doctor`."
            )
            continue
        path = office.path(entry.path)
        DirectoryStore.prepare(path)
        click.echo(f"{entry.name}: {path} siap.")


_SERVER_SECONDS = 30
"""How long the Prefect server may take to answer after its start."""


@click.command(name="apply", epilog=CODES_APPLY)
def apply() -> None:
    """Memasang semua alur di server Prefect menurut berkas kantor (jadwal, pilihan formulir, otomasi); aman diulang."""
    load_office()
    told = False
    with closing(PrefectApi()) as api:
        # Address and login, before Prefect's own words about them; a server that has just been started is waited for.
        end = time.monotonic() + _SERVER_SECONDS
        while True:
            try:
                api.call("GET", "/admin/version")
                break
            except UnreachableError as error:
                if time.monotonic() > end:
                    raise
                if not told:
                    click.echo(f"{error.message} Ditunggu hingga {_SERVER_SECONDS} detik.", err=True)
                told = True
                time.sleep(1)
    deploy(office_path().resolve())
