"""The office file (`office.yaml`): who and what, as typed values; every problem is reported together, each with its place.

Source of the fields: docs/office-file.md. Secrets are references (`env:NAME`, `file:PATH`, `prefect:BLOCK`), never values.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from jagadata.errors import NotFoundError, OfficeFileError
from jagadata.office.collection import Collection
from jagadata.office.cross_checks import find_faults
from jagadata.office.machines import (
    Credentials,
    DataSet,
    HostEntry,
    Keys,
    Mail,
    Prefect,
    Probe,
    PublicKey,
    ServerEntry,
    Service,
    System,
)
from jagadata.office.messages import explain
from jagadata.office.people import ROLES, Duty, LetterheadEntry, OfficeInfo, Official, Role
from jagadata.office.policy import BackupPolicy, Policy, RestorePolicy, RetentionPolicy
from jagadata.office.section import SectionModel
from jagadata.office.stores import DirectoryStoreEntry, S3StoreEntry, StoreEntry
from jagadata.office.values import SecretReference
from jagadata.office.yaml_text import read_yaml
from jagadata.text.os_errors import explain_os_error

__all__ = [
    "ROLES",
    "BackupPolicy",
    "Collection",
    "Credentials",
    "DataSet",
    "DirectoryStoreEntry",
    "Duty",
    "HostEntry",
    "Keys",
    "LetterheadEntry",
    "Mail",
    "Office",
    "OfficeInfo",
    "Official",
    "Policy",
    "Prefect",
    "Probe",
    "PublicKey",
    "RestorePolicy",
    "RetentionPolicy",
    "Role",
    "S3StoreEntry",
    "ServerEntry",
    "Service",
    "StoreEntry",
    "System",
    "deployment_digest",
    "load_office",
    "office_path",
    "parse_office",
]


_HOW_TO_LOG_IN = {"secret", "own_database", "extensions"}
"""Of a server's entry: an approved plan stays the same when its logins move to another secret or another release's database."""


class Office(SectionModel):
    """The whole file."""

    version: Literal[1]
    office: OfficeInfo
    officials: Annotated[list[Official], Field(min_length=1)]
    keys: Keys
    hosts: list[HostEntry] = Field(default_factory=list)
    servers: Annotated[list[ServerEntry], Field(min_length=1)]
    stores: Annotated[list[StoreEntry], Field(min_length=1)]  # first: primary; second: copy
    systems: Annotated[list[System], Field(min_length=1)]
    mail: Mail | None = None
    channels: list[SecretReference] = Field(default_factory=list)
    policy: Policy = Policy()
    collection: Collection | None = None  # SOP Pengumpulan Data
    prefect: Prefect = Prefect()
    holidays: list[date] = Field(default_factory=list)
    spool: Path = Path("/var/tmp")  # noqa: S108 - only unnamed files (O_TMPFILE) are made there
    folder: Path = Field(default=Path(), exclude=True)  # where the file lies; relative paths start here

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = find_faults(self.model_dump(mode="json"))
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

    def present_system(self, key: str) -> System:
        """The same for a system's earlier id too (`formerly`). Raises NotFoundError."""
        return next((system for system in self.systems if key in system.formerly), None) or self.system(key)

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
            if any(duty.role == role and duty.holds_on(today) for duty in official.duties)
        ]

    @property
    def spool_folder(self) -> Path:
        """Where files without a name are made. Raises OfficeFileError."""
        return self.path(self.spool)

    def path(self, relative: Path) -> Path:
        """A path of the file, relative to the file's own folder."""
        try:
            return self.folder / relative.expanduser()
        except RuntimeError:
            raise OfficeFileError(
                f"Pengguna pada '{relative}' tidak ada di mesin ini.", "Tulis lokasi lengkapnya."
            ) from None

    def _jumps(self, host: HostEntry) -> list[str]:
        """The hosts that its SSH connection passes through."""
        return [host.via, *self._jumps(self.host(host.via))] if host.via else []

    def system_digest(self, key: str) -> str:
        """SHA-256 (hex) of everything that decides how this system is restored: its entry, server and hosts, and which sessions end."""
        system = self.system(key)
        server = self.server(system.server)
        names = {service.host for service in system.services} | {server.via, server.data_host}
        names |= {service.probe.via for service in system.services if service.probe}
        names |= {name for one in self.hosts if one.name in names for name in self._jumps(one)}
        value = {
            "system": system.model_dump(mode="json", exclude={"formerly"}),  # changes nothing of a restore
            "server": server.model_dump(mode="json", exclude=_HOW_TO_LOG_IN),
            "hosts": [host.model_dump(mode="json") for host in self.hosts if host.name in names],
            "sessions": self.policy.restore.sessions,
        }
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def deployment_digest(office: Office) -> str:
    """SHA-256 (hex) of what freezes into the deployments: drop-downs, schedule, work pool. Doctor compares it with the last apply."""
    value = {
        "systems": [(system.id, system.name, system.owner) for system in office.systems],
        "performers": [
            (one.id, one.name)
            for one in office.officials
            if any(duty.role == "staf_aplikasi" for duty in one.duties)
        ],
        "schedule": [office.policy.backup.cron, office.office.timezone],
        "rounds": office.collection.cron if office.collection else None,
        "pool": office.prefect.work_pool,
    }
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def parse_office(text: str, *, folder: Path, source: str = "office.yaml") -> Office:
    """The typed office of a YAML text.

    Raises:
        OfficeFileError: with every fault, each as `place: what was found; what to write instead`.
    """
    raw, faults = read_yaml(text, source)
    if "folder" in raw:
        faults.append("folder: tidak dikenal; hapus (folder berkas ini dikenali sendiri)")
    try:
        office = Office.model_validate({**raw, "folder": folder})
    except ValidationError as error:
        found = [dict(item) for item in error.errors()]
        faults += [line for item in found for line in explain(item, _field_names())]
        if any(item["loc"] for item in found):  # cross checks did not run
            faults += find_faults(raw)
        raise _refuse(source, faults) from error
    if faults:
        raise _refuse(source, faults)
    return office


def _refuse(source: str, faults: list[str]) -> OfficeFileError:
    return OfficeFileError(
        f"{source} memuat {len(faults)} kesalahan:\n" + "\n".join(f"  - {fault}" for fault in faults),
        "Perbaiki semuanya menurut docs/office-file.md, lalu jalankan `jaga doctor`.",
    )


def _field_names() -> set[str]:
    def below(part: type[SectionModel]) -> set[str]:
        return set(part.model_fields).union(*(below(child) for child in part.__subclasses__()))

    return below(SectionModel)


def office_path() -> Path:
    return Path(os.environ.get("JAGADATA_OFFICE", "office.yaml"))


def load_office(path: Path | None = None) -> Office:
    """Read and check the office file (`JAGADATA_OFFICE`, else ./office.yaml). Raises OfficeFileError."""
    path = path or office_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OfficeFileError(
            f"Berkas kantor {path} tidak dapat dibaca: {explain_os_error(error)}.",
            "Buat dengan `jaga init`, atau tunjukkan lokasinya lewat variabel JAGADATA_OFFICE.",
        ) from error
    except UnicodeDecodeError as error:
        raise OfficeFileError(
            f"Berkas kantor {path} bukan teks UTF-8.", "Simpan ulang sebagai UTF-8."
        ) from error
    return parse_office(text, folder=path.resolve().parent, source=str(path))
