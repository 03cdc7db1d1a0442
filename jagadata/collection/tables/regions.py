"""The office's region and what it lies in, as the label of a row: such a row sums up or averages the others. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from jagadata.collection.tables.words import words_of

PROVINCES = {
    "11": "Aceh", "12": "Sumatera Utara", "13": "Sumatera Barat", "14": "Riau", "15": "Jambi", "16": "Sumatera Selatan",
    "17": "Bengkulu", "18": "Lampung", "19": "Kepulauan Bangka Belitung", "21": "Kepulauan Riau", "31": "DKI Jakarta",
    "32": "Jawa Barat", "33": "Jawa Tengah", "34": "DI Yogyakarta", "35": "Jawa Timur", "36": "Banten", "51": "Bali",
    "52": "Nusa Tenggara Barat", "53": "Nusa Tenggara Timur", "61": "Kalimantan Barat", "62": "Kalimantan Tengah",
    "63": "Kalimantan Selatan", "64": "Kalimantan Timur", "65": "Kalimantan Utara", "71": "Sulawesi Utara", "72": "Sulawesi Tengah",
    "73": "Sulawesi Selatan", "74": "Sulawesi Tenggara", "75": "Gorontalo", "76": "Sulawesi Barat", "81": "Maluku",
    "82": "Maluku Utara",
}  # fmt: skip
"""By the first two digits of a region code, where BPS and Permendagri agree (in Papua they do not)."""

_SHORT = {"jatim": "jawa timur", "jateng": "jawa tengah", "jabar": "jawa barat", "ntb": "nusa tenggara barat",
          "ntt": "nusa tenggara timur", "diy": "di yogyakarta"}  # fmt: skip

LEVELS = frozenset({"kabupaten", "kota", "provinsi"})
_AROUND_TEXT = """
jumlah total rata-rata rerata se seluruh semua wilayah daerah angka di regency municipality city province average tahun
pemerintah propinsi negara republik sekabupaten sekota seprovinsi
"""
_AROUND = frozenset(_AROUND_TEXT.split())
"""What may stand beside the name of a region that a row is of."""

RegionLabel = Literal["", "own", "bare", "parent"]
"""'bare': the region's name without its level (or the level alone, or another province), which may as well be one of the rows;
'parent': what the region lies in."""


@dataclass(frozen=True)
class Region:
    """`code`: how the region's codes begin; `name`: 'Kabupaten Trenggalek', '' where the office file has none."""

    code: str
    name: str = ""

    def kind_of(self, label: str) -> RegionLabel:
        return _kind(self, label)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a row of the region, its parents or another province may have, in small letters, without their level."""
        own = " ".join(word for word in words_of(self.name) if word not in LEVELS)
        province = PROVINCES.get(self.code[:2], "").lower()
        found = [one for one in (own, province, "indonesia") if one]
        return (*found, *(name.lower() for name in PROVINCES.values()), *_SHORT)


def is_province(label: str) -> bool:
    return _without_level(label)[0] in _PROVINCE_NAMES


@lru_cache(maxsize=20_000)
def _kind(region: Region, label: str) -> RegionLabel:
    if len(label) > 80:
        return ""
    name, levels, around = _without_level(label)
    own, own_levels, _ = _without_level(region.name)
    if not name:  # 'Se-Kabupaten' is one; 'Kabupaten' may be whose roads they are
        return "" if "kabupaten" not in levels else "own" if around else "bare"
    if own and name == own and levels <= own_levels:
        return "own" if levels or around else "bare"
    parents = (PROVINCES.get(region.code[:2], "").lower(), "indonesia")
    if levels & {"kabupaten", "kota"}:
        return ""
    return "parent" if name in parents else "bare" if name in _PROVINCE_NAMES else ""


def _without_level(label: str) -> tuple[str, frozenset[str], bool]:
    """The name alone, the levels that stand beside it, and whether anything else does."""
    words = ["provinsi" if word in ("prov", "propinsi") else word for word in words_of(label)]
    rest = [word for word in words if word not in LEVELS and word not in _AROUND and not _is_year(word)]
    if not rest and words and words[0] == "di":
        rest = words
    name = " ".join(rest)
    return _SHORT.get(name, name), LEVELS & set(words), any(word in _AROUND for word in words)


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.isdecimal() and word[:2] in ("19", "20")


_PROVINCE_NAMES = frozenset(" ".join(words_of(name)) for name in PROVINCES.values()) | {
    "yogyakarta",
    "papua",
    "papua barat",
}
