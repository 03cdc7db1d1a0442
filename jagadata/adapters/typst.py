"""Papers as A4 PDF/A-2b through typst: the same values and moment give the same bytes, on any machine."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

from jagadata.errors import JagadataError, OfficeFileError
from jagadata.text.formats import format_bytes, to_local

if TYPE_CHECKING:
    from jagadata.ports.printer import Letterhead, Printable


_TEMPLATES = Path(str(files("templates")))
PLACEHOLDER = _TEMPLATES / "paper" / "logo.svg"
LOGO_NOTE = "Lambang pada berkas kantor tidak dapat digambar; yang tercetak adalah lambang pengganti"

LARGEST_LOGO = 2_000_000
"""Bytes."""

LONGEST_WORD = 24
"""Characters without a place to break, beyond which one is made: names and hashes must not leave the page."""

LONGEST_TEXT = 3000
"""Characters of one value that are printed."""

_PRINTABLE = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x17F), (0x391, 0x3A1), (0x3A3, 0x3CE), (0x400, 0x45F), (0x1E00, 0x1E9B),
    (0x1EA0, 0x1EF9), (0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030),
    (0x2032, 0x2033), (0x2039, 0x203A), (0x20AC, 0x20AC), (0x2122, 0x2122), (0x2190, 0x2195), (0x2212, 0x2212),
    (0x221E, 0x221E), (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265), (0x25A0, 0x25A1), (0x25CF, 0x25CF),
)  # fmt: skip
"""What the shipped fonts can draw. PDF/A forbids a glyph that no font has, and typst then refuses the whole paper."""

UNPRINTABLE = "□"
UNPRINTABLE_NOTE = (
    "Tanda □ menggantikan huruf atau gambar yang tidak dapat dicetak; isi aslinya ada pada catatan elektronik"
)


class TypstPrinter:
    """A port's Printer whose layouts are `templates/LAYOUT.typ`. The data reaches typst as JSON, so nothing in it is ever code."""

    def render(
        self, paper: Printable, layout: str, letterhead: Letterhead, *, at: datetime, digest: str = ""
    ) -> bytes:
        return _render(paper, layout, letterhead, at, digest)

    def check_logo(self, logo: bytes) -> None:
        check_logo(logo)


def _render(sheet: Printable, layout: str, letterhead: Letterhead, at: datetime, digest: str) -> bytes:
    moment = to_local(at).astimezone(UTC).replace(microsecond=0)
    data: dict[str, Any] = {
        **sheet.to_json(),
        "letterhead": {
            "lines": list(letterhead.lines),
            "address": letterhead.address,
            "contact": letterhead.contact,
        },
        "digest": digest,
    }
    data = _printable_values(data)
    if UNPRINTABLE in json.dumps(data, ensure_ascii=False):
        data["notes"] = [*data["notes"], UNPRINTABLE_NOTE]
    data["day"] = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    logo = letterhead.logo
    try:
        if logo:
            check_logo(logo)
    except OfficeFileError:  # no paper may fail for its ornament; doctor says what is wrong
        logo = b""
        data["notes"] = [*data["notes"], LOGO_NOTE]
    try:
        return _compile(f'#include "/{layout}.typ"', logo or PLACEHOLDER.read_bytes(), data, moment)
    except typst.TypstError as error:
        raise JagadataError(
            f"Dokumen {sheet.title} {sheet.number} tidak dapat dibuat: {error}.",
            "Laporkan kepada pengembang; isi formulir tersimpan sebagai catatan elektronik.",
        ) from error


def _compile(source: str, logo: bytes, data: dict[str, Any], moment: datetime) -> bytes:
    templates = {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in ("paper", "backup", "restore", "collection")
        for path in (_TEMPLATES / folder).glob("*.typ")
    }
    pdf: bytes = typst.compile(
        {"main": source.encode(), **templates},  # type: ignore[call-overload]  # the stub knows no dict of files
        sys_inputs={
            "data": json.dumps(data),
            "logo": json.dumps(list(logo)),
        },  # files in memory must be UTF-8
        font_paths=[str(_TEMPLATES / "paper" / "fonts")],
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],
        timestamp=int(moment.timestamp()),
    )
    return pdf


def check_logo(logo: bytes) -> None:
    """Raises OfficeFileError for anything but a picture (SVG, PNG, JPEG) that can be drawn."""
    if len(logo) > LARGEST_LOGO:
        raise OfficeFileError(
            f"office.letterhead.logo: lambang itu sebesar {format_bytes(len(logo))}.",
            f"Perkecil sampai paling besar {format_bytes(LARGEST_LOGO)}.",
        )
    try:
        _compile("#image(bytes(json(bytes(sys.inputs.logo))))", logo, {}, datetime(2000, 1, 1, tzinfo=UTC))
    except typst.TypstError as error:
        raise OfficeFileError(
            f"office.letterhead.logo: lambang itu bukan gambar yang dapat dicetak ({error}).",
            "Simpan lambang sebagai SVG atau PNG biasa.",
        ) from error


def _printable_values(value: Any) -> Any:
    if isinstance(value, str):
        return make_printable(value)
    if isinstance(value, dict):
        return {key: _printable_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable_values(item) for item in value]
    return value


def make_printable(text: str) -> str:
    """Text that the shipped fonts can draw and that fits any width; line breaks stay."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]} … (dipotong; isi lengkap ada pada catatan elektronik)"
    drawn = "".join(_drawn(sign) for sign in text)
    return re.sub(rf"\S{{{LONGEST_WORD},}}", _breakable, drawn)


def _breakable(word: re.Match[str]) -> str:
    """After a sign that joins words (no hyphen: readers drop one at a line's end), else anywhere."""
    pieces = re.findall(r"[^._/@:;,]*[._/@:;,]?", word[0])
    return "\u200b".join(
        "\u200b".join(piece) if len(piece) > LONGEST_WORD else piece for piece in pieces if piece
    )


def _drawn(sign: str) -> str:
    if sign == "\n" or any(first <= ord(sign) <= last for first, last in _PRINTABLE):
        return sign
    if unicodedata.category(sign) in ("Cc", "Cf", "Mn"):  # no shape of its own
        return ""
    return " " if sign.isspace() else UNPRINTABLE
