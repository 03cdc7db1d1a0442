"""The files in a mail as it came, however broken (MIME: RFC 2045-2049, 2231). HTML is never rendered, nothing is ever fetched. Pure."""

from __future__ import annotations

import base64
import binascii
import email
import io
import mimetypes
from contextlib import closing
from dataclasses import replace
from email.policy import Compat32, compat32
from typing import TYPE_CHECKING, Any, BinaryIO

from jagadata.collection.intake.arrival import Arrival, ArrivedFile
from jagadata.collection.intake.mail_bodies import LONGEST as LONGEST_BODY
from jagadata.collection.intake.mail_bodies import find_offers, is_photo
from jagadata.collection.intake.mail_heads import LONGEST, read_bytes, read_head, read_text
from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime
    from email.message import Message

    from jagadata.collection.intake.mail_heads import MailHead
    from jagadata.collection.intake.senders import Senders

SOURCE = "surel"
_PARTS = 300
_BOUNDARIES = 20_000  # the parser keeps some 2 KB for each part: more would be a bomb
_LINES = 2_000_000
_FIELDS = 10_000  # of all heads together
_FOLDS = 500  # lines of one field
_PARAMETERS = 4096  # characters of the fields that name a file: they are read in quadratic time
_DEPTH = 20
_BROKEN = "susunan surel rusak sehingga lampirannya tidak dapat dibaca; kirim ulang sebagai surel baru dengan lampiran biasa"
_PARTS_OF_MAIL = {
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
    "application/pgp-keys",
    "message/delivery-status",
    "message/disposition-notification",
    "message/global-delivery-status",
    "text/rfc822-headers",
    "text/vcard",
    "text/x-vcard",
}
"""What mail programs add by themselves: never data."""
_CALENDAR = {"text/calendar", "application/ics"}
"""What calendar programs send when somebody accepts or declines our invitation (RFC 6047)."""
_UNREADABLE = {
    "application/ms-tnef": "winmail.dat hanya terbaca oleh Outlook; kirim ulang dalam format HTML atau teks biasa (bukan Rich Text)",
    "application/vnd.ms-tnef": "winmail.dat hanya terbaca oleh Outlook; kirim ulang dalam format HTML atau teks biasa (bukan Rich Text)",
    "application/pkcs7-mime": "surel dibungkus S/MIME sehingga lampirannya tertutup; kirim ulang tanpa enkripsi",
    "application/x-pkcs7-mime": "surel dibungkus S/MIME sehingga lampirannya tertutup; kirim ulang tanpa enkripsi",
    "application/pgp-encrypted": "surel dienkripsi dengan PGP; kirim ulang tanpa enkripsi",
    "message/external-body": "lampiran hanya berupa rujukan ke tempat lain; lampirkan berkasnya",
    "message/partial": "surel dipecah menjadi beberapa bagian; kirim berkas yang lebih kecil dalam surel utuh",
}
_ENDINGS = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "text/csv": ".csv",
}


def read_mail(raw: bytes, *, at: datetime, senders: Senders, key: str = "") -> Arrival:
    """A whole mail as an arrival; what can't be read is refused with words, never raised. `at`: when the server got it."""
    head = read_head(raw, authority=senders.authority)
    if key:
        head = replace(head, key=key)
    try:
        found = _Attachments(_parse(raw))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # hostile bytes in a parser
        return make_arrival(head, at, senders, refusal=_BROKEN)
    return make_arrival(
        head,
        at,
        senders,
        files=tuple(found.files),
        remarks=tuple(dict.fromkeys(found.remarks)),
        offered=find_offers(found.bodies),
        automatic="jawaban undangan dari kalender" if found.calendar and not found.files else "",
    )


class _Bounded(Compat32):
    """Gives up on heads that no mail program writes, before they cost memory or time: `left` counts down."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "left", [_FIELDS])  # a policy can't be changed

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        left: list[int] = self.left  # type: ignore[attr-defined]
        left[0] -= 1
        if left[0] < 0 or len(sourcelines) > _FOLDS or sum(map(len, sourcelines)) > LONGEST:
            raise ValueError("not the head of a mail")
        return super().header_source_parse(sourcelines)


def _parse(raw: bytes) -> Message:
    if raw.count(b"\n--") > _BOUNDARIES or raw.count(b"\n") > _LINES:
        raise ValueError("not a mail")
    return email.message_from_bytes(raw, policy=_Bounded())


def make_arrival(
    head: MailHead,
    at: datetime,
    senders: Senders,
    *,
    files: tuple[ArrivedFile, ...] = (),
    remarks: tuple[str, ...] = (),
    offered: tuple[str, ...] = (),
    refusal: str = "",
    automatic: str = "",
) -> Arrival:
    """What a mail comes to, given who sends it. `automatic`: why a machine wrote it, where its head does not say so."""
    known = senders.agency(head.sender)
    claim = known or senders.claim(head.subject)
    own = head.sender in senders.own
    doubt = head.forged
    if known and not doubt and senders.authority and head.vouched != "yes":
        doubt = (
            f"server surel {senders.authority} tidak memastikan alamat pengirimnya (Authentication-Results)"
        )
    if not known and not doubt:
        doubt = "alamat kantor sendiri" if own else "alamat pengirim tidak terdaftar"
    automatic = head.automatic or automatic or ("dari alamat kantor sendiri" if own else "")
    return Arrival(
        key=head.key,
        source=SOURCE,
        sender=head.sender,
        at=at,
        subject=head.subject,
        reference=head.reference,
        agency="" if doubt else known,
        claimed=claim if doubt else "",
        doubt=doubt,
        files=files,
        remarks=remarks + ((f"tidak dijawab: {automatic}",) if automatic else ()),
        refusal=refusal,
        offered=offered,
        answer=bool(head.sender) and not automatic and not (known and doubt) and not head.forged,
        is_reply=head.is_reply,
        unproven=bool(known) and head.vouched == "unsaid",
    )


class _Attachments:
    """Goes through the parts in their order; a mail inside a mail (forwarded) is gone through as well, a delivery report is not."""

    def __init__(self, message: Message) -> None:
        self.files: list[ArrivedFile] = []
        self.remarks: list[str] = []
        self.bodies: list[tuple[str, str]] = []
        self.calendar = False
        self.parts = 0
        self._walk(message, 0)

    def _walk(self, part: Message, depth: int) -> None:
        self.parts += 1
        if self.parts > _PARTS or depth > _DEPTH:
            raise ValueError("too many parts")
        _mend(part)
        kind = part.get_content_type()
        payload: Any = part.get_payload()
        if kind == "multipart/report":
            self.remarks.append("laporan pengiriman surel; perlu dibaca petugas")
        elif kind == "message/rfc822" and isinstance(payload, list):
            if part.get_content_disposition() == "attachment" or depth:
                self.remarks.append("berkas diambil dari surel yang diteruskan")
            self._walk(_unwrapped(part, payload[0]), depth + 1)
        elif isinstance(payload, list) and kind not in _UNREADABLE:
            for inner in payload:
                self._walk(inner, depth + 1)
        elif kind in _CALENDAR:
            self.calendar = True
        elif kind not in _PARTS_OF_MAIL:
            self._leaf(part, kind)

    def _leaf(self, part: Message, kind: str) -> None:
        name = _name(part)
        placed = part.get_content_disposition()
        if kind in ("text/plain", "text/html") and not name and placed != "attachment":
            self.bodies.append((kind, _text(part)))  # the body: for people, and never rendered
            return
        if kind.startswith("image/") and placed != "attachment" and not is_photo(_content(part)):
            self.remarks.append("gambar di badan surel diabaikan")
            return
        refusal = _UNREADABLE.get(kind, "")
        if kind.startswith("multipart/"):  # without the boundaries that it needs
            refusal = refusal or _BROKEN
        if name.lower() == "winmail.dat":
            refusal = _UNREADABLE["application/ms-tnef"]
        content = b"" if refusal else _content(part)
        part.set_payload("")  # once is enough in memory
        if part.defects:
            self.remarks.append("lampiran rusak sebagian dalam perjalanan")
        number = len(self.files) + 1
        self.files.append(
            ArrivedFile(
                name=name
                or f"lampiran-{number}{_ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ''}",
                size=len(content),
                open=_Opener(content),
                refusal=refusal,
            )
        )


class _Opener:
    """Gives the same bytes whenever asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __call__(self) -> AbstractContextManager[BinaryIO]:
        return closing(io.BytesIO(self.content))


def refuse_open() -> AbstractContextManager[BinaryIO]:
    """`open` of a file that is refused unread."""
    raise RefusedError("Berkas ini ditolak tanpa dibaca.", "Minta pengirimnya mengirim ulang.")


def _content(part: Message) -> bytes:
    content: Any = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    """A body's text, whatever it says of its encoding."""
    content = _content(part)[: 4 * LONGEST_BODY]
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _mend(part: Message) -> None:
    """Raw 8-bit names are against the rules and usual: make them text, which the parser would else throw away."""
    for field in ("content-disposition", "content-type"):
        raw = next((str(value) for name, value in part.raw_items() if str(name).lower() == field), "")
        if len(raw) > _PARAMETERS:
            raise ValueError("not the fields of a file")
        if not raw.isascii():
            part.replace_header(field, read_bytes(raw))


def _name(part: Message) -> str:
    """The file name as the sender wrote it: Content-Disposition, else Content-Type, RFC 2231 or encoded words; '' if none."""
    try:
        found = part.get_filename()
    except (ValueError, LookupError, TypeError):
        found = None
    return read_text(found)[:500] if found else ""


def _unwrapped(part: Message, inner: Message) -> Message:
    """The mail in a message/rfc822 part; some programs encode it, which the parser does not expect."""
    if str(part.get("content-transfer-encoding", "")).strip().lower() != "base64" or inner.keys():
        return inner
    try:
        text: Any = inner.get_payload()
        return email.message_from_bytes(base64.b64decode(text, validate=False), policy=compat32)
    except (ValueError, TypeError, binascii.Error):
        return inner
