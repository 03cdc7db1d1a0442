"""The files in a ZIP that an OPD sent, unpacked one after another within the limits. Runs in the sandbox."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from jagadata.adapters.spreadsheets.kinds import is_of_machine
from jagadata.collection.tables.wording import number_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from jagadata.office.collection import Limits

MOST = 50
"""Files of one archive that are taken; an OPD has fewer data sets."""
ENTRIES = 5_000
"""Entries, with folders and what machines add."""

_PIECE = 1 << 20
_OWN_PARTS = ("[Content_Types].xml", "mimetype", "META-INF/", "xl/", "word/", "ppt/")
"""An office document is a ZIP too; so are programs."""
_JUNK = re.compile(
    r"(^|/)(__MACOSX/|\.[^/]*$|~\$|Thumbs\.db$|desktop\.ini$|\.~lock)|(^|/)(Icon\r)$", re.IGNORECASE
)
"""What computers put into archives by themselves."""


def unpack(path: Path, limits: Limits, begin: Callable[[], BinaryIO]) -> dict[str, Any]:
    """{'names': [...]} of the files, whose bytes follow each other in what `begin` gives; or {'refusal': why}, in words for the sender.

    Neither: it is an office document, or no ZIP, and is read as it is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpack(archive, limits, begin)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        LookupError,
    ) as error:
        if is_of_machine(error):
            raise
        return {"refusal": "arsip ZIP terpotong atau rusak; buat lagi di komputer pengirim, lalu kirim ulang"}


def _unpack(archive: zipfile.ZipFile, limits: Limits, begin: Callable[[], BinaryIO]) -> dict[str, Any]:
    entries = archive.infolist()
    if any(entry.filename.startswith(_OWN_PARTS) for entry in entries):
        return {}
    wanted = [one for one in entries if not one.is_dir() and not _JUNK.search(_name(one))]
    refusal = _refusal(entries, wanted)
    if refusal:
        return {"refusal": refusal}
    left = int(limits.unpacked_mib * (1 << 20))
    names = []
    for entry in wanted:
        names.append(_name(entry))
        target = begin()
        entry.file_size = 1 << 62  # up to its true end, whatever the directory declares
        with archive.open(entry) as file:
            while piece := file.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    return {
                        "refusal": f"isi arsip ZIP lebih dari {number_text(limits.unpacked_mib)} MB setelah dibuka; "
                        "kirim tabelnya saja, bagi menjadi beberapa surel"
                    }
                target.write(piece)
    return {"names": names}


def _refusal(entries: list[zipfile.ZipInfo], wanted: list[zipfile.ZipInfo]) -> str:
    if not wanted:
        return "arsip ZIP tidak berisi berkas; periksa, lalu kirim ulang"
    if any(entry.flag_bits & 1 for entry in wanted):
        return "arsip ZIP dikunci dengan kata sandi; hapus kata sandinya, atau kirim setiap tabel sebagai lampiran tersendiri"
    if len(wanted) > MOST or len(entries) > ENTRIES:
        return (
            f"arsip ZIP berisi {number_text(len(wanted))} berkas, sedangkan yang dibuka paling banyak {MOST}; "
            "kirim tabel yang diminta saja"
        )
    return ""


def _name(entry: zipfile.ZipInfo) -> str:
    """With its folders. Names without the UTF-8 mark are in the sender's code page, as old programs of Windows write them."""
    name = entry.filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        raw = name.encode("cp437", "replace")
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode("cp1252", "replace")
    return str(PurePosixPath(name.replace("\\", "/")))
