"""The port of publishing: a data package goes to a folder or a portal, as often as one likes, and only changes what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from jagadata.collection.inventory.package import DataPackage
    from jagadata.collection.ports import Version
    from jagadata.office.collection import Agency, DatasetEntry


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of it. `where` is for people; `notes` are in Indonesian."""

    changed: bool
    where: str
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


class PackageWriter(Protocol):
    """Writes data packages (`Workplace.spreadsheets`)."""

    def write_package(
        self,
        source: Path,
        folder: Path,
        *,
        dataset: DatasetEntry,
        version: Version,
        agency: Agency,
        custodian: str,
        terms: str,
    ) -> DataPackage:
        """A version's table as a data package in `folder`, checked; the same rows and metadata give the same bytes.

        Raises RefusedError: it must not leave the office, or the disk is full; DamagedError.
        """
        ...
