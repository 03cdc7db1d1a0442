"""An extension that only a superuser makes comes back by a login that is used in an empty database and nowhere else."""

from __future__ import annotations

import secrets

import pytest

from jagadata.adapters.postgres.access import Login
from tests.lab.database import archive_file, connect, drop_databases, dump_to_bytes, grant


@pytest.fixture
def name(any_postgres):
    name = f"luar{secrets.token_hex(3)}"
    any_postgres.sql(f"CREATE ROLE o{name}")
    any_postgres.sql("DROP ROLE IF EXISTS pembuat")
    any_postgres.sql("CREATE ROLE pembuat SUPERUSER LOGIN PASSWORD 'p'")
    any_postgres.sql(f"CREATE DATABASE {name} OWNER o{name}")
    any_postgres.sql(
        f"CREATE SCHEMA alat AUTHORIZATION o{name}; CREATE EXTENSION pageinspect SCHEMA alat; COMMENT ON EXTENSION pageinspect IS 'lihat';"
        f"CREATE FUNCTION public.siapa(i int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'EKSTENSI|%', session_user; RETURN true; END $$;"
        f"ALTER FUNCTION public.siapa(int) OWNER TO o{name}; CREATE TABLE t (a int CHECK (public.siapa(a))); ALTER TABLE t OWNER TO o{name}; INSERT INTO t VALUES (1)",
        name,
    )
    grant(any_postgres, name)
    yield name
    drop_databases(any_postgres, name)
    any_postgres.sql(f"DROP ROLE o{name}; DROP ROLE pembuat")


def test_without_that_login_it_is_told_and_with_it_restored(any_postgres, name):
    without = connect(any_postgres)
    result, data = dump_to_bytes(without, name)
    (fault,) = without.check_restore(name, result.properties)
    assert "pageinspect" in fault.message
    assert "servers[].extensions" in fault.hint
    adapter, side = connect(any_postgres, extensions=Login(user="pembuat", password="p")), f"{name}x"
    assert adapter.check_restore(name, result.properties) == []
    begin = len((any_postgres.folder / "log").read_text(errors="replace"))
    adapter.create(side, result.properties)
    adapter.build(side, archive_file(data), result.properties, jobs=2)
    assert adapter.prove(side, result.properties) == result.counts
    assert any_postgres.sql("SELECT extname FROM pg_extension WHERE extname = 'pageinspect'", side) == [
        ("pageinspect",)
    ]
    owners = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{}'"
    assert any_postgres.sql(owners.format(side)) == [(f"o{name}",)]
    log = (any_postgres.folder / "log").read_text(errors="replace")[begin:]
    assert "EKSTENSI|jagadata_muat_sisurat" in log
    assert "EKSTENSI|pembuat" not in log
