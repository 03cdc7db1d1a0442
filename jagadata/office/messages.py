"""Faults that pydantic found in the office file, in words: place, what to write instead, and what was found if it is no secret. Pure."""

from __future__ import annotations

import difflib
import re
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

_WORDS = {
    "missing": "belum ada; isian ini wajib",
    "string_type": "harus teks; apit dengan tanda kutip",
    "string_unicode": "memuat karakter yang tidak sah; ketik ulang",
    "int_parsing": "harus bilangan bulat",
    "int_parsing_size": "harus bilangan bulat yang wajar",
    "int_type": "harus bilangan bulat",
    "int_from_float": "harus bilangan bulat",
    "float_parsing": "harus bilangan, misalnya 0.2",
    "float_type": "harus bilangan, misalnya 0.2",
    "finite_number": "harus bilangan, misalnya 0.2",
    "bool_parsing": "harus true atau false",
    "bool_type": "harus true atau false",
    "list_type": "harus daftar (baris-baris berawalan '- ')",
    "path_type": "harus lokasi berkas atau folder",
    "date_type": "harus tanggal seperti 2026-01-31",
    "date_parsing": "harus tanggal seperti 2026-01-31",
    "date_from_datetime_parsing": "harus tanggal seperti 2026-01-31",
    "date_from_datetime_inexact": "harus tanggal saja, tanpa jam, seperti 2026-01-31",
    "model_type": "harus berisi isian-isian di bawahnya",
    "model_attributes_type": "harus berisi isian-isian di bawahnya",
    "invalid_key": "nama isian harus teks",
    "union_tag_not_found": "belum ada 'kind'; tulis 's3' atau 'directory'",
}

_SECRET_FIELDS = {
    "password",
    "signing",
    "identity",
    "identities",
    "key",
    "access_key",
    "secret_key",
    "token",
    "channels",
}
_SECRET_LOOKS = re.compile(
    r"AGE-SECRET-KEY|PRIVATE KEY|:.*@|://.*[?&#]|(pass\w*|pwd|sandi|secret|token)\s*[=:]", re.IGNORECASE
)
_LONGEST = 80
"""Characters of a value that are repeated."""


def explain(item: dict[str, Any], fields: Collection[str]) -> list[str]:
    """The lines of one of `ValidationError.errors()`; `fields`: every name that the file may hold."""
    where = _place(item["loc"])
    context = item.get("ctx", {})
    kind = item["type"]
    if kind == "value_error":
        lines = str(context["error"]).splitlines()
        return [f"{where}: {line}{_found(item)}" for line in lines] if where else lines
    if kind == "literal_error":
        words = f"harus salah satu dari {context['expected'].replace(' or ', ', ')}"
    elif kind == "union_tag_invalid":
        words = f"kind harus salah satu dari {context['expected_tags']}"
    elif kind in ("greater_than_equal", "greater_than"):
        words = (
            f"harus paling sedikit {context['ge']}"
            if "ge" in context
            else f"harus lebih dari {context['gt']}"
        )
    elif kind in ("less_than_equal", "less_than"):
        words = (
            f"harus paling banyak {context['le']}"
            if "le" in context
            else f"harus kurang dari {context['lt']}"
        )
    elif kind == "too_short":
        words = f"harus berisi paling sedikit {context['min_length']} butir"
    elif kind == "extra_forbidden":
        near = difflib.get_close_matches(str(item["loc"][-1]), fields, n=1)
        words = f"tidak dikenal; {f'maksudnya {near[0]!r}?' if near else 'periksa ejaannya atau hapus'}"
    else:
        words = _WORDS.get(kind, "isinya tidak dapat dipakai; lihat docs/office-file.md")
    return [f"{where}: {words}{_found(item)}"]


def _place(location: tuple[str | int, ...]) -> str:
    where = ""
    for number, part in enumerate(location):
        if number == 2 and location[0] == "stores" and part in ("s3", "directory"):
            continue  # the discriminator is no place in the file
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    return where


def _found(item: dict[str, Any]) -> str:
    """What was typed, unless it may be a secret in the wrong place."""
    value, kind = item.get("input"), item["type"]
    field = next((part for part in reversed(item["loc"]) if isinstance(part, str)), "")
    if kind in ("missing", "extra_forbidden", "model_type") or field in _SECRET_FIELDS:
        return ""
    if value is None:
        return " (tertulis: kosong)"
    if not isinstance(value, str | int | float | date):
        return ""
    text = str(value) if isinstance(value, date) else repr(value)
    if _SECRET_LOOKS.search(text):
        return ""
    return f" (tertulis: {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'})"
