"""Tables and lists on the terminal; whole lines where the output goes to a file or another program."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jagadata.findings import Problem


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


def print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(clean(f"MASALAH {problem.where}: {problem.what}"))
