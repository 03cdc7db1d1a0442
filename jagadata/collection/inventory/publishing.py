"""The port of publishing: a data package goes to a folder or a portal, as often as one likes, and only changes what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jagadata.collection.inventory.package import DataPackage


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of it. `place` is for people; `notes` are in Indonesian."""

    changed: bool
    place: str
    notes: tuple[str, ...] = ()


class Publisher(Protocol):
    """Where packages go."""

    name: str

    def check(self) -> None:
        """Whether it could publish now; sends nothing. Raises RefusedError, UnreachableError."""
        ...

    def publish(self, package: DataPackage) -> Published:
        """Make the place hold this package. A second time changes nothing; nothing is ever deleted there.

        Raises RefusedError (also, before anything is sent, for what must not leave: held, personal, not public), DamagedError
        (the files are not what the package says), UnreachableError.
        """
        ...
