"""What is said of one sheet's table as it was read: what was left out, guessed, or may be misunderstood. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.headings import is_year
from jagadata.collection.tables.personal_scan import column_name
from jagadata.collection.tables.wording import describe_position, number_text
from jagadata.collection.tables.words import unit_of, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jagadata.collection.tables.examination import Severity
    from jagadata.collection.tables.part import Part

_UNSURE = (
    "angka seperti '1.234' dibaca dengan titik sebagai tanda desimal, seperti kolom lain.",
    "Tulis ribuan tanpa titik dan desimal dengan koma.",
)
_THOUSANDS = (
    "angka seperti '1.500' dibaca sebagai ribuan (seribu lima ratus).",
    "Bila maksudnya satu setengah, tulis 1,5 dengan koma, lalu kirim ulang; bila memang ribuan, tulis 1500 tanpa titik.",
)
_AMBIGUOUS = (
    "angka seperti '1.234' atau '1,234' dapat berarti ribuan atau pecahan.",
    "Tulis ribuan tanpa tanda (1234), dan desimal dengan koma dan dua angka (1,23).",
)


def find_part_faults(part: Part, filled_in: Collection[str] = ()) -> Iterator[Finding]:
    """What was left out or had to be guessed. `filled_in`: columns that a title, a name or the names of groups filled."""
    layout, sheet = part.layout, part.sheet
    heading = [layout.last + 1]
    years = [text for text in layout.headings.values() if is_year(text)]
    missing = [one for one in layout.missing if one.required and one.name not in filled_in]
    if missing:
        side = " Tahun tampaknya ditulis berjajar sebagai kolom." if years else ""
        yield Finding(
            code="kolom-tidak-ada", severity="kesalahan", where=describe_position(sheet=sheet, lines=heading), count=len(missing),
            text=f"Kolom {', '.join(repr(one.name) for one in missing)} tidak ditemukan.{side}",
            action="Susun satu baris untuk setiap tahun, dengan kolom Tahun." if years
            else "Tambahkan kolom itu dengan judul seperti pada formulir.",
        )  # fmt: skip
    if layout.unknown:
        names = [column_name(layout.headings, column) for column in layout.unknown]
        yield Finding(
            code="kolom-tidak-dikenal", severity="peringatan", where=describe_position(sheet=sheet, lines=heading), count=len(names),
            text=f"Tidak diminta dan tidak dibaca: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}.",
            action="Hapus kolom itu, atau perbaiki judulnya bila maksudnya kolom yang diminta.",
        )  # fmt: skip
    if spare := [
        one
        for one in layout.missing
        if not one.required and one.name not in filled_in and not _is_remark(one.name)
    ]:
        yield Finding(
            code="kolom-pilihan-tidak-ada", severity="peringatan", where=describe_position(sheet=sheet, lines=heading), count=len(spare),
            text=f"Kolom {', '.join(repr(one.name) for one in spare)} (tidak wajib) tidak ada; dianggap tidak diisi.",
            action="Bila datanya ada, tambahkan kolom itu dengan judul seperti pada formulir.",
        )  # fmt: skip
    for name in part.twins:
        alike = [layout.columns[name], *(spot for spot, other in layout.twins if other == name)]
        yield Finding(
            code="judul-ganda", severity="kesalahan",
            where=describe_position(sheet=sheet, lines=heading, column=layout.headings[layout.columns[name]]),
            text=f"Judul kolom '{name}' ada pada lebih dari satu kolom yang berisi, yaitu "
            f"{', '.join(column_name(layout.headings, spot) for spot in alike[:4])}; hanya yang pertama dibaca.",
            action="Sisakan satu kolom dengan judul itu; tabel yang bersambung ke kanan (misalnya per tahun) disusun ke bawah.",
        )  # fmt: skip
    if part.spread:
        yield Finding(
            code="angka-digabung", severity="kesalahan", count=len(part.spread),
            where=describe_position(sheet=sheet, lines=part.spread),
            text="Sel angka digabung, sehingga satu angka berlaku untuk beberapa baris atau kolom.",
            action="Pisahkan selnya (Unmerge), lalu tulis angka setiap baris dan kolom.",
        )  # fmt: skip
    for name in layout.guessed:
        doubtful = name in layout.doubtful
        yield Finding(
            code="judul-mirip", severity="kesalahan" if doubtful else "peringatan",
            where=describe_position(sheet=sheet, lines=heading, column=layout.headings[layout.columns[name]]),
            text=f"Judul kolom ini dibaca sebagai '{name}', padahal ada kata yang berbeda."
            if doubtful else f"Judul kolom ini dibaca sebagai '{name}'.",
            action=f"Bila memang '{name}', tulis judul itu; bila bukan, kirim kolom yang diminta."
            if doubtful else f"Tulis '{name}' agar pasti.",
        )  # fmt: skip
    if count := part.left_out.get("kosong"):
        yield Finding(
            code="baris-kosong", severity="peringatan", count=count,
            where=describe_position(sheet=sheet, lines=[part.first_left_out["kosong"]]),
            text=f"{number_text(count)} baris kosong di tengah tabel dilewati.", action="Hapus baris kosong.",
        )  # fmt: skip
    if part.below and not part.below_sure:
        yield Finding(
            code="di-bawah-tabel", severity="peringatan", count=len(part.below), where=describe_position(sheet=sheet, lines=part.below),
            text="Isi baris ini dianggap bukan bagian tabel dan tidak dibaca.",
            action="Bila masih data, hapus baris kosong di atasnya dan lengkapi kolomnya.",
        )  # fmt: skip
    if part.notes:
        yield Finding(
            code="catatan-di-tengah", severity="peringatan", count=len(part.notes),
            where=describe_position(sheet=sheet, lines=list(part.notes)),
            text="Baris ini dianggap catatan atau tanda tangan di tengah tabel dan tidak dibaca.",
            action="Bila data, isi semua kolom wajibnya; bila bukan, pindahkan ke bawah tabel.",
        )  # fmt: skip
    if part.lost:
        yield Finding(
            code="angka-tidak-dibaca", severity="kesalahan", count=len(part.lost),
            where=describe_position(sheet=sheet, lines=list(part.lost)),
            text="Baris ini tampak seperti catatan atau tanda tangan, tetapi memuat angka atau tahun pada kolom yang diminta; tidak dibaca.",
            action="Bila data, isi semua kolom wajibnya; bila bukan, hapus angka dan tahunnya.",
        )  # fmt: skip
    readings: tuple[tuple[Severity, Mapping[str, int], str, str], ...] = (
        ("peringatan", part.marks.unsure, *_UNSURE),
        ("peringatan", part.marks.thousands, *_THOUSANDS),
        ("kesalahan", part.marks.ambiguous, *_AMBIGUOUS),
    )
    for severity, counts, text, action in readings:
        for name, count in counts.items():
            yield Finding(
                code="angka-bermakna-ganda", severity=severity, count=count,
                where=describe_position(sheet=sheet, column=layout.headings[layout.columns[name]]),
                text=f"{number_text(count)} {text}", action=action,
            )  # fmt: skip
    if part.overlong:
        yield Finding(
            code="sel-berlebih", severity="kesalahan", count=len(part.overlong),
            where=describe_position(sheet=sheet, lines=part.overlong),
            text="Baris ini berisi lebih banyak sel daripada judul kolom; mungkin koma desimal memecah angkanya.",
            action="Simpan sebagai XLSX, atau sebagai CSV dengan pemisah titik koma, lalu kirim ulang.",
        )  # fmt: skip
    for name in part.marks.mixed:
        yield Finding(
            code="desimal-campur", severity="peringatan",
            where=describe_position(sheet=sheet, column=layout.headings[layout.columns[name]]),
            text="Tanda desimal titik dan koma dipakai bersama-sama.", action="Pakai koma saja sebagai tanda desimal.",
        )  # fmt: skip
    if part.overflow:
        yield Finding(
            code="isi-tidak-terbaca", severity="kesalahan", where=describe_position(sheet=sheet), count=part.overflow,
            text=f"{number_text(part.overflow)} sel lagi tidak terbaca.", action="Perbaiki jenis isinya di seluruh kolom.",
        )  # fmt: skip


def find_fractions(part: Part, *, known: bool, used: bool, is_text: bool = False) -> Iterator[Finding]:
    """Percentages near 0 in a file that keeps '12,5%' as 0.125: perhaps a hundred times too small.

    `known`: the file says which cells show percentages; `used`: some do. `is_text`: a CSV, whose cells have no formats: what was
    copied into it from cells with one shows as 0,125.
    """
    if known and not used and not is_text:
        return
    for column in part.layout.dataset.columns:
        unit = unit_of(column.unit or part.layout.dataset.unit)
        if column.type != "number" or unit != "persen" or column.name not in part.layout.columns:
            continue
        largest = pc.max(pc.abs(part.table[column.name])).as_py() or 0
        unknown = not known
        if not 0 < largest <= 1 + unknown or column.name in part.scaled:  # 105% is 1.05
            continue
        yield Finding(
            code="persen-pecahan", severity="kesalahan" if unknown and largest <= 1 else "peringatan",
            where=describe_position(sheet=part.sheet, column=part.layout.headings[part.layout.columns[column.name]]),
            text=f"Semua nilai persen pada kolom ini paling besar {number_text(largest)}; "
            "sel berformat persen menyimpan 12,5% sebagai 0,125.",
            action="Simpan sebagai XLSX dan kirim ulang; di sana format selnya terbaca."
            if unknown else "Bila maksudnya 12,5%, tulis 12,5."
            if is_text else "Bila maksudnya 12,5%, tulis 12,5 atau beri sel itu format Persentase.",
        )  # fmt: skip


def _is_remark(name: str) -> bool:
    """A column for remarks, which nobody misses where none were made."""
    return words_of(name)[:1] in (("keterangan",), ("catatan",))
