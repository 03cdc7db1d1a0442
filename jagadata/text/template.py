"""The texts of templates/ as Jinja2 environments: StrictUndefined, every value printed in one way. Reads only that folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from collections.abc import Callable


def one_line(value: Any) -> str:
    """One line without control characters, so that a value can't add a paragraph or a mail header."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())


def make_environment(finalize: Callable[[Any], Any] | None, *, html: bool = False) -> jinja2.Environment:
    """The templates with one way of printing every value; without HTML `finalize` is what makes values harmless."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("templates", ""),
        undefined=jinja2.StrictUndefined,
        autoescape=html,  # noqa: S701 - on for HTML; Markdown and plain text have an escape of their own
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
