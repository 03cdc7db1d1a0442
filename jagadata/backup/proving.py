"""SOP Back Up, step 2: what the store gave back is restored for the test of it. Never fails a backup for what could not be tested."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jagadata.errors import DamagedError, JagadataError
from jagadata.ports.progress import ignore
from jagadata.ports.proof import Restored, Shortfall, judge
from jagadata.text.formats import format_number
from jagadata.vault.manifest import DataEntry, Proof, ShortfallEntry
from jagadata.vault.spool import fetch_archive, refuse_small_spool, unnamed_file
from jagadata.vault.verification import parse_properties, read_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jagadata.workplace import Workplace

log = logging.getLogger(__name__)


def prove_entry(
    place: Workplace,
    system: str,
    entry: DataEntry,
    versions: Callable[[str], str | None],
    progress: Callable[[int], None] = ignore,
) -> Proof:
    """One archive, from the primary store. Raises DamagedError where the store gives back something else than before."""
    policy = place.office.policy.backup
    if (place.office.system(system).verify or policy.verify) == "read":
        return _untested("kebijakan kantor: dibaca saja (verify: read)")
    if entry.size > policy.verify_gib * 2**30:
        return _untested(f"basis data lebih besar dari {policy.verify_gib:g} GiB (policy.backup.verify_gib)")
    try:
        restored = _restore(place, system, entry, versions, progress)
    except DamagedError:
        raise
    except JagadataError as error:
        log.warning("%s: '%s' belum diuji dengan restore: %s", system, entry.database, error)
        return _untested(error.message)
    shortfalls = [*restored.shortfalls, *_compare(entry.rows, restored)]
    return Proof(
        state=judge(shortfalls),
        seconds=round(restored.seconds, 1),
        shortfalls=[ShortfallEntry(weight=one.weight, what=one.what, sql=one.sql) for one in shortfalls],
        rows={
            table: restored.counts.get(table, 0)
            for table, rows in entry.rows.items()
            if restored.counts.get(table, 0) != rows
        },
        digests=dict(restored.digests),
        sequences=dict(restored.sequences),
    )


def _untested(why: str) -> Proof:
    return Proof(state="terbaca", untested=why)


def _restore(
    place: Workplace,
    system: str,
    entry: DataEntry,
    versions: Callable[[str], str | None],
    progress: Callable[[int], None],
) -> Restored:
    store, identities = place.stores[0], place.identities()
    properties = parse_properties(read_properties(store, entry, versions, identities))
    refuse_small_spool(place.office.spool_folder, entry.archive_size)
    with unnamed_file(place.office.spool_folder) as fd:
        fetch_archive(entry, store, versions, identities, fd, progress)
        return place.server(system).try_restore(
            fd,
            properties,
            size=entry.size,
            minutes=place.office.policy.backup.verify_minutes,
            progress=progress,
        )


def _compare(wanted: Mapping[str, int], restored: Restored) -> list[Shortfall]:
    """Tables with other rows than were counted in the archive, unless their loss was found already."""
    if any(one.weight == "loss" for one in restored.shortfalls):
        return []
    return [
        Shortfall(
            weight="loss",
            what=f"baris tabel {table}: {format_number(restored.counts.get(table, 0))} dari {format_number(rows)}",
        )
        for table, rows in sorted(wanted.items())
        if restored.counts.get(table, 0) != rows
    ]


def tell(entry: DataEntry) -> str:
    """What step 2 came to for one data set, for people."""
    proof = entry.proof
    if proof is None or proof.untested:
        return f"'{entry.database}' terbaca, belum diuji dengan restore, karena {proof.untested if proof else '-'}"
    words = f"'{entry.database}' dipulihkan ke server uji ({format_number(round(proof.seconds))} detik): {proof.state}"
    return f"{words} ({len(proof.shortfalls)} hal)" if proof.shortfalls else words
