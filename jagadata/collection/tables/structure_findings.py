"""What is said of the rows of a sheet's table that sum up others, part it into several, or stand for nought. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.wording import describe_position, number_text, quote
from jagadata.collection.tables.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.collection.tables.examination import Severity
    from jagadata.collection.tables.part import Part
    from jagadata.collection.tables.totals import SumDoubt

_GAPS = 10
"""Sums of one sheet that are named."""

_LONGEST = 40
"""Characters of a title."""

_DOUBTS: dict[SumDoubt, tuple[Severity, str, str]] = {
    "label": (
        "kesalahan",
        "Baris ini berawal seperti baris jumlah, tetapi angkanya bukan jumlah baris di atasnya.",
        "Hapus baris jumlah; bila memang data, awali namanya dengan kata lain.",
    ),
    "numbers": (
        "kesalahan",
        "Angka baris ini sama dengan jumlah semua baris lain, jadi mungkin baris jumlah.",
        "Bila itu baris jumlah, hapus; bila memang data, pindahkan ke tengah tabel, lalu kirim ulang.",
    ),
    "near": (
        "kesalahan",
        "Angka baris ini hampir sama dengan jumlah semua baris lain, jadi mungkin baris jumlah yang dibulatkan.",
        "Bila itu baris jumlah, hapus; bila memang data, pindahkan ke tengah tabel, lalu kirim ulang.",
    ),
    "small": (
        "peringatan",
        "Angka baris ini sama dengan jumlah semua baris lain; dibaca sebagai data.",
        "Bila itu baris jumlah, hapus, lalu kirim ulang.",
    ),
    "region": (
        "kesalahan",
        "Nama pada baris ini dapat berarti wilayah seluruhnya atau salah satu bagiannya, dan angkanya tidak menunjukkan yang mana.",
        "Tulis 'Kabupaten …' atau 'Kecamatan …' di depannya; baris seluruh wilayah sebaiknya dihapus.",
    ),
}
"""Severity, text and action by why a row may be a sum."""


def find_structure_faults(part: Part) -> Iterator[Finding]:
    """Sums, hierarchies, tables below each other, groups, dashes."""
    yield from _sums(part)
    yield from _parts(part)
    for name, count in part.zeros.items():
        yield Finding(
            code="strip-nol", severity="peringatan", count=count,
            where=describe_position(sheet=part.sheet, column=part.layout.headings[part.layout.columns[name]]),
            text=f"{number_text(count)} sel berisi tanda '-' dibaca sebagai 0 (nol atau tidak ada).",
            action="Bila maksudnya data belum tersedia, tulis '…' lalu lengkapi kemudian; bila memang nol, tulis 0.",
        )  # fmt: skip


def _sums(part: Part) -> Iterator[Finding]:
    sheet = part.sheet
    if part.regions:
        yield Finding(
            code="baris-jumlah", severity="peringatan", count=len(part.regions),
            where=describe_position(sheet=sheet, lines=[line for line, _ in part.regions]),
            text=f"Baris {quote(text for _, text in part.regions)} adalah angka seluruh wilayah; tidak dibaca sebagai data.",
            action="Hapus baris itu pada kiriman berikutnya.",
        )  # fmt: skip
    if part.unlabelled:
        yield Finding(
            code="baris-jumlah", severity="peringatan", count=len(part.unlabelled),
            where=describe_position(sheet=sheet, lines=part.unlabelled),
            text="Baris ini adalah jumlah semua baris lain; tidak dibaca sebagai data.",
            action="Hapus baris jumlah pada kiriman berikutnya.",
        )  # fmt: skip
    for line, doubt in part.doubts:
        severity, text, action = _DOUBTS[doubt]
        yield Finding(
            code="baris-jumlah",
            severity=severity,
            where=describe_position(sheet=sheet, lines=[line]),
            text=text,
            action=action,
        )
    for gap in part.gaps[:_GAPS]:
        yield Finding(
            code="jumlah-berbeda", severity="peringatan",
            where=describe_position(sheet=sheet, lines=[gap.line], column=part.layout.headings[part.layout.columns[gap.column]]),
            text=f"Baris jumlah menyebut {number_text(gap.written)}, sedangkan baris di atasnya berjumlah {number_text(gap.added)}; "
            "baris jumlah tidak dibaca.",
            action="Periksa mana yang benar; bila yang keliru baris data, perbaiki lalu kirim ulang.",
        )  # fmt: skip
    if part.parents:
        yield Finding(
            code="baris-bertingkat", severity="kesalahan", count=len(part.parents),
            where=describe_position(sheet=sheet, lines=part.parents),
            text=f"Baris {quote([part.parent])} dan sejenisnya adalah induk dari baris lain dalam tabel ini; bila dijumlahkan, angkanya terhitung dua kali.",
            action="Kirim satu tingkat saja, sesuai yang diminta: hapus baris induk (misalnya kecamatan) atau rinciannya (misalnya desa).",
        )  # fmt: skip


def _end(text: str) -> str:
    """A title as far as it fits: its end says which it is."""
    return text if len(text) <= _LONGEST else f"… {text[2 - _LONGEST :]}"


def _parts(part: Part) -> Iterator[Finding]:
    if tables := part.parting.tables:
        yield Finding(
            code="tabel-berganda", severity="kesalahan", count=len(tables),
            where=describe_position(sheet=part.sheet, lines=[line for line, _ in tables]),
            text=f"Di bawah tabel pertama ada tabel lain dengan judul sendiri ({quote(_end(text) for _, text in tables)}); judul itu tidak menjadi kolom.",
            action="Kirim satu tabel setiap lembar, atau satukan dengan kolom yang membedakannya (misalnya Tahun atau Komoditas).",
        )  # fmt: skip
    if not (groups := part.parting.groups):
        return
    lines, names = [line for line, _ in groups], quote(text for _, text in groups)
    if part.named:
        yield Finding(
            code="kolom-dari-kelompok", severity="peringatan", count=len(groups), where=describe_position(sheet=part.sheet, lines=lines),
            text=f"Kolom '{part.named}' tidak ada; diisi dari baris kelompok ({names}) di atas baris-barisnya.",
            action=f"Tambahkan kolom '{part.named}' pada kiriman berikutnya.",
        )  # fmt: skip
        return
    yield Finding(
        code="baris-kelompok", severity="peringatan" if _are_places(part) else "kesalahan", count=len(groups),
        where=describe_position(sheet=part.sheet, lines=lines),
        text=f"Baris ini menamai kelompok ({names}) bagi baris-baris di bawahnya; nama itu tidak menjadi kolom.",
        action="Tulis nama kelompok pada setiap baris, dalam kolom tersendiri; bila hanya satu kelompok yang diminta, hapus yang lain.",
    )  # fmt: skip


_PLACES = frozenset({"kecamatan", "desa", "kelurahan", "kabupaten", "kota", "provinsi", "wilayah", "dusun"})


def _are_places(part: Part) -> bool:
    """The groups only say where the rows are, which their key tells apart without them."""
    key = [one.name for one in part.layout.dataset.columns if one.key]
    if not key or not set(key) <= set(part.table.column_names):
        return False
    if any(
        words_of(text)[:1] not in [(position,) for position in _PLACES] for _, text in part.parting.groups
    ):
        return False
    return bool(part.table.group_by(key).aggregate([]).num_rows == part.table.num_rows)
