"""One file of the corpus and what is expected of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Case:
    """`findings`: codes, each once, all of them; `dataset`: codes that are recognised, in order, joined by ', '."""

    name: str
    what: str
    make: Callable[[], bytes] = field(repr=False)
    dataset: str = ""
    rows: int = 0
    findings: frozenset[str] | set[str] = frozenset()
    personal: tuple[str, ...] = ()
    held: bool = False
    ignore: bool = False  # what it is recognised as is the parser's business; only that it ends
