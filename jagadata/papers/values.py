"""What all forms have in common: values that refuse what they do not know, signature blocks, files. Pure; no decisions.

Forms fill up over the steps, so most fields may be empty. They are stored as signed records: `to_json` and `from_json`
turn them into plain JSON values and back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from jagadata.errors import DamagedError

if TYPE_CHECKING:
    from jagadata.evidence.envelope import JsonObject

Form = TypeVar("Form", bound="Value")

IDENTITY_UNPROVEN = "identitas penanda tangan belum dibuktikan"
OUTSIDE_APPROVAL = "persetujuan di luar sistem"


@dataclass(frozen=True, kw_only=True)
class Value:
    """Datetimes are aware; fields that this version does not know are refused, never dropped in silence."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"{type(self).__name__}.{field.name}: naive datetime {value.isoformat()}")


@dataclass(frozen=True, kw_only=True)
class Signature(Value):
    """One signature block. `at` None: not signed yet, space for a wet signature is left."""

    name: str = ""
    nip: str = ""
    post: str = ""  # jabatan
    role: str = ""  # key of office.ROLES, or 'pemohon'
    acting: str = ""  # 'Plt.' or 'Plh.'
    at: datetime | None = None
    remark: str = ""  # such as IDENTITY_UNPROVEN


@dataclass(frozen=True, kw_only=True)
class RankedSignature(Signature):
    """As letters print it, with the pangkat below the name; the forms of back ups and restores have no place for that."""

    rank: str = ""


@dataclass(frozen=True, kw_only=True)
class BackupFile(Value):
    """[langkah 3] One file of a backup, by its official name. `size` in bytes, `sha256` of the encrypted bytes (hex)."""

    name: str
    database: str = ""
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class FiledForm(Value):
    """A form that is filed: `at` when it was filled in, `run` whose it is."""

    number: str
    at: datetime | None = None
    run: str = ""


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_json(form: Value) -> JsonObject:
    """Plain JSON values of a form; times as ISO 8601 with their offset."""
    value: JsonObject = _adapter(type(form)).dump_python(form, mode="json")
    return value


def from_json(kind: type[Form], value: JsonObject) -> Form:
    """The form again. Raises DamagedError for what this version can't read."""
    try:
        form: Form = _adapter(kind).validate_python(value)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors()[:5])
        raise DamagedError(
            f"Formulir tersimpan tidak dapat dibaca: isian {places} tidak sah.",
            "Baca dengan versi Jagadata yang menulisnya.",
        ) from error
    return form


def format_nip(nip: str) -> str:
    """'19860926 201505 1 001' for 18 digits; anything else (17 digits, 'Non-ASN') as it is, '-' when empty."""
    plain = nip.replace(" ", "")
    if re.fullmatch(r"[0-9]{18}", plain):
        return f"{plain[:8]} {plain[8:14]} {plain[14]} {plain[15:]}"
    return nip.strip() or "-"


def nip_warning(nip: str) -> str:
    """A note where an NIP can't be right (it is printed as it is all the same); else ''."""
    plain = nip.replace(" ", "")
    if re.fullmatch(r"[0-9]+", plain) and len(plain) != 18:
        return f"NIP {nip.strip()} berisi {len(plain)} angka, seharusnya 18; dicetak sebagaimana tertulis"
    return ""
