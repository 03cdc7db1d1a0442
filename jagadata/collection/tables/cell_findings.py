"""What is said of cells whose value may not be what was meant, and of numbers a thousand times apart. Pure."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.wording import describe_position, number_text
from jagadata.collection.tables.words import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.collection.tables.cell_doubts import Doubt, DoubtKind
    from jagadata.collection.tables.part import Part

_TEXTS: dict[DoubtKind, tuple[str, str, str]] = {
    "hidden": (
        "angka-tidak-tampak",
        "Format sel menyembunyikan isinya: sel tampak kosong, tetapi berisi {held}.",
        "Hapus isinya bila memang kosong; bila bukan, pakai format Umum (General).",
    ),
    "altered": (
        "tampilan-berbeda",
        "Sel menampilkan '{shown}', tetapi berisi {held}: angka atau tandanya ditambahkan oleh format sel.",
        "Ketik angkanya secara lengkap dan pakai format Umum (General) atau Angka (Number).",
    ),
    "scaled": (
        "tampilan-berbeda",
        "Sel menampilkan '{shown}', tetapi berisi {held}: format selnya membagi angka dengan ribuan.",
        "Tulis angka dalam satuan yang diminta dan pakai format Angka (Number) biasa.",
    ),
    "percent": (
        "satuan-berbeda",
        "Sel menampilkan '{shown}' (persen), sedangkan satuan yang diminta '{unit}'.",
        "Tulis angka dalam satuan yang diminta; bila memang persen, beri tahu kami.",
    ),
    "unit": (
        "satuan-berbeda",
        "Sel menampilkan '{shown}', sedangkan satuan yang diminta '{unit}'.",
        "Ubah angkanya ke satuan yang diminta dan hapus satuan dari format sel.",
    ),
    "date": (
        "teks-menjadi-tanggal",
        "Isi '{shown}' adalah tanggal atau jam, padahal kolom ini teks; tulisan seperti 5-9 atau 001/002 mungkin diubah oleh Excel.",
        "Ubah format kolom menjadi Teks, lalu ketik ulang isinya; bila memang tanggal, tulis dengan nama bulan dan tahunnya.",
    ),
    "fraction": (
        "kode-wilayah-angka",
        "Kode '{shown}' tersimpan sebagai bilangan pecahan, sehingga nol di belakangnya hilang.",
        "Ubah format kolom menjadi Teks, lalu ketik ulang kodenya secara lengkap.",
    ),
}
"""Code, text and action."""


def find_cell_faults(part: Part) -> Iterator[Finding]:
    """Everything about single cells that the OPD must look at."""
    for name, doubts in part.cell_doubts.items():
        for kind, doubt in doubts.items():
            yield _finding(part, name, kind, doubt)
    for column in part.layout.dataset.columns:
        unit = unit_of(column.unit or part.layout.dataset.unit)
        if column.type == "number" and unit != "persen" and column.name in part.table.column_names:
            rows = find_shrunken(part.table[column.name])
            if rows:
                yield _shrunken(part, column.name, rows)


def _finding(part: Part, name: str, kind: DoubtKind, doubt: Doubt) -> Finding:
    code, text, action = _TEXTS[kind]
    unit = (
        next((one.unit for one in part.layout.dataset.columns if one.name == name), "")
        or part.layout.dataset.unit
    )
    return Finding(
        code=code, severity="kesalahan", count=len(doubt.rows), action=action,
        where=describe_position(sheet=part.sheet, lines=doubt.rows, column=part.layout.headings[part.layout.columns[name]]),
        text=text.format(shown=doubt.shown[:40], held=number_text(doubt.held or 0), unit=unit),
    )  # fmt: skip


def find_shrunken(column: pa.ChunkedArray) -> list[int]:
    """Rows whose number may be a thousand times too small: '1.250' typed where '.' is the decimal mark, beside 980.

    Nobody who types '1.250' and '45.300' for thousands writes 980 with a dot: then whole numbers are all below 1,000, fractions
    have at most three decimals and are 1 or more, and either most fractions have all three, or they lie far below the whole ones.
    """
    values = pc.fill_null(column.cast(pa.float64()), 0.0)
    whole = pc.equal(values, pc.round(values))
    large = pc.any(pc.and_(whole, pc.greater_equal(pc.abs(values), 1000))).as_py()
    if large or not pc.any(pc.and_(whole, pc.greater(values, 100))).as_py() or pc.all(whole).as_py():
        return []
    rows = pc.indices_nonzero(pc.invert(whole)).to_pylist()
    fractions = values.take(pa.array(rows, pa.int64())).to_pylist()
    if any(not 1 <= value < 1000 or not _has_three_decimals(value) for value in fractions):
        return []
    units = [value for value in values.filter(whole).to_pylist() if value > 0]
    thirds = sum(1 for value in fractions if round(value * 1000) % 10)
    apart = median(units) >= 50 * median(fractions)
    return rows if apart or (2 * thirds >= len(fractions) and 5 * len(units) >= len(fractions)) else []


def _has_three_decimals(value: float) -> bool:
    """At most."""
    return math.isclose(value * 1000, round(value * 1000), rel_tol=1e-12, abs_tol=1e-9)


def _shrunken(part: Part, name: str, rows: list[int]) -> Finding:
    value = part.table[name][rows[0]].as_py()
    return Finding(
        code="ribuan-menjadi-pecahan", severity="kesalahan", count=len(rows),
        where=describe_position(sheet=part.sheet, lines=[part.lines[row] for row in rows],
                    column=part.layout.headings[part.layout.columns[name]]),
        text=f"Isi {number_text(value)} terpaut seribu kali dari angka lain di kolom ini; titik ribuan seperti pada "
        f"{number_text(value * 1000)} mungkin terbaca sebagai tanda desimal.",
        action="Ketik ribuan tanpa titik, misalnya 1250; bila memang pecahan, beri tahu kami.",
    )  # fmt: skip
