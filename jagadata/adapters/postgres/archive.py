"""Reading an archive to its end without a server: what is in it, and how many rows."""

from __future__ import annotations

import codecs
import re
import subprocess
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

from jagadata.adapters.postgres.copy_rows import CopyRows
from jagadata.adapters.postgres.programs import last_lines, start
from jagadata.errors import DamagedError, RefusedError
from jagadata.ports.data_source import ArchiveProof

if TYPE_CHECKING:
    import io
    from collections.abc import Collection

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties
    from jagadata.ports.data_source import Counts

LARGE_OBJECTS = "pg_largeobject"
"""The part that stands for large objects."""
_PIECE = 2**20
_TOLD = re.compile(r'processing data for table "(.*?)"\n(?=pg_restore:|\Z)', re.DOTALL)


def python_codec(encoding: str) -> str:
    """Python's name of a server encoding such as LATIN1 or WIN1252 (PostgreSQL 24.3.1); UTF-8 for one that it does not know."""
    try:
        return codecs.lookup(re.sub(r"^koi8", "koi8_", re.sub(r"^win(?=\d)", "cp", encoding.lower()))).name
    except LookupError:
        return "utf-8"


def read_archive(access: Access, source: BinaryIO, encoding: str = "UTF8") -> Counts:
    """Read a whole archive. `pg_restore -l` would call a cut one good; writing it out does not.

    Returns rows by table, as 'schema.table', and the number of large objects if there are any; names stand in the archive in the
    database's `encoding`. Only data is written out: a function's body or a remark may hold what looks like a COPY. Raises DamagedError.
    """
    counted = CopyRows()
    with tempfile.TemporaryFile() as errors:
        process = start(
            [access.program("pg_restore"), "--file=-", "--section=data", "--verbose"],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={"PATH": access.program_path(), "LC_ALL": "C"},
            pipesize=_PIECE,
        )
        output = cast("io.BufferedReader", process.stdout)
        try:
            while piece := output.read1(_PIECE):
                counted.feed(piece)
        except BaseException:
            process.kill()
            raise
        finally:
            output.close()
            code = process.wait()
        errors.seek(0)
        text = errors.read().decode(python_codec(encoding), errors="replace")
    _refuse_unreadable(access, code, text)
    if not counted.is_whole:
        raise DamagedError("Arsip back up berakhir di tengah tabel.", "Jangan dipakai; pilih back up lain.")
    return _make_counts(counted, _TOLD.findall(text), python_codec(encoding))


def _refuse_unreadable(access: Access, code: int, text: str) -> None:
    if code and "unsupported version" in text:
        raise RefusedError(
            f"pg_restore {access.tool_version('pg_restore')} tidak mengenal bentuk arsip ini: {last_lines(text, 1)}",
            "Pasang paket postgresql-client dari versi yang membuat back up, dan tunjuk foldernya lewat servers[].tools.",
        )
    if code:
        raise DamagedError(
            f"Arsip back up rusak: {last_lines(text, 2)}", "Jangan dipakai; pilih back up lain."
        )


def _make_counts(counted: CopyRows, told: list[str], codec: str) -> Counts:
    """By table. Where pg_dump loads a partition through its root, the COPY names the root, and pg_restore tells the partition."""
    names = [
        f"{block.schema.decode(codec, errors='replace')}.{block.table.decode(codec, errors='replace')}"
        for block in counted.blocks
    ]
    if len(told) == len(names):
        names = told
    counts: dict[str, int] = {}
    for name, block in zip(names, counted.blocks, strict=True):
        counts[name] = counts.get(name, 0) + block.rows
    if counted.large_objects:
        counts[LARGE_OBJECTS] = counted.large_objects
    return counts


def verify_archive(
    access: Access, archive: BinaryIO, parts: Collection[str], properties: DatabaseProperties
) -> ArchiveProof:
    """See ports.DataSource.verify: the archive's tables against those that the database had when it was dumped."""
    counts = read_archive(access, archive, properties.encoding)
    return ArchiveProof(
        words="arsip terbaca sampai akhir oleh pg_restore, setiap barisnya dihitung",
        counts=counts,
        missing=sorted(set(parts) - set(counts)),
    )
