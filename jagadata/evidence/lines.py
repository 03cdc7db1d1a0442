"""Journal lines as values: each kind of line names its step and event once, and is written and read here alone.

Lines of earlier versions stay readable: fields that this version does not know are passed over, fields that it lacks
have their defaults. A line that can't be understood all the same is refused, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jagadata.evidence.envelope import JsonObject
    from jagadata.evidence.journal import Journal


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one kind of line holds. Datetimes are aware; None means that it is not known, and is not written."""

    STEP: ClassVar[str]
    EVENT: ClassVar[str] = "done"
    __pydantic_config__ = ConfigDict(extra="ignore")

    def to_json(self) -> JsonObject:
        """Plain JSON values; times in ISO 8601 with their offset."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: _plain(value) for name, value in known.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises RefusedError for what another version wrote and this one can't read."""
        if cls not in _adapters:
            _adapters[cls] = TypeAdapter(cls)
        try:
            line: Self = _adapters[cls].validate_python(value)
        except ValidationError as error:
            what = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors()[:5])
            raise RefusedError(
                f"Jurnal langkah '{cls.STEP}' ditulis versi Jagadata lain dan tidak dapat dibaca ({what}).",
                "Lanjutkan dengan versi yang menulisnya, atau ajukan permohonan baru.",
            ) from error
        return line


Kind = TypeVar("Kind", bound=Line)
_adapters: dict[type[Line], TypeAdapter[Any]] = {}


def _plain(value: object) -> object:
    if isinstance(value, Line):
        return value.to_json()
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, date):  # or a datetime
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def write(journal: Journal, line: Line, subject: str = "") -> None:
    """Append the line. Raises as `Journal.note`."""
    journal.note(line.STEP, line.EVENT, subject, **line.to_json())


def read_outcome(journal: Journal, kind: type[Kind], subject: str = "") -> Kind | None:
    """What the step came to, if it ended and was not begun again since. Raises RefusedError for another version's."""
    value = journal.outcome(kind.STEP, subject)
    return None if value is None else kind.from_json(value)


def read_last(journal: Journal, kind: type[Kind]) -> Kind | None:
    """The last line of this kind, whatever came after it. Raises RefusedError for another version's."""
    entry = journal.last(kind.STEP, kind.EVENT)
    return None if entry is None else kind.from_json(entry.data)


def read_all(journal: Journal, kind: type[Kind]) -> list[tuple[str, Kind]]:
    """Every line of this kind with its subject, oldest first. Raises RefusedError for another version's."""
    return [
        (entry.subject, kind.from_json(entry.data))
        for entry in journal.entries
        if (entry.step, entry.event) == (kind.STEP, kind.EVENT)
    ]


def count(journal: Journal, kind: type[Line]) -> int:
    """How many lines of this kind there are; none is read."""
    return sum((entry.step, entry.event) == (kind.STEP, kind.EVENT) for entry in journal.entries)


def once(journal: Journal, kind: type[Kind], work: Callable[[], Kind], subject: str = "") -> Kind:
    """The step's outcome: the recorded one, or what `work` returns now. See `Journal.once`."""
    return kind.from_json(journal.once(kind.STEP, lambda: work().to_json(), subject))
