"""SOP Back Up, step 1: each database of a system, streamed encrypted into the primary store."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jagadata import __version__
from jagadata.errors import JagadataError, RefusedError
from jagadata.evidence.envelope import canonical_json
from jagadata.ports.progress import ignore
from jagadata.stores import layout
from jagadata.text.formats import zone_name
from jagadata.text.names import make_backup_id
from jagadata.vault.clocks import Clocks
from jagadata.vault.manifest import (
    DataEntry,
    ManifestDraft,
    SourceServer,
    StoredStream,
)
from jagadata.vault.stream import compress, store_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import BinaryIO

    from jagadata.ports.data_source import DataSource, DumpStream
    from jagadata.ports.store import Store
    from jagadata.workplace import Workplace


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Why and for which month a backup is made. `kind`: Terjadwal, Manual or Susulan; `period`: 'YYYY-MM'."""

    run: str
    period: str
    kind: Literal["Terjadwal", "Manual", "Susulan"]
    form_number: str
    note: str = ""


def dump_system(
    place: Workplace, system_id: str, occasion: Occasion, progress: Callable[[int], None] = ignore
) -> ManifestDraft:
    """Step 1: dump each database of the system into the primary store under its final keys, as one bounded stream.

    Returns a draft of the manifest. Nothing of it counts as a backup yet.

    Raises:
        RefusedError: a check failed before anything was dumped (all reasons in the message).
        BusyError: a restore or another backup of this system is under way.
    """
    system = place.office.system(system_id)
    recipients, _signer = place.recipients(), place.signer
    place.identities_for(recipients)  # missing keys are named first: step 2 reads back what step 1 made
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
            _dump_one(
                place.stores[0],
                server,
                name,
                f"{layout.make_data_prefix(system_id, backup)}db{number:02}",
                recipients,
                progress,
            )
            for number, name in enumerate(system.databases, 1)
        ]
    finished = place.clock()
    return ManifestDraft(
        backup=backup,
        office=place.office.office.name,
        system=system.id,
        system_name=system.name,
        owner=system.owner,
        period=occasion.period,
        occasion=occasion.kind,
        started=started,
        finished=finished,
        started_local=_local(place, started),
        finished_local=_local(place, finished),
        source=SourceServer(
            name=server.name, version=facts.version, system_identifier=facts.system_identifier
        ),
        data=data,
        recipients=recipients,
        clocks=_read_clocks(server, place.stores[0], data, finished),
        run=occasion.run,
        form_number=occasion.form_number,
        note=occasion.note,
        software=f"jagadata {__version__}",
    )


def _read_clocks(source: DataSource, store: Store, data: list[DataEntry], worker: datetime) -> Clocks:
    """What worker, database and store said when the dump was done; who does not answer says nothing."""
    database = stored = None
    with contextlib.suppress(JagadataError):
        database = source.facts().clock
    with contextlib.suppress(JagadataError):
        stored = store.find(data[-1].properties.objects[-1].key)
    return Clocks(worker=worker, database=database, store=stored.modified if stored else None)


def _local(place: Workplace, moment: datetime) -> str:
    return f"{moment.astimezone(place.timezone):%Y-%m-%d %H.%M.%S} {zone_name(place.timezone)}"


def _dump_one(
    store: Store,
    source: DataSource,
    name: str,
    key: str,
    recipients: list[str],
    progress: Callable[[int], None],
) -> DataEntry:
    """One data set and its properties into the store."""
    stored: list[tuple[DumpStream, StoredStream, int]] = []

    def sink(dump: DumpStream) -> None:
        measured = _Measured(dump.archive)
        wrapped = compress(measured) if dump.codec == "zstd" else measured
        stream = store_stream(wrapped, store, f"{key}.{dump.suffix}.age", recipients, progress=progress)
        stored.append((dump, stream, measured.size))

    done = source.dump(name, sink)
    (dump, archive, size), *_ = stored
    properties = store_stream(
        _Bytes(canonical_json(dict(done.properties))), store, f"{key}.properties.json.age", recipients
    )
    return DataEntry.model_validate(
        {
            "kind": source.kind,
            "database": name,
            "identity": done.identity,
            "size": done.size,
            "tool": done.tool,
            "codec": dump.codec,
            "archive": archive,
            "archive_size": size,
            "properties": properties,
            "rows": dict.fromkeys(done.parts, 0),  # counted in step 2, from what the store holds
        }
    )


class _Measured:
    """Counts the bytes of the archive itself: what a restore needs as spool space."""

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
