"""Official names: backup ids, file names, letter numbers, and names of databases beside the live one. Pure.

Names are for people and for being unique; nothing is ever decided by taking one apart.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jagadata.errors import OfficeFileError
from jagadata.text.formats import to_local, zone_name

if TYPE_CHECKING:
    from datetime import datetime

FILE_NAME = "{opd}_{system}_{object}-{engine}_{kind}_p{period}_{time}-{zone}_r{revision}.{ext}"
"""The default policy: 'nama file sesuai dengan ketentuan' (SOP step 3); the ketentuan itself is not in the source."""

LONGEST_FILE_NAME = 200
"""Bytes: room below the 255 of file systems for what a browser or a file manager adds."""

NAME_BYTES = 63
"""PostgreSQL cuts identifiers here (NAMEDATALEN - 1)."""

_FIELDS = ("opd", "system", "object", "engine", "kind", "period", "time", "zone", "revision", "ext")


def make_backup_id(now: datetime, random_text: str) -> str:
    """'20261101t180003z-k3v9q2xa': UTC time, then random text; sortable, lowercase, safe in store keys.

    `random_text`: at least 8 letters or digits (others are dropped), at most 16 are used.
    """
    random = re.sub(r"[^a-z0-9]", "", random_text.lower())[:16]
    if len(random) < 8:
        raise ValueError("random_text needs at least 8 letters or digits")
    return f"{to_local(now).astimezone(UTC):%Y%m%dt%H%M%Sz}-{random}"


def make_slug(text: str, longest: int = 40) -> str:
    """Lowercase ASCII letters, digits and single hyphens; 'x' where nothing is left. Never a dot or a slash."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words[:longest].strip("-") or "x"


def make_file_name(
    template: str,
    *,
    opd: str,
    system: str,
    object: str,  # noqa: A002 - the policy template's own word
    engine: str,
    kind: str,
    period: str,
    at: datetime,
    revision: int,
    extension: str,
) -> str:
    """The official file name (SOP back up, step 3) by the policy's template; safe whatever the parts hold.

    `period` is '2026-11' (any other signs are dropped), `at` an aware time on the office's clock, `extension` like 'dump.age'.

    Raises:
        OfficeFileError: the template asks for a part that does not exist.
    """
    check_file_name(template)
    if at.tzinfo is None:
        raise ValueError(f"naive datetime: {at.isoformat()}")
    parts = {
        "opd": make_slug(opd),
        "system": make_slug(system),
        "object": make_slug(object),
        "engine": make_slug(engine),
        "kind": make_slug(kind),
        "period": re.sub(r"[^0-9]", "", period),
        "time": at.strftime("%Y%m%d-%H%M%S"),
        "zone": make_slug(zone_name(at.tzinfo) if isinstance(at.tzinfo, ZoneInfo) else at.tzname() or ""),
        "revision": f"{revision:02}",
        "ext": ".".join(make_slug(part, 12) for part in extension.split(".") if part) or "bin",
    }
    name = re.sub(r"[^a-z0-9._-]+", "-", template.format(**parts).lower())
    name = re.sub(r"\.{2,}", ".", name).lstrip(".-") or "x"
    if len(name) > LONGEST_FILE_NAME:  # the whole name's hash keeps two long ones apart
        mark = hashlib.sha256(name.encode()).hexdigest()[:8]
        tail = f"-{mark}.{parts['ext']}"
        name = name[: LONGEST_FILE_NAME - len(tail)] + tail
    return name


def check_file_name(template: str) -> None:
    """Raises OfficeFileError where the template holds an unknown part or a broken brace."""
    try:
        fields = {
            field for _text, field, _spec, _how in string.Formatter().parse(template) if field is not None
        }
        unknown = sorted(fields - set(_FIELDS))
        template.format(**dict.fromkeys(_FIELDS, "x"))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        unknown = [str(error)]
    if unknown:
        known = ", ".join(f"{{{field}}}" for field in _FIELDS)
        raise OfficeFileError(
            f"policy.backup.file_name: bagian {', '.join(unknown)} tidak dikenal (tertulis: {template!r}).",
            f"Pakai hanya {known}.",
        )


def make_number(template: str, *, classification: str, sequence: str, unit: str, year: int) -> str:
    """A form or letter number by the office file's `number` template, such as '046/12/406.020/2026'."""
    return template.format(classification=classification, sequence=sequence, unit=unit, year=year)
