"""What arrives from outside during a round, before anyone has judged it: a mail or a dropped file. Pure values; the ports of intake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ArrivedFile:
    """One attachment or dropped file. `name` is as it was sent (hostile: never a path of ours), `size` in bytes.

    `open` gives its bytes as a stream; it may be called again. `refusal`: why this one can't be taken, in words for the sender.
    `archive`: the ZIP that it was in.
    """

    name: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]] = field(repr=False)
    refusal: str = ""
    archive: str = ""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One message or one dropped file. `key` is the same whenever the same thing is seen again (hex, 64 characters).

    `agency` is the OPD's id, '' where it is not known or not believed (`doubt` says why): such an arrival is quarantined and shown;
    `claimed` is then the OPD that it says it is from.
    `answer` is False where an answer would loop or bounce (automatic mails, lists, our own address, delivery reports).
    """

    key: str
    source: str  # for people: 'surel', "folder 'kiriman/bkpsdm'"
    sender: str
    at: datetime  # when the server or folder got it (aware)
    subject: str = ""
    reference: str = ""  # Message-ID, for the answer's In-Reply-To
    agency: str = ""
    claimed: str = ""
    doubt: str = ""
    files: tuple[ArrivedFile, ...] = ()
    remarks: tuple[
        str, ...
    ] = ()  # what was noticed, for the office: 'bagian HTML dengan gambar luar diabaikan'
    refusal: str = ""  # why nothing of it can be taken, in words for the sender
    offered: tuple[str, ...] = ()  # in place of a file: 'tautan ke drive.google.com', 'tabel di badan surel'
    answer: bool = True
    is_reply: bool = (
        False  # to a mail of ours or to anyone's: with nothing for a file it is for people to read
    )
    unproven: bool = False  # from a registered address, and the mail server says nothing of who sent it


class Arrivals(Protocol):
    """A place where OPD send data. Nothing there is ever deleted."""

    @property
    def name(self) -> str: ...

    def fetch(self, known: Iterable[str]) -> Iterator[Arrival]:
        """What is there and not among the keys that are `known`, oldest first; bytes are read only when opened.

        Raises UnreachableError (transient).
        """
        ...

    def check(self) -> None:
        """Whether it can be opened now; changes nothing. Raises UnreachableError, RefusedError."""
        ...

    def mark(self, arrival: Arrival) -> None:
        """Note at the source that it was taken in (an IMAP keyword; nothing for a folder). Fails soft."""
        ...
