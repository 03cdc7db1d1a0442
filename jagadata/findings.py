"""What is found wrong, left over or checked, as values that every package answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something in a store that can't be read as what it should be. Shown, never skipped in silence."""

    where: str
    what: str


State = Literal["OK", "MASALAH", "DILEWATI"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding and the next action."""

    group: str
    subject: str
    state: State
    finding: str
    action: str = ""


Finding = tuple[State, str, str]
"""State, finding, next action."""


def ok(finding: str) -> Finding:
    return "OK", finding, ""


def bad(finding: str, action: str) -> Finding:
    return "MASALAH", finding, action


ORPHAN_AGE = timedelta(days=7)
"""Data objects without a manifest: time enough to look at a backup that failed."""


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """One thing that a run left. `clean` does `action`; None: it is only told, a person decides."""

    where: str
    name: str
    what: str
    action: str
    clean: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Concern:
    """Something that is not as it should be. `key` stays the same as long as it is the same concern."""

    key: str
    text: str
    action: str
