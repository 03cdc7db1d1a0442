"""A shared folder that OPD put files into: one folder for each OPD, named by its id. Nothing there is changed or deleted.

Everything is looked up from one open folder, name by name, never through a symbolic link.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from jagadata.adapters.directory.folder import Folder
from jagadata.collection.intake.arrival import Arrival, ArrivedFile
from jagadata.collection.intake.mail_heads import read_bytes
from jagadata.collection.intake.mail_parts import refuse_open
from jagadata.collection.tables.personal import mask
from jagadata.errors import UnreachableError
from jagadata.text.os_errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_DEPTH = 8  # folders inside an OPD's folder
_TEMPORARY = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp", "~")
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True, kw_only=True)
class FolderDrop:
    """Implements collection.arrival.Arrivals. A file that changed less than `settled` seconds ago is left for the next time."""

    path: Path
    agencies: frozenset[str]
    clock: Callable[[], datetime]
    settled: float = 30

    @property
    def name(self) -> str:
        return f"folder kiriman {self.path}"

    def fetch(self, known: Iterable[str]) -> Iterator[Arrival]:
        """New files, oldest first.

        Raises UnreachableError: the folder is not there, or the share does not answer; after the last: some have not settled.
        """
        seen = set(known)
        found: dict[str, Arrival] = {}
        growing: list[str] = []
        try:
            with Folder.root(self.path) as root:
                for arrival in self._walk(root, (), growing):
                    if arrival.key not in seen:
                        found.setdefault(arrival.key, arrival)
        except OSError as error:
            raise self._unreadable(error) from error
        yield from sorted(found.values(), key=lambda one: (one.at, one.key))
        if growing:
            raise UnreachableError(
                f"{len(growing)} berkas di {self.name} baru saja berubah, antara lain '{mask(growing[0])}'.",
                "Diambil pada pengambilan berikutnya.",
                transient=True,
            )

    def check(self) -> None:
        """Raises UnreachableError."""
        try:
            with Folder.root(self.path) as root:
                root.names()
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> UnreachableError:
        return UnreachableError(
            f"{self.name.capitalize()} tidak dapat dibaca: {explain_os_error(error)}.",
            "Pasang (mount) share itu, dan periksa collection.drops di berkas kantor.",
            transient=True,
        )

    def mark(self, arrival: Arrival) -> None:
        """Nothing: the folder belongs to the OPD."""

    def _walk(self, folder: Folder, above: tuple[str, ...], growing: list[str]) -> Iterator[Arrival]:
        for name, is_folder in sorted(folder.names()):
            if (
                name.startswith((".", "~$"))
                or name.lower().endswith(_TEMPORARY)
                or name.lower() in _OF_SYSTEMS
            ):
                continue
            if is_folder and len(above) <= _DEPTH:
                try:
                    with folder.below([name]) as inner:
                        yield from self._walk(inner, (*above, name), growing)
                    continue
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except PermissionError:
                    pass  # shown as something that can't be taken
            status = folder.look(name)
            if status is not None and self._is_settled(status):
                yield self._arrival(above, name, status)
            elif status is not None:
                growing.append(_readable(name))

    def _is_settled(self, status: os.stat_result) -> bool:
        """By the time of the last change of any kind, which a copying program can't set back as it can the file's own date."""
        now = self.clock().timestamp()
        changed = max(status.st_ctime, min(status.st_mtime, now))
        return now - changed >= self.settled

    def _arrival(self, above: tuple[str, ...], name: str, status: os.stat_result) -> Arrival:
        agency = above[0] if above and above[0] in self.agencies else ""
        identity = [*(_readable(part) for part in (*above, name)), status.st_size, status.st_mtime_ns]
        refusal = (
            ""
            if stat.S_ISREG(status.st_mode)
            else "hanya berkas biasa yang diterima, bukan tautan atau folder yang tertutup"
        )
        file = ArrivedFile(
            name=_readable("/".join((*above[1:], name))),
            size=status.st_size,
            open=refuse_open
            if refusal
            else _Opener(self.path, above, name, (status.st_size, status.st_mtime_ns)),
            refusal=refusal,
        )
        return Arrival(
            key=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
            source=f"folder '{_readable('/'.join((self.path.name, *above)))}'",
            sender="",
            at=datetime.fromtimestamp(status.st_ctime, UTC),
            agency=agency,
            doubt="" if agency else "folder ini bukan folder OPD",
            files=(file,),
        )


@dataclass(frozen=True)
class _Opener:
    root: Path
    above: tuple[str, ...]
    file: str
    seen: tuple[int, int]  # size and time of the file that was looked at

    @contextlib.contextmanager
    def __call__(self) -> Iterator[BinaryIO]:
        try:
            with Folder.root(self.root) as root, root.below(self.above) as folder:
                fd = folder.open(self.file)
            with os.fdopen(fd, "rb", buffering=0) as stream:
                status = os.fstat(fd)
                if (status.st_size, status.st_mtime_ns) != self.seen:
                    raise InterruptedError(errno.EINTR, "berkas sedang diubah")
                yield stream
        except OSError as error:
            raise UnreachableError(
                f"Berkas '{_readable(self.file)}' di folder kiriman tidak dapat dibaca: {explain_os_error(error)}.",
                "Diambil lagi pada pengambilan berikutnya.",
                transient=True,
            ) from error


def _readable(name: str) -> str:
    """A name of a file system as text: what is no UTF-8 is read as Windows-1252."""
    return read_bytes(name)
