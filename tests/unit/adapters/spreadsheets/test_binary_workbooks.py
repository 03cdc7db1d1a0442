"""XLSB: read like any workbook, with its formats, and refused for what refuses an XLSX."""

from __future__ import annotations

import struct

import pytest
from pyarrow import parquet

from jagadata.adapters.spreadsheets.binary_parts import RecordError, read_records
from tests.lab.collection import examine
from tests.lab.corpus.binary import binary_book, record

COLUMNS = [
    {"name": "Tahun", "type": "year"},
    {"name": "Kode"},
    {"name": "Cakupan", "type": "number"},
]
HEAD = ["Tahun", "Kode", "Cakupan"]
ROWS = [HEAD, [2026.0, 12.0, 0.85], [2026.0, 13.0, 0.5]]


@pytest.fixture
def read(tmp_path):
    def ask(data, name="data.xlsb"):
        path = tmp_path / name
        path.write_bytes(data)
        found = examine(path, COLUMNS, unit="-")
        tables = [parquet.read_table(tmp_path / one.file).to_pylist() for one in found.tables]
        return found, {one.code: one.severity for one in found.findings}, tables

    return ask


def test_an_xlsb_is_read_as_its_cells_show(read):
    found, codes, tables = read(binary_book(ROWS, codes=["00000", "0.0%"], styles={1: 1, 2: 2}))
    assert found.kind == "xlsb"
    assert codes == {}
    assert [(row["Kode"], row["Cakupan"]) for row in tables[0]] == [("00012", 85.0), ("00013", 50.0)]


def test_what_is_hidden_and_reckoned_in_an_xlsb_is_named(read):
    rows = [HEAD, [2026.0, 12.0, (0.85,)], [2026.0, 13.0, 0.5]]
    found, codes, _tables = read(binary_book(rows, hidden={2}, hidden_columns={1}))
    assert codes == {"rumus": "peringatan", "tersembunyi": "peringatan"}
    [hidden] = [one for one in found.findings if one.code == "tersembunyi"]
    assert hidden.text.startswith("1 baris dan 1 kolom")


def test_macros_calls_and_links_of_an_xlsb_are_refused_or_named(read):
    assert read(binary_book(ROWS, extra={"xl/vbaProject.bin": b"x"}))[1] == {"makro": "kesalahan"}
    link = [("externalLink", "externalLinks/externalLink1.bin")]
    for kind, code in ((1, "dde"), (0, "tautan-luar")):
        part = record(360, struct.pack("<HI", kind, 0))
        _found, codes, _tables = read(
            binary_book(ROWS, links=link, extra={"xl/externalLinks/externalLink1.bin": part})
        )
        assert codes[code] == "kesalahan"


def test_a_far_column_and_a_cut_part_of_an_xlsb_are_refused(read):
    far = [HEAD, [2026.0, 12.0, 0.5, *[1.0] * 800]]
    assert read(binary_book(far))[1] == {"terlalu-banyak-kolom": "kesalahan"}
    whole = binary_book(ROWS)
    for cut in (b"\x05", b"\x05\x10", b"\x05\xff\xff\xff\xff"):
        with pytest.raises(RecordError):
            list(read_records(iter([record(0), cut])))
    assert read(whole[:200])[1] == {"berkas-rusak": "kesalahan"}


@pytest.mark.parametrize("size", [1, 3, 50, 1_000])
def test_records_are_found_however_their_bytes_come(size):
    made = [(0, b""), (156, b"x" * 200), (5, b"abc"), (618, b"")]
    data = b"".join(record(*one) for one in made)
    assert list(read_records(iter([data[at : at + size] for at in range(0, len(data), size)]))) == made
