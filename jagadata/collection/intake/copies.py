"""Second copies of what OPD sent: files, receipts, checks and papers of a round, in every store but the primary.

The primary store alone counts numbers (receipts.py); this is for the day on which it is gone. Done again, it copies what is missing.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from jagadata.collection.intake.receipts import folder, list_receipts
from jagadata.errors import AlreadyExistsError, DamagedError, JagadataError
from jagadata.findings import Problem
from jagadata.stores import layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.collection.round import Round
    from jagadata.ports.store import Store, StoredObject
    from jagadata.workplace import Workplace

_PIECE = 2**20


def copy_round(place: Workplace, round: Round) -> list[Problem]:
    """Copy what the other stores lack; a store that does not answer is named, and has its turn next time.

    Raises UnreachableError: the primary store does not answer.
    """
    source, *others = place.stores
    if not others:
        return []
    prefix = layout.make_round_prefix(str(round))
    wanted = list(_wanted(place, round, source, prefix))
    problems = []
    for target in others:
        try:
            have = {one.key for one in target.list(prefix)}
            for stored in wanted:
                if stored.key not in have:
                    _copy(source, stored, target)
        except JagadataError as error:
            problems.append(Problem(where=f"salinan di {target.name}", what=error.message))
    return problems


def _wanted(place: Workplace, round: Round, source: Store, prefix: str) -> Iterator[StoredObject]:
    """All of the round, but files without a receipt: a killed intake left them."""
    received = [one.stream for one in list_receipts(place, round) if one.stream]
    known = {each.key for stream in received for each in stream.objects}
    for stored in source.list(prefix):
        if stored.key in known or not stored.key.startswith(folder(round, "files")):
            yield stored


def _copy(source: Store, stored: StoredObject, target: Store) -> None:
    size = 0
    with source.open(stored.key, version=stored.version) as stream, target.create(stored.key) as upload:
        while data := stream.read(_PIECE):
            upload.write(data)
            size += len(data)
        if size != stored.size:
            raise DamagedError(
                f"Objek {stored.key} di {source.name} terpotong saat disalin.",
                "Periksa penyimpanan dengan `jaga doctor`.",
            )
        with contextlib.suppress(AlreadyExistsError):  # another intake was faster
            upload.commit()
