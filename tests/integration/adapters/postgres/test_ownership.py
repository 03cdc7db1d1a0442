"""A restore by the least-privilege role gives every object back to its owner, on real servers of two major versions."""

from __future__ import annotations

import secrets
from types import SimpleNamespace

import psycopg
import pytest

from tests.lab.database import connect, drop_databases, grant, restore_beside

OWNERS = """
SELECT 'class ' || c.relname, pg_get_userbyid(c.relowner), c.relacl::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL SELECT 'schema ' || nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'function ' || p.proname, pg_get_userbyid(p.proowner), p.proacl::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prolang <> 13
UNION ALL SELECT 'extension ' || extname, pg_get_userbyid(extowner), extnamespace::regnamespace::text FROM pg_extension
UNION ALL SELECT 'defaults', pg_get_userbyid(defaclrole), defaclacl::text FROM pg_default_acl
UNION ALL SELECT 'large object', pg_get_userbyid(lomowner), lomacl::text FROM pg_largeobject_metadata
UNION ALL SELECT 'policy ' || polname, polrelid::regclass::text, pg_get_expr(polqual, polrelid) FROM pg_policy
UNION ALL SELECT 'comment of a policy', '', description FROM pg_description WHERE classoid = 'pg_policy'::regclass
UNION ALL SELECT 'foreign key ' || conname, conrelid::regclass::text, convalidated::text FROM pg_constraint WHERE contype = 'f'
UNION ALL SELECT 'comment', objoid::regclass::text, description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid > 16383
ORDER BY 1, 2, 3
"""


@pytest.fixture
def shared(any_postgres):
    """A database of one role in which others own objects, in schemas where they may not create any (more)."""
    server, tag = any_postgres, secrets.token_hex(3)
    names = SimpleNamespace(
        server=server,
        name=f"bersama{tag}",
        owner=f"pemilik{tag}",
        other=f"Lain {tag}",
        reader=f"pembaca{tag}",
    )
    server.sql(f"CREATE ROLE {names.owner} LOGIN PASSWORD 'x'")
    server.sql(f"CREATE ROLE \"{names.other}\" LOGIN PASSWORD 'x'")
    server.sql(f"CREATE ROLE {names.reader}")
    server.sql(f"CREATE DATABASE {names.name} OWNER {names.owner} TEMPLATE template0")
    with psycopg.connect(server.dsn(names.name, names.owner, "x"), autocommit=True) as connection:
        connection.execute(f'GRANT CREATE, USAGE ON SCHEMA public TO "{names.other}"')
        connection.execute("CREATE SCHEMA bersama")
        connection.execute(f'GRANT CREATE, USAGE ON SCHEMA bersama TO "{names.other}"')
        connection.execute("CREATE EXTENSION pg_trgm SCHEMA bersama")
        connection.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA bersama GRANT SELECT ON TABLES TO {names.reader}"
        )
    with psycopg.connect(server.dsn(names.name, names.other, "x"), autocommit=True) as connection:
        connection.execute("CREATE TABLE public.tamu (id serial PRIMARY KEY, isi text)")
        connection.execute("INSERT INTO public.tamu (isi) SELECT md5(i::text) FROM generate_series(1, 300) i")
        connection.execute("CREATE TABLE bersama.arsip (id int, isi text)")
        connection.execute("INSERT INTO bersama.arsip SELECT id, isi FROM public.tamu")
        connection.execute("CREATE INDEX ON bersama.arsip USING gin (isi bersama.gin_trgm_ops)")
        connection.execute(
            "CREATE MATERIALIZED VIEW bersama.ringkas AS SELECT count(*) AS n FROM bersama.arsip"
        )
        connection.execute("CREATE TYPE bersama.warna AS ENUM ('merah')")
        connection.execute("CREATE FUNCTION bersama.dua() RETURNS int LANGUAGE sql AS 'SELECT 2'")
        connection.execute("CREATE TYPE bersama.masa AS RANGE (subtype = date)")
        connection.execute("CREATE AGGREGATE bersama.jumlah (int) (sfunc = int4pl, stype = int)")
        connection.execute("ALTER TABLE public.tamu ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        connection.execute(
            "CREATE MATERIALIZED VIEW bersama.terbatas AS SELECT count(*) AS n FROM public.tamu"
        )
        connection.execute(f"CREATE POLICY boleh ON public.tamu FOR SELECT TO {names.reader} USING (id < 10)")
        connection.execute("COMMENT ON POLICY boleh ON public.tamu IS 'sepuluh pertama'")
        for number in range(5):  # foreign keys between tables that force their policies on their owner
            for table, column in (
                (f"induk{number}", "PRIMARY KEY"),
                (f"anak{number}", f"REFERENCES induk{number}"),
            ):
                connection.execute(f"CREATE TABLE public.{table} (id int {column})")
                connection.execute(f"INSERT INTO public.{table} SELECT generate_series(1, 2000)")
                connection.execute(
                    f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
                )
        connection.execute(f"GRANT SELECT ON public.tamu TO {names.reader}")
        connection.execute("COMMENT ON TABLE public.tamu IS 'buku ''tamu'''")
        connection.execute("SELECT lo_from_bytea(0, 'besar')")
    server.sql(f'REVOKE CREATE ON SCHEMA bersama FROM "{names.other}"', names.name)
    yield names
    drop_databases(server, names.name, "samping")


def test_every_object_comes_back_with_its_owner_and_grants(shared):
    grant(shared.server, shared.name)
    adapter = connect(shared.server)
    assert adapter.check_dump(shared.name) == []
    assert adapter.check_restore(shared.name, adapter.properties(shared.name)) == []
    result, _oid = restore_beside(adapter, shared.name)
    assert result.counts["public.tamu"] == 300
    assert adapter.rows("samping") == result.counts
    assert shared.server.sql(OWNERS, "samping") == shared.server.sql(OWNERS, shared.name)
    for view, rows in (
        ("ringkas", 300),
        ("terbatas", 0),
    ):  # the second one's owner is held to the policies himself
        assert shared.server.sql(f"SELECT n FROM bersama.{view}", "samping") == [(rows,)]
