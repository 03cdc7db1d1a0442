"""`jaga`: the first day, the daily look, and the restore without Prefect. Messages in Indonesian; exit codes from errors.py."""

from __future__ import annotations

import click

from jagadata import __version__
from jagadata.cli.acknowledge import acknowledge
from jagadata.cli.doctor import doctor
from jagadata.cli.first_day import apply, db, host, init, store
from jagadata.cli.forms import forms
from jagadata.cli.inventory import inventory
from jagadata.cli.kept import kept
from jagadata.cli.keys import keys
from jagadata.cli.language import Program
from jagadata.cli.listing import backups, prune
from jagadata.cli.restore import restore, rollback
from jagadata.cli.round import round_group
from jagadata.cli.sign_offs import approve, pending, reject
from jagadata.cli.upkeep import resume, sweep
from jagadata.cli.verify import verify

CODES = """\b
Kode keluar:
  0  selesai
  1  gagal atau dibatalkan
  2  berkas kantor atau isian perintah salah
  3  ditolak sebelum apa pun diubah
  4  host, basis data, penyimpanan, atau server tidak terjangkau
  5  yang disebut tidak ada
  6  back up atau catatan rusak
  7  pekerjaan lain sedang berjalan"""


@click.group(
    cls=Program,
    epilog=CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="jaga", message="%(prog)s %(version)s", help="Tampilkan versi.")
@click.option("--debug", is_flag=True, help="Cetak jejak galat untuk pengembang.")
def main(debug: bool) -> None:
    """Jagadata: back up dan restore aplikasi menurut SOP kantor.

    Berkas kantor: ./office.yaml, atau lokasi dalam variabel JAGADATA_OFFICE.
    """
    del debug


COMMANDS = (
    *(init, keys, db, host, store, doctor, apply),
    *(backups, verify, restore, resume, rollback, kept, prune, sweep, forms),
    *(pending, approve, reject, acknowledge),
    *(round_group, inventory),
)
main.add_commands(COMMANDS)
