"""The office and its officials: roles of the SOP, acting periods, letterhead."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jagadata.office.section import SectionModel
from jagadata.office.values import (
    Identifier,
    Nip,
    NumberTemplate,
    OneLine,
    TimeZoneName,
)

ROLES = {
    "kadis": "Kepala Dinas Komunikasi dan Informatika",
    "kabid_egov": "Kabid E-Government dan Statistik",
    "kasi_data": "Kasi Data dan Statistik",
    "kasi_infrastruktur": "Kasi Layanan Infrastruktur dan TIK",
    "staf_infrastruktur": "Staf Seksi Layanan Infrastruktur dan TIK",
    "kasi_aplikasi": "Kasi Pengembangan dan Pengelolaan Aplikasi TIK",
    "staf_aplikasi": "Staf Seksi Pengembangan dan Pengelolaan Aplikasi TIK",
}
"""Roles in the SOP (peran SOP): key in the office file -> name as the SOP writes it."""


Role = Literal[
    "kadis",
    "kabid_egov",
    "kasi_data",
    "kasi_infrastruktur",
    "staf_infrastruktur",
    "kasi_aplikasi",
    "staf_aplikasi",
]


class LetterheadEntry(SectionModel):
    """Kop surat: all of it is configuration."""

    lines: Annotated[list[OneLine], Field(min_length=1)]  # PEMERINTAH KABUPATEN …, DINAS …
    address: OneLine
    contact: OneLine | None = None  # telephone, web page
    logo: Path | None = None  # svg or png, relative to the office file


class OfficeInfo(SectionModel):
    name: OneLine
    city: OneLine  # where papers are signed
    letterhead: LetterheadEntry
    unit_code: OneLine = "406.020"
    classification: OneLine = "046"  # kode klasifikasi in letter numbers
    number: NumberTemplate = "{classification}/{sequence}/{unit}/{year}"
    timezone: TimeZoneName = "Asia/Jakarta"


class Dated(SectionModel):
    """Something that holds from a day to a day, both included."""

    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError(
                f"until ({self.until}) mendahului since ({self.since}); tukar atau perbaiki tanggalnya"
            )
        return self

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Duty(Dated):
    """One SOP role held for a period; `acting` for Plt./Plh."""

    role: Role
    acting: Literal["Plt.", "Plh."] | None = None


class Official(SectionModel):
    id: Identifier
    name: OneLine
    nip: Nip = "Non-ASN"
    post: OneLine  # jabatan
    rank: OneLine | None = None  # pangkat: 'Pembina Tk. I (IV/b)', below the name in letters
    email: OneLine | None = None
    duties: list[Duty] = Field(default_factory=list)
