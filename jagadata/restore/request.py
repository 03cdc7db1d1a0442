"""What is asked for in a restore (Formulir Permohonan Restore Data, the requester's part) and what will be done about it (the plan)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from jagadata.errors import RefusedError
from jagadata.evidence.envelope import canonical_json, digest
from jagadata.vault.identity import with_identities, without_identities

if TYPE_CHECKING:
    from collections.abc import Sequence

Purpose = Literal["Produksi", "Uji"]
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, kw_only=True)
class RestoreRequest:
    """The request as the unit made it. `backup` is an id, or empty for the newest verified one."""

    system: str
    requester: str
    unit: str
    reason: str
    purpose: Purpose = "Produksi"
    backup: str = ""
    nip: str = "Non-ASN"
    post: str = ""
    phone: str = ""
    email: str = ""
    requested_at: str = ""  # ISO; when the request reached the office
    occurred_at: str = ""
    damage: str = ""
    suspected_cause: str = ""
    service_impact: str = ""
    downtime_allowed: str = ""
    personal_data: bool = True
    cyber_incident: bool = False
    fallback: str = ""
    rollback: bool = False  # give the data from before the newest restore its name back; no backup is read

    def __post_init__(self) -> None:
        """Raises RefusedError naming each empty or impossible field."""
        faults = [f"{label} belum diisi" for label, value in self._required() if not value.strip()]
        if any(isinstance(value, str) and not _is_text(value) for value in vars(self).values()):
            raise RefusedError(
                "Permohonan memuat karakter yang tidak dapat disimpan.",
                "Ketik ulang isiannya, lalu ajukan kembali.",
            )
        if self.email and ("@" not in self.email or any(c.isspace() or ord(c) < 32 for c in self.email)):
            faults.append(f"Email '{self.email}' bukan alamat email")
        if self.cyber_incident and not self.backup and not self.rollback:
            faults.append(
                "Titik pemulihan wajib dipilih pada indikasi insiden siber (back up terbaru mungkin sudah memuat kerusakannya)"
            )
        if faults:
            raise RefusedError(
                "Permohonan belum lengkap: " + "; ".join(faults) + ".",
                "Lengkapi formulir, lalu ajukan kembali.",
            )

    def _required(self) -> Sequence[tuple[str, str]]:
        return (
            ("Nama Aplikasi", self.system),
            ("Nama Pemohon", self.requester),
            ("Unit Kerja", self.unit),
            ("Dasar/Alasan Permohonan", self.reason),
        )


@dataclass(frozen=True, kw_only=True)
class PlannedDataSet:
    """One data set of the plan; `identity` is None where no live one exists (disaster: one rename).

    A rollback names the kept one that takes its place again (`side`, `side_identity`); a restore makes its own.
    """

    name: str
    identity: str | None
    side: str = ""
    side_identity: str | None = None


PlanFormat = Literal[1, 2]
PLAN_FORMAT: Final = 2
_FORMATS: dict[int, PlanFormat] = {1: 1, 2: 2}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Exactly what gets approved. Its hash changes when anything in it does; impact and minutes stand beside it, not in it.

    A plan that a former version wrote keeps its `format`, and with it the hash that was approved.
    """

    request: RestoreRequest
    backup: str
    manifest: str  # hash of the signed envelope
    system_identifier: str
    data: tuple[PlannedDataSet, ...]
    mode: Literal["sop", "minimal", "uji", "rollback"]
    services: tuple[str, ...]  # host/unit, in the order of stopping
    office_entry: str  # digest of the system's entry in the office file
    format: PlanFormat = PLAN_FORMAT

    @property
    def hash(self) -> str:
        return digest(canonical_json(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """As it stands in the journal."""
        value = asdict(self)
        if self.format == PLAN_FORMAT:
            return value
        del value["format"]
        value["databases"] = [without_identities(item) for item in value.pop("data")]
        return value


def parse_plan(value: dict[str, Any]) -> Plan:
    """The plan of a journal line, of this or of a former version; the inverse of `Plan.to_json`. Raises RefusedError for another one."""
    try:
        known = dict(value)
        if "format" not in known:
            server = known["system_identifier"]
            known["data"] = [with_identities(item, server) for item in known.pop("databases")]
            known["format"] = 1
        plan = Plan(
            **{
                **known,
                "request": parse_restore_request(known["request"]),
                "data": tuple(PlannedDataSet(**item) for item in known["data"]),
                "services": tuple(known["services"]),
                "format": _FORMATS[known["format"]],
            }
        )
        plan.to_json()  # a plan of format 1 with what that format can't say is none
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise other_version("Rencana restore", error) from error
    return plan


def _is_text(value: str) -> bool:
    """False for half a surrogate pair: a terminal's stray byte."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def parse_restore_request(value: dict[str, Any]) -> RestoreRequest:
    """The request of a journal line. Raises RefusedError for one of another version."""
    try:
        return RestoreRequest(**value)
    except (TypeError, AttributeError) as error:
        raise other_version("Permohonan restore", error) from error


def parse_known(kind: type[Parsed], value: dict[str, Any]) -> Parsed:
    """A value of a journal line of any version: fields that this one does not know are passed over. Raises RefusedError."""
    try:
        return kind(**{item.name: value[item.name] for item in fields(kind) if item.name in value})  # type: ignore[arg-type]
    except (TypeError, AttributeError) as error:
        raise other_version("Baris jurnal", error) from error


def other_version(what: str, error: Exception) -> RefusedError:
    return RefusedError(
        f"{what} ini ditulis versi Jagadata lain dan tidak dapat dibaca ({error}).",
        "Lanjutkan dengan versi yang menulisnya, atau ajukan permohonan baru.",
    )


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What the approver sees beside the plan; measured again before anything stops, and refused past `limits`.

    `rows` maps table to (live, backup); live is None where it can't be counted. Sizes in bytes, times in minutes.
    """

    rows: dict[str, tuple[int | None, int]]
    live_size: int | None
    needed_space: int
    free_space: int | None
    space_declared: bool
    minutes_off: float
    minutes_total: float
    sessions: tuple[str, ...] = ()
    ends_sessions: bool = True
    taken_down_too: tuple[str, ...] = ()  # other applications on the same services
    missing_roles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def live_rows(self) -> int | None:
        counts = [live for live, _ in self.rows.values() if live is not None]
        return sum(counts) if counts else None

    @property
    def backup_rows(self) -> int:
        return sum(backup for _, backup in self.rows.values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def parse_impact(value: dict[str, Any]) -> Impact:
    """The impact of a journal line; the inverse of `Impact.to_json`. Raises RefusedError for one that can't be read."""
    try:
        known = {item.name: value[item.name] for item in fields(Impact) if item.name in value}
        lists = ("sessions", "taken_down_too", "missing_roles", "remarks")
        return Impact(
            **{
                **known,
                "rows": {table: (counts[0], counts[1]) for table, counts in value["rows"].items()},
                **{name: tuple(known[name]) for name in lists if name in known},
            }
        )
    except (TypeError, KeyError, AttributeError, IndexError) as error:
        raise other_version("Dampak restore", error) from error


def refuse_beyond_limits(shown: Impact, measured: Impact) -> None:
    """Raises RefusedError when what is true now is past what the approver was shown."""
    faults = []
    if measured.free_space is not None and measured.free_space < measured.needed_space:
        short = (measured.needed_space - measured.free_space) / 2**30
        faults.append(f"ruang basis data kurang {short:.2f} GiB".replace(".", ","))
    tolerance = shown.limits.get("live_rows_change", 0.0)
    if shown.live_rows is not None and measured.live_rows is not None:
        change = abs(measured.live_rows - shown.live_rows)
        if change > max(shown.limits.get("live_rows_floor", 0), tolerance * max(shown.live_rows, 1)):
            faults.append(
                f"baris data yang berjalan berubah dari {shown.live_rows} menjadi {measured.live_rows} sejak disetujui"
            )
    if faults:
        raise RefusedError(
            "Keadaan telah melewati batas yang disetujui: " + "; ".join(faults) + ".",
            "Ajukan permohonan baru agar dampaknya dinilai dan disetujui kembali.",
        )
