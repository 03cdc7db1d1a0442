"""What the body of a mail offers in place of an attachment: a link to a cloud store, a pasted table, a photo. Nothing is rendered or fetched. Pure.

What the mail quotes of ours or of others does not count: a reply carries the letter that it answers.
"""

from __future__ import annotations

import html
import re
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 500_000
"""Characters of a body that are looked at."""
PHOTO_BYTES = 40_000
"""A picture within a mail that is larger, or measures more than `PHOTO`, is a photo or a screenshot; smaller ones are logos."""
PHOTO = (400, 240)

_STORES = (
    *("drive.google.com", "docs.google.com", "sheets.google.com", "1drv.ms", "onedrive.live.com", "sharepoint.com"),
    *("dropbox.com", "we.tl", "wetransfer.com", "mega.nz", "box.com", "icloud.com", "mediafire.com", "terabox.com"),
    *("s.id", "bit.ly", "tinyurl.com", "forms.gle", "goo.gl", "linktr.ee", "heyzine.com", "canva.com"),
)  # fmt: skip
"""Where files are shared, and short names of such places; what stands in a signature is elsewhere."""
_URL = re.compile(r"""https?://[^\s"'<>\\]{3,2000}""", re.IGNORECASE)
_FILE = re.compile(r"\.(xlsx?|xlsb|ods|csv|zip|rar|pdf|docx?)($|[?#])", re.IGNORECASE)

_QUOTE_LINE = re.compile(
    r"""^\s*(?:
        -{2,}\s*(?:original\ message|pesan\ asli)\b.*
      | _{10,}
      | (?:on|pada|tanggal|le)\b.{0,200}(?:wrote|menulis|menuliskan)\s*:
      | (?:from|dari|pengirim)\s*:.*\n\s*(?:sent|dikirim|terkirim|date|tanggal|to|kepada)\s*:.*
    )\s*$""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_QUOTE_MARK = re.compile(
    r"""<[a-z]+\s[^<>]{0,300}(?:id=["']?(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container)
      | class=["']?(?:moz-cite-prefix|yahoo_quoted|OutlookMessageHeader)
      | border-top:\s*solid\s+\#(?:E1E1E1|B5C4DF))""",
    re.IGNORECASE | re.VERBOSE,
)
"""Where Outlook, Thunderbird and Yahoo begin what they quote."""
_BLOCK = re.compile(r"<(/?)blockquote\b[^<>]*>", re.IGNORECASE)
_TABLE = re.compile(r"<(/?)table\b[^<>]*>", re.IGNORECASE)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_NUMBER = re.compile(r"-?\d{1,3}(?:[.,  ]\d{3})*(?:[.,]\d+)?%?|\d{1,12}(?:[.,]\d+)?%?|[–-]")


def find_offers(bodies: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Of bodies as ('text/plain' or 'text/html', text): 'tautan ke drive.google.com', 'tabel di badan surel', each once."""
    found: list[str] = []
    for kind, text in bodies:
        if kind == "text/html":
            own = _own_html(text[:LONGEST])
            table = any(map(_is_table, _html_tables(own)))
            links = _URL.findall(html.unescape(own))
        else:
            own = _own_text(text[:LONGEST])
            table = _is_table([line.split("\t") for line in own.splitlines() if "\t" in line.strip()])
            links = _URL.findall(own)
        found += [f"tautan ke {host}" for host in map(_store, links) if host]
        found += ["tabel di badan surel"] if table else []
    return tuple(dict.fromkeys(found))


def is_photo(content: bytes) -> bool:
    """Whether a picture within the mail is what was to be sent, and no logo."""
    width, height = _measure(content)
    return len(content) >= PHOTO_BYTES or (width >= PHOTO[0] and height >= PHOTO[1])


def _store(url: str) -> str:
    """The host where files are shared that a link leads to, ''."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    shared = any(host == one or host.endswith(f".{one}") for one in _STORES)
    return host[:100] if shared or _FILE.search(parts.path) else ""


def _own_text(text: str) -> str:
    """Without what is quoted: lines that begin with '>', and all from the line that begins a quotation."""
    quoted = _QUOTE_LINE.search(text)
    text = text[: quoted.start()] if quoted else text
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))


def _own_html(text: str) -> str:
    text = re.sub(r"<(style|script|head)\b.*?</\1\s*>", " ", text, flags=re.IGNORECASE | re.DOTALL)
    quoted = _QUOTE_MARK.search(text)
    text = text[: quoted.start()] if quoted else text
    kept, depth, end = [], 0, 0
    for tag in _BLOCK.finditer(text):
        if depth == 0:
            kept.append(text[end : tag.start()])
        depth = max(0, depth - 1) if tag[1] else depth + 1
        end = tag.end()
    return "".join([*kept, text[end:] if depth == 0 else ""])


def _html_tables(text: str) -> Iterator[list[list[str]]]:
    """Rows of each table that holds no other: the outer ones are for the layout."""
    begin = None
    for tag in _TABLE.finditer(text):
        if not tag[1]:
            begin = tag.end()
        elif begin is not None:
            rows = _ROW.split(text[begin : tag.start()])[1:]
            yield [
                [" ".join(html.unescape(_TAG.sub(" ", cell)).split()) for cell in _CELL.split(row)[1:]]
                for row in rows
            ]
            begin = None


def _is_table(rows: list[list[str]]) -> bool:
    """Three rows of two cells and more, two of them with a number: a signature has none that stand alone."""
    full = [row for row in rows if sum(bool(cell.strip()) for cell in row) >= 2]
    counted = [row for row in full if any(_NUMBER.fullmatch(cell.strip()) for cell in row)]
    return len(full) >= 3 and len(counted) >= 2


def _measure(content: bytes) -> tuple[int, int]:
    """Width and height in pixels of a PNG, GIF or JPEG, from its head; (0, 0) for anything else."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(b"GIF8") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    at = 2
    while content.startswith(b"\xff\xd8") and at + 9 < min(len(content), 1 << 20) and content[at] == 0xFF:
        if 0xC0 <= content[at + 1] <= 0xCF and content[at + 1] not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
    return 0, 0
