"""The letters of step 2: Surat Undangan and Surat Permintaan Data, one of each for every OPD. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from jagadata.papers.sheet import Block, Field, Table, make_block
from jagadata.text.formats import format_date, format_long, zone_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.evidence.envelope import JsonObject
    from jagadata.office.collection import Agency, Collection, DatasetEntry
    from jagadata.papers.values import Signature

LEGAL_BASIS = (
    "Peraturan Presiden Nomor 39 Tahun 2019 tentang Satu Data Indonesia",
    "SOP Nomor SOP/06/406.020/2019, prosedur Pengumpulan Data",
)

INVITING = (
    "Dalam rangka pengumpulan data urusan pemerintahan {round} sebagai bagian dari penyelenggaraan Satu Data "
    "Indonesia tingkat kabupaten, dengan ini kami mengundang Saudara untuk hadir, atau menugaskan pejabat yang "
    "membidangi data, pada:"
)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An official letter as `templates/collection/letter.typ` lays it out. `to` are the lines below 'Yth.'."""

    title: str
    number: str
    place: str  # 'Trenggalek, 2 November 2026'
    nature: str = "Biasa"  # sifat
    attachment: str = "-"  # lampiran
    subject: str  # hal
    to: tuple[str, ...]
    paragraphs: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    items: tuple[str, ...] = ()  # numbered, below the fields
    table: Table | None = None
    closing: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    copies: tuple[str, ...] = ()  # tembusan
    notes: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        return asdict(self)


def _address(agency: Agency, city: str) -> tuple[str, ...]:
    named = agency.name.casefold() in agency.head.casefold()
    return (agency.head, f"di {city}") if named else (agency.head, agency.name, f"di {city}")


def make_invitation(
    proposal: Proposal,
    round: Round,
    agency: Agency,
    *,
    number: str,
    city: str,
    day: date,
    signature: Signature,
    tz: ZoneInfo,
    asked: bool = True,
) -> Letter:
    """Surat Undangan: Nomor, Sifat, Lampiran, Hal, Yth., Hari/Tanggal, Waktu, Tempat, Acara.

    `asked`: data is asked of this OPD, so that request and form are enclosed.
    """
    return Letter(
        title="Surat Undangan",
        number=number,
        place=f"{city}, {format_date(day, tz)}",
        nature="Penting",
        attachment="1 (satu) berkas" if asked else "-",
        subject=f"Undangan Rapat Koordinasi Pengumpulan Data {round.text}",
        to=_address(agency, city),
        paragraphs=(INVITING.format(round=round.text),),
        fields=(
            Field(label="Hari/Tanggal", value=format_long(proposal.day, tz)),
            Field(label="Waktu", value=f"{proposal.begins} s.d. {proposal.ends} {zone_name(tz)}"),
            Field(label="Tempat", value=proposal.place),
            Field(label="Acara", value=f"Rapat Koordinasi Pengumpulan Data {round.text}"),
        ),
        items=proposal.agenda,
        closing=(
            *(("Surat Permintaan Data dan formulir pengisian data terlampir.",) if asked else ()),
            "Demikian atas perhatian dan kehadiran Saudara disampaikan terima kasih.",
        ),
        blocks=(make_block("", signature, tz=tz),),
    )


def make_request(
    proposal: Proposal,
    round: Round,
    agency: Agency,
    datasets: Sequence[DatasetEntry],
    *,
    policy: Collection,
    number: str,
    city: str,
    day: date,
    signature: Signature,
    contact: str,
    tz: ZoneInfo,
) -> Letter:
    """Surat Permintaan Data: dasar, daftar data, format, batas waktu, email, narahubung."""
    largest = f"{policy.limits.file_mib:g} MB"
    return Letter(
        title="Surat Permintaan Data",
        number=number,
        place=f"{city}, {format_date(day, tz)}",
        nature="Penting",
        attachment="1 (satu) berkas",
        subject=f"Permintaan Data {round.text}",
        to=_address(agency, city),
        paragraphs=(
            "Berdasarkan "
            + " dan ".join(LEGAL_BASIS)
            + ", dengan ini kami mohon Saudara selaku Produsen Data "
            "menyampaikan data berikut beserta metadatanya:",
        ),
        table=Table(
            heads=("No", "Nama Data", "Satuan", "Ukuran", "Jadwal Pemutakhiran"),
            rows=tuple(
                (str(number), one.name, one.unit, one.measure, one.release)
                for number, one in enumerate(datasets, 1)
            ),
            widths=(0, 3, 1, 1, 1.4),
        ),
        fields=(
            Field(
                label="Format",
                value=f"XLSX, XLS, ODS, atau CSV memakai formulir terlampir, paling besar {largest}",
            ),
            Field(label="Batas waktu", value=format_long(proposal.deadline, tz)),
            Field(label="Dikirim ke", value=policy.address),
            Field(label="Narahubung", value=contact),
        ),
        closing=(
            "Data pribadi (NIK, nomor telepon, alamat surel) mohon tidak disertakan, kecuali diminta.",
            "Demikian atas perhatian dan kerja sama Saudara disampaikan terima kasih.",
        ),
        blocks=(make_block("", signature, tz=tz),),
    )
