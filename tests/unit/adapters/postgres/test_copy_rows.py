"""Counting the rows of an archive's text, whatever its names hold and wherever the pieces are cut."""

from __future__ import annotations

import pytest

from jagadata.adapters.postgres.copy_rows import CopyRows

HEAD = b"""--
-- PostgreSQL database dump
--

\\restrict abc

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

"""


def count(text, size=1 << 20):
    counted = CopyRows()
    for begin in range(0, len(text), size):
        counted.feed(text[begin : begin + size])
    return counted


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
def test_rows_of_each_table_are_counted_wherever_the_pieces_are_cut(size):
    text = (
        HEAD
        + b"COPY public.surat (id, isi) FROM stdin;\n1\tx\n2\t\\N\n\\.\n\n\n"
        + b"COPY public.kosong (id) FROM stdin;\n\\.\n\n"
        + b"COPY public.tanpa_kolom  FROM stdin;\n\n\n\\.\n\n"
        + b"SELECT pg_catalog.lo_open('70001', 131072);\nSELECT pg_catalog.lowrite(0, '\\x00');\nSELECT pg_catalog.lo_close(0);\n"
        + b"COMMIT;\n\n\\unrestrict abc\n\n"
    )
    counted = count(text, size)
    assert [(one.schema, one.table, one.rows) for one in counted.blocks] == [
        (b"public", b"surat", 2),
        (b"public", b"kosong", 0),
        (b"public", b"tanpa_kolom", 2),
    ]
    assert counted.large_objects == 1
    assert counted.is_whole


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b'"a FROM stdin;\nb"', b"a FROM stdin;\nb"),
        (b'"a""b"', b'a"b'),
        (b'"O\'Brien"', b"O'Brien"),
        (b'"titik.dalam"', b"titik.dalam"),
        (
            b'"x\nCOPY public.palsu (id) FROM stdin;\n1\n\\.\n"',
            b"x\nCOPY public.palsu (id) FROM stdin;\n1\n\\.\n",
        ),
    ],
)
def test_a_name_that_holds_copy_text_is_a_name(written, name, size):
    text = HEAD + b"COPY public." + written + b" (id) FROM stdin;\n1\n2\n3\n\\.\n\n"
    counted = count(text, size)
    assert [(one.schema, one.table, one.rows) for one in counted.blocks] == [(b"public", name, 3)]


def test_a_sequence_whose_name_holds_copy_text_is_no_table():
    text = (
        HEAD
        + b"SELECT pg_catalog.setval('public.\"x\nCOPY public.palsu (id) FROM stdin;\n1\n\\.\n\"', 5, true);\n\n"
    )
    counted = count(text)
    assert counted.blocks == []
    assert counted.is_whole


@pytest.mark.parametrize(
    "cut", [b"COPY public.surat (id)", b"COPY public.surat (id) FROM stdin;\n1\n", b"SELECT 'x"]
)
def test_what_ends_in_the_middle_is_not_whole(cut):
    assert not count(HEAD + cut).is_whole
