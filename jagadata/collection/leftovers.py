"""What interrupted intakes left in the stores."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.collection.claims import find_rounds
from jagadata.collection.intake.receipts import folder, list_receipts
from jagadata.findings import ORPHAN_AGE, Leftover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.workplace import Workplace


def find_unreceipted(place: Workplace) -> Iterator[Leftover]:
    """Files of OPD that were stored by an intake that was killed before their receipt was written: they were taken in again then."""
    store = place.stores[0]
    for one in find_rounds(place):
        receipts = list_receipts(place, one)
        known = {item.key for receipt in receipts if receipt.stream for item in receipt.stream.objects}
        for stored in store.list(folder(one, "files")):
            if stored.key not in known and stored.modified < place.clock() - ORPHAN_AGE:
                yield Leftover(
                    where=f"penyimpanan {store.name}",
                    name=stored.key,
                    what="berkas kiriman tanpa tanda terima; aslinya masih ada di tempat kiriman",
                    action="hapus",
                    clean=partial(store.remove, stored),
                )
