"""Data packages: files, metadata, formulas, determinism; statuses and names of the inventory."""

import csv
import json
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jagadata.adapters.spreadsheets.data_files import check_package
from jagadata.collection.inventory.package import DESCRIPTOR
from jagadata.collection.inventory.statuses import TRANSITIONS, make_sql_name, plan_steps, widen
from jagadata.errors import DamagedError, RefusedError
from tests.lab.packages import ROWS, make_dataset, make_package, make_version


def read_csv(package):
    with (package.folder / "jumlah-asn.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_csv_has_iso_dates_decimal_points_quoted_text_and_crlf(tmp_path):
    text = (make_package(tmp_path).folder / "jumlah-asn.csv").read_bytes().decode("utf-8")
    assert text.split("\r\n") == [
        '"Kode Wilayah","Kecamatan","Tahun","Jumlah","Nilai","Tanggal","Catatan"',
        '"3503010","Panggul",2025,1000,123456789012.5,2026-01-02,"\'=1+1"',
        '"3503020","Munjungan ""Barat""",2026,,0.0000001,,"-"',
        '"3503030","Watulimo, selatan",2026,3,,2026-12-31,',
        "",
    ]


def test_frictionless_itself_finds_nothing_wrong_with_metadata_rows_sizes_and_hashes(tmp_path):
    from frictionless import Package

    package = make_package(tmp_path)
    report = Package(str(package.folder / DESCRIPTOR)).validate()
    assert report.flatten() == []
    assert report.valid
    assert [task.name for task in report.tasks] == ["jumlah-asn", "jumlah-asn-parquet"]
    check_package(package.folder / DESCRIPTOR, rows=None)


def test_the_metadata_is_whole(tmp_path):
    package = make_package(tmp_path)
    value = json.loads(package.descriptor)
    assert (value["name"], value["title"], value["version"]) == ("jumlah-asn", "Jumlah ASN", "2026-s1.1")
    assert value["licenses"][0]["name"] == "CC-BY-4.0"
    assert [(one["title"], one["roles"]) for one in value["contributors"]] == [
        ("Badan Kepegawaian", ["creator"]),
        ("Dinas Kominfo", ["publisher"]),
    ]
    assert value["satuData"]["cakupan_tahun"] == "2025, 2026"
    table = value["resources"][0]
    assert (table["encoding"], table["dialect"]["csv"]["lineTerminator"]) == ("utf-8", "\r\n")
    assert [(one["name"], one["type"]) for one in table["schema"]["fields"]] == [
        ("Kode Wilayah", "string"),
        ("Kecamatan", "string"),
        ("Tahun", "year"),
        ("Jumlah", "integer"),
        ("Nilai", "number"),
        ("Tanggal", "date"),
        ("Catatan", "string"),
    ]
    assert table["schema"]["fields"][3]["unit"] == "orang"


def test_a_file_that_was_changed_is_noticed_by_frictionless(tmp_path):
    package = make_package(tmp_path)
    path = package.folder / "jumlah-asn.csv"
    path.write_bytes(path.read_bytes().replace(b"Panggul", b"Pangkal"))
    with pytest.raises(DamagedError, match="hash-count"):
        check_package(package.folder / DESCRIPTOR, rows=None)


def test_what_frictionless_refuses_is_refused_without_showing_values(tmp_path):
    """An office whose data set is called as no package may be; a value is never shown."""
    package = make_package(tmp_path)
    text = (package.folder / DESCRIPTOR).read_text("utf-8")
    (package.folder / DESCRIPTOR).write_text(text.replace('"type": "string"', '"type": "date"'), "utf-8")
    with pytest.raises(DamagedError, match=r"type-error \(baris 2\)") as error:
        check_package(package.folder / DESCRIPTOR)
    assert "Panggul" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["=1+1", "+62812", "-5", "-\n1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "－1"]
)
def test_text_that_a_spreadsheet_would_run_is_made_harmless_in_csv_only(tmp_path, text):
    package = make_package(tmp_path, {"Kecamatan": [text, "biasa"], "=Judul": [1, -2]})
    assert read_csv(package) == [["Kecamatan", "'=Judul"], ["'" + text, "1"], ["biasa", "-2"]]
    assert pq.read_table(package.folder / "jumlah-asn.parquet")["Kecamatan"][0].as_py() == text
    assert "tanda petik tunggal" in json.loads(package.descriptor)["description"]


def test_text_that_a_spreadsheet_would_split_at_semicolons_and_run_is_made_harmless(tmp_path):
    package = make_package(tmp_path, {"Kecamatan": ["x;=cmd|' /C calc'!A0;y", "a; b;c"], "Nilai;=1": [1, 2]})

    assert read_csv(package) == [
        ["Kecamatan", "Nilai;'=1"],
        ["x;'=cmd|' /C calc'!A0;y", "1"],
        ["a; b;c", "2"],
    ]


@pytest.mark.parametrize("text", ["-", "1-2", "a=b", "", " =1", "'"])
def test_harmless_text_stays_as_it_is(tmp_path, text):
    assert read_csv(make_package(tmp_path, {"Kecamatan": [text], "Jumlah": [1]}))[1] == [text, "1"]


def test_numbers_never_carry_an_exponent_and_come_back_exactly(tmp_path):
    values = [1e10, 1e15, 1.5e300, -2.5e-300, 0.1, 123456789.125, -1e16, 0.0]
    rows = read_csv(make_package(tmp_path, {"Kecamatan": ["x"] * len(values), "Nilai": values}))[1:]
    assert [float(one) for _, one in rows] == values
    assert not any("e" in one.lower() for _, one in rows)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_is_no_number_is_refused(tmp_path, value):
    with pytest.raises(DamagedError, match="bukan bilangan"):
        make_package(tmp_path, {"Kecamatan": ["x"], "Nilai": pa.array([value])})


def test_the_same_data_give_the_same_bytes(tmp_path):
    first, second = make_package(tmp_path / "a"), make_package(tmp_path / "b")
    assert first.digest == second.digest
    assert first.contents == second.contents
    assert make_package(tmp_path / "a").digest == first.digest
    assert make_package(tmp_path / "c", dataset=make_dataset(definition="Lain")).digest != first.digest


def test_many_rows_in_many_batches_come_out_in_order(tmp_path):
    rows = 40_000
    table = {"Kecamatan": [f"Kec {i}" for i in range(rows)], "Jumlah": list(range(rows))}
    package = make_package(tmp_path, table)
    assert read_csv(package)[1:] == [[f"Kec {i}", str(i)] for i in range(rows)]
    assert pq.read_table(package.folder / "jumlah-asn.parquet").to_pydict() == table


def test_dictionaries_decimals_and_empty_tables_are_written(tmp_path):
    table = {
        "Kecamatan": pa.array(["a", None]).dictionary_encode(),
        "Nilai": [Decimal("1.50"), Decimal("-2.25")],
    }
    assert read_csv(make_package(tmp_path / "a", table))[1:] == [["a", "1.50"], ["", "-2.25"]]
    nothing = {"Kecamatan": pa.array([], pa.string()), "Nilai": pa.array([], pa.float64())}
    assert read_csv(make_package(tmp_path / "b", nothing)) == [["Kecamatan", "Nilai"]]


def test_a_column_that_is_no_plain_value_is_refused(tmp_path):
    with pytest.raises(DamagedError, match="'Daftar'"):
        make_package(tmp_path, {"Daftar": [[1, 2]]})


def test_a_table_that_is_not_the_version_is_refused(tmp_path):
    with pytest.raises(DamagedError, match="bukan isi versi"):
        make_package(tmp_path, version=make_version(ROWS, 4))


@pytest.mark.parametrize(
    ("dataset", "version", "reason"),
    [
        ({"personal": True}, {}, "data pribadi menurut"),
        ({"public": False}, {}, "tidak untuk umum"),
        ({}, {"held": True}, "ditahan"),
        ({}, {"dataset": "lain"}, "milik data 'lain'"),
    ],
)
def test_what_must_not_leave_is_not_even_written(tmp_path, dataset, version, reason):
    with pytest.raises(RefusedError, match=reason):
        make_package(tmp_path, dataset=make_dataset(**dataset), version=make_version(ROWS, 3, **version))
    assert not (tmp_path / "paket").exists()


def test_every_status_is_reached_by_legal_steps():
    for before in TRANSITIONS:
        for wanted in [one for one in TRANSITIONS if one not in (None, "Diminta")]:
            way = (before, *plan_steps(before, wanted))
            assert way[-1] == wanted
            assert all(after in TRANSITIONS[here] for here, after in pairwise(way))
    assert plan_steps("Diminta", "Terinventarisasi") == (
        "Diterima",
        "Diperiksa",
        "Lengkap",
        "Terinventarisasi",
    )
    assert plan_steps("Lengkap", "Lengkap") == ()
    with pytest.raises(RefusedError, match="'Diterima' tidak dapat kembali"):
        plan_steps("Diterima", "Diminta")


def test_long_names_are_cut_at_whole_characters_and_stay_apart():
    names = {make_sql_name("é" * length) for length in range(1, 80)}
    assert len(names) == 79
    assert max(len(name.encode()) for name in names) <= 63
    assert make_sql_name("x" * 63) == "x" * 63


def test_columns_only_ever_widen():
    assert widen("integer", "number") == widen("number", "integer") == "number"
    assert widen("date", "integer") == widen("text", "number") == "text"
    assert widen("date", "date") == "date"
