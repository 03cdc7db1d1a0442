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
_PER = re.compile(r"\bper (seratus ribu|sepuluh ribu|seratus|seribu|sejuta|mil|\d+)\b")
_PER_SAID = re.compile(
    r"\bper\s+(?:1[0. ]*00(?:[. ]?000)?|seratus ribu|sepuluh ribu|seratus|seribu|sejuta|mil)\b(?:\s+[a-z]+){0,3}",
    re.IGNORECASE,
)
_PER_TAIL = re.compile(
    r"\s+(?:tiap|setiap|per)\s+(?:km\s?(?:2|²|persegi)|kilometer persegi|ha|hektar|hektare|1[0. ]*00(?:[. ]?000)?(?:\s+[a-z]+){0,3}"
    r"|(?:seratus ribu|sepuluh ribu|seribu)(?:\s+[a-z]+){0,3})\s*$",
    re.IGNORECASE,
)
_PER_WORDS = {"seratus": "100", "seribu": "1000", "mil": "1000", "sepuluh ribu": "10000", "seratus ribu": "100000",
              "sejuta": "1000000"}  # fmt: skip
_SCALES = frozenset({"ribu", "juta", "miliar"})
_COUNTED_TEXT = """
orang unit buah ekor ton sekolah ruang kelas desa kelurahan kecamatan kali hari bulan kasus kejadian paket lembar
lembaga rumah keluarga pelanggan kegiatan dokumen surat bidang petak hektare meter kilometer liter kilogram kuintal
rupiah persen batang pohon butir potong pasang set titik lokasi poin skor indeks rasio watt volt kwh mwh kwp va derajat
celcius mm cm mbps gb menit jam detik siswa murid guru jiwa pegawai pasien peserta anggota usaha perusahaan kelompok
organisasi kapal kendaraan tempat tidur
"""
_COUNTED = frozenset(_COUNTED_TEXT.split())
"""What is counted or measured: such a word in a heading's brackets is its unit."""
_MEASURES_TEXT = """
ton unit buah ekor liter kilogram kuintal meter kilometer hektare rupiah persen kwh orang mm derajat
"""
_MEASURES = frozenset(_MEASURES_TEXT.split())
_WEIGHED = frozenset({"ton", "kilogram", "kuintal", "liter", "hektare", "kilometer", "meter"})
_EXPLAINING_TEXT = """
wajib diisi isi pilih opsional pilihan teks angka bilangan bulat desimal tanggal contoh misalnya format sesuai ktp
dapodik bps kemendagri kemenkes dd mm yyyy hh bb tttt yy tt jika bila ada kolom satuan dalam per tahun semester triwulan
bulan kode huruf kapital januari februari maret april mei juni juli agustus september oktober november desember jan feb
mar apr jun jul agu sep okt nov des sementara tetap revisi nama lengkap
"""
_EXPLAINING = frozenset(_EXPLAINING_TEXT.split())
"""Words in a heading's brackets that explain how it is filled in, or of which day it is."""


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


@lru_cache(maxsize=5_000)
def bare_heading(text: str) -> str:
    """The heading without brackets and unit: 'Luas (Ha)' -> 'Luas', 'Kepadatan per km2' -> 'Kepadatan'; itself where nothing else stands there."""
    return _PER_TAIL.sub("", _IN_BRACKETS.sub(" ", text).strip()).strip() or text


@lru_cache(maxsize=5_000)
def words_in_brackets(text: str) -> frozenset[str]:
    """The words in a heading's brackets that may make it another column: 'Penduduk (Laki-laki)' and 'Luas (target)' have one.

    Units, numbers, notes on how it is filled in, and choices ('L/P', 'Negeri/Swasta') make it none.
    """
    found: set[str] = set()
    for inner in _IN_BRACKETS.findall(text):
        if (
            len(re.split(r"\s*[/,+&|;]\s*", inner.strip())) > 1
            or is_unit(inner)
            or _are_initials(inner, text)
        ):
            continue
        found |= {
            word
            for word in words_of(inner)
            if word not in _EXPLAINING and not word.isdecimal() and len(word) > 1
        }
    return frozenset(found)


def _are_initials(inner: str, text: str) -> bool:
    """'Umur Harapan Hidup (UHH)'."""
    initials = "".join(word[0] for word in words_of(_IN_BRACKETS.sub(" ", text)))
    return inner.isupper() and len(inner.strip()) > 1 and inner.strip().lower() in initials


def unit_in(text: str, known: frozenset[str]) -> str:
    """The unit in a heading's brackets, '' where none of them is a unit (`known`: normalised units besides the usual ones)."""
    for inner in _IN_BRACKETS.findall(text):
        unit = unit_of(inner)
        if unit in known or is_unit(inner):
            return unit
    return unit_of(match[0]) if (match := _PER_SAID.search(text)) else ""


@lru_cache(maxsize=5_000)
def is_unit(text: str) -> bool:
    """'ha', 'dalam ribuan', 'orang/km²', 'per 1.000 penduduk', 'kelas'."""
    unit = unit_of(text)
    if not unit:
        return False
    if unit in _UNITS or unit in _UNITS.values() or _PER.search(unit):
        return True
    words = re.split(r"[ /]+", unit)
    if words[0] in _WEIGHED:  # 'ton GKG'
        return True
    return words[0] in _SCALES or all(
        word in _COUNTED or word in ("per", "persegi", "kubik", "kepala") for word in words
    )


def is_unit_alone(text: str) -> bool:
    """A row of a heading that is nothing but a unit: '(sekolah)' and 'ton' are, and 'Desa' is what the rows are."""
    inner = text.strip().strip("()[]")
    if text.strip()[:1] in ("(", "["):
        return is_unit(inner)
    unit = unit_of(inner)
    return unit in _UNITS or unit in _UNITS.values() or unit in _MEASURES or bool(_PER.match(unit))


@lru_cache(maxsize=5_000)
def unit_of(text: str) -> str:
    """A unit in its one form: 'Jiwa' and 'Org' -> 'orang', 'km²' -> 'kilometer persegi', 'per 100.000' -> 'per 100000'."""
    plain = (
        unicodedata.normalize("NFKC", text)
        .lower()
        .replace("dalam ", " ")
        .replace("satuan", " ")
        .replace("‰", "per mil")
    )
    plain = re.sub(r"(?<=\d)[., ](?=\d{3}(?!\d))", "", plain)
    plain = " ".join(re.sub(r"[^a-z0-9%/]+", " ", plain).split())
    plain = re.sub(
        r"\bribuan\b",
        "ribu",
        re.sub(r"\bjutaan\b", "juta", re.sub(r"\b(milyar|milyaran|miliaran)\b", "miliar", plain)),
    )
    plain = re.sub(r"\bkh\b", "kelahiran hidup", plain)
    plain = _PER.sub(
        lambda match: f"per {_PER_WORDS.get(match[1], match[1])}", plain.replace("/1000", "per 1000")
    )
    return _UNITS.get(plain, plain)


def same_unit(said: str, asked: str) -> bool:
    """Both normalised. A scale alone is that of what was asked ('ribu' for 'ribu orang'), and so is 'per 1000' for 'per 1000 penduduk'."""
    if said == asked:
        return True
    ours, theirs = _PER.search(asked), _PER.search(said)
    if ours and theirs:
        return ours[0] == theirs[0] and (said == theirs[0] or asked == ours[0])
    return said in _SCALES and asked.startswith(f"{said} ")


TOTAL = re.compile(
    r"(grand[\s-]+|sub[\s-]*|total\s+)?(jumlah|jml|jlh|jmlh|total|rata-?\s?rata|rerata)"
    r"(\s*/\s*(jumlah|total|rata-?\s?rata|average)|\s*\((jumlah|total)\))?"
    r"(\s+(total|keseluruhan|seluruh|seluruhnya|semua|semuanya|akhir))?"
    r"\s*[:.]?",
    re.IGNORECASE,
)
"""A row that sums up others begins with this cell, in full."""

AVERAGE = re.compile(r"\b(rata-?\s?rata|rerata|average)\b", re.IGNORECASE)
"""Such a row is left out as sums are, and is none."""

FOOTER = re.compile(
    r"\s*(mengetahui|menyetujui|mengesahkan|disahkan|dibuat oleh|yang membuat|pembuat daftar|penyusun|petugas"
    r"|(a\.?n\.?|plt\.?|plh\.?|u\.?b\.?)?\s*(kepala|sekretaris|kabid|kasi|camat|lurah|bupati|direktur|pembina|penata|pengatur)\b"
    r"|nip\b|tertanda|ttd\b|sumber\b|source\b|catatan\b|note\b|keterangan\s*(:|/|$)|ket\s*[.:]|angka sementara\s*$|data diolah|\*\)|\*{1,3}\s|dicetak|halaman\b"
    r"|[a-z .]{3,40},\s*(tanggal\s+)?(\d{1,2}|\.{2,}|_+)?\s*"
    r"(januari|februari|pebruari|maret|april|mei|juni|juli|agustus|september|oktober|november|nopember|desember)\b)",
    re.IGNORECASE,
)
"""How the cells below a table begin: signature block, sources, notes."""

NOTE = re.compile(r"\s*(sumber|source|catatan|notes?|keterangan|ket)\s*(/\s*[a-z]+\s*)?[.:]", re.IGNORECASE)
"""A note and nothing else: a village may be called 'Sumber'."""

FOOTNOTE = re.compile(r"\s*(\d{1,2}\)|[*\u00b9\u00b2\u00b3]{1,3}\)?|r\)|x\))(\s|$)", re.IGNORECASE)
"""'1) Angka sementara', where the rows themselves do not begin so."""
