"""What makes papers must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """Kop surat. `logo` holds an SVG or PNG; empty: the neutral placeholder."""

    lines: tuple[str, ...]
    address: str = ""
    contact: str = ""
    logo: bytes = b""


class Printable(Protocol):
    """A sheet or letter: what a paper says, already in words and in order."""

    @property
    def title(self) -> str: ...
    @property
    def number(self) -> str: ...
    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as the layout takes them."""
        ...


class Printer(Protocol):
    """Lays papers out as A4 PDF. The same values and moment give the same bytes."""

    def render(
        self, paper: Printable, layout: str, letterhead: Letterhead, *, at: datetime, digest: str = ""
    ) -> bytes:
        """The paper by the layout of that name ('backup/form'). `at` dates the document, `digest` (hex) of the signed record stands in small print."""
        ...

    def check_logo(self, logo: bytes) -> None:
        """Raises OfficeFileError for anything but a picture (SVG, PNG, JPEG) that can be drawn."""
        ...
