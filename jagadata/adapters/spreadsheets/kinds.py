"""What a file is by its content, whatever its name says; what is no table is refused by its name."""

from __future__ import annotations

import errno
import mmap
import re
import zipfile
from typing import TYPE_CHECKING

from jagadata.adapters.spreadsheets.shortcuts import find_target
from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

ASK = "Kirim tabelnya sebagai XLSX, XLS, ODS, atau CSV, memakai formulir yang kami kirim."

SUFFIXES = {
    "xlsx": {".xlsx"},
    "xls": {".xls"},
    "xlsb": {".xlsb"},
    "ods": {".ods"},
    "csv": {".csv", ".txt", ".tsv"},
    "html": {".html", ".htm"},
}
"""Names that fit a kind."""

_SIGNS = (
    (b"%PDF", "dokumen PDF"),
    (b"\xff\xd8\xff", "gambar JPEG"),
    (b"\x89PNG", "gambar PNG"),
    (b"GIF8", "gambar GIF"),
    (b"II*\x00", "gambar TIFF"),
    (b"MM\x00*", "gambar TIFF"),
    (b"Rar!", "arsip RAR"),
    (b"7z\xbc\xaf", "arsip 7-Zip"),
    (b"\x1f\x8b", "arsip GZIP"),
    (b"BZh", "arsip BZIP2"),
    (b"\xfd7zXZ", "arsip XZ"),
    (b"MZ", "program Windows"),
    (b"\x7fELF", "program Linux"),
    (b"{\\rtf", "dokumen RTF"),
    (b"SQLite format 3", "basis data SQLite"),
    (b"PAR1", "berkas Parquet"),
    (b"\x00\x01\x00\x00Standard", "basis data Access"),
)
_ARCHIVES = (
    ("xl/workbook.xml", "xlsx"),
    ("content.xml", "ods"),
    ("xl/workbook.bin", "xlsb"),
    ("word/document.xml", "dokumen Word (DOCX)"),
    ("ppt/presentation.xml", "presentasi (PPTX)"),
    ("AndroidManifest.xml", "program Android"),
)
_TYPES = "[Content_Types].xml"
_WORKBOOKS = (
    (b"sheet.binary.macroEnabled.main", "xlsb"),
    (b"spreadsheetml.sheet.main+xml", "xlsx"),
    (b"spreadsheetml.template.main+xml", "xlsx"),
    (b"ms-excel.sheet.macroEnabled.main+xml", "xlsx"),
)
"""How an archive names its main part: it may lie anywhere."""
_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOENT,
    errno.EACCES,
    errno.EROFS,
}
_STREAMS = (("WordDocument", "dokumen Word (DOC)"), ("PowerPoint Document", "presentasi (PPT)"))


class UnfitError(RefusedError):
    """A file that can't be taken as data; `code` is the finding's."""

    def __init__(self, code: str, message: str, hint: str = ASK) -> None:
        super().__init__(message, hint)
        self.code = code


def is_of_machine(error: BaseException) -> bool:
    """A full disk, a missing file, too many open files: nothing that the sender could repair."""
    return isinstance(error, OSError) and error.errno in _MACHINE


def recognise(path: Path) -> str:
    """'xlsx', 'xls', 'ods', 'html' or 'csv'. Raises UnfitError for everything else."""
    with path.open("rb") as file:
        start = file.read(65_536)
    if not start.strip(b"\x00\xef\xbb\xbf \r\n\t"):
        raise UnfitError(
            "berkas-kosong", "Berkas kosong.", "Periksa berkas di komputer pengirim, lalu kirim ulang."
        )
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_archive(path)
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _kind_of_compound(path)
    target = find_target(start)
    if target is not None:
        where = f" ke {target}" if target else ""
        raise UnfitError(
            "tautan",
            f"Yang datang hanya tautan{where}, bukan berkasnya; tautan tidak kami buka.",
            "Unduh berkasnya (di Google Drive: File > Download > Microsoft Excel), lalu kirim sebagai lampiran.",
        )
    for sign, name in _SIGNS:
        if start.startswith(sign):
            raise UnfitError("bukan-tabel", f"Berkas ini {name}, bukan tabel.")
    return _kind_of_text(start)


def _kind_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            types = _content_types(archive) if _TYPES in names else b""
            mimetype = (
                archive.read("mimetype")[:100]
                if "mimetype" in names and archive.getinfo("mimetype").file_size < 200
                else b""
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        if is_of_machine(error):
            raise
        raise UnfitError(
            "berkas-rusak",
            "Berkas terpotong atau rusak.",
            "Buka dan simpan lagi di komputer pengirim, lalu kirim ulang.",
        ) from error
    kind = next((kind for sign, kind in _WORKBOOKS if sign in types), "")
    kind = kind or next((kind for name, kind in _ARCHIVES if name in names), "")
    if kind == "ods" and b"spreadsheet" not in mimetype:
        kind = "dokumen OpenDocument lain"
    if kind in ("xlsx", "xlsb", "ods"):
        return kind
    if kind:
        raise UnfitError("bukan-tabel", f"Berkas ini {kind}, bukan tabel yang dapat dibaca.")
    inside = sum(1 for name in names if re.search(r"\.(xlsx?|ods|csv)$", name, re.IGNORECASE))
    more = f" berisi {inside} tabel" if inside else ""
    raise UnfitError(
        "arsip",
        f"Berkas ini arsip ZIP{more}.",
        "Keluarkan isinya dan kirim setiap tabel sebagai lampiran tersendiri.",
    )


def _content_types(archive: zipfile.ZipFile) -> bytes:
    if archive.getinfo(_TYPES).flag_bits & 1:
        return b""
    with archive.open(_TYPES) as file:
        return file.read(1 << 20)


def _kind_of_compound(path: Path) -> str:
    """The old container of Office: its directory names streams in UTF-16."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def has(name: str) -> bool:
            return data.find(name.encode("utf-16-le")) >= 0

        if has("EncryptedPackage"):
            raise UnfitError(*ENCRYPTED)
        for stream, name in _STREAMS:
            if has(stream):
                raise UnfitError("bukan-tabel", f"Berkas ini {name}, bukan tabel.")
        if not has("Workbook") and not has("Book"):
            raise UnfitError("bukan-tabel", "Berkas ini dokumen Office lama yang bukan tabel, atau rusak.")
        if has("_VBA_PROJECT"):
            raise UnfitError(*MACROS)
    return "xls"


ENCRYPTED = (
    "berkas-bersandi",
    "Berkas dikunci dengan kata sandi sehingga tidak dapat dibaca.",
    "Hapus kata sandinya (Info > Proteksi), simpan, lalu kirim ulang.",
)
MACROS = (
    "makro",
    "Berkas berisi makro dan tidak dibuka.",
    "Simpan sebagai XLSX tanpa makro, lalu kirim ulang.",
)


def _kind_of_text(start: bytes) -> str:
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and (start.count(b"\x00") > len(start) // 10) and not looks_wide(start):
        raise UnfitError("bukan-tabel", "Berkas ini bukan tabel; jenisnya tidak dikenali.")
    text = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower()
    if text.startswith(b"mime-version:") or b"\ncontent-type: multipart/related" in text[:2000]:
        raise UnfitError("bukan-tabel", "Berkas ini halaman web tersimpan (MHTML), bukan tabel.")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text[:4000]:
        raise UnfitError(
            "bukan-tabel",
            "Berkas ini XML Spreadsheet 2003.",
            "Buka di Excel, simpan sebagai XLSX, lalu kirim ulang.",
        )
    if text.startswith(b"<"):
        if b"<table" in text:
            return "html"
        raise UnfitError("bukan-tabel", "Berkas ini halaman web atau XML tanpa tabel.")
    if text.startswith((b"{", b"[{")):
        raise UnfitError("bukan-tabel", "Berkas ini JSON, bukan tabel.")
    odd = sum(1 for byte in start[:4096] if byte < 32 and byte not in (0, 9, 10, 12, 13, 26, 27))
    if odd > 8:
        raise UnfitError("bukan-tabel", "Berkas ini bukan tabel; jenisnya tidak dikenali.")
    return "csv"


def looks_wide(start: bytes) -> str:
    """'utf-16-le' or 'utf-16-be' for text in UTF-16 without a mark at its start, else ''."""
    sample = start[:2000]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros and zeros.count(0) > 0.8 * len(zeros) and sample.count(0) < 0.6 * len(sample):
            return encoding
    return ""
