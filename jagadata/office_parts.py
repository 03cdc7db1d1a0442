"""The sections of the office file, as typed values. What each means for people: docs/office-file.md."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jagadata.naming import FILE_NAME
from jagadata.office_fields import (
    BucketName,
    Cron,
    DatabaseName,
    FileNameTemplate,
    Identifier,
    Nip,
    NumberTemplate,
    OneLine,
    Port,
    RecipientText,
    SecretReference,
    SignerText,
    StorePrefix,
    TimeZoneName,
    Unit,
    Url,
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


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Letterhead(Part):
    """Kop surat: all of it is configuration."""

    lines: Annotated[list[OneLine], Field(min_length=1)]  # PEMERINTAH KABUPATEN …, DINAS …
    address: OneLine
    contact: OneLine | None = None  # telephone, web page
    logo: Path | None = None  # svg or png, relative to the office file


class OfficeInfo(Part):
    name: OneLine
    city: OneLine  # where papers are signed
    letterhead: Letterhead
    unit_code: OneLine = "406.020"
    classification: OneLine = "046"  # kode klasifikasi in letter numbers
    number: NumberTemplate = "{classification}/{sequence}/{unit}/{year}"
    timezone: TimeZoneName = "Asia/Jakarta"


class Dated(Part):
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


class Duty(Dated):
    """One SOP role held for a period; `acting` for Plt./Plh."""

    role: Role
    acting: Literal["Plt.", "Plh."] | None = None


class Official(Part):
    id: Identifier
    name: OneLine
    nip: Nip = "Non-ASN"
    post: OneLine  # jabatan
    email: OneLine | None = None
    duties: list[Duty] = []


class PublicKey(Dated):
    """A key that was or is the office's, with its dates: old backups stay checkable after a change."""

    key: OneLine
    note: OneLine | None = None


class SignerKey(PublicKey):
    key: SignerText


class RecipientKey(PublicKey):
    key: RecipientText


class Keys(Part):
    signing: SecretReference  # private, PEM
    identity: SecretReference | None = None  # private age identity; absent on a worker that only backs up
    signers: Annotated[list[SignerKey], Field(min_length=1)]
    recipients: Annotated[list[RecipientKey], Field(min_length=1)]  # office and recovery


class HostEntry(Part):
    """A machine with services. `control: script` uses the root-owned script of `jaga host prepare`; `direct` runs the managers itself."""

    name: Identifier
    address: OneLine
    port: Port = 22
    user: OneLine
    key: SecretReference  # private SSH key
    known_hosts: Path
    control: Literal["script", "direct"] = "script"
    script: OneLine = "/usr/local/sbin/jagadata-host"
    sudo: bool = True
    supervisor_config: OneLine | None = None
    switch_folder: OneLine | None = (
        None  # direct only: where the dead-man's switch lives; default ~/.jagadata
    )


class Probe(Part):
    url: Url
    status: int = 200
    contains: OneLine | None = None
    timeout: Annotated[float, Field(gt=0, le=600)] = 60  # seconds until it must answer
    via: Identifier | None = None  # through this host's SSH forward
    ca: Path | None = None


class Service(Part):
    """One unit, stopped in the order of the file and started in reverse. Queue workers and cron jobs are services too."""

    unit: Unit
    host: Identifier
    manager: Literal["systemd", "supervisor"] = "systemd"
    port: Port | None = None  # closed when stopped (proof)
    probe: Probe | None = None
    shared_with: list[OneLine] = []  # other OPDs' applications that go down with it: named at the gate


class Credentials(Part):
    user: OneLine
    password: SecretReference | None = None


class ServerEntry(Part):
    """One PostgreSQL server. Reached through `via` (SSH forward), on loopback, or by TLS verify-full with `ca`."""

    name: Identifier
    address: OneLine = "127.0.0.1"
    port: Port = 5432
    via: Identifier | None = None
    ca: Path | None = None
    maintenance_database: DatabaseName = "postgres"
    dump: Credentials
    restore: Credentials
    tools: Path | None = None  # folder of pg_dump and pg_restore of the server's major version
    data_host: Identifier | None = None  # measures free space with df
    free_space_gib: Annotated[float, Field(gt=0)] | None = None  # declared, where it can't be measured
    parallel_backups: Annotated[int, Field(ge=1, le=16)] = 1


class DataSet(Part):
    """One database (file trees come later as another kind)."""

    database: DatabaseName


class System(Part):
    """An application: what is stopped, what is saved, who owns it."""

    id: Identifier
    name: OneLine
    owner: OneLine  # OPD Pemilik Data
    server: Identifier
    data: Annotated[list[DataSet], Field(min_length=1)]
    services: list[Service] = []
    personal_data: bool = True
    location: OneLine | None = None  # Server/Lokasi Sumber, for the form
    downtime: Literal["sop", "minimal"] | None = None  # overrides policy.restore.downtime

    @property
    def databases(self) -> list[str]:
        return [data.database for data in self.data]


class S3Store(Part):
    kind: Literal["s3"]
    name: Identifier
    endpoint: Url | None = None
    region: OneLine = "us-east-1"
    bucket: BucketName
    prefix: StorePrefix | None = None
    access_key: SecretReference
    secret_key: SecretReference
    ca: Path | None = None
    lock_days: Annotated[int, Field(ge=0, le=36500)] = 0  # 0: no retention lock


class DirectoryStore(Part):
    kind: Literal["directory"]
    name: Identifier
    path: Path
    lock_days: Literal[0] = 0


StoreEntry = Annotated[S3Store | DirectoryStore, Field(discriminator="kind")]


class RetentionPolicy(Part):
    keep_last: Annotated[int, Field(ge=1)] = 12
    minimum_days: Annotated[int, Field(ge=0, le=36500)] = 30
    holds: list[OneLine] = []  # backup ids that are never removed


class BackupPolicy(Part):
    cron: Cron = "0 1 1 * *"
    review: bool = True  # step 6 waits for the Kasi
    review_days: Annotated[int, Field(ge=1, le=36500)] = 14
    at_once: Annotated[int, Field(ge=1, le=16)] = 2  # systems dumped at the same time
    retention: RetentionPolicy = RetentionPolicy()
    file_name: FileNameTemplate = FILE_NAME


class RestorePolicy(Part):
    downtime: Literal["sop", "minimal"] = "sop"
    sessions: Literal["end", "refuse"] = "end"
    approver: Role = "kasi_infrastruktur"
    approve_tests: bool = True  # the gate of purpose Uji; the one of Produksi can't be switched off
    acknowledgement: bool = True  # step 6 waits for the requester's answer
    approval_hours: Annotated[int, Field(ge=1, le=36500)] = 72
    acknowledgement_days: Annotated[int, Field(ge=1, le=36500)] = 3  # working days
    kept_days: Annotated[int, Field(ge=1, le=36500)] = 14
    test_days: Annotated[int, Field(ge=1, le=36500)] = 7
    switch_minutes: Annotated[float, Field(gt=0)] = 5  # dead-man's switch, renewed while there is progress
    jobs: Annotated[int, Field(ge=1, le=32)] = 2
    impact_tolerance: Annotated[float, Field(ge=0)] = (
        0.2  # how far live size may move between gate and stop (fraction)
    )


class Policy(Part):
    backup: BackupPolicy = BackupPolicy()
    restore: RestorePolicy = RestorePolicy()


class Mail(Part):
    """Where mail leaves: SMTP, as an apprise channel. Further apprise URLs are secret references."""

    host: OneLine
    port: Port = 587
    security: Literal["starttls", "ssl", "none"] = "starttls"
    sender: OneLine
    user: OneLine | None = None
    password: SecretReference | None = None


class Prefect(Part):
    work_pool: OneLine = "jagadata"
    ui: Url | None = None  # address that staff open, for links in mails
