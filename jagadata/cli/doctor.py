"""`jaga doctor`: a list of what works, what does not, and what to do next."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from jagadata.cli.tables import print_checks
from jagadata.connections import open_workplace
from jagadata.upkeep.doctor import examine

CODES = """\b
Kode keluar:
  0  semuanya baik
  1  ada masalah (disebut satu per satu)
  2  berkas kantor salah"""


@click.command(name="doctor", epilog=CODES)
@click.option("--json", "as_json", is_flag=True, help="Keluaran JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Memeriksa semua yang disebut berkas kantor dengan sungguh-sungguh; tidak mengubah apa pun."""
    with open_workplace() as place:
        checks = examine(place)
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2))
    else:
        print_checks(checks)
    if any(check.state == "MASALAH" for check in checks):
        context.exit(1)
