"""What a run of SOP Back Up writes into its journal: the names of its steps, and what each came to, as values. Pure.

The numbers are the SOP's. Journals of earlier versions hold the same names; `procedure` is newer than some of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, ValidationError

from jagadata.errors import DamagedError, RefusedError
from jagadata.evidence.journal import OPEN
from jagadata.evidence.lines import Line
from jagadata.vault.manifest import ManifestDraft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.errors import JagadataError
    from jagadata.evidence.envelope import JsonObject

NAME: Final = "backup"
DUMP, VERIFY, PUBLISH, SECURE, FILL, REVIEW = "1", "2", "3", "4", "5", "6"
FOR_EACH_SYSTEM: Final = (DUMP, VERIFY, PUBLISH, SECURE)
"""The steps that are done for every system; the others are of the whole run."""

Occasion = Literal["Terjadwal", "Manual", "Susulan"]


@dataclass(frozen=True, kw_only=True)
class Opened(Line):
    """The order was checked and the form has its number. `kind`: why it is made; `performer`: id of an official."""

    STEP: ClassVar[str] = OPEN
    systems: tuple[str, ...]
    period: str  # '2026-11'
    kind: Occasion
    number: str
    performer: str
    note: str = ""
    at: datetime
    procedure: Literal["backup"] = NAME


@dataclass(frozen=True, kw_only=True)
class Published(Line):
    """[langkah 3] The backup exists: its id, the hash of its signed manifest, the official names."""

    STEP: ClassVar[str] = PUBLISH
    backup: str
    manifest: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Secured(Line):
    """[langkah 4] `copy`: the store with the second copy, '' where there is none."""

    STEP: ClassVar[str] = SECURE
    copy: str
    hash_matches: bool
    locked_until: Annotated[datetime | None, BeforeValidator(lambda text: text or None)] = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failure(Line):
    """Which step failed, why, and what to do."""

    STEP: ClassVar[str] = "-"
    step: int
    reason: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What the steps for one system came to so far. A failure hides nothing of what was made before it."""

    draft: ManifestDraft | None = None
    published: Published | None = None
    secured: Secured | None = None
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        return self.failure is None

    def failed(self, step: int, reason: str, hint: str = "") -> Self:
        return replace(self, failure=Failure(step=step, reason=reason, hint=hint))

    def refused(self, step: str, error: JagadataError) -> Self:
        return self.failed(int(step), error.message, error.hint)

    def made_draft(self) -> ManifestDraft:
        """Raises DamagedError: the journal lost it."""
        if self.draft is None:
            raise DamagedError("Jurnal tidak memuat hasil langkah 1.", "Ulangi back up sistem ini.")
        return self.draft

    def made_backup(self) -> Published:
        """Raises DamagedError: the journal lost it."""
        if self.published is None:
            raise DamagedError("Jurnal tidak memuat hasil langkah 3.", "Ulangi back up sistem ini.")
        return self.published

    def to_json(self) -> JsonObject:
        """One flat object, as journals of every version hold it."""
        value: JsonObject = {}
        if self.draft:
            lacks = set() if self.draft.verification else {"verification"}
            value["draft"] = self.draft.model_dump(mode="json", exclude=lacks)
        for part in (self.published, self.secured, self.failure):
            value |= part.to_json() if part else {}
        return {**value, "ok": self.ok}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Raises RefusedError for what this version can't read."""
        return cls(
            draft=_read_draft(value["draft"]) if "draft" in value else None,
            published=Published.from_json(value) if "backup" in value else None,
            secured=Secured.from_json(value) if "copy" in value else None,
            failure=None if value["ok"] else Failure.from_json(value),
        )


def _read_draft(value: object) -> ManifestDraft:
    try:
        return ManifestDraft.model_validate(value)
    except ValidationError as error:
        raise RefusedError(
            f"Hasil langkah 1 dalam jurnal ditulis versi Jagadata lain: {error.error_count()} isian tidak terbaca.",
            "Lanjutkan dengan versi yang menulisnya, atau ulangi back up sistem ini.",
        ) from error
