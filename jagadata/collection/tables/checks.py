"""The checks of a clean table against the office file: cells by frictionless, rows against each other by pyarrow. Pure.

frictionless judges every row that pyarrow finds suspicious, and no other: it takes 15 to 40 microseconds a row, and a test holds
both to the same answers. Keys and duplicates are pyarrow's: frictionless keeps a Python object of 250 bytes for every row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Schema
from frictionless.resources import TableResource

from jagadata.collection.tables.examination import Finding
from jagadata.collection.tables.numerals import parse_date
from jagadata.collection.tables.spellings import bring_to_one
from jagadata.collection.tables.wording import describe_position, number_text, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jagadata.collection.tables.grid import Cell
    from jagadata.office.collection import ColumnEntry, DatasetEntry

MOST = 20_000
"""Faults after which the checking of cells ends: each costs 100 microseconds, and nobody repairs more by hand."""

_UNREADABLE = "\ufffd"
"""Stands for a cell that could not be read: frictionless itself takes 'nan', 'inf' and '1_000' for numbers."""

_TYPES = {
    "text": "string",
    "region": "string",
    "integer": "integer",
    "number": "number",
    "year": "year",
    "date": "date",
}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A clean table with each row's position: `positions` are (sheet, line). `bad`: cells that could not be read."""

    table: pa.Table
    sheets: tuple[str, ...]
    sheet_of: Sequence[int]  # per row, into `sheets`
    lines: Sequence[int]
    bad: Mapping[str, Mapping[int, Cell]]
    headings: Mapping[str, str]  # the office file's name -> as it stands in the sheet

    def describe(self, rows: Sequence[int], column: str = "") -> str:
        """Where these rows stand, by the sheet of the first."""
        sheet = self.sheet_of[rows[0]]
        lines = [self.lines[row] for row in rows if self.sheet_of[row] == sheet]
        others = len(rows) - len(lines)
        text = describe_position(
            sheet=self.sheets[sheet], lines=lines, column=self.headings.get(column, column) if column else ""
        )
        return f"{text} (dan {number_text(others)} baris di lembar lain)" if others else text


@dataclass
class _Group:
    rows: list[int] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)


def make_schema(dataset: DatasetEntry, *, only: Sequence[str] | None = None) -> dict[str, Any]:
    """The data set as a Table Schema (Frictionless Data); `only`: of these columns."""
    columns = [one for one in dataset.columns if only is None or one.name in only]
    schema: dict[str, Any] = {"fields": [_field(one) for one in columns]}
    if only is None and (key := [one.name for one in dataset.columns if one.key]):
        schema["primaryKey"] = key
    return schema


def _field(entry: ColumnEntry) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    if entry.required:
        rules["required"] = True
    if entry.minimum is not None:
        rules["minimum"] = entry.minimum if entry.type == "number" else round(entry.minimum)
    if entry.maximum is not None:
        rules["maximum"] = entry.maximum if entry.type == "number" else round(entry.maximum)
    if entry.values and entry.type in ("text", "region"):
        rules["enum"] = list(entry.values)
    found: dict[str, Any] = {"name": entry.name, "type": _TYPES[entry.type]}
    if entry.type == "number":
        found["floatNumber"] = True
    if rules:
        found["constraints"] = rules
    return found


def check_cells(rows: Rows, dataset: DatasetEntry) -> list[Finding]:
    """Types, required, minimum, maximum and enum of every cell, by frictionless."""
    names = rows.table.column_names
    picked = find_suspects(rows, dataset)
    if not picked:
        return []
    resource = TableResource(
        data=lambda: _rows(rows, picked), schema=Schema.from_descriptor(make_schema(dataset, only=names))
    )
    report = resource.validate(limit_errors=MOST)
    entries = {one.name: one for one in dataset.columns}
    groups: dict[tuple[str, str], _Group] = {}
    for error in report.tasks[0].errors:
        rule = match[1] if (match := re.search(r'constraint "(\w+)"', error.note)) else error.type
        name = getattr(error, "field_name", "")
        number = picked[getattr(error, "row_number", 2) - 2]
        bad = rows.bad.get(name, {}).get(number)
        if name in entries and entries[name].type == "date" and isinstance(bad, str) and parse_date(bad):
            rule = "order"
        group = groups.setdefault((name, rule), _Group())
        group.rows.append(number)
        if len(group.cells) < 50:
            group.cells.append(bad if bad is not None else getattr(error, "cell", ""))
    findings = [
        _cell_finding(rows, entries[name], rule, group) if name in entries else _row_finding(rows, group)
        for (name, rule), group in groups.items()
    ]
    if sum(len(group.rows) for group in groups.values()) >= MOST:
        findings.append(
            Finding(
                code="terlalu-banyak-kesalahan",
                severity="peringatan",
                text=f"Pemeriksaan isi sel dihentikan setelah {number_text(MOST)} kesalahan; mungkin masih ada yang lain.",
                action="Perbaiki yang disebut di sini lebih dahulu.",
            )
        )
    return findings


def find_suspects(rows: Rows, dataset: DatasetEntry) -> list[int]:
    """The rows (from 0) in which some cell is missing, unreadable, out of range or not among the values; at most MOST."""
    table = rows.table
    mask = pa.array([False] * table.num_rows, pa.bool_())
    for entry in dataset.columns:
        if entry.name not in table.column_names:
            continue
        column = table[entry.name]
        wrong = []
        if entry.required:
            wrong.append(pc.is_null(column))
        if entry.required and entry.type in ("text", "region"):
            wrong.append(pc.equal(column, ""))
        if entry.minimum is not None:
            wrong.append(pc.less(column, entry.minimum))
        if entry.maximum is not None:
            wrong.append(pc.greater(column, entry.maximum))
        if entry.values and entry.type in ("text", "region"):
            wrong.append(pc.invert(pc.is_in(column, pa.array(entry.values, pa.string()))))
        if entry.type == "year":
            wrong.append(pc.or_(pc.less(column, 0), pc.greater(column, 9999)))
        for one in wrong:
            mask = pc.or_(mask, pc.fill_null(one, fill_value=False))
    found = set(pc.indices_nonzero(mask)[:MOST].to_pylist())
    found |= {row for cells in rows.bad.values() for row in cells}
    return sorted(found)[:MOST]


def _rows(rows: Rows, picked: Sequence[int]) -> Iterator[list[Any]]:
    """Header and the rows picked, for frictionless; what could not be read is none of any type there."""
    names = rows.table.column_names
    yield names
    table = rows.table.take(pa.array(picked, pa.int64()))
    columns = [table[name].to_pylist() for name in names]
    for name, column in zip(names, columns, strict=True):
        bad = rows.bad.get(name, {})
        for number, row in enumerate(picked):
            if row in bad:
                column[number] = _UNREADABLE
    yield from map(list, zip(*columns, strict=True))


_SPELLED = " (huruf besar dan kecil, tanda baca, dan singkatan seperti 'Kec.' tidak membedakan)"

_EXPECTED = {
    "integer": (
        "bukan bilangan bulat",
        "Tulis angka saja, misalnya 1250; satuan dan keterangan di kolom lain.",
    ),
    "number": ("bukan angka", "Tulis angka saja, misalnya 12,5; satuan dan keterangan di kolom lain."),
    "year": ("bukan tahun", "Tulis tahun dengan empat angka, misalnya 2026."),
    "date": ("bukan tanggal", "Tulis tanggal seperti 31/12/2026 atau 31 Desember 2026."),
}


def _cell_finding(rows: Rows, entry: ColumnEntry, rule: str, group: _Group) -> Finding:
    where, count = rows.describe(group.rows, entry.name), len(group.rows)
    shown = quote(group.cells)
    match rule:
        case "required":
            code, text = (
                "kosong",
                f"Kolom '{entry.name}' wajib diisi, tetapi {number_text(count)} sel kosong.",
            )
            action = (
                "Lengkapi isinya; bila memang nihil, tulis 0."
                if entry.type in ("integer", "number")
                else "Lengkapi isinya."
            )
        case "minimum":
            code, text = (
                "di-bawah-batas",
                f"Isi {shown} di bawah batas terkecil {number_text(entry.minimum or 0)}.",
            )
            action = "Periksa angka dan satuannya."
        case "maximum":
            code, text = (
                "di-atas-batas",
                f"Isi {shown} di atas batas terbesar {number_text(entry.maximum or 0)}.",
            )
            action = "Periksa angka dan satuannya."
        case "enum":
            code, text = "isi-tidak-dikenal", f"Isi {shown} tidak ada dalam daftar pilihan."
            action = (
                f"Tulis salah satu: {', '.join(entry.values[:12])}{' …' if len(entry.values) > 12 else ''}."
            )
        case "order":
            code = "tanggal-bermakna-ganda"
            text = f"Isi {shown} dapat berarti dua tanggal: sel lain di kolom ini menulis bulan di depan."
            action = "Tulis tanggal di seluruh kolom dengan nama bulan, misalnya 3 Februari 2026."
        case _:
            what, action = _EXPECTED.get(entry.type, ("tidak sesuai", "Periksa isinya."))
            code, text = "jenis-isi-salah", f"Isi {shown} {what}."
    return Finding(code=code, severity="kesalahan", where=where, text=text, action=action, count=count)


def _row_finding(rows: Rows, group: _Group) -> Finding:
    """A row that frictionless calls blank: it has nothing in any column that was asked for."""
    return Finding(
        code="baris-tanpa-isi", severity="kesalahan", where=rows.describe(group.rows), count=len(group.rows),
        text=f"{number_text(len(group.rows))} baris tidak berisi apa pun pada kolom yang diminta.",
        action="Lengkapi atau hapus baris itu.",
    )  # fmt: skip


def check_rows(rows: Rows, dataset: DatasetEntry) -> list[Finding]:
    """Rows that stand twice, and rows that share the key columns but differ."""
    names = rows.table.column_names
    key = [one.name for one in dataset.columns if one.key]
    if rows.table.num_rows < 2 or not names:
        return []
    table = rows.table.append_column("#", pa.array(range(rows.table.num_rows), pa.int64()))
    keyed = bool(key) and set(key) <= set(names)
    spelled = key
    if keyed:
        entries = {one.name: one for one in dataset.columns}
        spelled = [f"# {name}" for name in key]
        for name, other in zip(key, spelled, strict=True):
            table = table.append_column(
                other, bring_to_one(table[name], entries[name], rows.headings.get(name, name))
            )
        table = _repeated(table, spelled)
    whole = _repeated(table, names)
    findings = []
    if twins := _twins(whole, names):
        findings.append(
            Finding(
                code="baris-ganda",
                severity="kesalahan" if keyed or _is_twice(twins, rows.table.num_rows) else "peringatan",
                where=rows.describe([second for _first, second in twins]),
                text=f"{number_text(len(twins))} baris sama persis dengan baris lain, misalnya "
                f"{rows.describe([twins[0][1]])} sama dengan {rows.describe([twins[0][0]])}.",
                action="Hapus baris yang ganda."
                if keyed
                else "Bila memang dua hal yang berbeda, biarkan; bila tidak, hapus yang ganda.",
                count=len(twins),
            )
        )
    if keyed:
        same = {second for _first, second in twins}
        clashes = [pair for pair in _twins(table, spelled) if pair[1] not in same]
        if clashes:
            findings.append(
                Finding(
                    code="kunci-ganda",
                    severity="kesalahan",
                    where=rows.describe([second for _first, second in clashes]),
                    text=f"{number_text(len(clashes))} baris memiliki {' dan '.join(key)} yang sama dengan baris lain"
                    f"{_SPELLED if len(clashes) > len(_twins(table, key)) - len(same) else ''}, "
                    f"tetapi isinya berbeda, misalnya {rows.describe([clashes[0][1]])} dan {rows.describe([clashes[0][0]])}.",
                    action="Pastikan mana yang benar, hapus yang lain.",
                    count=len(clashes),
                )
            )
    return findings


def _is_twice(twins: Sequence[tuple[int, int]], rows: int) -> bool:
    """All rows stand there again, below each other."""
    return (
        len(twins) > 1
        and 2 * len(twins) == rows
        and all(second - first == len(twins) for first, second in twins)
    )


def _repeated(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows whose values in these columns stand more than once (rows without any value left out)."""
    groups = table.group_by(names, use_threads=False).aggregate([("#", "count")])
    groups = groups.filter(pc.greater(groups["#_count"], 1))
    if not groups.num_rows:
        return table.slice(0, 0)
    if table.num_rows > 50_000:  # a join costs as much as the grouping
        joined = table.join(groups, keys=list(names), join_type="left semi", use_threads=False)
        return joined.sort_by("#")
    known = set(zip(*(groups[name].to_pylist() for name in names), strict=True))
    picked = zip(*(table[name].to_pylist() for name in names), strict=True)
    return table.filter(pa.array([values in known for values in picked], pa.bool_()))


def _twins(table: pa.Table, names: Sequence[str]) -> list[tuple[int, int]]:
    """(first row, later row) for every later row with the same values."""
    first: dict[tuple[Any, ...], int] = {}
    found = []
    for number, *values in zip(
        table["#"].to_pylist(), *(table[name].to_pylist() for name in names), strict=True
    ):
        key = tuple(values)
        if all(value is None for value in key):
            continue
        if (earlier := first.setdefault(key, number)) != number:
            found.append((earlier, number))
    return found
