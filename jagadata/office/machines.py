"""The sections of the office file, as typed values. What each means for people: docs/office-file.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from jagadata.office.people import Dated
from jagadata.office.section import SectionModel
from jagadata.office.values import (
    DatabaseName,
    HostAddress,
    Identifier,
    OneLine,
    Port,
    RecipientText,
    SecretReference,
    SignerText,
    Unit,
    Url,
)
from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from collections.abc import Sequence


class PublicKey(Dated):
    """A key that was or is the office's, with its dates: old backups stay checkable after a change."""

    key: OneLine
    note: OneLine | None = None


class SignerKey(PublicKey):
    key: SignerText


class RecipientKey(PublicKey):
    key: RecipientText


class Keys(SectionModel):
    signing: SecretReference  # private, PEM
    identities: list[SecretReference] = Field(
        default_factory=list
    )  # private age identities, the present one and earlier ones; none on a worker that only backs up
    signers: Annotated[list[SignerKey], Field(min_length=1)]
    recipients: Annotated[list[RecipientKey], Field(min_length=1)]  # office and recovery

    @model_validator(mode="before")
    @classmethod
    def _one_identity(cls, value: Any) -> Any:
        """`identity: REF`, as files of earlier versions say it, is the first of the list."""
        if not isinstance(value, dict) or "identity" not in value:
            return value
        rest = {name: item for name, item in value.items() if name != "identity"}
        if value["identity"] is None:
            return rest
        more = rest.get("identities") or []
        return {**rest, "identities": [value["identity"], *more] if isinstance(more, list) else more}

    def describe_recipients(self, keys: Sequence[str]) -> list[str]:
        """Each public age key as people know it: by its note and days."""
        known = {one.key: one for one in self.recipients}
        return [_describe(key, known.get(key)) for key in keys]


def _describe(key: str, known: RecipientKey | None) -> str:
    short = f"{key[:12]}…{key[-4:]}"
    if known is None:
        return f"{short} (tidak tercantum lagi di keys.recipients)"
    days = [f"sejak {format_date(known.since)}"] if known.since else []
    days += [f"sampai {format_date(known.until)}"] if known.until else []
    return f"{known.note or 'tanpa catatan'} ({', '.join([short, *days])})"


class HostEntry(SectionModel):
    """A machine with services. `control: script` uses the root-owned script of `jaga host prepare`; `direct` runs the managers itself."""

    name: Identifier
    address: HostAddress
    port: Port = 22
    user: OneLine
    key: SecretReference  # private SSH key
    known_hosts: Path
    via: Annotated[Identifier | None, Field(exclude_if=lambda via: via is None)] = (
        None  # reached through this other host's SSH (ProxyJump)
    )
    control: Literal["script", "direct"] = "script"
    script: OneLine = "/usr/local/sbin/jagadata-host"
    sudo: bool = True
    supervisor_config: OneLine | None = None
    switch_folder: OneLine | None = (
        None  # direct only: where the dead-man's switch lives; default ~/.jagadata
    )


class Probe(SectionModel):
    url: Url
    status: int = 200
    contains: OneLine | None = None
    timeout: Annotated[float, Field(gt=0, le=600)] = 60  # seconds until it must answer
    via: Identifier | None = None  # through this host's SSH forward
    ca: Path | None = None


class Service(SectionModel):
    """One unit, stopped in the order of the file and started in reverse. Queue workers and cron jobs are services too."""

    unit: Unit
    host: Identifier
    manager: Literal["systemd", "supervisor"] = "systemd"
    kind: Annotated[
        Literal["service", "oneshot", "timer", "cron"], Field(exclude_if=lambda kind: kind == "service")
    ] = "service"  # the others end by themselves: off means that nothing starts them and none runs now
    run_after: Annotated[bool, Field(exclude_if=lambda value: not value)] = (
        False  # oneshot: run it after a restore
    )
    port: Port | None = None  # closed when stopped (proof)
    probe: Probe | None = None
    shared_with: list[OneLine] = Field(
        default_factory=list
    )  # other OPDs' applications that go down with it: named at the gate

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if self.kind != "service" and self.manager != "systemd":
            raise ValueError(
                f"kind: {self.kind} hanya untuk systemd dan cron; hapus 'manager', atau hapus 'kind' untuk program supervisor"
            )
        if self.run_after and self.kind != "oneshot":
            raise ValueError("run_after hanya untuk kind: oneshot; hapus")
        suffix = {"oneshot": ".service", "timer": ".timer"}.get(self.kind, "")
        if not self.unit.endswith(suffix):
            raise ValueError(f"unit dengan kind: {self.kind} harus berakhiran '{suffix}'")
        if self.kind == "cron" and not re.fullmatch(r"[A-Za-z0-9_.-]+", self.unit):
            raise ValueError(
                "unit dengan kind: cron adalah nama satu berkas di /etc/cron.d, tanpa '/', misalnya 'simpeg'"
            )
        return self

    @property
    def is_helper(self) -> bool:
        """People don't see it answer: neither probe nor port shows it."""
        return self.probe is None and self.port is None


class Credentials(SectionModel):
    user: OneLine
    password: SecretReference | None = None


class ServerEntry(SectionModel):
    """One PostgreSQL server. Reached through `via` (SSH forward), on loopback, or by TLS verify-full with `ca`.

    Every login's password comes from `secret`; one that was given a password of its own keeps it.
    """

    name: Identifier
    address: HostAddress = "127.0.0.1"
    port: Port = 5432
    via: Identifier | None = None
    ca: Path | None = None
    maintenance_database: DatabaseName = (
        "postgres"  # where `jaga db prepare` begins, and the release before locks
    )
    own_database: DatabaseName = (
        "jagadata"  # made by `jaga db prepare`, closed to everybody else: locks and swaps
    )
    secret: SecretReference | None = None  # without it there is no loading login: backups only
    dump: Credentials  # a password of its own only in office files of the release before
    restore: Credentials
    extensions: Credentials | None = (
        None  # makes extensions that ask for a superuser, in a database that is still empty
    )
    tools: Path | None = None  # folder of the client programs of the server's major version
    data_host: Identifier | None = None  # measures free space with df
    free_space_gib: Annotated[float, Field(gt=0)] | None = None  # declared, where it can't be measured
    parallel_backups: Annotated[int, Field(ge=1, le=16)] = 1


class DataSet(SectionModel):
    """One database (file trees come later as another kind)."""

    database: DatabaseName


class System(SectionModel):
    """An application: what is stopped, what is saved, who owns it."""

    id: Identifier
    formerly: list[Identifier] = Field(default_factory=list)  # earlier ids: their backups are this system's
    name: OneLine
    owner: OneLine  # OPD Pemilik Data
    server: Identifier
    data: Annotated[list[DataSet], Field(min_length=1)]
    services: list[Service] = Field(default_factory=list)
    personal_data: bool = True
    location: OneLine | None = None  # Server/Lokasi Sumber, for the form
    downtime: Literal["sop", "minimal"] | None = None  # overrides policy.restore.downtime
    verify: Literal["restore", "read"] | None = None  # overrides policy.backup.verify

    @property
    def databases(self) -> list[str]:
        return [data.database for data in self.data]


class Mail(SectionModel):
    """Where letters leave: SMTP. `channels` beside it are apprise URLs, for notices to the office itself."""

    host: HostAddress
    port: Port = 587
    security: Literal["starttls", "ssl", "none"] = "starttls"
    sender: OneLine
    user: OneLine | None = None
    password: SecretReference | None = None


class Prefect(SectionModel):
    work_pool: OneLine = "jagadata"
    ui: Url | None = None  # address that staff open, for links in mails

    def run_page(self, run: str) -> str:
        """The page of a run in the UI; '' where the office file does not say its address."""
        return f"{self.ui.rstrip('/')}/runs/flow-run/{run}" if self.ui else ""
