"""Databases that a restore left beside the live one: the old data (for a rollback) and restore tests, each with its last day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from jagadata.errors import AlreadyExistsError, JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.findings import Problem
from jagadata.stores import layout
from jagadata.text.formats import format_date
from jagadata.vault.identity import with_identities

if TYPE_CHECKING:
    from jagadata.workplace import Workplace

KEPT_KIND = "application/vnd.jagadata.kept+json"
DROPPED_KIND = "application/vnd.jagadata.dropped+json"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One kept database. `name` is the database that it was (or tests); `incident` forbids dropping it."""

    system: str
    run: str
    name: str
    kept: str
    identity: str
    system_identifier: str
    what: Literal["data lama", "hasil uji", "hasil restore yang dibatalkan"]
    at: datetime
    until: datetime
    incident: bool
    dropped: bool = False
    key: str = ""  # under which it was read


def record_kept(place: Workplace, kept: Kept) -> None:
    """Write it down once; again is no fault, whatever version did it before."""
    known = {(earlier.run, earlier.identity) for earlier in list_kept(place, kept.system)}
    if (kept.run, kept.identity) in known:
        return
    value = {
        **{
            name: getattr(kept, name)
            for name in ("system", "run", "name", "kept", "identity", "system_identifier", "what", "incident")
        },
        "at": kept.at.isoformat(),
        "until": kept.until.isoformat(),
    }
    try:
        place.records.write(_key(kept), KEPT_KIND, value)
    except AlreadyExistsError:
        return


def _key(kept: Kept) -> str:
    """The key of its record: a store takes few characters."""
    identity = re.sub(r"[^a-z0-9]+", "-", kept.identity.lower())
    return kept.key or layout.make_kept_key(kept.system, kept.run, identity)


def list_kept(
    place: Workplace, system: str | None = None, problems: list[Problem] | None = None
) -> list[Kept]:
    """Every kept database on record, oldest first."""
    kept: list[Kept] = []
    prefix = layout.make_kept_prefix(system)
    problems = [] if problems is None else problems
    keys = place.records.keys(prefix)
    for key in sorted(keys):
        if layout.is_dropped_key(key) or not key.endswith(".json"):
            continue
        try:
            value = place.records.read(key, KEPT_KIND).value
            value = with_identities(value, value["system_identifier"])
            times = {name: datetime.fromisoformat(value[name]) for name in ("at", "until")}
            dropped = layout.make_dropped_key(key) in keys
            kept.append(Kept(**{**value, **times}, key=key, dropped=dropped))
        except UnreachableError:
            raise
        except (JagadataError, KeyError, TypeError, ValueError) as error:
            what = error.message if isinstance(error, JagadataError) else "Catatan ini tidak lengkap."
            problems.append(Problem(where=key, what=what))
    return sorted(kept, key=lambda item: item.at)


def current_name_of(place: Workplace, kept: Kept) -> Literal["beside", "gone", "in use", "other server"]:
    """What became of a kept database. `in use`: a rollback gave it the live name back (or somebody renamed it).

    An identity means something on the server that gave it only, which may have been replaced since.
    """
    if kept.system not in [system.id for system in place.office.systems]:
        return "other server"
    server = place.server(kept.system)
    if server.facts().system_identifier != kept.system_identifier:
        return "other server"
    name = server.find(kept.identity)
    if name is None:
        return "gone"
    return "beside" if name == kept.kept else "in use"


def drop_kept(place: Workplace, kept: Kept, *, by: str) -> None:
    """Drop one kept database for good, by its identity, and write that down.

    Raises:
        RefusedError: before its last day, after a cyber incident, or if the server or the database is another one.
    """
    if kept.incident or _is_evidence(place, kept):
        raise RefusedError(
            f"Basis data simpanan '{kept.kept}' adalah barang bukti insiden siber.",
            "Serahkan kepada tim tanggap insiden; jangan dihapus di sini.",
        )
    if place.clock() < kept.until:
        raise RefusedError(
            f"Basis data simpanan '{kept.kept}' disimpan sampai {format_date(kept.until, place.timezone)}.",
            "Tunggu sampai lewat tanggal itu.",
        )
    server = place.server(kept.system)
    if server.facts().system_identifier != kept.system_identifier:
        raise RefusedError(
            f"Server '{server.name}' bukan server tempat '{kept.kept}' disimpan.", "Periksa berkas kantor."
        )
    name = server.find(kept.identity)
    if name not in (None, kept.kept):
        raise RefusedError(
            f"Basis data simpanan '{kept.kept}' kini bernama '{name}'.",
            "Mungkin data yang berjalan; periksa lebih dahulu.",
        )
    at = place.clock().isoformat()
    if name is not None:
        server.forget(name, identity=kept.identity)
    place.records.write(
        layout.make_dropped_key(_key(kept)),
        DROPPED_KIND,
        {"at": at, "by": by, "kept": name or kept.kept, "identity": kept.identity, "found": name is not None},
    )


def _is_evidence(place: Workplace, kept: Kept) -> bool:
    """The same database was kept after a cyber incident before, and came back in a rollback meanwhile."""
    return any(
        earlier.incident and earlier.identity == kept.identity for earlier in list_kept(place, kept.system)
    )


def newest_kept(place: Workplace, system: str) -> list[Kept]:
    """The old databases of the newest restore of a system that still lie beside: what a rollback swaps back. Raises NotFoundError."""
    old = [
        kept
        for kept in list_kept(place, system)
        if kept.what == "data lama" and not kept.dropped and current_name_of(place, kept) == "beside"
    ]
    if not old:
        raise NotFoundError(
            f"Tidak ada data lama sistem '{system}' yang masih disimpan.",
            "Lihat daftarnya dengan `jaga kept`.",
        )
    return [kept for kept in old if kept.run == old[-1].run]
