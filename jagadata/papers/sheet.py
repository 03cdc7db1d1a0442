"""A sheet: what a paper prints, already in words and in order; typst and Markdown lay the same sheet out. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from jagadata.office.people import ROLES
from jagadata.papers.values import RankedSignature, format_nip, nip_warning
from jagadata.sop import PARTIES
from jagadata.text.formats import WIB, format_date, format_moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from jagadata.evidence.envelope import JsonObject
    from jagadata.papers.values import Signature


@dataclass(frozen=True, kw_only=True)
class Field:
    """A label and its value. With `choices` the value is one of them (or empty) and boxes are drawn; `mono`: a hash."""

    label: str
    value: str = ""
    choices: tuple[str, ...] = ()
    mono: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """`widths`: relative widths of the columns, 0 as wide as its words; `right`: numbers of columns set to the right."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    right: tuple[int, ...] = ()
    mono: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SheetPart:
    """Fields under a small heading, then a table. `whole`: not to be torn over two pages."""

    title: str = ""
    text: str = ""
    fields: tuple[Field, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A lettered section; `boxed` frames each of its parts as one block (one application)."""

    title: str
    parts: tuple[SheetPart, ...]
    boxed: bool = False


@dataclass(frozen=True, kw_only=True)
class Block:
    """A signature block. Empty `name`: dotted lines. Space for a wet signature is always left."""

    place: str = ""  # 'Trenggalek, 2 Desember 2019'
    heading: str
    post: str = ""
    name: str = ""
    rank: str = ""
    nip: str = ""
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    title: str
    number: str
    number_label: str = "Nomor"
    subtitle: str = ""
    opening: str = ""
    head: tuple[Field, ...] = ()
    sections: tuple[Section, ...] = ()
    closing: str = ""
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        return asdict(self)


def make_block(
    heading: str,
    signature: Signature,
    *,
    city: str = "",
    tz: ZoneInfo = WIB,
    fallback_post: str = "",
    show_role: bool = True,
) -> Block:
    """The signature block of one signer; post and SOP role are kept apart, acting ones named as such.

    Without a `heading` the post stands in its place, with its comma. `show_role`: where the post is named otherwise, the role too.
    """
    role = ROLES.get(signature.role) or PARTIES.get(signature.role, "")
    post = signature.post or fallback_post or role
    acting = f"{signature.acting} {role or post}" if signature.acting else post
    remark = [f"dicatat secara elektronik {format_moment(signature.at, tz)}"] if signature.at else []
    if (
        show_role
        and signature.post
        and signature.role in ROLES
        and signature.post != role
        and not signature.acting
    ):
        remark.append(f"peran SOP: {role}")
    if signature.acting and signature.post:
        remark.append(f"jabatan: {signature.post}")
    if signature.remark:
        remark.append(signature.remark)
    where = ", ".join(filter(None, (city, format_date(signature.at, tz) if signature.at else "")))
    return Block(
        place=f"{where}, ………………" if city and not signature.at else where,
        heading=heading,
        post=acting if heading or not acting else f"{acting},",
        name=signature.name,
        rank=signature.rank if isinstance(signature, RankedSignature) else "",
        nip=format_nip(signature.nip) if signature.nip else "",
        remark="; ".join(remark),
    )


def make_notes(remarks: Iterable[str], signatures: Iterable[Signature]) -> tuple[str, ...]:
    """Remarks of the form, then a warning for each NIP that can't be right; each once."""
    warnings = (nip_warning(signature.nip) for signature in signatures)
    return tuple(dict.fromkeys(note for note in (*remarks, *warnings) if note))


def yes_or_no(value: bool | None, words: tuple[str, str] = ("Ya", "Tidak")) -> str:
    """'Ya', 'Tidak', or '' where it is not known."""
    return "" if value is None else words[0] if value else words[1]


def when(moment: datetime | None, tz: ZoneInfo = WIB, *, seconds: bool = False) -> str:
    """'30 November 2019 pukul 08.00 WIB', or ''; with `seconds` '… 08.00.05 WIB'."""
    return format_moment(moment, tz, seconds=seconds) if moment else ""
