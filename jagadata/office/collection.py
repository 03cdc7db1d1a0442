"""The office file's part for SOP Pengumpulan Data: the OPD, what is asked of each, and how a round goes. Fields: docs/office-file.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jagadata.office.machines import Credentials
from jagadata.office.section import SectionModel
from jagadata.office.values import (
    Cron,
    DatabaseName,
    HostAddress,
    Identifier,
    OneLine,
    Port,
    SecretReference,
    StorePrefix,
    Url,
)

Days = Annotated[int, Field(ge=0, le=3650)]


def _address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise ValueError("bukan alamat surel, misalnya 'bkpsdm@trenggalekkab.go.id'")
    return value.lower()


def _sender(value: str) -> str:
    return value.lower() if re.fullmatch(r"@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value) else _address(value)


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3])\.[0-5][0-9]", value):
        raise ValueError("harus jam seperti '09.00'")
    return value


def _authority(value: object) -> object:
    if value is False:  # as the key was written before it named a server
        return None
    if value is True:
        raise ValueError(
            "tulis nama server surel kantor (authserv-id): kata pertama pada baris Authentication-Results dari surel yang "
            "diterima, misalnya 'mx.trenggalekkab.go.id'; 'true' tidak cukup, sebab baris itu dapat ditulis pengirim sendiri"
        )
    return value


def _server_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", value):
        raise ValueError("bukan nama server (authserv-id), misalnya 'mx.trenggalekkab.go.id'")
    return value.lower()


Authority = Annotated[Annotated[OneLine, AfterValidator(_server_name)] | None, BeforeValidator(_authority)]
Address = Annotated[OneLine, AfterValidator(_address)]
Sender = Annotated[OneLine, AfterValidator(_sender)]
ClockTime = Annotated[OneLine, AfterValidator(_clock)]


class Agency(SectionModel):
    """One OPD, Produsen Data. `senders`: further addresses, or '@domain', from which its data may come."""

    id: Identifier
    name: OneLine
    head: OneLine  # whom a letter addresses: 'Kepala Badan …'
    email: Annotated[list[Address], Field(min_length=1)]
    senders: list[Sender] = Field(default_factory=list)
    contact: OneLine | None = None  # narahubung


class ColumnEntry(SectionModel):
    """One column of a table. `key` columns together tell the rows apart; `aliases` are other headings that offices write."""

    name: OneLine
    aliases: list[OneLine] = Field(default_factory=list)
    type: Literal["text", "integer", "number", "year", "date", "region"] = "text"
    unit: OneLine | None = None
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    values: list[OneLine] = Field(default_factory=list)
    key: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(
                f"maximum ({self.maximum}) di bawah minimum ({self.minimum}); tukar atau perbaiki"
            )
        if self.type not in ("integer", "number", "year") and (
            self.minimum is not None or self.maximum is not None
        ):
            raise ValueError("minimum dan maximum hanya untuk kolom integer, number, atau year; hapus")
        return self


class DatasetEntry(SectionModel):
    """One data set that is asked for, with its metadata in the Satu Data standard (Perpres 39/2019; Standar Data Statistik)."""

    code: Identifier
    name: OneLine  # nama_data
    agency: Identifier  # produsen_data
    concept: OneLine = "-"
    definition: OneLine = "-"
    classification: OneLine = "-"
    measure: OneLine = "-"  # ukuran
    unit: OneLine  # satuan
    source: OneLine = "-"
    release: OneLine = "setiap semester"  # jadwal rilis/pemutakhiran
    columns: Annotated[list[ColumnEntry], Field(min_length=1)]
    covers_year: bool = True  # the round's year must be among its years
    smallest: Annotated[int, Field(ge=1)] = 1  # rows
    personal: bool = False  # personal data is expected: kept, never published, not even by the Kasi's word
    public: bool = True


class Mailbox(SectionModel):
    """Where OPD send their data: IMAP. Nothing is deleted there: what was taken in gets a flag."""

    host: HostAddress
    port: Port = 993
    security: Literal["ssl", "starttls", "none"] = "ssl"
    user: OneLine
    password: SecretReference
    folder: OneLine = "INBOX"
    ca: Path | None = None
    require_authentication: Authority = None  # quarantine whom this server does not vouch for (RFC 8601)


class FolderDropEntry(SectionModel):
    """A shared folder with one folder per OPD, named by its id. Nothing is deleted there."""

    kind: Literal["folder"]
    path: Path
    settled_seconds: Annotated[float, Field(ge=0, le=3600)] = 30  # a file that changed since may still grow


class StoreDropEntry(SectionModel):
    """A prefix of a store of this file with one folder per OPD, named by its id. Nothing is deleted there."""

    kind: Literal["store"]
    store: Identifier
    prefix: StorePrefix


Drop = Annotated[FolderDropEntry | StoreDropEntry, Field(discriminator="kind")]


class Inventory(SectionModel):
    """The PostgreSQL database of the inventory."""

    address: HostAddress = "127.0.0.1"
    port: Port = 5432
    via: Identifier | None = None  # SSH forward
    ca: Path | None = None  # else TLS verify-full
    database: DatabaseName
    login: Credentials


class FolderPublisherEntry(SectionModel):
    """A folder with packages that are ready to upload."""

    kind: Literal["folder"]
    path: Path


class CkanPublisherEntry(SectionModel):
    """A CKAN portal, TLS verified."""

    kind: Literal["ckan"]
    url: Url
    token: SecretReference
    organization: OneLine
    license: OneLine = "cc-by"
    ca: Path | None = None


Publisher = Annotated[FolderPublisherEntry | CkanPublisherEntry, Field(discriminator="kind")]


class Meeting(SectionModel):
    """Defaults of the proposal that the Kasi completes in step 1."""

    place: OneLine = "Ruang Rapat Dinas Komunikasi dan Informatika"
    time: ClockTime = "09.00"
    hours: Annotated[float, Field(gt=0, le=12)] = 3
    notice_days: Days = 7  # working days between invitation and meeting
    agenda: Annotated[tuple[OneLine, ...], Field(min_length=1)] = (
        "Pembukaan oleh Kabid E-Government dan Statistik",
        "Evaluasi pengumpulan data periode sebelumnya",
        "Penjelasan daftar data, metadata, dan batas waktu",
        "Tanya jawab dan penutup",
    )


class Limits(SectionModel):
    """What is still taken in; anything larger is refused with an answer, before it is read."""

    file_mib: Annotated[float, Field(gt=0, le=4096)] = 50
    unpacked_mib: Annotated[float, Field(gt=0, le=4096)] = 300
    rows: Annotated[int, Field(ge=1)] = 1_000_000
    memory_mib: Annotated[int, Field(ge=256, le=65536)] = 700  # of the process that reads one file
    seconds: Annotated[int, Field(ge=1, le=3600)] = 120


class Collection(SectionModel):
    """How a round goes. Without this section the procedure is not run."""

    every: Literal["semester", "triwulan"] = "semester"
    cron: Cron = "0 8 1 1,7 *"
    invitation_code: OneLine = "005"  # kode klasifikasi: undangan
    request_code: OneLine = "041"  # kode klasifikasi: permintaan data
    region: OneLine = "3503"  # region codes begin so
    region_name: OneLine | None = (
        None  # as tables write it: 'Kabupaten Trenggalek'; a row named so sums up the others
    )
    address: Address  # where OPD send their data: printed in the letters
    meeting: Meeting = Meeting()
    confirm: bool = True  # the Kabid confirms step 1
    sign: bool = True  # the Kadis signs the letters of step 2
    gate_days: Annotated[int, Field(ge=1, le=3650)] = 7
    collect_days: Annotated[int, Field(ge=1, le=3650)] = 30  # calendar days from the meeting to the deadline
    remind_before: tuple[Days, ...] = (7, 1)
    remind_after: tuple[Days, ...] = (1, 7)
    grace_days: Days = 14  # after the deadline the round is closed without waiting further
    mailbox: Mailbox | None = None
    drops: list[Drop] = Field(default_factory=list)
    limits: Limits = Limits()
    read_unconfined: bool = False  # files are read even where the process that does can't be shut off
    inventory: Inventory
    publishers: list[Publisher] = Field(default_factory=list)
    agencies: Annotated[list[Agency], Field(min_length=1)]
    datasets: Annotated[list[DatasetEntry], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _name_region(cls, value: Any) -> Any:
        """The region that is meant where the file names none has a name too."""
        if isinstance(value, dict) and not {"region", "region_name"} & set(value):
            return {**value, "region_name": "Kabupaten Trenggalek"}
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = [
            f"{kind}[{number}].{field}: '{value}' sudah dipakai; beri nama lain"
            for kind, field, values in (
                ("agencies", "id", [one.id for one in self.agencies]),
                ("datasets", "code", [one.code for one in self.datasets]),
            )
            for number, value in enumerate(values)
            if value in values[:number]
        ]
        known = {one.id for one in self.agencies}
        faults += [
            f"datasets[{number}].agency: OPD '{one.agency}' tidak ada; tulis salah satu dari agencies"
            for number, one in enumerate(self.datasets)
            if one.agency not in known
        ]
        owners: dict[str, str] = {}
        for number, agency in enumerate(self.agencies):
            for address in {*agency.email, *agency.senders}:
                if owners.setdefault(address, agency.id) != agency.id:
                    faults.append(
                        f"agencies[{number}]: alamat '{address}' sudah milik '{owners[address]}'; hapus di salah satu"
                    )
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def agency(self, key: str) -> Agency:
        return next(one for one in self.agencies if one.id == key)
