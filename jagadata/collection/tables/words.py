"""What clerks write, brought to one form for comparing: headings, units, labels. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SHORT = {
    "jml": "jumlah", "jlh": "jumlah", "jmlh": "jumlah", "kec": "kecamatan", "kab": "kabupaten", "kel": "kelurahan",
    "ds": "desa", "thn": "tahun", "th": "tahun", "tgl": "tanggal", "ket": "keterangan", "no": "nomor", "nmr": "nomor",
    "pddk": "penduduk", "l": "laki-laki", "lk": "laki-laki", "laki": "laki-laki", "pria": "laki-laki",
    "p": "perempuan", "pr": "perempuan", "prp": "perempuan", "wanita": "perempuan", "pct": "persen", "%": "persen",
    "persentase": "persen", "prosentase": "persen", "telp": "telepon", "tlp": "telepon", "hp": "telepon",
    "wa": "telepon", "alamat surel": "surel", "email": "surel", "e-mail": "surel", "kd": "kode", "nm": "nama",
    "lks": "lokasi", "rata2": "rata-rata", "sd": "sekolah dasar",
}  # fmt: skip
"""Abbreviations of headings."""

_UNITS = {
    "jiwa": "orang", "org": "orang", "ha": "hektare", "hektar": "hektare", "km2": "kilometer persegi",
    "m2": "meter persegi", "m3": "meter kubik", "km": "kilometer", "m": "meter", "%": "persen", "prosen": "persen",
    "rp": "rupiah", "idr": "rupiah", "kg": "kilogram", "kw": "kuintal", "kwintal": "kuintal", "ltr": "liter",
    "bh": "buah", "kk": "kepala keluarga", "ribu orang": "ribu orang", "ribu jiwa": "ribu orang", "th": "tahun",
    "thn": "tahun", "juta rp": "juta rupiah", "rp juta": "juta rupiah", "ribu rp": "ribu rupiah",
}  # fmt: skip
"""Units that mean the same."""

UNIT_NAMES = frozenset(_UNITS.values())

_LAKI = re.compile(r"\blaki[\s-]*laki\b")
_RATA = re.compile(r"\brata[\s-]*rata\b")
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")


@lru_cache(maxsize=20_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a heading, lowercase, without punctuation, abbreviations written out: 'Jml. Pddk (L)' -> jumlah penduduk laki-laki."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"\b([a-z]{4})2\b", r"\1-\1", plain)  # laki2, rata2
    plain = _RATA.sub("ratarata", _LAKI.sub("lakilaki", plain))
    found: list[str] = []
    for word in re.findall(r"[a-z0-9]+|%", plain):
        full = {"lakilaki": "laki-laki", "ratarata": "rata-rata"}.get(word) or _SHORT.get(word, word)
        if not found or found[-1] != full:
            found.append(full)
    return tuple(found)


def same_words(one: str, other: str) -> bool:
    return words_of(one) == words_of(other)


@lru_cache(maxsize=5_000)
def bare_heading(text: str) -> str:
    """The heading without what stands in brackets: 'Luas (Ha)' -> 'Luas'; itself where nothing else stands there."""
    return _IN_BRACKETS.sub(" ", text).strip() or text


def unit_in(text: str, known: frozenset[str]) -> str:
    """The unit in a heading's brackets, '' where none of them is a unit (`known`: normalised units besides the usual ones)."""
    for inner in _IN_BRACKETS.findall(text):
        unit = unit_of(inner)
        if (
            unit in known
            or unit in _UNITS.values()
            or unit.split(" ")[0] in ("ribu", "ribuan", "juta", "jutaan")
        ):
            return unit
    return ""


@lru_cache(maxsize=5_000)
def unit_of(text: str) -> str:
    """A unit in its one form: 'Jiwa' and 'Org' -> 'orang', 'km²' -> 'kilometer persegi'."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("dalam ", " ").replace("satuan", " ")
    plain = " ".join(re.sub(r"[^a-z0-9%/]+", " ", plain).split())
    plain = re.sub(r"\bribuan\b", "ribu", re.sub(r"\bjutaan\b", "juta", plain))
    return _UNITS.get(plain, plain)


TOTAL = re.compile(
    r"(grand[\s-]+|sub[\s-]*|total\s+)?(jumlah|jml|jlh|jmlh|total|rata-?\s?rata|rerata)"
    r"(\s*/\s*(jumlah|total)|\s*\((jumlah|total)\))?"
    r"(\s+(total|keseluruhan|seluruh|seluruhnya|semua|semuanya|akhir|kabupaten|se-?\s?kabupaten|kecamatan)(\s+trenggalek)?)?"
    r"\s*[:.]?",
    re.IGNORECASE,
)
"""A row that sums up others begins with this cell, in full."""

AVERAGE = re.compile(r"\b(rata-?\s?rata|rerata)\b", re.IGNORECASE)
"""Such a row is left out as sums are, and is none."""

TOTAL_LIKE = re.compile(
    r"\s*(?:(?P<sum>(grand[\s-]+|sub[\s-]*)?(jumlah|jml|jlh|jmlh|total))|(se-?\s?)?(kabupaten|kab|kota|provinsi|prov))\b",
    re.IGNORECASE,
)
"""How a row may begin that sums up others: 'Total Kec. Panggul', 'Kabupaten Trenggalek'. Its numbers decide (totals.py)."""

FOOTER = re.compile(
    r"\s*(mengetahui|menyetujui|mengesahkan|disahkan|dibuat oleh|yang membuat|pembuat daftar|penyusun|petugas"
    r"|(a\.?n\.?|plt\.?|plh\.?|u\.?b\.?)?\s*(kepala|sekretaris|kabid|kasi|camat|lurah|bupati|direktur|pembina|penata|pengatur)\b"
    r"|nip\b|tertanda|ttd\b|sumber\b|catatan\b|keterangan\s*:|ket\s*[.:]|\*\)|\*{1,3}\s|dicetak|halaman\b"
    r"|[a-z .]{3,40},\s*(tanggal\s+)?(\d{1,2}|\.{2,}|_+)?\s*"
    r"(januari|februari|pebruari|maret|april|mei|juni|juli|agustus|september|oktober|november|nopember|desember)\b)",
    re.IGNORECASE,
)
"""How the cells below a table begin: signature block, sources, notes."""
