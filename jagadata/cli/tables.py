"""Tables and lists on the terminal; whole lines where the output goes to a file or another program."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jagadata.findings import Check, Problem


def clean(text: str) -> str:
    """The text with control characters made visible: what a store holds must not steer the terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in text)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """As wide as the terminal; elsewhere as wide as needed, so that nothing is broken apart. Cells are no markup."""
    table = Table(*headings)
    widest = 0
    for row in rows:
        table.add_row(*(Text(clean(cell), overflow="fold") for cell in row))
        widest = max(widest, sum(len(cell) + 3 for cell in row))
    wide = None if sys.stdout.isatty() else widest + sum(len(heading) + 3 for heading in headings) + 1
    Console(width=wide).print(table)


_FILE_WIDTH, _LEAST_WIDTH = 100, 60
"""Columns, where the output goes to a file or another program, and at least."""


def print_checks(checks: Sequence[Check]) -> None:
    """Under a heading for each part, a line each, with its action below; folded at words to the terminal's width."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _FILE_WIDTH
    group = ""
    for check in checks:
        if check.group != group:
            group = check.group
            click.echo(clean(group))
        _print_folded(f"  {check.state:<9}", f"{check.subject}: {check.finding}", width)
        if check.action:
            _print_folded(" " * 11 + "-> ", check.action, width)


def _print_folded(label: str, text: str, width: int) -> None:
    folded = textwrap.wrap(
        clean(text).replace("\n", " "),
        max(width, _LEAST_WIDTH) - 1,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_on_hyphens=False,
    )
    click.echo("\n".join(folded))


def print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(clean(f"MASALAH {problem.where}: {problem.what}"))
