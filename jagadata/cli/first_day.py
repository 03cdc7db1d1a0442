"""The first day: a starter file, keys, what administrators paste on servers and hosts, and the deployment."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path

import click
import pyrage

from jagadata.adapters.directory_store import DirectoryStore
from jagadata.backup import read_properties
from jagadata.database_roles import render_roles_sql
from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.host_setup import render_host_setup
from jagadata.keys import make_keys, parse_identity, parse_recipients
from jagadata.office import load_office
from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  selesai
  2  berkas kantor salah
  3  ditolak; tidak ada yang diubah"""


def _write_new(path: Path, text: str, mode: int) -> None:
    """Write a file that must not exist yet. Raises RefusedError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            path.chmod(mode)
            file.write(text)
    except FileExistsError as error:
        raise RefusedError(
            f"Berkas {path} sudah ada dan tidak ditimpa.", "Pilih nama lain, atau pindahkan yang lama."
        ) from error
    except OSError as error:
        raise RefusedError(
            f"Berkas {path} tidak dapat ditulis: {error.strerror}.", "Periksa izin foldernya."
        ) from error


@click.command(name="init", epilog=CODES)
@click.argument("file", type=click.Path(path_type=Path), default=Path("office.yaml"))
def init(file: Path) -> None:
    """Menulis berkas kantor contoh yang diberi penjelasan; tidak pernah menimpa."""
    _write_new(file, resources.files("jagadata").joinpath("starter.yaml").read_text(encoding="utf-8"), 0o600)
    click.echo(
        f"{file} ditulis. Berikutnya: `jaga keys init`, lalu sesuaikan isinya dan jalankan `jaga doctor`."
    )


@click.group(name="keys")
def keys() -> None:
    """Kunci kantor: tanda tangan, enkripsi, dan pemulihan."""


@keys.command(name="init", epilog=CODES)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("keys"), help="Folder kunci (dibuat, 0700)."
)
def keys_init(folder: Path) -> None:
    """Membuat kunci tanda tangan, identitas kantor, dan identitas pemulihan (dicetak sekali, tidak disimpan di mana pun)."""
    made = make_keys()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_new(folder / "signing.pem", made.signing_pem, 0o600)
    _write_new(folder / "identity.txt", f"{made.identity}\n", 0o600)
    click.echo("Salin ke berkas kantor:\n")
    click.echo("keys:")
    click.echo(f"  signing: file:{folder}/signing.pem\n  identity: file:{folder}/identity.txt")
    click.echo(f"  signers:\n    - key: {made.signing_public}")
    click.echo(
        f"  recipients:\n    - {{key: {made.recipient}, note: kantor}}\n    - {{key: {made.recovery_recipient}, note: pemulihan}}"
    )
    click.echo(
        "\nIDENTITAS PEMULIHAN — cetak, masukkan amplop tersegel, simpan di tempat lain (misalnya brankas). Hanya tampil sekali ini:\n"
    )
    click.echo(f"  {made.recovery_identity}\n")
    click.echo(
        "Tanpa identitas kantor dan identitas pemulihan, back up tidak dapat dibuka oleh siapa pun. Uji dengan `jaga keys test-recovery`."
    )


@keys.command(name="test-recovery", epilog=CODES)
def test_recovery() -> None:
    """Membuktikan bahwa identitas pemulihan membuka back up; yang diketik tidak disimpan."""
    typed = click.prompt("Identitas pemulihan (AGE-SECRET-KEY-…)", hide_input=True, err=True)
    identity = parse_identity(typed.strip().upper())
    with Workplace.open() as place:
        message = pyrage.encrypt(b"uji pemulihan", parse_recipients(place.recipients()))
        try:
            good = pyrage.decrypt(message, [identity]) == b"uji pemulihan"
        except pyrage.DecryptError as error:
            raise RefusedError(
                "Identitas ini tidak membuka back up yang dibuat hari ini.",
                "Periksa kunci pemulihan pada keys.recipients, atau amplop yang lain.",
            ) from error
        if not good:
            raise RefusedError("Identitas ini tidak membuka pesan uji.", "Periksa amplop yang lain.")
        click.echo("Identitas pemulihan cocok dengan keys.recipients.")
        for system in place.office.systems:
            try:
                backup = place.catalog(system.id).newest(system.id)
            except NotFoundError:
                click.echo(f"{system.id}: belum ada back up.")
                continue
            name = backup.stores[0]
            held = next(one for one in place.stores if one.name == name)
            for data in backup.manifest.data:
                read_properties(held, data, backup.versions_in(name), identity)
            click.echo(f"{system.id}: back up {backup.id} dapat dibuka.")


@click.group(name="db")
def db() -> None:
    """Server basis data."""


@db.command(name="prepare", epilog=CODES)
@click.argument("server")
def db_prepare(server: str) -> None:
    """Mencetak SQL kedua peran (dump dan restore) dengan hak sekecil mungkin; dijalankan superuser dengan psql."""
    office = load_office()
    if server not in [entry.name for entry in office.servers]:
        raise NotFoundError(
            f"Server '{server}' tidak ada di berkas kantor.",
            f"Pilih: {', '.join(entry.name for entry in office.servers)}.",
        )
    click.echo(render_roles_sql(office, server))


@click.group(name="host")
def host() -> None:
    """Host layanan web."""


@host.command(name="prepare", epilog=CODES)
@click.argument("name")
def host_prepare(name: str) -> None:
    """Mencetak skrip milik root, baris sudoers yang tepat, dan langkah pemasangannya untuk satu host."""
    office = load_office()
    if name not in [entry.name for entry in office.hosts]:
        raise NotFoundError(
            f"Host '{name}' tidak ada di berkas kantor.",
            f"Pilih: {', '.join(entry.name for entry in office.hosts)}.",
        )
    click.echo(render_host_setup(office, name))


@click.group(name="store")
def store() -> None:
    """Penyimpanan back up."""


@store.command(name="prepare", epilog=CODES)
@click.argument("names", nargs=-1)
def store_prepare(names: tuple[str, ...]) -> None:
    """Menyiapkan penyimpanan folder: membuat folder dan berkas penandanya (bucket S3 dibuat di server S3-nya)."""
    office = load_office()
    for entry in office.stores:
        if entry.kind == "directory" and (not names or entry.name in names):
            DirectoryStore.prepare(office.path(entry.path))
            click.echo(f"{entry.name}: {office.path(entry.path)} siap.")


@click.command(name="apply", epilog=CODES)
def apply() -> None:
    """Memasang semua alur di server Prefect menurut berkas kantor (jadwal, pilihan formulir, otomasi); aman diulang."""
    load_office()
    done = subprocess.run([sys.executable, "-m", "deployments"], check=False)
    if done.returncode:
        raise JagadataError(
            "Pemasangan alur gagal.",
            "Baca keterangan di atas; periksa PREFECT_API_URL dan PREFECT_API_AUTH_STRING.",
        )
