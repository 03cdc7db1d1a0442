"""ZIP archives that OPD send: each file in one is taken in by itself, with a receipt and an answer of its own."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from io import BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jagadata.collection.intake.arrival import ArrivedFile
from jagadata.errors import UnconfinedError
from jagadata.vault.spool import unnamed_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from jagadata.collection.intake.arrival import Arrival
    from jagadata.collection.ports import TableExaminer
    from jagadata.office.collection import Limits

_SIGNS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_DOCUMENTS = {
    *(".xlsx", ".xlsm", ".xltx", ".xlsb", ".docx", ".docm", ".pptx", ".pptm"),
    *(".ods", ".ots", ".odt", ".odp"),
}
"""ZIP by their bytes, and never meant as archives; what is one all the same is looked at when it is examined."""
_PIECE = 1 << 20


@contextlib.contextmanager
def opened(
    arrival: Arrival, examiner: TableExaminer, limits: Limits, spool: Path, *, unconfined: bool = False
) -> Iterator[Arrival]:
    """The arrival with the files of its archives in their place; they can be read while this block runs.

    The same archive gives the same files in the same order, so that an intake that was killed goes on where it was. Where no
    reader can be shut off, an archive stays one file.
    """
    with contextlib.ExitStack() as stack:
        files: list[ArrivedFile] = []
        for file in arrival.files:
            if arrival.refusal or not _is_archive(file, limits):
                files.append(file)
            else:
                files += stack.enter_context(_opened(file, examiner, limits, spool, unconfined=unconfined))
        yield replace(arrival, files=tuple(files))


def _is_archive(file: ArrivedFile, limits: Limits) -> bool:
    if file.refusal or not 22 <= file.size <= limits.file_mib * (1 << 20):
        return False
    if PurePosixPath(file.name).suffix.lower() in _DOCUMENTS:
        return False
    with file.open() as stream:
        return stream.read(4) in _SIGNS


@contextlib.contextmanager
def _opened(
    file: ArrivedFile, examiner: TableExaminer, limits: Limits, spool: Path, *, unconfined: bool
) -> Iterator[list[ArrivedFile]]:
    with unnamed_file(spool) as packed, unnamed_file(spool) as into:
        with file.open() as source:
            while data := source.read(_PIECE):
                _write(packed, data)
        own = f"/proc/{os.getpid()}/fd/"
        try:
            found = examiner.open_archive(
                Path(f"{own}{packed}"), Path(f"{own}{into}"), limits, folder=spool, unconfined=unconfined
            )
        except UnconfinedError:
            found = {}
        yield _files(file, found, into)


def _files(archive: ArrivedFile, found: dict[str, Any], into: int) -> list[ArrivedFile]:
    if refusal := found.get("refusal"):
        return [replace(archive, refusal=str(refusal))]
    if "names" not in found:
        return [archive]
    files, start = [], 0
    for name, size in zip(found["names"], found["sizes"], strict=True):
        files.append(
            ArrivedFile(name=str(name), size=int(size), open=_Slice(into, start, size), archive=archive.name)
        )
        start += int(size)
    return files


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class _Slice:
    """Gives the same stretch of an open file whenever asked."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self.place = (descriptor, start, size)

    def __call__(self) -> AbstractContextManager[BinaryIO]:
        return BufferedReader(_Stretch(*self.place), _PIECE)


class _Stretch(RawIOBase):
    def __init__(self, descriptor: int, start: int, size: int) -> None:
        super().__init__()
        self.descriptor, self.at, self.end = descriptor, start, start + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self.descriptor, min(len(buffer), self.end - self.at), self.at)
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)
