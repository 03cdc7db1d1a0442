"""Rows whose labels begin as sums do, or are the name of a region that holds all others. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.regions import LEVELS, is_province
from jagadata.collection.tables.words import AVERAGE, TOTAL, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jagadata.collection.tables.regions import Region
    from jagadata.office.collection import ColumnEntry

LabelKind = Literal["sum", "sure", "counted", "average", "regency", "own", "bare", "parent", "union"]
"""'sum' begins as sums do, 'sure' can be nothing else, 'counted' may be what is counted ('Jumlah Desa'); 'regency': begins as the
name of one; 'union' names all the other rows."""

MOST = 1_000
"""Rows that begin as sums do."""

_LENGTHS = pa.array([2, 4, 6, 7, 8, 10], pa.int32())
"""Digits of a region code."""

_SUM = r"(grand[\s-]+|sub[\s-]*)?(jumlah|jml|jlh|jmlh|total|rata-?\s?rata|rerata|seluruh\w*|semua\w*|keseluruhan|gabungan|akumulasi)\b"
_REGENCY = r"(se-?\s?)?(kabupaten|kab|kota|provinsi|prov|propinsi)\b"
_WORD = r"(?:grand[\s-]+|sub[\s-]*)?(?:jumlah|jml|jlh|jmlh|total|rata-?\s?rata|rerata)[\s:.(/]*"
_LEVEL = r"(?:se-?\s?)?(?:kabupaten|kab|kota|provinsi|prov|kecamatan|kec|desa|kelurahan|kel|puskesmas|wilayah|zona|rayon|bagian|upt)\b\.?"
_SURE = re.compile(
    rf"\s*{_WORD}(?:(?:total|keseluruhan|akhir)\b.*|(?:se-?\s?)?(?:kabupaten|kab|kota|provinsi|prov|kec\w*)\b\.?(?:\s*(?:19|20)\d\d)?"
    rf"|{_LEVEL}\s*[:(]?\s*[^\W\d].*|[a-z]|[ivx]+|(?:tahun\s*)?(?:19|20)\d\d)\W*",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    rf"\s*(?:{_WORD}(?:{_LEVEL}|seluruh\w*|semua\w*|per\b|\d+\s)|(?:seluruh\w*|semua\w*|keseluruhan|gabungan|akumulasi)\b)",
    re.IGNORECASE,
)
_BARE_LEVEL = re.compile(r"\s*(?:jumlah|jml|jlh|jmlh|rata-?\s?rata|rerata)\s+kec\w*\W*", re.IGNORECASE)
_LOWER = frozenset({"kecamatan", "desa", "kelurahan"})


@dataclass(kw_only=True)
class Labels:
    """Rows (from 0) by what their label is; `of` the text as it stands."""

    rows: dict[LabelKind, set[int]] = field(default_factory=lambda: defaultdict(set))
    of: dict[int, str] = field(default_factory=dict)

    def note(self, row: int, label: str, region: Region, levels: Collection[str] = ()) -> None:
        """`levels`: of 'kabupaten', 'kota', 'provinsi', those that the heading above the label says the rows are."""
        kinds: set[LabelKind] = set()
        if kind := region.kind_of(label):
            of_level = (
                "provinsi" in levels if is_province(label) else bool({"kabupaten", "kota"} & set(levels))
            )
            if not of_level:
                kinds.add(kind)
        if re.match(rf"\s*{_SUM}", label, re.IGNORECASE):
            kinds.add("average" if AVERAGE.search(label) else "sum")
            if TOTAL.fullmatch(label.strip()) or (
                _SURE.fullmatch(label) and not _BARE_LEVEL.fullmatch(label)
            ):
                kinds.add("sure")
            elif _COUNTED.match(label):
                kinds.add("counted")
        elif re.match(rf"\s*{_REGENCY}", label, re.IGNORECASE) and not kinds:
            kinds.add("regency")
        for one in kinds:
            self.rows[one].add(row)
        if kinds:
            self.of.setdefault(row, " ".join(label.split()))

    def settle(self, rows: int, *, among_provinces: bool) -> None:
        """Where half of the rows begin so, that is what the table is about; and a region among its like is one of them."""
        sums = self.rows["sum"] | self.rows["average"]
        if len(sums) > min(MOST, rows // 2):
            for kind in ("sum", "sure", "counted", "average"):
                self.rows[kind] = set()
        named = self.rows["own"] | self.rows["bare"] | self.rows["parent"]
        what_it_is_about = len(named) > rows // 2
        if what_it_is_about or len(self.rows["regency"]) > rows // 4:
            self.rows["own"], self.rows["bare"] = self.rows["own"] & sums, set()
        if what_it_is_about:
            self.rows["parent"] = set()
        elif among_provinces:
            provinces = {row for row in named if is_province(self.of[row])}
            self.rows["parent"] -= provinces
            self.rows["bare"] -= provinces


def find_labels(
    table: pa.Table,
    columns: Sequence[ColumnEntry],
    region: Region,
    headings: Mapping[str, str],
    before: Mapping[int, str],
) -> Labels:
    """`columns` of the table; `headings` by their name; `before`: by row, a text that stands left of them all where the first is empty."""
    texts = [one for one in columns if one.type in ("text", "region")][:3]
    found = Labels()
    among_provinces = False
    for row, label in before.items():
        found.note(row, label, region)
    pattern = rf"(?i)^\s*({_SUM}|{_REGENCY})|{'|'.join(map(re.escape, region.names))}"
    named = pa.array([False] * table.num_rows, pa.bool_())  # rows that a column further left has named
    for entry in texts:
        column = table[entry.name]
        if entry.type == "region":
            _note_codes(found, column, region)
            continue
        said = set(words_of(headings.get(entry.name, entry.name)))
        levels = LEVELS & said if not _LOWER & said else frozenset[str]()
        rows = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=False))[
            : MOST * 4
        ]
        for row, label in zip(rows.to_pylist(), column.take(rows).to_pylist(), strict=True):
            if not named[row].as_py():
                found.note(row, label, region, levels)
            elif TOTAL.fullmatch(label.strip()):
                found.rows["sum"].add(row)
                found.rows["sure"].add(row)
        if found.rows["parent"] or found.rows["bare"]:
            among_provinces |= (
                sum(is_province(label or "") for label in pc.unique(column)[:200].to_pylist()) > 1
            )
        _find_union(found, column, table.num_rows)
        if entry.required or entry.key:
            named = pc.or_(named, pc.is_valid(column).combine_chunks())
    found.settle(table.num_rows, among_provinces=among_provinces)
    return found


def _note_codes(found: Labels, column: pa.ChunkedArray, region: Region) -> None:
    """The region's own code, or its province's, above those of its parts; BPS fills it up with noughts."""
    digits = pc.replace_substring(column, ".", "")
    if not region.code or not _has_parts(digits, region.code):
        return
    kinds: tuple[tuple[str, LabelKind], ...] = ((region.code, "own"), (region.code[:2], "parent"))
    for code, kind in kinds[: 1 + (len(region.code) > 2)]:
        same = pc.and_(
            pc.match_substring_regex(digits, f"^{code}0*$"), pc.is_in(pc.utf8_length(digits), _LENGTHS)
        )
        for row in pc.indices_nonzero(pc.fill_null(same, fill_value=False)).to_pylist():
            found.rows[kind].add(row)
            found.of.setdefault(row, column[row].as_py())


def _has_parts(digits: pa.ChunkedArray, code: str) -> bool:
    """Most codes are longer ones of the region."""
    parts = pc.sum(pc.match_substring_regex(digits, f"^{code}0*[1-9]")).as_py() or 0
    return 2 * parts > len(digits)


def _find_union(found: Labels, column: pa.ChunkedArray, rows: int) -> None:
    """'Laki-laki dan Perempuan' below 'Laki-laki' and 'Perempuan'."""
    if not 3 <= rows <= 20:
        return
    labels = [set(words_of(label or "")) - {"dan", "jumlah", "total"} for label in column.to_pylist()]
    for row in (0, rows - 1):
        others = [words for number, words in enumerate(labels) if number != row]
        if (
            all(others)
            and set().union(*others) <= labels[row]
            and all(words < labels[row] for words in others)
        ):
            found.rows["union"].add(row)
            found.of.setdefault(row, " ".join(str(column[row].as_py()).split()))
