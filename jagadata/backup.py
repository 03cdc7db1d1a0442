"""SOP Back Up Data: each numbered step as a function from values to values; the journal remembers them (flows/backup.py, `jaga`)."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jagadata import __version__
from jagadata.calendar import zone_name
from jagadata.catalog import write_receipt
from jagadata.envelope import canonical_json
from jagadata.errors import DamagedError, NotFoundError, RefusedError
from jagadata.manifest import (
    MANIFEST_KIND,
    DatabaseEntry,
    Manifest,
    Stream,
    backup_folder,
    manifest_hash,
    manifest_key,
)
from jagadata.naming import make_backup_id, make_file_name
from jagadata.stream import compress, store_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import BinaryIO

    from jagadata.office import System
    from jagadata.ports import DatabaseServer, DumpResult, Store
    from jagadata.workplace import Workplace

Progress = "Callable[[int], None]"
"""Told the bytes done since the last call."""

ZSTD_TOOL = 16
"""pg_dump compresses with zstd itself from this major version on."""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Why and for which month a backup is made. `kind`: Terjadwal, Manual or Susulan; `period`: 'YYYY-MM'."""

    run: str
    period: str
    kind: str
    form_number: str
    note: str = ""


def ignore(_done: int) -> None:
    """A progress that nobody watches."""


# --- step 1 -------------------------------------------------------------------------------------------------------


def dump_system(
    place: Workplace, system_id: str, occasion: Occasion, progress: Callable[[int], None] = ignore
) -> dict[str, Any]:
    """Step 1: dump each database of the system into the primary store under its final keys, as one bounded stream.

    Returns a draft of the manifest (JSON values). Nothing of it counts as a backup yet.

    Raises:
        RefusedError: a check failed before anything was dumped (all reasons in the message).
        BusyError: a restore or another backup of this system is under way.
    """
    system = place.office.system(system_id)
    recipients, _signer, _identity = (
        place.recipients(),
        place.signer,
        place.identity(),
    )  # missing keys are told first
    server = place.server(system_id)
    faults = [fault for name in system.databases for fault in server.check_dump(name)]
    if faults:
        raise RefusedError(
            f"Sistem '{system_id}' belum dapat di-back up:\n"
            + "\n".join(f"  - {fault.message}" for fault in faults),
            " ".join(dict.fromkeys(fault.hint for fault in faults)),
        )
    started = place.clock()
    backup = make_backup_id(started, secrets.token_hex(5))
    facts = server.facts()
    with server.exclusive(system_id, login="dump"):
        data = [
            _dump_database(
                place.stores[0],
                server,
                name,
                f"{backup_folder(system_id, backup)}/data/db{number:02}",
                recipients,
                progress,
            )
            for number, name in enumerate(system.databases, 1)
        ]
    finished = place.clock()
    return {
        "format": 1,
        "backup": backup,
        "office": place.office.office.name,
        "system": system.id,
        "system_name": system.name,
        "owner": system.owner,
        "period": occasion.period,
        "occasion": occasion.kind,
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "started_local": _local(place, started),
        "finished_local": _local(place, finished),
        "source": {
            "name": server.name,
            "version": facts.version,
            "system_identifier": facts.system_identifier,
        },
        "data": [entry.model_dump(mode="json") for entry in data],
        "recipients": recipients,
        "run": occasion.run,
        "form_number": occasion.form_number,
        "note": occasion.note,
        "software": f"jagadata {__version__}",
    }


def _local(place: Workplace, moment: datetime) -> str:
    return f"{moment.astimezone(place.timezone):%Y-%m-%d %H.%M.%S} {zone_name(place.timezone)}"


def _dump_database(
    store: Store,
    server: DatabaseServer,
    name: str,
    key: str,
    recipients: list[str],
    progress: Callable[[int], None],
) -> DatabaseEntry:
    facts = server.database(name)
    if facts is None:
        raise NotFoundError(
            f"Basis data '{name}' tidak ada di server '{server.name}'.", "Periksa namanya di berkas kantor."
        )
    compressed = int(server.facts().dump_tool.partition(".")[0] or 0) >= ZSTD_TOOL
    streams: list[Stream] = []
    sizes: list[int] = []

    def sink(output: BinaryIO) -> None:
        measured = _Measured(output)
        source = measured if compressed else compress(measured)
        suffix = "dump.age" if compressed else "dump.zst.age"
        streams.append(store_stream(source, store, f"{key}.{suffix}", recipients, progress=progress))
        sizes.append(measured.size)

    result = server.dump(name, sink, progress=ignore)
    if result.compressed != compressed:
        raise DamagedError(
            "Jenis kompresi hasil dump tidak seperti yang dicatat.",
            "Laporkan kepada pengembang; jangan dipakai.",
        )
    properties = store_stream(
        _Bytes(canonical_json(asdict(result.properties))), store, f"{key}.properties.json.age", recipients
    )
    return _entry(name, facts.oid, facts.size, result, streams[0], sizes[0], properties)


def _entry(
    name: str, oid: int, size: int, result: DumpResult, archive: Stream, archive_size: int, properties: Stream
) -> DatabaseEntry:
    return DatabaseEntry(
        database=name,
        oid=oid,
        size=size,
        tool=result.tool,
        codec="none" if result.compressed else "zstd",
        archive=archive,
        archive_size=archive_size,
        properties=properties,
        rows=result.rows,
    )


class _Measured:
    """Counts the bytes of pg_dump's own archive: what a restore needs as spool space."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.size += len(data)
        return data


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int = -1) -> bytes:
        piece, self.data = (self.data, b"") if size < 0 else (self.data[:size], self.data[size:])
        return piece


# --- step 3 -------------------------------------------------------------------------------------------------------


def name_backup(place: Workplace, draft: dict[str, Any]) -> dict[str, Any]:
    """Step 3: check and give the official name; sign the manifest, with which the backup exists.

    Returns {"backup", "manifest" (hash), "files"}. Done again after a lost answer it finds its own manifest.
    """
    system = place.office.system(draft["system"])
    earlier = [backup for backup in place.catalog(system.id).of(system.id) if backup.id != draft["backup"]]
    revision = 1 + sum(backup.manifest.period == draft["period"] for backup in earlier)
    data = [{**item, "file_name": _file_name(place, system, draft, item, revision)} for item in draft["data"]]
    manifest = Manifest.model_validate({**draft, "data": data, "at": place.clock().isoformat()})
    key = manifest_key(system.id, manifest.backup)
    envelope = place.signer.seal(MANIFEST_KIND, manifest.model_dump(mode="json"))
    known = next(
        (backup for backup in place.catalog(system.id).backups if backup.id == manifest.backup), None
    )
    if known:
        envelope, data = known.envelope, [item.model_dump(mode="json") for item in known.manifest.data]
    else:
        place.stores[0].put(key, envelope)
    return {
        "backup": manifest.backup,
        "manifest": manifest_hash(envelope),
        "files": [item["file_name"] for item in data],
    }


def _file_name(
    place: Workplace, system: System, draft: dict[str, Any], item: dict[str, Any], revision: int
) -> str:
    from datetime import datetime

    return make_file_name(
        place.office.policy.backup.file_name,
        opd=system.owner,
        system=system.id,
        object=item["database"],
        engine="postgresql",
        kind="full",
        period=draft["period"],
        at=datetime.fromisoformat(draft["started"]).astimezone(place.timezone),
        revision=revision,
        extension="dump.age" if item["codec"] == "none" else "dump.zst.age",
    )


# --- step 6 -------------------------------------------------------------------------------------------------------


def record_review(
    place: Workplace,
    system_id: str,
    backup_id: str,
    *,
    decision: str,
    reviewer: dict[str, Any],
    note: str,
    run: str,
) -> None:
    """Step 6: the Kasi's decision (Diterima, Dikembalikan) as a receipt of the backup. Done twice it stays once."""
    backup = place.catalog(system_id).get(backup_id)
    known = backup.latest("review")
    if known and known.run == run:
        return
    write_receipt(
        place.records,
        backup,
        "review",
        place.clock(),
        run=run,
        decision=decision,
        reviewer=reviewer,
        note=note,
    )
