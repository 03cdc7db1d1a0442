"""Columns of personal data, told by their headings and by all of their cells together: dates of birth, accounts, numbers of cards, names. Pure.

Law 27/2022. What one cell proves by itself (a NIK, a mail address) is personal_scan's; here stands what only a column can prove.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.numerals import make_day
from jagadata.collection.tables.person_names import names_persons
from jagadata.collection.tables.personal import NIK, NIP, NPWP, PHONE, is_measure, is_nik
from jagadata.collection.tables.words import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.collection.tables.part import Part

BORN, PERSON = "Tanggal lahir", "Nama orang"

_SAMPLE = 300
"""Different cells of a column whose looks are judged."""
_MOST = 0.8
_HALF = 0.5
_COUNTS = {
    "jumlah",
    "banyak",
    "banyaknya",
    "total",
    "persen",
    "rasio",
    "angka",
    "cakupan",
    "capaian",
    "target",
    "realisasi",
    "rata-rata",
}
"""Words of headings of numbers about people, which are no numbers of people."""
_DATED = r"[0-9]{1,2}[-/. ]+([0-9]{1,2}|[A-Za-z]{3,9})[-/., ]+[0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True, kw_only=True)
class _Card:
    """A kind of number that people have: words of which one stands in its heading (all of `also`), and how many digits it has."""

    kind: str
    words: frozenset[str]
    fewest: int
    most: int
    also: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


def _card(kind: str, words: str, fewest: int, most: int, *, also: str = "", never: str = "") -> _Card:
    return _Card(
        kind=kind,
        words=frozenset(words.split()),
        fewest=fewest,
        most=most,
        also=frozenset(also.split()),
        never=frozenset(never.split()),
    )


_CARDS = (
    _card(NIK, "nik ktp kependudukan", 13, 18, never="kk"),
    _card(NIK, "identitas", 13, 18, also="nomor"),
    _card("Nomor KK", "kk nokk", 13, 18),
    _card("Nomor KK", "keluarga", 13, 18, also="kartu"),
    _card(NPWP, "npwp", 14, 17),
    _card("NUPTK", "nuptk", 14, 17),
    _card("NISN", "nisn", 8, 10),
    _card("Nomor induk siswa", "siswa murid santri mahasiswa", 4, 14, also="induk"),
    _card("Nomor induk siswa", "nis nim", 4, 14),
    _card(NIP, "nip nrp", 8, 19),
    _card(NIP, "pegawai", 8, 19, also="induk"),
    _card("Nomor BPJS/KIS", "bpjs kis jkn jamkesmas askes", 8, 16),
    _card("Nomor kartu", "kartu peserta kpj", 10, 17, also="nomor", never="keluarga"),
    _card("Nomor rekening", "rekening norek rek", 7, 18, never="kode uraian belanja anggaran nama akun"),
    _card("Nomor paspor", "paspor passport", 6, 8),
    _card(PHONE, "telepon handphone whatsapp ponsel seluler kontak narahubung cp fax faks faksimile", 6, 14),
)


@dataclass(frozen=True, kw_only=True)
class PersonalColumn:
    """`rows` of the table (from 0). `beside`: the other columns of a table of persons, which is held whatever they are."""

    kind: str
    column: str  # the office file's name
    rows: array[int]
    sample: str  # masked
    beside: tuple[str, ...] = ()


def find_personal_columns(part: Part, region: str) -> list[PersonalColumn]:
    """`region`: the district's code, with which most NIK begin there."""
    found: list[PersonalColumn] = []
    headings = {
        name: f"{name} {part.layout.headings[position]}" for name, position in part.layout.columns.items()
    }
    for name in part.table.column_names:
        if name not in headings:
            continue
        words = set(words_of(headings[name]))
        column = part.table[name]
        one = (
            _card_of(name, words, column)
            or _births(name, words, column)
            or _cut_numbers(name, column, region)
        )
        if one:
            found.append(one)
    known = {one.column for one in found}
    for name in part.table.column_names:
        if name in headings and name not in known and pa.types.is_string(part.table[name].type):
            others = [heading for other, heading in headings.items() if other != name]
            values = _different(part.table[name])
            if others and names_persons(part.layout.headings[part.layout.columns[name]], others, values):
                beside = tuple(other for other in headings if other != name)
                rows = _rows(pc.is_valid(part.table[name]))
                found.append(
                    PersonalColumn(
                        kind=PERSON, column=name, rows=rows, sample=_masked_name(values[0]), beside=beside
                    )
                )
                break
    return found


def _different(column: pa.ChunkedArray) -> list[str]:
    """Some of the texts that stand there, each once."""
    return [value for value in pc.unique(column.slice(0, 20_000)).to_pylist() if value][:_SAMPLE]


def _rows(mask: pa.ChunkedArray) -> array[int]:
    return array("l", pc.indices_nonzero(mask).to_pylist())


def _digits(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The digits alone of texts that hold no word; of whole numbers, their own."""
    if pa.types.is_floating(column.type):
        whole = pc.and_(pc.equal(column, pc.round(column)), pc.less(pc.abs(column), 1e18))
        column = pc.if_else(whole, column, None).cast(pa.int64())
    texts = column.cast(pa.string())
    bare = pc.match_substring_regex(texts, r"^[A-Za-z]?[0-9 .\-/()'+]+$")
    return pc.if_else(bare, pc.replace_substring_regex(texts, r"[^0-9]", ""), None)


def _card_of(name: str, words: set[str], column: pa.ChunkedArray) -> PersonalColumn | None:
    if words & _COUNTS or pa.types.is_date(column.type):
        return None
    for card in _CARDS:
        if not words & card.words or not card.also <= words or card.never & words:
            continue
        digits = _digits(column)
        length = pc.utf8_length(digits)
        fits = pc.fill_null(
            pc.and_(pc.greater_equal(length, card.fewest), pc.less_equal(length, card.most)), fill_value=False
        )
        if card.kind == "Nomor rekening" and pa.types.is_string(column.type):
            fits = pc.and_not(
                fits, pc.fill_null(pc.match_substring_regex(column, r"^[0-9](\.[0-9]+){2}"), fill_value=False)
            )
        if _share(fits, column) >= _HALF:
            rows = _rows(fits)
            return PersonalColumn(
                kind=card.kind, column=name, rows=rows, sample=_starred(digits[rows[0]].as_py())
            )
    return None


def _share(mask: pa.ChunkedArray, column: pa.ChunkedArray) -> float:
    filled = len(column) - column.null_count
    return (pc.sum(mask).as_py() or 0) / filled if filled else 0.0


def _births(name: str, words: set[str], column: pa.ChunkedArray) -> PersonalColumn | None:
    if not words & {"lahir", "ttl", "kelahiran", "tgllahir"} or words & _COUNTS:
        return None
    if pa.types.is_date(column.type):
        dated = pc.is_valid(column)
    elif pa.types.is_string(column.type):
        dated = pc.fill_null(pc.match_substring_regex(column, _DATED), fill_value=False)
    else:
        return None
    if not pc.any(dated).as_py() or _share(dated, column) < _HALF:
        return None
    return PersonalColumn(kind=BORN, column=name, rows=_rows(dated), sample="**-**-****")


def _cut_numbers(name: str, column: pa.ChunkedArray, region: str) -> PersonalColumn | None:
    """NIK of which a digit was lost, where most of the column's long numbers are such; and NIK written like decimals."""
    if not (
        pa.types.is_string(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
    ):
        return None
    digits = _digits(column)
    long = pc.fill_null(pc.is_in(pc.utf8_length(digits), pa.array([15, 16], pa.int32())), fill_value=False)
    rows = _rows(long)
    if not rows or _share(long, column) < _HALF:
        return None
    values = digits.take(pa.array(rows[:_SAMPLE], pa.int64())).to_pylist()
    lost = [value for value in values if len(value) == 15]
    likely = [is_nik(value) if len(value) == 16 else may_be_cut_nik(value, region) for value in values]
    written = (
        column.take(pa.array(rows[:_SAMPLE], pa.int64())).to_pylist()
        if pa.types.is_string(column.type)
        else []
    )
    if not (lost or any(map(is_measure, written))) or sum(likely) < _MOST * len(values):
        return None
    local = sum(1 for value in values if value.startswith(region[:4]))
    if len(set(values)) < _FEWEST and local < len(values):
        return None
    return PersonalColumn(kind=NIK, column=name, rows=rows, sample=_starred(values[0]))


_FEWEST = 3
"""Different numbers that make a column of cut NIK, where they do not begin as the region's do."""


def may_be_cut_nik(digits: str, region: str) -> bool:
    """15 digits that are a NIK when one is put back: before the serial number for sure, elsewhere where the region is the office's."""
    if is_nik(f"{digits}1"):
        return True
    return any(
        is_nik(whole) and whole.startswith(region[:4])
        for position in range(16)
        for digit in "0123456789"
        if _is_born(whole := digits[:position] + digit + digits[position:])
    )


def _is_born(digits: str) -> bool:
    day = int(digits[6:8])
    return make_day(2000, int(digits[8:10]), day - 40 if day > 40 else day) is not None


def _starred(digits: str) -> str:
    return (
        f"{digits[:4]}{'*' * max(0, len(digits) - 6)}{digits[-2:]}"
        if len(digits) > 8
        else f"{digits[:2]}{'*' * (len(digits) - 2)}"
    )


def _masked_name(value: str) -> str:
    return re.sub(r"(?<=\w)\w", "*", value)[:40]


def describe(beside: Sequence[str]) -> str:
    """Such as "'Alamat', 'Jumlah', dan 3 kolom lain"."""
    shown = [f"'{name}'" for name in beside[:3]]
    more = len(beside) - len(shown)
    return (
        f"{', '.join(shown)}, dan {more} kolom lain"
        if more
        else " dan ".join(shown)
        if len(shown) < 3
        else f"{', '.join(shown[:-1])}, dan {shown[-1]}"
    )
