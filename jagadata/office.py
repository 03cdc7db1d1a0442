"""The office file (`office.yaml`): who and what, as typed values; every problem is reported together, each with its place.

Source of the fields: docs/office-file.md. Secrets are references (`env:NAME`, `file:PATH`, `prefect:BLOCK`), never values.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from jagadata.errors import NotFoundError, OfficeFileError

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


def _one_line(value: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("memuat baris baru atau karakter kendali; tulis dalam satu baris biasa")
    if not value.strip():
        raise ValueError("kosong; isi atau hapus baris ini")
    return value


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", value):
        raise ValueError(
            "harus huruf kecil, angka, dan tanda hubung, paling panjang 40 karakter, misalnya 'simpeg' atau 'e-sppt-2'"
        )
    return value


def _database_name(value: str) -> str:
    if "\0" in value or not value:
        raise ValueError("nama basis data kosong atau memuat NUL; salin dari hasil `psql -l`")
    if len(value.encode()) > 63:
        raise ValueError("nama basis data melebihi 63 bita (batas PostgreSQL); salin dari hasil `psql -l`")
    return value


def _unit(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9@._:\\-]{1,128}", value) or value.startswith("-") or ".." in value:
        raise ValueError(
            "nama unit hanya boleh huruf, angka, dan @ . _ : - (tanpa spasi, kutip, '..'), misalnya 'simpeg-web.service'"
        )
    return value


def _secret(value: str) -> str:
    if not re.fullmatch(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*|prefect:\S.*)", value):
        raise ValueError(
            "harus berupa rujukan 'env:NAMA', 'file:LOKASI', atau 'prefect:BLOK'; jangan menulis sandi di sini"
        )
    return value


def _nip(value: str) -> str:
    return value.replace(" ", "")


OneLine = Annotated[str, AfterValidator(_one_line)]
Identifier = Annotated[str, AfterValidator(_identifier)]
DatabaseName = Annotated[str, AfterValidator(_database_name)]
Unit = Annotated[str, AfterValidator(_unit)]
SecretReference = Annotated[str, AfterValidator(_secret)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


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
    number: OneLine = "{classification}/{sequence}/{unit}/{year}"
    timezone: OneLine = "Asia/Jakarta"

    @model_validator(mode="after")
    def _check(self) -> Self:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(self.timezone)
        except Exception as error:
            raise ValueError(
                f"zona waktu '{self.timezone}' tidak dikenal; tulis misalnya 'Asia/Jakarta'"
            ) from error
        try:
            self.number.format(classification="1", sequence="1", unit="1", year="1")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                "number hanya boleh memakai {classification}, {sequence}, {unit}, {year}, misalnya '{classification}/{sequence}/{unit}/{year}'"
            ) from error
        return self


class Duty(Part):
    """One SOP role held for a period; `acting` for Plt./Plh."""

    role: Role
    since: date | None = None
    until: date | None = None
    acting: Literal["Plt.", "Plh."] | None = None


class Official(Part):
    id: Identifier
    name: OneLine
    nip: Annotated[OneLine, AfterValidator(_nip)] = "Non-ASN"
    post: OneLine  # jabatan
    email: OneLine | None = None
    duties: list[Duty] = []


class PublicKey(Part):
    """A key that was or is the office's, with its dates: old backups stay checkable after a change."""

    key: OneLine  # ed25519:BASE64 for signing, age1… for encryption
    since: date | None = None
    until: date | None = None
    note: OneLine | None = None


class Keys(Part):
    signing: SecretReference  # private, PEM
    identity: SecretReference | None = None  # private age identity; absent on a worker that only backs up
    signers: Annotated[list[PublicKey], Field(min_length=1)]
    recipients: Annotated[list[PublicKey], Field(min_length=1)]  # office and recovery


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
    url: OneLine
    status: int = 200
    contains: OneLine | None = None
    timeout: Annotated[float, Field(gt=0, le=600)] = 60  # seconds until it must answer
    via: Identifier | None = None  # through this host's SSH forward
    ca: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not re.match(r"https?://[^\s/]+", self.url):
            raise ValueError(
                "url harus berawalan http:// atau https://, misalnya 'http://127.0.0.1:8080/sehat'"
            )
        return self


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
    free_space_gib: float | None = None  # declared, where it can't be measured
    parallel_backups: Annotated[int, Field(ge=1, le=16)] = 1

    @model_validator(mode="after")
    def _check(self) -> Self:
        loopback = self.address in ("127.0.0.1", "::1", "localhost") or self.address.startswith("/")
        if not (loopback or self.via or self.ca):
            raise ValueError(
                "server jauh harus dicapai lewat 'via: HOST' (SSH) atau TLS dengan 'ca: BERKAS' (verify-full)"
            )
        return self


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
    endpoint: OneLine | None = None
    region: OneLine = "us-east-1"
    bucket: OneLine
    prefix: OneLine | None = None
    access_key: SecretReference
    secret_key: SecretReference
    ca: Path | None = None
    lock_days: Annotated[int, Field(ge=0)] = 0  # 0: no retention lock


class DirectoryStore(Part):
    kind: Literal["directory"]
    name: Identifier
    path: Path
    lock_days: Literal[0] = 0


StoreEntry = Annotated[S3Store | DirectoryStore, Field(discriminator="kind")]


class RetentionPolicy(Part):
    keep_last: Annotated[int, Field(ge=1)] = 12
    minimum_days: Annotated[int, Field(ge=0)] = 30
    holds: list[OneLine] = []  # backup ids that are never removed


class BackupPolicy(Part):
    cron: OneLine = "0 1 1 * *"
    review: bool = True  # step 6 waits for the Kasi
    review_days: Annotated[int, Field(ge=1)] = 14
    at_once: Annotated[int, Field(ge=1, le=16)] = 2  # systems dumped at the same time
    retention: RetentionPolicy = RetentionPolicy()
    file_name: OneLine = "{opd}_{system}_{object}-{engine}_{kind}_p{period}_{time}-wib_r{revision}.{ext}"


class RestorePolicy(Part):
    downtime: Literal["sop", "minimal"] = "sop"
    sessions: Literal["end", "refuse"] = "end"
    approver: Role = "kasi_infrastruktur"
    approve_tests: bool = True  # the gate of purpose Uji; the one of Produksi can't be switched off
    acknowledgement: bool = True  # step 6 waits for the requester's answer
    approval_hours: Annotated[int, Field(ge=1)] = 72
    acknowledgement_days: Annotated[int, Field(ge=1)] = 3  # working days
    kept_days: Annotated[int, Field(ge=1)] = 14
    test_days: Annotated[int, Field(ge=1)] = 7
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
    ui: OneLine | None = None  # address that staff open, for links in mails


class Office(Part):
    """The whole file."""

    version: Literal[1]
    office: OfficeInfo
    officials: Annotated[list[Official], Field(min_length=1)]
    keys: Keys
    hosts: list[HostEntry] = []
    servers: Annotated[list[ServerEntry], Field(min_length=1)]
    stores: Annotated[list[StoreEntry], Field(min_length=1)]  # first: primary; second: copy
    systems: Annotated[list[System], Field(min_length=1)]
    mail: Mail | None = None
    channels: list[SecretReference] = []
    policy: Policy = Policy()
    prefect: Prefect = Prefect()
    holidays: list[date] = []
    spool: Path = Path("/var/tmp")  # noqa: S108 - only unnamed files (O_TMPFILE) are made there
    folder: Path = Field(default=Path(), exclude=True)  # where the file lies; relative paths start here

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults: list[str] = []
        for kind in ("officials", "hosts", "servers", "stores", "systems"):
            seen: set[str] = set()
            for number, item in enumerate(getattr(self, kind)):
                key = getattr(item, "id", None) or item.name
                if key in seen:
                    faults.append(f"{kind}[{number}]: '{key}' sudah dipakai; beri nama lain")
                seen.add(key)
        hosts = {host.name for host in self.hosts}
        servers = {server.name for server in self.servers}
        for number, server in enumerate(self.servers):
            for place in ("via", "data_host"):
                wanted = getattr(server, place)
                if wanted and wanted not in hosts:
                    faults.append(
                        f"servers[{number}].{place}: host '{wanted}' tidak ada; tulis salah satu dari {_known(hosts)}"
                    )
        taken: dict[tuple[str, str], str] = {}
        for number, system in enumerate(self.systems):
            if system.server not in servers:
                faults.append(
                    f"systems[{number}].server: '{system.server}' tidak ada; tulis salah satu dari {_known(servers)}"
                )
            for index, data in enumerate(system.data):
                other = taken.setdefault((system.server, data.database), system.id)
                if other != system.id or system.databases.count(data.database) > 1:
                    faults.append(
                        f"systems[{number}].data[{index}].database: '{data.database}' sudah menjadi milik sistem '{other}'"
                    )
            for index, service in enumerate(system.services):
                if service.host not in hosts:
                    faults.append(
                        f"systems[{number}].services[{index}].host: host '{service.host}' tidak ada; tulis salah satu dari {_known(hosts)}"
                    )
                if service.probe and service.probe.via and service.probe.via not in hosts:
                    faults.append(
                        f"systems[{number}].services[{index}].probe.via: host '{service.probe.via}' tidak ada"
                    )
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def system(self, key: str) -> System:
        """Raises NotFoundError that names the known systems."""
        for system in self.systems:
            if system.id == key:
                return system
        known = ", ".join(system.id for system in self.systems)
        raise NotFoundError(f"Sistem '{key}' tidak ada di berkas kantor.", f"Pilih salah satu dari: {known}.")

    def server(self, key: str) -> ServerEntry:
        return next(server for server in self.servers if server.name == key)

    def host(self, key: str) -> HostEntry:
        return next(host for host in self.hosts if host.name == key)

    def official(self, key: str) -> Official:
        """Raises NotFoundError that names the known officials."""
        for official in self.officials:
            if official.id == key:
                return official
        known = ", ".join(official.id for official in self.officials)
        raise NotFoundError(
            f"Pejabat '{key}' tidak ada di berkas kantor.", f"Pilih salah satu dari: {known}."
        )

    def holders(self, role: Role, today: date) -> list[Official]:
        """Officials who hold this SOP role on that day."""
        return [
            official
            for official in self.officials
            if any(
                duty.role == role
                and (duty.since is None or duty.since <= today)
                and (duty.until is None or today <= duty.until)
                for duty in official.duties
            )
        ]

    def path(self, relative: Path) -> Path:
        """A path of the file, relative to the file's own folder."""
        return self.folder / relative.expanduser()

    def system_digest(self, key: str) -> str:
        """SHA-256 (hex) of everything that decides how this system is restored: its entry, server and hosts."""
        system = self.system(key)
        names = {service.host for service in system.services}
        value = {
            "system": system.model_dump(mode="json"),
            "server": self.server(system.server).model_dump(mode="json"),
            "hosts": [host.model_dump(mode="json") for host in self.hosts if host.name in names],
        }
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def deployment_digest(office: Office) -> str:
    """SHA-256 (hex) of what freezes into the deployments: drop-downs and schedule. Doctor compares it with the last apply."""
    value = {
        "systems": [(system.id, system.name, system.owner) for system in office.systems],
        "performers": [
            (one.id, one.name)
            for one in office.officials
            if any(duty.role == "staf_aplikasi" for duty in one.duties)
        ],
        "schedule": [office.policy.backup.cron, office.office.timezone],
    }
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _known(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "(belum ada satu pun)"


def parse_office(text: str, *, folder: Path, source: str = "office.yaml") -> Office:
    """The typed office of a YAML text.

    Raises:
        OfficeFileError: with every fault, each as `place: what was found; what to write instead`.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OfficeFileError(
            f"{source} bukan YAML yang sah: {error}", "Perbaiki baris yang disebut, lalu ulangi."
        ) from error
    if not isinstance(raw, dict):
        raise OfficeFileError(f"{source} kosong atau bukan daftar isian.", "Buat dengan `jaga init`.")
    raw.pop("folder", None)
    try:
        return Office.model_validate({**raw, "folder": folder})
    except ValidationError as error:
        faults = [line for item in error.errors() for line in _explain(dict(item))]
        raise OfficeFileError(
            f"{source} memuat {len(faults)} kesalahan:\n" + "\n".join(f"  - {fault}" for fault in faults),
            "Perbaiki semuanya, lalu jalankan `jaga doctor`.",
        ) from error


_WORDS = {
    "missing": "belum ada; isian ini wajib",
    "extra_forbidden": "tidak dikenal; periksa ejaannya atau hapus",
    "string_type": "harus teks; apit dengan tanda kutip",
    "int_parsing": "harus bilangan bulat",
    "int_type": "harus bilangan bulat",
    "float_parsing": "harus bilangan",
    "bool_parsing": "harus true atau false",
    "list_type": "harus daftar (baris-baris berawalan '- ')",
    "date_from_datetime_parsing": "harus tanggal seperti 2026-01-31",
    "date_parsing": "harus tanggal seperti 2026-01-31",
    "model_type": "harus berisi isian-isian di bawahnya",
    "union_tag_not_found": "belum ada 'kind'; tulis 's3' atau 'directory'",
}


def _explain(item: dict[str, Any]) -> list[str]:
    place = ""
    part: str | int
    for part in item["loc"]:
        if part in ("s3", "directory"):
            continue  # the discriminator is no place in the file
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    context = item.get("ctx", {})
    if item["type"] == "value_error":
        lines = str(context["error"]).splitlines()
        if not place:  # cross checks name their own places
            return lines
        return [f"{place}: {line}{_found(item)}" for line in lines]
    if item["type"] == "literal_error":
        words = f"harus salah satu dari {context['expected'].replace(' or ', ', ')}"
    elif item["type"] == "union_tag_invalid":
        words = f"kind harus salah satu dari {context['expected_tags']}"
    elif item["type"] in ("greater_than_equal", "greater_than"):
        words = f"harus paling sedikit {context.get('ge', context.get('gt'))}"
    elif item["type"] in ("less_than_equal", "less_than"):
        words = f"harus paling banyak {context.get('le', context.get('lt'))}"
    elif item["type"] == "too_short":
        words = f"harus berisi paling sedikit {context['min_length']} butir"
    else:
        words = _WORDS.get(item["type"], item["msg"])
    return [f"{place}: {words}{_found(item)}"]


def _found(item: dict[str, Any]) -> str:
    value = item.get("input")
    # What was typed where a reference belongs may be the secret itself: it is not repeated.
    secret = str(item["loc"][-1]) in (
        "password",
        "signing",
        "identity",
        "key",
        "access_key",
        "secret_key",
        "channels",
    )
    if item["type"] in ("missing", "extra_forbidden") or secret or isinstance(value, dict | list):
        return ""
    return f" (tertulis: {value!r})"


def office_path() -> Path:
    return Path(os.environ.get("JAGADATA_OFFICE", "office.yaml"))


def load_office(path: Path | None = None) -> Office:
    """Read and check the office file (`JAGADATA_OFFICE`, else ./office.yaml). Raises OfficeFileError."""
    path = path or office_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OfficeFileError(
            f"Berkas kantor {path} tidak dapat dibaca: {error.strerror}.",
            "Buat dengan `jaga init`, atau tunjukkan lokasinya lewat variabel JAGADATA_OFFICE.",
        ) from error
    except UnicodeDecodeError as error:
        raise OfficeFileError(
            f"Berkas kantor {path} bukan teks UTF-8.", "Simpan ulang sebagai UTF-8."
        ) from error
    return parse_office(text, folder=path.resolve().parent, source=str(path))
