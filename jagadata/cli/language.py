"""click in Indonesian: help pages, and what is said about faulty arguments and errors."""

from __future__ import annotations

import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from jagadata.errors import JagadataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEADINGS = {"Options": "Opsi", "Commands": "Perintah", "Positional arguments": "Isian"}

_PHRASES = (
    (r"Missing option '([^']+)'\.?", r"Opsi '\1' belum diisi."),
    (r"Missing argument '([^']+)'\.?", r"Isian '\1' belum ada."),
    (r"Missing command\.", "Perintah belum disebut."),
    (r"No such option '?([^'\s]+?)'?(?=\.| |$)\.?", r"Opsi '\1' tidak ada."),
    (r"No such command '([^']*)'\.", r"Perintah '\1' tidak ada."),
    (r"Did you mean (?:one of: )?(.+)\?", r"Maksudnya \1?"),
    (r"\(Possible options: (.+)\)", r"Maksudnya \1?"),
    (r"Option '([^']+)' requires an argument\.", r"Opsi '\1' memerlukan isian."),
    (r"Option '([^']+)' does not take a value\.", r"Opsi '\1' tidak memakai isian."),
    (r"Got unexpected extra arguments? \((.+)\)", r"Isian berlebih: \1."),
    (r"Invalid value for ([^:]+): ", r"Isian \1 salah: "),
    (r"is not one of", "bukan salah satu dari"),
    (r"is not a valid (?:integer|float|int)( range)?\.", "bukan bilangan."),
    (r"(?:File|Path|Directory|directory|file|path) '([^']+)' does not exist\.", r"'\1' tidak ada."),
    (r"(?:Directory|File|directory|file) '([^']+)' is a file\.", r"'\1' sebuah berkas, bukan folder."),
    (r"(?:Directory|File|directory|file) '([^']+)' is a directory\.", r"'\1' sebuah folder, bukan berkas."),
    (r"Show this message and exit\.", "Tampilkan bantuan ini."),
    (r"Show the version and exit\.", "Tampilkan versi."),
    (r"\[required\]", "[wajib]"),
    (r"\[default: ([^\]]+)\]", r"[bawaan: \1]"),
    (r"\[OPTIONS\]", "[OPSI]"),
    (r"\bCOMMAND\b", "PERINTAH"),
    (r"\[ARGS\]\.\.\.", "[ISIAN]..."),
    (r"\bTEXT\b", "TEKS"),
    (r"\bPATH\b", "LOKASI"),
    (r"\bDIRECTORY\b", "FOLDER"),
    (r"\b(INTEGER|FLOAT)\b", "ANGKA"),
)


def translate(text: str) -> str:
    """Click's own phrases in Indonesian; everything else as it is."""
    for pattern, words in _PHRASES:
        text = re.sub(pattern, words, text)
    return text


class _Formatter(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, translate(args), prefix or "Pemakaian: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(translate(term), translate(words)) for term, words in rows], col_max, col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


class Program(click.Group):
    """The whole command line. A JagadataError is told in words with its exit code; a trace only with --debug."""

    context_class = _Context

    def add_commands(self, commands: Sequence[click.Command]) -> None:
        """Add them, with Indonesian help pages, in the order in which an office meets them."""
        for command in commands:
            self.add_command(command)
            _speak(command)

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
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
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
                _tell(translate(error.format_message()), f"Lihat `{path} --help`.")
            code = error.exit_code
        except click.Abort:
            click.echo("Dibatalkan.", err=True)
            code = 1
        except BrokenPipeError:  # `jaga backups | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        sys.exit(code if isinstance(code, int) else 0)


def _speak(command: click.Command) -> None:
    command.context_class = _Context
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _speak(child)


def _tell(message: str, hint: str) -> None:
    click.echo(f"GALAT: {message}", err=True)
    if hint:
        click.echo(f"PETUNJUK: {hint}", err=True)
