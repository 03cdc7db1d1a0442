"""How long work tells that it gets further."""

from __future__ import annotations

Progress = "Callable[[int], None]"
"""Told the bytes done since the last call."""


def ignore(_done: int) -> None:
    """A progress that nobody watches."""
