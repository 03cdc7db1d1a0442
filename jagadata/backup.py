"""SOP Back Up Data: each numbered step as a function from values to values; the journal remembers them (flows/backup.py, `jaga`)."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jagadata import __version__
from jagadata.calendar import format_number, zone_name
from jagadata.catalog import write_receipt
from jagadata.envelope import canonical_json
from jagadata.errors import DamagedError, JagadataError, NotFoundError, RefusedError
from jagadata.manifest import (
    MANIFEST_KIND,
    DatabaseEntry,
    Manifest,
    Stream,
    Verification,
    backup_folder,
    manifest_hash,
    manifest_key,
)
from jagadata.naming import make_backup_id, make_file_name
from jagadata.ports import DatabaseProperties
from jagadata.stream import HashingWriter, as_pipe, compress, read_stream, store_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import BinaryIO

    from jagadata.catalog import Backup
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


# --- step 2 -------------------------------------------------------------------------------------------------------


def verify_draft(
    place: Workplace, draft: dict[str, Any], progress: Callable[[int], None] = ignore
) -> dict[str, Any]:
    """Step 2: read back what the primary store holds and prove it. Returns the draft with its `verification`.

    Raises:
        DamagedError: what the store gave back is not what was sent.
    """
    entries = [DatabaseEntry.model_validate(item) for item in draft["data"]]
    versions = {
        entry.key: entry.version
        for data in entries
        for stream in (data.archive, data.properties)
        for entry in stream.objects
    }
    means = read_back(place, draft["system"], entries, place.stores[0], versions.get, progress)
    return {**draft, "verification": Verification(at=place.clock(), means=means).model_dump(mode="json")}


def read_back(
    place: Workplace,
    system_id: str,
    entries: list[DatabaseEntry],
    store: Store,
    versions: Callable[[str], str | None],
    progress: Callable[[int], None] = ignore,
) -> list[str]:
    """Read every byte of a backup from one store: hashes, decryption, the whole archive, its table list against the rows counted.

    Returns what was proven, in words. Raises DamagedError, UnreachableError.
    """
    server, identity = place.server(system_id), place.identity()
    for data in entries:
        properties = parse_properties(read_properties(store, data, versions, identity))
        stream = data.archive

        def fill(target: Any, stream: Stream = stream) -> None:
            read_stream(stream, store, versions, identity, target, progress=progress)

        with as_pipe(fill, codec=data.codec) as archive:
            tables = server.read_archive(archive, properties.encoding)
        missing = sorted(set(data.rows) - set(tables) - {"pg_largeobject"})
        if missing:
            raise DamagedError(
                f"Arsip basis data '{data.database}' di {store.name} tidak memuat tabel {', '.join(missing[:5])}.",
                "Ulangi back up; bila tetap terjadi, bandingkan hak akses peran dump (`jaga db prepare`).",
            )
    count = sum(len(data.rows) for data in entries)
    rows = sum(sum(data.rows.values()) for data in entries)
    return [
        "hash SHA-256 seluruh objek sesuai",
        "seluruh isi dapat didekripsi",
        "arsip terbaca sampai akhir oleh pg_restore",
        f"{format_number(count)} tabel ({format_number(rows)} baris) sesuai daftar sumber",
    ]


def read_properties(
    store: Store, data: DatabaseEntry, versions: Callable[[str], str | None], identity: Any
) -> bytes:
    buffer = bytearray()

    class Target:
        def write(self, piece: bytes, /) -> int:
            buffer.extend(piece)
            return len(piece)

    read_stream(data.properties, store, versions, identity, Target())
    return bytes(buffer)


def parse_properties(text: bytes) -> DatabaseProperties:
    """Raises DamagedError for what is none, or of another version."""
    try:
        return DatabaseProperties(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise DamagedError(
            "Sifat basis data dalam back up ini tidak dapat dibaca, atau ditulis versi Jagadata lain.",
            "Pakai versi Jagadata yang membuat back up ini, atau pilih back up lain.",
        ) from error


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


# --- step 4 -------------------------------------------------------------------------------------------------------


def secure_backup(
    place: Workplace,
    system_id: str,
    backup_id: str,
    *,
    run: str = "",
    progress: Callable[[int], None] = ignore,
) -> dict[str, Any]:
    """Step 4: copy to the second store, hash again what it then holds, set retention locks; each a receipt.

    Returns {"copy": store or "", "hash_matches": bool, "locked_until": ISO or "", "remarks": [...]}.
    """
    backup = place.catalog(system_id).get(backup_id)
    remarks: list[str] = []
    copy = backup.copied_to
    if len(place.stores) < 2:
        remarks.append("Penyimpanan kedua belum ditetapkan di berkas kantor.")
    elif not copy:
        copy = _copy(place, backup, place.stores[1], run, progress)
        backup = place.catalog(system_id).get(backup_id)
    if len(place.stores) > 1 and place.stores[0].features().device == place.stores[1].features().device:
        remarks.append("Kedua penyimpanan berada pada perangkat yang sama; satu kerusakan mengenai keduanya.")
    until = _lock(place, backup, run)
    return {
        "copy": copy,
        "hash_matches": bool(copy),
        "locked_until": until.isoformat() if until else "",
        "remarks": remarks,
    }


def _copy(place: Workplace, backup: Backup, target: Store, run: str, progress: Callable[[int], None]) -> str:
    source = place.stores[0]
    versions: dict[str, str | None] = {}
    for entry in backup.manifest.objects:
        stored = target.find(entry.key)
        if stored is None:
            writer = HashingWriter(progress=progress)
            with (
                source.open(entry.key, version=backup.version(source.name, entry.key)) as stream,
                target.create(entry.key) as upload,
            ):
                while data := stream.read(2**20):
                    writer.write(data)
                    upload.write(data)
                if writer.sha256.hexdigest() != entry.sha256:
                    raise DamagedError(
                        f"Objek {entry.key} di {source.name} berubah setelah diverifikasi.",
                        "Selidiki penyimpanan utama.",
                    )
                stored = upload.commit()
        seen = HashingWriter()
        with target.open(entry.key, version=stored.version) as stream:
            while data := stream.read(2**20):
                seen.write(data)
        if seen.sha256.hexdigest() != entry.sha256:
            raise DamagedError(
                f"Salinan {entry.key} di {target.name} tidak sama dengan aslinya.",
                "Selidiki penyimpanan kedua; back up di penyimpanan utama tetap sah.",
            )
        versions[entry.key] = stored.version
    key = manifest_key(backup.manifest.system, backup.id)
    found = target.find(key)
    if found is None:
        target.put(key, backup.envelope)
    elif target.get(key, version=found.version) != backup.envelope:
        raise DamagedError(
            f"Manifes {key} di {target.name} bukan salinan manifes utama.", "Selidiki penyimpanan kedua."
        )
    write_receipt(place.records, backup, "copy", place.clock(), run=run, store=target.name, versions=versions)
    return target.name


def _lock(place: Workplace, backup: Backup, run: str) -> datetime | None:
    from datetime import timedelta

    if backup.locked_until:
        return backup.locked_until
    reached: list[datetime] = []
    for entry, store in zip(place.office.stores, place.stores, strict=True):
        if not entry.lock_days or store.name not in backup.stores or not store.features().lock:
            continue
        until = place.clock() + timedelta(days=entry.lock_days)
        for key in [item.key for item in backup.manifest.objects] + [
            manifest_key(backup.manifest.system, backup.id)
        ]:
            stored = store.find(key)
            said = store.lock(stored, until) if stored else None
            if said is None:
                raise JagadataError(
                    f"Kunci retensi {key} di {store.name} tidak terpasang.",
                    "Periksa Object Lock pada bucket itu.",
                )
            reached.append(said)
    if not reached:
        return None
    write_receipt(place.records, backup, "lock", place.clock(), run=run, until=min(reached).isoformat())
    return min(reached)


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
