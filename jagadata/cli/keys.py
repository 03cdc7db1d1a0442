"""`jaga keys`: the office's keys, and the proof that the one in the envelope opens the backups."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyrage

from jagadata.cli.first_day import write_new
from jagadata.connections import open_workplace
from jagadata.errors import DamagedError, JagadataError, NotFoundError, RefusedError
from jagadata.evidence.keys import make_keys, parse_identity, parse_recipients
from jagadata.stores.copies import from_first_good
from jagadata.vault.verification import read_properties

if TYPE_CHECKING:
    from jagadata.evidence.keys import NewKeys
    from jagadata.ports.store import Store
    from jagadata.workplace import Workplace

CODES = """\b
Kode keluar:
  0  selesai
  2  berkas kantor salah
  3  ditolak; tidak ada yang diubah"""

CODES_RECOVERY = """\b
Kode keluar:
  0  identitas pemulihan membuka back up
  2  berkas kantor salah
  3  ditolak: bukan identitas pemulihan yang berlaku
  4  tidak ada penyimpanan yang terjangkau
  6  ada back up yang tidak terbuka (disebut satu per satu)"""


@click.group(name="keys")
def keys() -> None:
    """Kunci kantor: tanda tangan, enkripsi, dan pemulihan."""


@keys.command(name="init", epilog=CODES)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("keys"),
    help="Folder kunci (bawaan: keys).",
)
def init(folder: Path) -> None:
    """Membuat kunci tanda tangan, identitas kantor, dan identitas pemulihan.

    Identitas pemulihan dicetak sekali dan tidak disimpan di mana pun. Kunci yang sudah ada tidak pernah ditimpa.
    """
    signing, identity = folder / "signing.pem", folder / "identity.txt"
    for path in (signing, identity):
        if path.exists() or path.is_symlink():
            raise RefusedError(
                f"Kunci {path} sudah ada dan tidak ditimpa.",
                "Kunci lama membuka back up lama: jangan dihapus. Untuk kunci baru pilih folder lain dengan --folder.",
            )
    made = make_keys()
    write_new(signing, made.signing_pem)
    write_new(identity, f"{made.identity}\n")
    click.echo(_render(made, _reference(signing), _reference(identity)))
    if not sys.stdout.isatty():
        click.echo(
            "PERINGATAN: keluaran ini dialihkan. Bila masuk ke sebuah berkas, hapus berkas itu setelah identitas pemulihan dicetak.",
            err=True,
        )


def _reference(path: Path) -> str:
    """`file:…` with the whole path: the office file may lie elsewhere, or move."""
    return f"file:{path.resolve()}"


def _render(made: NewKeys, signing: str, identity: str) -> str:
    return f"""# Ganti bagian keys: di berkas kantor dengan baris-baris ini:
keys:
  signing: {signing}
  identities:
    - {identity}
  signers:
    - key: {made.signing_public}
  recipients:
    - {{key: {made.recipient}, note: kantor}}
    - {{key: {made.recovery_recipient}, note: pemulihan}}

IDENTITAS PEMULIHAN (hanya tampil sekali ini, tidak disimpan di mana pun):

  {made.recovery_identity}

  1. Cetak atau salin dengan tangan, lalu cocokkan huruf demi huruf.
  2. Masukkan ke amplop, segel, tulis tanggal dan pembuatnya.
  3. Simpan terpisah dari server dan dari back up, misalnya di brankas pimpinan.
  4. Bersihkan layar ini, lalu uji: `jaga keys test-recovery`. Ulangi setiap enam bulan.

Tanpa identitas kantor dan identitas pemulihan, tidak seorang pun dapat membuka back up."""


@keys.command(name="test-recovery", epilog=CODES_RECOVERY)
def test_recovery() -> None:
    """Membuktikan bahwa identitas pemulihan membuka back up; yang diketik tidak disimpan dan tidak tampil."""
    with open_workplace() as place:
        identity = _parse_typed(
            click.prompt("Identitas pemulihan (AGE-SECRET-KEY-…)", hide_input=True, err=True)
        )
        click.echo(_prove_today(place, identity))
        faults = []
        for system in place.office.systems:
            try:
                click.echo(f"{system.id}: {_prove_newest(place, system.id, identity)}")
            except NotFoundError:
                click.echo(f"{system.id}: belum ada back up.")
            except JagadataError as error:
                faults.append(system.id)
                click.echo(f"{system.id}: TIDAK terbuka. {error.message}")
    if faults:
        raise DamagedError(
            f"Back up terbaru dari {len(faults)} sistem tidak terbuka: {', '.join(faults)}.",
            "Cari amplop dengan identitas yang lebih lama, dan jalankan SOP Back Up Data untuk sistem itu.",
        )


def _parse_typed(text: str) -> Any:
    try:
        return parse_identity(text.strip().upper())
    except RefusedError as error:
        raise RefusedError(
            "Yang diketik bukan identitas pemulihan yang utuh.",
            "Ketik ulang seluruh baris AGE-SECRET-KEY-1… dari amplop tersegel, termasuk awalannya.",
        ) from error


def _prove_today(place: Workplace, identity: Any) -> str:
    """Decrypt a fresh message to today's recipients. Raises RefusedError, for the office's own identity too."""
    try:
        own = [str(one.to_public()) for one in place.identities()]
    except JagadataError:
        own = []  # this worker has none
    if str(identity.to_public()) in own:
        raise RefusedError(
            "Itu identitas kantor, bukan identitas pemulihan.", "Ketik identitas dari amplop tersegel."
        )
    message = pyrage.encrypt(b"uji pemulihan", parse_recipients(place.recipients()))
    try:
        pyrage.decrypt(message, [identity])
    except pyrage.DecryptError as error:
        raise RefusedError(
            "Identitas ini tidak membuka back up yang dibuat hari ini.",
            "Periksa kunci pemulihan dan tanggalnya pada keys.recipients, atau coba amplop yang lain.",
        ) from error
    return "Identitas pemulihan cocok: back up yang dibuat hari ini dapat dibuka dengannya."


def _prove_newest(place: Workplace, system: str, identity: Any) -> str:
    """Read and decrypt the properties of the newest restorable backup from one store that holds it."""
    backup = place.catalog(system).newest(system)

    def read(store: Store) -> None:
        for data in backup.manifest.data:
            read_properties(store, data, backup.versions_in(store.name), [identity])

    missing = NotFoundError(f"Back up {backup.id} tidak ada di penyimpanan mana pun.")
    found = from_first_good(backup.held_by(place.stores), read, missing=missing)
    return f"back up {backup.id} di '{found.store.name}' dapat dibuka."
