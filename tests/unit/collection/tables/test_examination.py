"""Recognising, cleaning and checking of tables, without files."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from frictionless import Schema
from frictionless.resources import TableResource
from hypothesis import given, settings
from hypothesis import strategies as st

from jagadata.collection.round import Round
from jagadata.collection.tables.checks import Rows, check_cells, check_rows, find_suspects, make_schema
from jagadata.collection.tables.conversion import TYPES
from jagadata.collection.tables.examination import PreviousTable
from jagadata.collection.tables.grid import Grid, Merge, column_letter
from jagadata.collection.tables.local_checks import make_digest
from jagadata.collection.tables.reading import Question, read_tables
from tests.lab.corpus.asked import (
    DATASETS,
    PADI,
    PENDUDUK,
    PEOPLE_HEAD,
    RICE_HEAD,
    SEKOLAH,
    SIGNING,
    people,
    rice,
)

HEAD = ["Kecamatan", "Tahun", "Luas Panen (ha)", "Produksi (ton)"]


def _grid(rows, sheet="Data", **more):
    width = max(map(len, rows))
    whole = [[("" if cell is None else cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    return Grid(
        sheet=sheet,
        width=width,
        chunks=lambda size: (
            [list(row) for row in whole[at : at + size]] for at in range(0, len(whole), size)
        ),
        **more,
    )


def _read(*grids, previous=None, round=Round(2026, 2), datasets=DATASETS):  # noqa: B008 - a frozen value
    question = Question(
        name="kiriman.xlsx", datasets=datasets, round=round, region="3503", previous=previous or {}
    )
    return read_tables(grids, question)


def _codes(outcome):
    return sorted({one.code for one in outcome.findings})


def test_the_same_table_has_the_same_digest_however_it_was_written():
    one = _read(_grid([RICE_HEAD, *rice()])).tables[0]
    texts = [
        [name, str(year), str(area).replace(".", ","), str(crop).replace(".", ",")]
        for name, year, area, crop in rice()
    ]
    other = _read(
        _grid([["PADI 2026"], [], ["No", *RICE_HEAD], *([n, *row] for n, row in enumerate(texts, 1))])
    ).tables[0]
    assert one.digest == other.digest
    assert one.table.schema.types == [pa.string(), pa.int64(), pa.float64(), pa.float64()]
    changed = _read(_grid([RICE_HEAD, *rice()[:-1], ["Bendungan", 2026, 1.0, 1.0]])).tables[0]
    assert changed.digest != one.digest


def test_last_rounds_table_and_far_fewer_rows_are_noticed():
    first = _read(_grid([RICE_HEAD, *rice()])).tables[0]
    before = {"padi": PreviousTable(digest=first.digest, rows=first.table.num_rows)}
    assert _codes(_read(_grid([RICE_HEAD, *rice()]), previous=before)) == ["sama-dengan-putaran-lalu"]
    assert _codes(_read(_grid([RICE_HEAD, *rice(count=3)]), previous=before)) == ["baris-jauh-berkurang"]


def test_last_years_numbers_under_this_years_date_are_noticed():
    last = _read(_grid([RICE_HEAD, *rice(2025)])).tables[0]
    before = {"padi": PreviousTable(digest=last.digest, rows=last.table.num_rows)}
    changed = [*rice()[:-1], ["Bendungan", 2026, 1.0, 1.0]]

    assert _codes(_read(_grid([RICE_HEAD, *rice()]), previous=before)) == ["angka-sama-dengan-putaran-lalu"]
    assert _codes(_read(_grid([RICE_HEAD, *changed]), previous=before)) == []


def test_findings_name_the_sheets_own_row_and_heading():
    rows = [["PADI"], [], ["No", *HEAD], *([n, *row] for n, row in enumerate(rice(), 1))]
    rows[8][4] = "banyak"
    [found] = _read(_grid(rows)).findings
    assert (found.code, found.where) == ("jenis-isi-salah", "lembar 'Data', baris 9, kolom 'Produksi (ton)'")
    assert "'banyak'" in found.text


def test_a_signature_block_and_a_total_are_no_data_but_a_sparse_row_is():
    rows = [HEAD, *rice(), ["Kampak 2", None, None, None], ["Jumlah", None, 5, 6], [], *SIGNING]
    outcome = _read(_grid(rows))
    assert outcome.tables[0].table.num_rows == 15
    assert {one.where for one in outcome.findings if one.code == "kosong"} == {
        f"lembar 'Data', baris 16, kolom '{name}'" for name in HEAD[1:]
    }
    assert not outcome.tables[0].held


def test_values_below_a_gap_are_not_taken_in_silence():
    outcome = _read(_grid([HEAD, *rice(), [], ["Tugu", 2026, None, None]]))
    assert outcome.tables[0].table.num_rows == 14
    assert _codes(outcome) == ["di-bawah-tabel"]


def test_merged_cells_in_a_heading_are_spread_and_down_a_table_repeated():
    rows = [
        ["Kode Wilayah", "Kecamatan", "Tahun", "Penduduk (orang)", None],
        [None, None, None, "L", "P"],
        *(
            [code, name, year if number % 7 == 0 else None, men, women]
            for number, (code, name, year, men, women) in enumerate(people())
        ),
    ]
    merges = (
        *(Merge(top=0, left=column, bottom=1, right=column) for column in range(3)),
        Merge(top=0, left=3, bottom=0, right=4),
        Merge(top=2, left=2, bottom=8, right=2),
        Merge(top=9, left=2, bottom=15, right=2),
    )
    outcome = _read(_grid(rows, merges=merges, knows_merges=True))
    assert outcome.findings == []
    assert outcome.tables[0].table["Tahun"].to_pylist() == [2026] * 14
    assert outcome.tables[0].heading_row == 2


def test_numbered_rows_that_nobody_filled_in_are_blank_and_rows_with_only_a_remark_are_faults():
    rows = [["No", *HEAD, "Catatan"], *([n, *row] for n, row in enumerate(rice(), 1)), [15], [16]]
    assert _codes(_read(_grid(rows))) == ["kolom-tidak-dikenal"]
    rows.insert(3, [9, None, None, None, None, "menyusul"])
    outcome = _read(_grid(rows))
    assert _codes(outcome) == ["baris-tanpa-isi", "kolom-tidak-dikenal"]
    assert outcome.findings[0].where == "lembar 'Data', baris 4"


def test_sheets_of_one_data_set_become_one_table_and_faults_name_their_sheet():
    outcome = _read(_grid([HEAD, *rice()], "Satu"), _grid([HEAD, *rice(2025), rice()[0]], "Dua"))
    assert outcome.tables[0].table.num_rows == 29
    assert outcome.tables[0].years == (2025, 2026)
    [found] = outcome.findings
    assert found.code == "baris-ganda"
    assert "lembar 'Dua', baris 16 sama dengan lembar 'Satu', baris 2" in found.text


def test_the_name_of_sheet_or_file_decides_between_alike_data_sets():
    twin = PADI.model_copy(
        update={"code": "jagung", "name": "Luas Panen dan Produksi Jagung menurut Kecamatan"}
    )
    found = _read(_grid([HEAD, *rice()], "Jagung"), datasets=(PADI, twin))
    assert [table.dataset.code for table in found.tables] == ["jagung"]
    assert "data-tidak-pasti" in _codes(_read(_grid([HEAD, *rice()]), datasets=(PADI, twin)))


def test_no_personal_value_is_in_any_finding():
    nik, phone, mail = "3503124506800001", "081234567890", "seseorang@contoh.id"
    rows = [[nik], [*HEAD, nik], *([*row, mail] for row in rice()), [nik, phone, mail, nik], [], [phone]]
    outcome = _read(_grid(rows, sheet=f"Data {nik}"))
    said = repr((outcome.findings, outcome.personal))
    assert outcome.tables[0].held
    assert not any(value in said for value in (nik, phone, mail))
    assert {one.kind for one in outcome.personal} == {"NIK", "Nomor telepon", "Alamat surel"}


def test_personal_data_that_was_asked_for_is_held_back_but_no_fault():
    head = ["NIK", "Nama Penerima", "Kode Desa", "Nilai Bantuan (rupiah)"]
    outcome = _read(_grid([head, ["3503124506800001", "Contoh", "3503010001", 600000.0]]))
    assert outcome.tables[0].held
    assert [one for one in outcome.findings if one.severity == "kesalahan"] == []


def test_equal_faults_are_one_finding():
    outcome = _read(_grid([HEAD, *([f"Desa {n}", 2026, -1.0, "zz"] for n in range(400))]))
    assert sorted((one.code, one.count) for one in outcome.findings) == [
        ("di-bawah-batas", 400),
        ("jenis-isi-salah", 400),
    ]


def test_a_schema_says_what_the_office_file_says():
    schema = make_schema(SEKOLAH)
    assert schema["primaryKey"] == ["NPSN"]
    assert schema["fields"][2]["constraints"] == {"required": True, "enum": ["SD", "SMP", "MI", "MTs"]}
    assert Schema.from_descriptor(schema).field_names == [one.name for one in SEKOLAH.columns]
    assert column_letter(27) == "AB"


def _column(entry):
    kinds = {
        "text": st.sampled_from([*entry.values, "", "lain", "x"]),
        "region": st.sampled_from(["3503010", "", "x"]),
        "integer": st.integers(-5, 5000),
        "number": st.floats(-5, 20000, allow_nan=False),
        "year": st.integers(-3, 12000),
        "date": st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    }
    return st.one_of(st.none(), kinds[entry.type])


@st.composite
def _tables(draw):
    dataset = draw(st.sampled_from(DATASETS))
    rows = draw(st.lists(st.tuples(*map(_column, dataset.columns)), min_size=1, max_size=6))
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            one.name: pa.array(column, TYPES[one.type])
            for one, column in zip(dataset.columns, columns, strict=True)
        }
    )
    bad = {}
    for one in dataset.columns:
        if one.type not in ("text", "region"):
            spots = draw(st.sets(st.integers(0, len(rows) - 1), max_size=2))
            bad[one.name] = dict.fromkeys(spots, "bukan")
            values = [
                None if row in spots else value for row, value in enumerate(table[one.name].to_pylist())
            ]
            table = table.set_column(
                table.column_names.index(one.name), one.name, pa.array(values, TYPES[one.type])
            )
    return dataset, _rows(table, bad)


def _rows(table, bad=None):
    return Rows(
        table=table,
        sheets=("Data",),
        sheet_of=[0] * table.num_rows,
        lines=range(2, table.num_rows + 2),
        bad=bad or {},
        headings={},
    )


@settings(max_examples=30, deadline=None)
@given(_tables())
def test_every_row_that_frictionless_faults_is_suspected_before(case):
    dataset, rows = case
    names = rows.table.column_names
    columns = [rows.table[name].to_pylist() for name in names]
    for name, column in zip(names, columns, strict=True):
        for row in rows.bad.get(name, {}):
            column[row] = "bukan"
    schema = Schema.from_descriptor(make_schema(dataset, only=names))
    report = TableResource(data=[names, *map(list, zip(*columns, strict=True))], schema=schema).validate(
        limit_errors=1000
    )
    faulted = {error.row_number - 2 for error in report.tasks[0].errors}
    assert faulted == set(find_suspects(rows, dataset))
    assert sum(one.count for one in check_cells(rows, dataset)) == len(report.tasks[0].errors)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 2), st.floats(0, 2), st.floats(0, 2)), max_size=12
    )
)
def test_each_repeated_row_is_told_once(values):
    names = [one.name for one in PADI.columns]
    columns = list(zip(*values, strict=True)) if values else [()] * 4
    table = pa.table(
        {
            name: pa.array(column, TYPES[one.type])
            for name, one, column in zip(names, PADI.columns, columns, strict=True)
        }
    )
    told = {one.code: one.count for one in check_rows(_rows(table), PADI)}
    twins = len(values) - len({(a, b, c + 0.0, d + 0.0) for a, b, c, d in values})
    keys = len(values) - len({(a, b) for a, b, _c, _d in values})
    assert told.get("baris-ganda", 0) == twins
    assert told.get("kunci-ganda", 0) == keys - twins


def test_a_digest_does_not_depend_on_chunks():
    table = pa.table({"a": [1.5, None, 3.0], "b": ["x", "", None]})
    assert make_digest(table) == make_digest(pa.concat_tables([table.slice(0, 1), table.slice(1)]))
    assert make_digest(table) != make_digest(table.set_column(1, "b", pa.array(["x", None, None])))


def test_a_table_of_no_row_and_an_empty_sheet_are_told():
    assert _codes(_read(_grid([PEOPLE_HEAD]))) == ["baris-kurang", "tahun-tidak-disebut"]
    assert _codes(_read(_grid([[""]]))) == ["berkas-kosong"]
    assert _codes(_read(_grid([["x"]]), datasets=(PENDUDUK,))) == ["data-tidak-dikenali"]
