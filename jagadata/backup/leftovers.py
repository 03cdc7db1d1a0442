"""What interrupted backups left in the stores."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jagadata.findings import ORPHAN_AGE, Leftover
from jagadata.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jagadata.ports.store import Store, StoredObject
    from jagadata.workplace import Workplace


def make_inspections(place: Workplace, by: str) -> Iterator[tuple[str, Callable[[], Iterable[Leftover]]]]:
    """Each look with the name for its faults."""
    del by
    yield "data tanpa manifes", partial(find_orphans, place)


def find_orphans(place: Workplace) -> Iterator[Leftover]:
    """Data without a manifest in any store: of a backup that failed. Looked at only while every store answers."""
    data: list[tuple[Store, StoredObject, str]] = []
    manifests: set[str] = set()
    whole: set[str] = set()
    for store in place.stores:
        for stored in store.list(layout.SYSTEMS):
            key = layout.parse_backup_key(stored.key)
            if key.what == "manifest":
                manifests.add(key.folder)
            elif key.what == "receipt":
                whole.add(key.folder)
            elif key.what == "data":
                data.append((store, stored, key.folder))
    for store, stored, folder in data:
        if folder in manifests or place.clock() - stored.modified < ORPHAN_AGE:
            continue
        if folder in whole:
            yield Leftover(
                where=f"penyimpanan {store.name}",
                name=stored.key,
                what="data back up yang pernah utuh, tetapi manifesnya hilang",
                action="selidiki; dapat dipulihkan dengan tangan (docs/format.md)",
            )
            continue
        yield Leftover(
            where=f"penyimpanan {store.name}",
            name=stored.key,
            what="data back up yang gagal (tanpa manifes)",
            action="dihapus",
            clean=partial(store.remove, stored),
        )
