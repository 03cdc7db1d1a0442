"""What was taken in during a round: one signed record for each file, which is its receipt. What has no record does not exist.

Everything stands in the primary store alone. A second store that holds a part of it would not know the rest: numbers would be
given twice and mails answered twice. While the primary is silent nothing is taken in; what OPD sent waits where it is.

    rounds/2026-s2/receipts/000012.json   the receipt (docs/format.md)
    rounds/2026-s2/files/000012-*.age.000 the file as it came, encrypted to the office's recipients
    rounds/2026-s2/accepted/000012.json   the office believes the sender after all
    rounds/2026-s2/checks/000012.json     what the examination found
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003 - pydantic reads it
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from jagadata.collection.intake.deliveries import Received
from jagadata.collection.tables import examination
from jagadata.errors import DamagedError, NotFoundError, RefusedError, UnreachableError
from jagadata.evidence.records import Records
from jagadata.stores import layout
from jagadata.stores.copies import from_first_good
from jagadata.vault.manifest import StoredStream  # noqa: TC001 - pydantic reads it
from jagadata.vault.spool import unnamed_file
from jagadata.vault.stream import read_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import Examination
    from jagadata.evidence.envelope import JsonObject
    from jagadata.ports.store import Store
    from jagadata.workplace import Workplace

RECEIVED_KIND = "application/vnd.jagadata.received+json"
ACCEPTED_KIND = "application/vnd.jagadata.accepted+json"
CHECK_KIND = "application/vnd.jagadata.check+json"
State = Literal["diterima", "karantina", "ditolak", "tanpa berkas", "setelah penutupan"]
LATE: State = "setelah penutupan"
_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One file that came, or one mail without any. `number` is for people: 'TT-2026-S2-0012'.

    `state` karantina: kept, and not processed until the office accepts it (`accept_quarantined`); `agency` is then that OPD.
    LATE: the round was closed; kept (unless there is a `reason`), answered, neither examined nor counted.
    """

    receipt: int
    number: str
    state: State
    at: datetime  # when it was taken in
    arrived: datetime  # when the server or folder got it
    arrival: str  # key of the mail or the dropped file
    part: int  # from 1
    parts: int
    source: str
    sender: str = ""  # mail address, '' where there is none
    subject: str = ""
    reference: str = ""  # Message-ID
    agency: str = ""
    claimed: str = ""
    name: str = ""  # as it is shown
    sent_name: str = ""  # as it was sent
    archive: str = ""  # the ZIP that it was in
    size: int = 0
    sha256: str = ""
    stream: StoredStream | None = None
    duplicate_of: str = ""  # number of the receipt with the same bytes, from the same OPD
    reason: str = ""  # why it was refused or quarantined
    remarks: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()  # in place of a file, as in Arrival
    answer: bool = True
    unproven: bool = False  # the mail server said nothing of who sent it
    accepted_by: str = ""

    @property
    def title(self) -> str:
        """'pegawai.xlsx (dalam data.zip)', for people."""
        return f"{self.name} (dalam {self.archive})" if self.archive else self.name

    @property
    def is_to_examine(self) -> bool:
        return self.state == "diterima" and self.stream is not None and not self.duplicate_of


_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)


def primary_records(place: Workplace) -> Records:
    """Records of what was taken in: the primary store and no other (above)."""
    records = place.records
    return Records(records.stores[:1], records.signer, records.seals)


def folder(round: Round, what: str) -> str:
    return layout.make_intake_prefix(str(round), what)


def make_number(round: Round, receipt: int) -> str:
    """'TT-2026-S2-0012'."""
    return f"TT-{str(round).upper()}-{receipt:04}"


def parse_number(round: Round, text: str) -> int:
    """12 for 'TT-2026-S2-0012', '0012' or '12'. Raises NotFoundError."""
    plain = text.strip().upper().removeprefix(make_number(round, 0)[:-4])
    if not re.fullmatch(r"[0-9]{1,6}", plain):
        raise NotFoundError(
            f"Nomor tanda terima {text!r} bukan dari putaran {round.text}.",
            f"Tulis seperti '{make_number(round, 12)}'.",
        )
    return int(plain)


def clean_name(name: str) -> str:
    """A file name that is safe to show: its last part, without control and bidirectional characters."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character
        for character in unicodedata.normalize("NFC", last)
    )
    plain = " ".join(plain.split()).lstrip(".")
    if len(plain) > _NAME:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: _NAME - 12]}….{ending[:10]}" if dot else plain[:_NAME]
    return plain or "tanpa-nama"


def write_receipt(records: Records, round: Round, receipt: Receipt) -> None:
    """Raises AlreadyExistsError: the number is taken."""
    value: JsonObject = _RECEIPT.dump_python(receipt, mode="json", exclude={"accepted_by"})
    records.write(
        f"{folder(round, 'receipts')}{receipt.receipt:06}.json", RECEIVED_KIND, {"format": 1, **value}
    )


def read_receipt(records: Records, round: Round, receipt: int) -> Receipt:
    """As it was taken in. Raises NotFoundError, DamagedError."""
    key = f"{folder(round, 'receipts')}{receipt:06}.json"
    value = dict(records.read(key, RECEIVED_KIND).value)
    if value.pop("format", None) != 1:
        raise RefusedError(f"Tanda terima {key} ditulis versi Jagadata lain.", "Pakai versi yang menulisnya.")
    try:
        found = _RECEIPT.validate_python(value)
    except ValidationError as error:
        raise DamagedError(
            f"Tanda terima {key} tidak lengkap.", "Periksa penyimpanan dengan `jaga doctor`."
        ) from error
    if (found.receipt, found.number) != (receipt, make_number(round, receipt)):
        raise DamagedError(
            f"Tanda terima {key} milik berkas lain.", "Periksa penyimpanan dengan `jaga doctor`."
        )
    return found


def _numbers(records: Records, round: Round, what: str) -> list[int]:
    prefix = folder(round, what)
    names = (
        key.removeprefix(prefix).removesuffix(".json")
        for key in records.keys(prefix)
        if key.endswith(".json")
    )
    return sorted(int(name) for name in names if name.isdecimal())


def list_receipts(place: Workplace, round: Round) -> list[Receipt]:
    """Every receipt of the round in the order of their numbers, with what the office accepted since.

    Raises DamagedError: one can't be read; to go on without it would take its file in again.
    """
    records = primary_records(place)
    accepted = set(_numbers(records, round, "accepted"))
    found = [read_receipt(records, round, number) for number in _numbers(records, round, "receipts")]
    return [_accepted(records, round, one) if one.receipt in accepted else one for one in found]


def _accepted(records: Records, round: Round, receipt: Receipt) -> Receipt:
    value = records.read(f"{folder(round, 'accepted')}{receipt.receipt:06}.json", ACCEPTED_KIND).value
    return replace(receipt, state="diterima", agency=str(value["agency"]), accepted_by=str(value["by"]))


@contextlib.contextmanager
def open_file(place: Workplace, receipt: Receipt) -> Iterator[Path]:
    """The file as it came, all hashes checked, under a path that works while this block runs, in child processes as well.

    It is decrypted into a file without a name: nothing plain outlives the run, even kill -9.

    Raises:
        DamagedError: the store does not hold what the receipt says.
        RefusedError: nothing was kept of it, or this worker has no identity.
    """
    if receipt.stream is None:
        raise RefusedError(f"Berkas {receipt.number} tidak disimpan.", "Minta OPD mengirim ulang.")
    versions = {one.key: one.version for one in receipt.stream.objects}
    with unnamed_file(place.office.spool_folder) as fd:
        _fetch(place, receipt.stream, versions, fd)
        os.lseek(fd, 0, os.SEEK_SET)
        yield Path(f"/proc/{os.getpid()}/fd/{fd}")


def _fetch(place: Workplace, stream: StoredStream, versions: dict[str, str | None], fd: int) -> None:
    """From the primary store, else from a second copy (copies.py); every hash is checked. Raises the first fault."""

    def fetch(store: Store) -> None:
        recorded = versions if store is place.stores[0] else {}
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        with os.fdopen(os.dup(fd), "wb", buffering=2**20) as target:
            read_stream(stream, store, recorded.get, place.identities(), target)

    from_first_good(
        place.stores,
        fetch,
        missing=NotFoundError(
            f"Objek {stream.objects[0].key} tidak ada di penyimpanan mana pun.",
            "Periksa penyimpanan dengan `jaga doctor`.",
        ),
        passable=(DamagedError, NotFoundError, UnreachableError),
    )


def checked_numbers(place: Workplace, round: Round) -> set[int]:
    return set(_numbers(primary_records(place), round, "checks"))


def write_check(place: Workplace, round: Round, receipt: Receipt, found: Examination) -> None:
    """Raises AlreadyExistsError: it was examined meanwhile."""
    value = {
        "at": place.clock().isoformat(),
        "receipt": receipt.receipt,
        "number": receipt.number,
        "agency": receipt.agency,
        "sha256": receipt.sha256,
        "examination": examination.to_json(found),
    }
    primary_records(place).write(f"{folder(round, 'checks')}{receipt.receipt:06}.json", CHECK_KIND, value)


def read_check(place: Workplace, round: Round, receipt: int) -> Examination:
    """Raises NotFoundError, DamagedError."""
    value = primary_records(place).read(f"{folder(round, 'checks')}{receipt:06}.json", CHECK_KIND).value
    return examination.from_json(value["examination"])


def list_received(place: Workplace, round: Round) -> list[Received]:
    """What counts as delivered, with its examination; the same bytes sent again count with what was found in the first ones."""
    receipts = list_receipts(place, round)
    checked = checked_numbers(place, round)
    found = {one.number: read_check(place, round, one.receipt) for one in receipts if one.receipt in checked}
    return [
        Received(
            receipt=one.receipt,
            number=one.number,
            agency=one.agency,
            at=one.arrived,
            name=one.name,
            examination=found.get(one.duplicate_of or one.number),
        )
        for one in receipts
        if one.state == "diterima"
    ]
