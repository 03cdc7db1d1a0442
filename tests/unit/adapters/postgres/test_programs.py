"""What pg_dump and pg_restore said at the end: enough to mend it, and nothing of the data."""

from __future__ import annotations

from jagadata.adapters.postgres.programs import make_fault
from jagadata.errors import UnreachableError

DUPLICATE = """\
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3351; 2606 16391 CONSTRAINT pegawai pegawai_pkey app
pg_restore: error: could not execute query: ERROR:  could not create unique index "pegawai_pkey"
DETAIL:  Key (nik)=(3503011234567890
Siti Aminah) is duplicated.
Command was: ALTER TABLE ONLY public.pegawai
    ADD CONSTRAINT pegawai_pkey PRIMARY KEY (nik);
"""
COPY = """\
pg_restore: error: COPY failed for table "pegawai": ERROR:  new row for relation "pegawai" violates check constraint "umur"
DETAIL:  Failing row contains (3503011234567890, Siti Aminah).
CONTEXT:  COPY pegawai, line 7: "3503011234567890\tSiti Aminah"
"""


def test_an_error_tells_what_failed_and_quotes_no_row():
    for text, told in ((DUPLICATE, 'unique index "pegawai_pkey"'), (COPY, 'check constraint "umur"')):
        message = make_fault("pg_restore ke 'samping'", 1, text, "Perbaiki.").message
        assert told in message
        assert "3503" not in message
        assert "Siti" not in message


def test_a_program_that_lost_its_server_may_be_tried_again():
    lost = make_fault("pg_dump", 1, "pg_dump: error: server closed the connection unexpectedly", "Ulangi.")
    assert isinstance(lost, UnreachableError)
    assert lost.transient
    assert "tanpa keterangan" in make_fault("pg_dump", 1, "\n", "Ulangi.").message
