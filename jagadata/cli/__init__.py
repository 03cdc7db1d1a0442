"""`jaga`: the first day, the daily look, and the restore without Prefect. Messages in Indonesian; exit codes from errors.py."""

from __future__ import annotations

import sys
import traceback

import click

from jagadata import __version__
from jagadata.cli.doctor import doctor
from jagadata.cli.first_day import apply, db, host, init, keys, store
from jagadata.cli.kept import kept
from jagadata.cli.listing import backups, forms, prune
from jagadata.cli.restore import restore, rollback
from jagadata.cli.sign_offs import approve, pending, reject
from jagadata.cli.verify import verify
from jagadata.errors import JagadataError

COMMANDS = (
    init,
    keys,
    db,
    host,
    store,
    doctor,
    apply,
    backups,
    verify,
    restore,
    rollback,
    kept,
    prune,
    forms,
    pending,
    approve,
    reject,
)


class _Group(click.Group):
    """Tells a JagadataError in words, with its exit code; a trace only with --debug."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [str(command.name) for command in COMMANDS]  # in the order in which an office meets them

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except JagadataError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            click.echo(f"GALAT: {error.message}", err=True)
            if error.hint:
                click.echo(f"PETUNJUK: {error.hint}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="jaga")
@click.option("--debug", is_flag=True, help="Cetak jejak galat untuk pengembang.")
def main(debug: bool) -> None:
    """Jagadata: back up dan restore aplikasi menurut SOP kantor.

    Berkas kantor: ./office.yaml, atau lokasi dalam variabel JAGADATA_OFFICE.
    """
    del debug


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    sys.exit(main())
