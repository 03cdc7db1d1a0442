"""click in Indonesian: help pages, and what is said about faulty arguments and errors.

click asks gettext for its own phrases; they stand in locale/id/LC_MESSAGES/messages.po.
"""

from __future__ import annotations

import contextlib
import gettext
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOCALE = Path(__file__).parent / "locale"
_METAVARS = {
    "text": "TEKS",
    "path": "LOKASI",
    "directory": "FOLDER",
    "file": "BERKAS",
    "integer": "ANGKA",
    "integer range": "ANGKA",
    "float": "ANGKA",
    "float range": "ANGKA",
}
"""Placeholders of options by the name of click's type, which gettext is not asked for."""


@contextlib.contextmanager
def _indonesian() -> Iterator[None]:
    """Gettext takes the language from the environment; `jaga` speaks Indonesian whatever the terminal's locale is."""
    before = os.environ.get("LANGUAGE")
    gettext.bindtextdomain(gettext.textdomain(), LOCALE)
    os.environ["LANGUAGE"] = "id"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("LANGUAGE", None)
        else:
            os.environ["LANGUAGE"] = before


class Program(click.Group):
    """The whole command line. A JagadataError is told in words with its exit code; a trace only with --debug."""

    def add_commands(self, commands: Sequence[click.Command]) -> None:
        """Add them, with Indonesian placeholders, in the order in which an office meets them."""
        for command in commands:
            self.add_command(command)
        _speak(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except JagadataError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            _tell(error.message, error.hint)
            ctx.exit(error.exit_code)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's own, but it speaks Indonesian where click would end the program with its own words."""
        with _indonesian():
            if not standalone_mode:
                return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            code = self._run(args, prog_name, complete_var, **extra)
        sys.exit(code)

    def _run(
        self, args: Sequence[str] | None, prog_name: str | None, complete_var: str | None, **extra: Any
    ) -> int:
        """The exit code."""
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            path = context.command_path if context else "jaga"
            if (
                type(error).__name__ == "NoArgsIsHelpError"
            ):  # click 8.2 and later; the message is the help page
                click.echo(error.format_message(), err=True)
            else:
                _tell(_explain(error), f"Lihat `{path} --help`.")
            return error.exit_code
        except click.Abort:
            click.echo("Dibatalkan.", err=True)
            return 1
        except BrokenPipeError:  # `jaga backups | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        return code if isinstance(code, int) else 0


def _explain(error: click.ClickException) -> str:
    """Click's message. What is missing it names last, which in Indonesian it is not."""
    if isinstance(error, click.MissingParameter) and error.param and not error.message:
        name = error.param.get_error_hint(error.ctx)
        choices = error.param.type.get_missing_message(param=error.param, ctx=error.ctx)
        what = (
            f"Isian {name} belum ada."
            if error.param.param_type_name == "argument"
            else f"Opsi {name} belum diisi."
        )
        return f"{what} {choices}" if choices else what
    return error.format_message()


def _speak(command: click.Command) -> None:
    command.options_metavar = "[OPSI]"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.metavar is None and not parameter.is_flag:
            parameter.metavar = _METAVARS.get(parameter.type.name)
    if isinstance(command, click.Group):
        optional = command.invoke_without_command
        command.subcommand_metavar = "[PERINTAH] [ISIAN]..." if optional else "PERINTAH [ISIAN]..."
        for child in command.commands.values():
            _speak(child)


def _tell(message: str, hint: str) -> None:
    click.echo(f"GALAT: {message}", err=True)
    if hint:
        click.echo(f"PETUNJUK: {hint}", err=True)
