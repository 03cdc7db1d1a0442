"""The manifest: the signed statement that a backup exists and what it holds. Layout and meaning: docs/format.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from jagadata.errors import DamagedError
from jagadata.evidence.envelope import digest
from jagadata.ports.proof import WORST_FIRST, BackupState
from jagadata.vault.clocks import Clocks
from jagadata.vault.identity import with_identities

if TYPE_CHECKING:
    from jagadata.evidence.envelope import JsonObject

MANIFEST_KIND = "application/vnd.jagadata.manifest+json"
RECEIPT_KIND = "application/vnd.jagadata.receipt+json"
FORMAT: Final = 2
"""What is written. Format 1 had no proofs, and identities as numbers of the manifest's server (vault/identity.py)."""
Format = Literal[1, 2]

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ManifestValue(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ObjectEntry(ManifestValue):
    """One object in the store, as encrypted bytes."""

    key: str
    version: str | None
    size: Annotated[int, Field(ge=0)]
    sha256: Hash


class StoredStream(ManifestValue):
    """One age stream, cut into objects that `cat` joins. `plain_*` speak of the bytes that `age -d` gives."""

    objects: Annotated[list[ObjectEntry], Field(min_length=1)]
    plain_size: Annotated[int, Field(ge=0)]
    plain_sha256: Hash


class ShortfallEntry(ManifestValue):
    """One thing that the restore of step 2 could not make again: known by name from that day on (ports/proof.py)."""

    weight: Literal["note", "loss", "never"]
    what: str
    sql: str = ""


class Proof(ManifestValue):
    """What a real restore of one archive showed in step 2. `untested`: why there was none, '' where there was one."""

    state: BackupState
    untested: str = ""
    seconds: Annotated[float, Field(ge=0)] = 0
    shortfalls: list[ShortfallEntry] = []
    rows: dict[str, int] = {}  # of tables that came back with other rows than the archive has
    digests: dict[str, str] = {}  # by table, of all its rows' texts
    sequences: dict[str, tuple[int, bool]] = {}  # last value, and whether it was given out


class DataEntry(ManifestValue):
    """One dumped data set. `proof`: None in format 1, and before step 2 is through."""

    kind: Literal["postgresql"] = "postgresql"
    database: str
    identity: str
    size: int  # bytes on the source when it was dumped
    tool: str  # program and version that dumped it
    codec: Literal["none", "zstd"]  # what lies around the archive; none: the tool reads it as it is
    archive: StoredStream
    archive_size: Annotated[int, Field(ge=0)]  # bytes of the archive without its codec
    properties: StoredStream  # JSON of the engine's own: owner, encoding, grants, ...; never a password
    rows: dict[str, int]  # of the tables that there were at the dump's own moment, counted in the archive
    file_name: str = ""  # the official name (step 3): for forms and downloads, never for decisions
    proof: Proof | None = None


class SourceServer(ManifestValue):
    name: str
    version: str
    system_identifier: str


class Verification(ManifestValue):
    """What was proven of the bytes that the store holds (step 2)."""

    at: AwareDatetime
    means: list[str]


class ManifestDraft(ManifestValue):
    """What is known of a backup before it exists: dumped (step 1), then verified (step 2)."""

    format: Format = FORMAT
    backup: str
    office: str
    system: str
    system_name: str
    owner: str
    period: Annotated[str, Field(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$")]
    occasion: Literal["Terjadwal", "Manual", "Susulan"]
    started: AwareDatetime
    finished: AwareDatetime
    started_local: str  # as printed, WIB
    finished_local: str
    source: SourceServer
    data: Annotated[list[DataEntry], Field(min_length=1)]
    verification: Verification | None = None
    recipients: list[str]
    clocks: Clocks | None = None  # at `finished`; None: made by a version that did not ask
    run: str
    form_number: str
    note: str = ""
    software: str

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        """What is no manifest at all is left to the checks of the fields."""
        try:
            server, data = value["source"]["system_identifier"], value["data"]
            return {**value, "data": [with_identities(item, server) for item in data]}
        except (KeyError, TypeError, AttributeError):
            return value

    @property
    def objects(self) -> list[ObjectEntry]:
        return [
            entry
            for data in self.data
            for stream in (data.archive, data.properties)
            for entry in stream.objects
        ]


class Manifest(ManifestDraft):
    """Written once, when the primary copy is verified; later facts are receipts."""

    at: AwareDatetime  # when this manifest was signed (UTC)
    verification: Verification

    @property
    def state(self) -> BackupState:
        """The least that is proven of any of its data sets; 'terbaca' for every manifest of format 1."""
        states = {entry.proof.state if entry.proof else "terbaca" for entry in self.data}
        return next(state for state in WORST_FIRST if state in states)

    @property
    def size(self) -> int:
        """Encrypted bytes in one store."""
        return sum(entry.size for entry in self.objects)

    def database(self, name: str) -> DataEntry:
        return next(entry for entry in self.data if entry.database == name)


class BackupReceipt(ManifestValue):
    """A later fact about a backup: copied, locked, reviewed, held, pruned."""

    format: Literal[1] = 1
    backup: str
    manifest: Hash  # SHA-256 of the manifest's envelope
    at: AwareDatetime
    kind: Literal["copy", "lock", "review", "hold", "release", "prune"]
    run: str = ""
    data: dict[str, Any] = {}


def parse_manifest(value: JsonObject, *, where: str) -> Manifest:
    """Raises DamagedError for another format or missing fields (`where` is the key in the store)."""
    if value.get("format") not in (1, 2):
        raise DamagedError(
            f"Manifes {where} berformat {value.get('format')!r}; versi ini membaca format 1 dan 2.",
            "Pakai versi Jagadata yang membuatnya, atau pulihkan dengan tangan menurut docs/format.md.",
        )
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        raise DamagedError(
            f"Manifes {where} tidak lengkap: {error.error_count()} isian salah.",
            "Pakai salinan di penyimpanan lain.",
        ) from error


def manifest_hash(envelope: bytes) -> str:
    """What approvals and receipts bind to: SHA-256 of the signed envelope as stored."""
    return digest(envelope)
