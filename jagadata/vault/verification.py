"""What a store holds is read back and proven: step 2 of a backup, restore and `jaga verify` ask the same of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jagadata.errors import DamagedError
from jagadata.ports.progress import ignore
from jagadata.text.formats import format_number
from jagadata.vault.stream import as_pipe, read_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagadata.evidence.keys import Identity
    from jagadata.ports.data_source import Counts, DataSource, Properties
    from jagadata.ports.store import Store
    from jagadata.vault.manifest import DataEntry, StoredStream


def read_back(
    source: DataSource,
    identities: Sequence[Identity],
    entries: list[DataEntry],
    store: Store,
    versions: Callable[[str], str | None],
    progress: Callable[[int], None] = ignore,
) -> list[str]:
    """Read every byte of a backup from one store: hashes, decryption, the whole archive, what it contains against its counts.

    Returns what was proven, in words. Raises DamagedError, UnreachableError.
    """
    counted, words = count_back(source, identities, entries, store, versions, progress)
    for data, counts in zip(entries, counted, strict=True):
        wrong = sorted(table for table in {*data.rows, *counts} if data.rows.get(table) != counts.get(table))
        if wrong:
            raise DamagedError(
                f"Arsip basis data '{data.database}' di {store.name} tidak sesuai manifes pada {len(wrong)} tabel, antara lain "
                f"{wrong[0]}: {counts.get(wrong[0])} dari {data.rows.get(wrong[0])} baris.",
                "Jangan dipakai; pilih back up lain.",
            )
    return words


def count_back(
    source: DataSource,
    identities: Sequence[Identity],
    entries: Sequence[DataEntry],
    store: Store,
    versions: Callable[[str], str | None],
    progress: Callable[[int], None] = ignore,
) -> tuple[list[Counts], list[str]]:
    """The same for a backup that is not signed yet: what each archive holds, counted, and what was proven, in words.

    Raises DamagedError where an archive lacks what the source held when it was dumped.
    """
    counted: list[Counts] = []
    words: list[str] = []
    for data in entries:
        properties = parse_properties(read_properties(store, data, versions, identities))
        stream = data.archive

        def fill(target: Any, stream: StoredStream = stream) -> None:
            read_stream(stream, store, versions, identities, target, progress=progress)

        with as_pipe(fill, codec=data.codec) as archive:
            proof = source.verify(archive, data.rows, properties)
        words.append(proof.words)
        counted.append(proof.counts)
        if proof.missing:
            raise DamagedError(
                f"Arsip basis data '{data.database}' di {store.name} tidak memuat tabel {', '.join(proof.missing[:5])}.",
                "Ulangi back up; bila tetap terjadi, bandingkan hak akses peran dump (`jaga db prepare`).",
            )
    count = sum(len(counts) for counts in counted)
    rows = sum(sum(counts.values()) for counts in counted)
    return counted, [
        "hash SHA-256 seluruh objek sesuai",
        "seluruh isi dapat didekripsi",
        *dict.fromkeys(words),
        f"{format_number(count)} tabel ({format_number(rows)} baris) sesuai daftar sumber",
    ]


def read_properties(
    store: Store, data: DataEntry, versions: Callable[[str], str | None], identities: Sequence[Identity]
) -> bytes:
    buffer = bytearray()

    class Target:
        def write(self, piece: bytes, /) -> int:
            buffer.extend(piece)
            return len(piece)

    read_stream(data.properties, store, versions, identities, Target())
    return bytes(buffer)


def parse_properties(text: bytes) -> Properties:
    """What the adapter that wrote it understands. Raises DamagedError for what is no JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _unreadable() from error
    if not isinstance(value, dict):
        raise _unreadable()
    return value


def _unreadable() -> DamagedError:
    return DamagedError("Sifat basis data dalam back up ini tidak dapat dibaca.", "Pilih back up lain.")
