"""Rows are counted in an archive's own text, whatever its names and values pretend to be."""

from __future__ import annotations

import io

import pytest

from jagadata.adapters.postgres.archive_contents import read_contents
from jagadata.errors import DamagedError

PLAIN = b"""--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Data for Name: surat; Type: TABLE DATA; Schema: public; Owner: app
--

COPY public.surat (id, "it's") FROM stdin;
1\ta
2\tCOPY public.palsu (id) FROM stdin;
3\t\\N
\\.


COPY public.kosong (id) FROM stdin;
\\.


COPY "Skema "".x"  FROM stdin;
"""


class Dribble(io.BytesIO):
    """Gives a few bytes at a time, so that every cut is met."""

    def __init__(self, data, size):
        super().__init__(data)
        self.step = size

    def read(self, _size=-1):
        return super().read(self.step)


def contents(text, step=2**20):
    return read_contents(Dribble(text, step), "utf-8")


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64, 2**20])
def test_rows_are_counted_wherever_the_stream_is_cut(step):
    text = PLAIN.rsplit(b"COPY", 1)[0]
    assert contents(text, step).rows == {"public.surat": 3, "public.kosong": 0}


def test_a_name_with_copy_text_and_newlines_is_one_table():
    name = b'"palsu (a) FROM stdin;\nCOPY public.lain (a) FROM stdin;\n"'
    text = b"COPY public." + name + b" (a) FROM stdin;\n1\n2\n\\.\n\nCOPY public.b (a) FROM stdin;\n1\n\\.\n"
    assert contents(text).tables == [
        ("public", "palsu (a) FROM stdin;\nCOPY public.lain (a) FROM stdin;\n", 2),
        ("public", "b", 1),
    ]


def test_a_column_name_with_copy_text_is_no_table():
    text = b'COPY public.a ("x) FROM stdin;\n\\.\n", y) FROM stdin;\n1\t2\n\\.\n'
    assert contents(text).rows == {"public.a": 1}


def test_sequences_and_large_objects_are_read():
    text = (
        b"SELECT pg_catalog.setval('public.\"o''b\nCOPY x FROM stdin;\n_seq\"', 7, false);\n"
        b"SELECT pg_catalog.lo_open('70001', 131072);\nSELECT pg_catalog.lowrite(0, '\\x2700');\n"
        b"SELECT pg_catalog.lo_close(0);\nCOPY public.a (x) FROM stdin;\n1\n\\.\n"
    )
    found = contents(text)
    assert found.sequences == {'public."o\'b\nCOPY x FROM stdin;\n_seq"': (7, False)}
    assert found.large_objects == {70001}
    assert found.rows == {"public.a": 1}


def test_a_cut_archive_is_damaged_rather_than_short():
    with pytest.raises(DamagedError, match="terputus"):
        contents(b"COPY public.a (x) FROM stdin;\n1\n2\n")


def test_names_are_read_in_the_encoding_of_the_database():
    assert read_contents(
        io.BytesIO('COPY public."tabel é" (a) FROM stdin;\nx\n\\.\n'.encode("latin1")), "latin-1"
    ).rows == {"public.tabel é": 1}
