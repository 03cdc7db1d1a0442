"""Databases that a plain `pg_restore --exit-on-error` does not bring back, each by the SQL that makes it, and what a restore must say."""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass, field

from psycopg import sql

from jagadata.adapters.postgres.access import Access, Login
from jagadata.adapters.postgres.properties import read_properties
from tests.lab.database import archive_file


@dataclass(frozen=True)
class Case:
    """`sql` runs as a superuser in a database of role {owner}; `names` are what the shortfalls must name, in their order."""

    name: str
    sql: str
    rows: dict[str, int]
    state: str = "terbukti"
    names: tuple[str, ...] = ()
    oldest: int = 15
    newest: int = 99
    create: str = ""
    also: tuple[str, ...] = field(default=())  # settings of the database


CASES = [
    Case(
        "fk_orphan",
        """CREATE TABLE induk(id int primary key); CREATE TABLE anak(id int primary key, induk int REFERENCES induk);
        SET session_replication_role = replica; INSERT INTO anak VALUES (1, 99); RESET session_replication_role;""",
        {"public.anak": 1, "public.induk": 0},
        "terbukti dengan catatan",
        ("anak_induk_fkey",),
    ),
    Case(
        "check_other_table",
        """CREATE SCHEMA aplikasi; SET search_path = aplikasi, public; CREATE TABLE z_kamus(k text); INSERT INTO z_kamus VALUES ('a');
        CREATE FUNCTION ada(v text) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT 1 FROM z_kamus WHERE k = v)';
        CREATE TABLE a_isi(k text CHECK (ada(k))); INSERT INTO a_isi VALUES ('a');""",
        {"aplikasi.a_isi": 1, "aplikasi.z_kamus": 1},
    ),
    Case(
        "fungsi",
        """CREATE TABLE kode(k int primary key, nama text); INSERT INTO kode SELECT i,'n'||i FROM generate_series(1,50) i;
        CREATE FUNCTION nama_kode(a int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT nama FROM kode WHERE k=a $$;
        CREATE FUNCTION sah(a int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN EXISTS(SELECT 1 FROM kode WHERE k=a); END $$;
        CREATE TABLE surat(id int primary key, k int CHECK (sah(k)), judul text);
        INSERT INTO surat SELECT i, 1+i%50, 'J'||i FROM generate_series(1,300) i;
        CREATE INDEX surat_kode ON surat (nama_kode(k));
        CREATE MATERIALIZED VIEW rekap AS SELECT nama_kode(k) n, count(*) c FROM surat GROUP BY 1;""",
        {"public.kode": 50, "public.surat": 300},
        newest=16,
    ),
    Case(
        "fungsi_matview",
        """CREATE TABLE kode(k int primary key, nama text); INSERT INTO kode SELECT i,'n'||i FROM generate_series(1,50) i;
        CREATE FUNCTION nama_kode(a int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT nama FROM kode WHERE k=a $$;
        CREATE MATERIALIZED VIEW rekap AS SELECT nama_kode(k) n FROM kode;""",
        {"public.kode": 50},
        newest=16,
    ),
    Case(
        "index_search_path",
        """CREATE SCHEMA aplikasi; SET search_path = aplikasi, public;
        CREATE FUNCTION rapi(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
        CREATE FUNCTION kunci(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN rapi(t); END$$;
        CREATE TABLE cari(id int, nama text); INSERT INTO cari VALUES (1,'A'); CREATE INDEX ON cari (kunci(nama));""",
        {"aplikasi.cari": 1},
        newest=16,
    ),
    Case(
        "unaccent_sql",
        """CREATE EXTENSION unaccent;
        CREATE FUNCTION f_unaccent(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT unaccent($1) $$;
        CREATE TABLE warga(id int primary key, nama text);
        INSERT INTO warga SELECT i, 'Wárga '||i FROM generate_series(1,1000) i;
        CREATE INDEX warga_cari ON warga (f_unaccent(nama));""",
        {"public.warga": 1000},
        newest=16,
    ),
    Case(
        "unaccent_plpgsql",
        """CREATE EXTENSION unaccent;
        CREATE FUNCTION f_unaccent(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RETURN unaccent(t); END $$;
        CREATE TABLE warga(id int primary key, nama text);
        INSERT INTO warga SELECT i, 'Wárga '||i FROM generate_series(1,1000) i;
        CREATE INDEX warga_cari ON warga (f_unaccent(nama));""",
        {"public.warga": 1000},
        newest=16,
    ),
    Case(
        "duplicates_under_a_primary_key",
        """CREATE TABLE kembar(id int primary key, isi text); INSERT INTO kembar VALUES (1, 'a'), (2, 'b');
        UPDATE pg_index SET indisunique = false, indisready = false, indisvalid = false, indislive = false WHERE indexrelid = 'kembar_pkey'::regclass;
        INSERT INTO kembar VALUES (1, 'c');
        UPDATE pg_index SET indisunique = true, indisready = true, indisvalid = true, indislive = true WHERE indexrelid = 'kembar_pkey'::regclass;""",
        {"public.kembar": 3},
        "gagal diuji",
        ("kembar_pkey",),
    ),
    Case(
        "duplicates_under_a_plain_index_over_a_stricter_function",
        """CREATE TABLE nilai(id int, a int); INSERT INTO nilai VALUES (1, 0), (2, 1);
        CREATE FUNCTION bagi(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a; END $$;
        CREATE INDEX nilai_bagi ON nilai (bagi(a));
        CREATE OR REPLACE FUNCTION bagi(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1 / a; END $$;""",
        {"public.nilai": 2},
        "terbukti dengan catatan",
        ("nilai_bagi",),
    ),
    Case(
        "function_made_stricter_under_a_check",
        """CREATE FUNCTION lulus(a int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
        CREATE TABLE ujian(id int primary key, a int CHECK (lulus(a))); INSERT INTO ujian SELECT i, i FROM generate_series(1, 20) i;
        CREATE OR REPLACE FUNCTION lulus(a int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a > 5; END $$;""",
        {"public.ujian": 20},
        "terbukti dengan catatan",
        ("ujian_a_check",),
    ),
    Case(
        "function_made_stricter_under_a_domain",
        """CREATE FUNCTION lulus(a int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
        CREATE DOMAIN angka AS int CONSTRAINT angka_lulus CHECK (lulus(value));
        CREATE TABLE ujian(id int primary key, a angka); INSERT INTO ujian SELECT i, i FROM generate_series(1, 20) i;
        CREATE OR REPLACE FUNCTION lulus(a int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a > 5; END $$;""",
        {"public.ujian": 20},
        "terbukti dengan catatan",
        ("angka_lulus",),
    ),
    Case(
        "check_of_a_partitioned_table",
        """CREATE FUNCTION lulus(a int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
        CREATE TABLE bagian(id int, a int CONSTRAINT lulus_a CHECK (lulus(a))) PARTITION BY RANGE (id);
        CREATE TABLE bagian_1 PARTITION OF bagian FOR VALUES FROM (0) TO (10);
        CREATE TABLE bagian_2 PARTITION OF bagian FOR VALUES FROM (10) TO (100);
        INSERT INTO bagian SELECT i, i FROM generate_series(1, 20) i;
        CREATE OR REPLACE FUNCTION lulus(a int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a > 5; END $$;""",
        {"public.bagian_1": 9, "public.bagian_2": 11},
        "terbukti dengan catatan",
        ("lulus_a",),
    ),
    Case(
        "checks_that_wait_for_one_another",
        """CREATE TABLE a(k int); CREATE TABLE b(k int); CREATE TABLE c(k int); INSERT INTO c VALUES (1);
        CREATE FUNCTION di_c(v int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT 1 FROM public.c WHERE k = v)';
        CREATE FUNCTION di_b(v int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT 1 FROM public.b WHERE k = v)';
        ALTER TABLE b ADD CHECK (di_c(k)); INSERT INTO b VALUES (1); ALTER TABLE a ADD CHECK (di_b(k)); INSERT INTO a VALUES (1);""",
        {"public.a": 1, "public.b": 1, "public.c": 1},
    ),
    Case(
        "exclusion_that_rows_break",
        """CREATE TABLE pakai(ruang int, masa int4range, CONSTRAINT tak_bentrok EXCLUDE USING gist (masa WITH &&));
        INSERT INTO pakai VALUES (1, '[1,5)');
        UPDATE pg_index SET indisexclusion = false, indisready = false, indisvalid = false, indislive = false WHERE indexrelid = 'tak_bentrok'::regclass;
        INSERT INTO pakai VALUES (2, '[2,6)');
        UPDATE pg_index SET indisexclusion = true, indisready = true, indisvalid = true, indislive = true WHERE indexrelid = 'tak_bentrok'::regclass;""",
        {"public.pakai": 2},
        "gagal diuji",
        ("tak_bentrok",),
    ),
    Case(
        "generated_column_by_search_path",
        """CREATE SCHEMA aplikasi; SET search_path = aplikasi, public;
        CREATE FUNCTION rapi(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
        CREATE FUNCTION kunci(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN rapi(t); END$$;
        CREATE TABLE cari(id int, nama text, k text GENERATED ALWAYS AS (kunci(nama)) STORED); INSERT INTO cari VALUES (1,'A'), (2, 'B');""",
        {"aplikasi.cari": 2},
    ),
    Case(
        "check_already_not_valid",
        """CREATE TABLE lama(a int); INSERT INTO lama VALUES (-1); ALTER TABLE lama ADD CONSTRAINT positif CHECK (a > 0) NOT VALID;
        CREATE TABLE lain(id int primary key); ALTER TABLE lama ADD CONSTRAINT ke_lain FOREIGN KEY (a) REFERENCES lain NOT VALID;""",
        {"public.lama": 1, "public.lain": 0},
    ),
    Case(
        "names_that_pretend",
        """CREATE TABLE "x (a) FROM stdin;
COPY public.y (a) FROM stdin;
" (a int); INSERT INTO "x (a) FROM stdin;
COPY public.y (a) FROM stdin;
" VALUES (1), (2);
        COMMENT ON TABLE "x (a) FROM stdin;
COPY public.y (a) FROM stdin;
" IS E'COPY public.z (a) FROM stdin;\n1\n\\\\.\n';
        CREATE FUNCTION palsu() RETURNS text LANGUAGE sql AS E'SELECT ''\nCOPY public.z (a) FROM stdin;\n1\n\\\\\\\\.\n''';
        CREATE TABLE z(a int default 7, t text default E'\nCOPY public.q (a) FROM stdin;\n1\n\\\\.\n'); INSERT INTO z VALUES (1);""",
        {"public.x (a) FROM stdin;\nCOPY public.y (a) FROM stdin;\n": 2, "public.z": 1},
    ),
    Case(
        "row_security_and_owners",
        """SET ROLE {owner}; CREATE TABLE milik(id int primary key, p text default current_user); INSERT INTO milik SELECT i, 'lain' FROM generate_series(1, 30) i;
        ALTER TABLE milik ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON milik USING (p = current_user);
        CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS c FROM milik; SELECT lo_from_bytea(70001, 'isi'); CREATE TABLE s(id serial); INSERT INTO s SELECT FROM generate_series(1, 5);
        RESET ROLE; GRANT SELECT ON milik TO {reader};""",
        {"public.milik": 30, "public.s": 5, "pg_largeobject": 1},
    ),
    Case(
        "read_only_database",
        "CREATE TABLE b(id int primary key); INSERT INTO b SELECT generate_series(1,100);",
        {"public.b": 100},
        also=("default_transaction_read_only = on", "timezone = 'Asia/Jakarta'", "datestyle = 'SQL, DMY'"),
    ),
    Case(
        "latin1",
        'CREATE TABLE "tabel é"(a text); INSERT INTO "tabel é" VALUES (\'é\');',
        {"public.tabel é": 1},
        create="ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
    ),
    Case(
        "search_path_of_the_database",
        """CREATE SCHEMA dua; CREATE SCHEMA satu; SET search_path = satu, dua;
        CREATE FUNCTION dua.nama(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'dua' || t $$;
        CREATE FUNCTION satu.nama(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'satu' || t $$;
        CREATE FUNCTION satu.pakai(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN nama(t); END $$;
        CREATE TABLE satu.isi(t text CHECK (pakai(t) LIKE 'satu%')); INSERT INTO satu.isi VALUES ('a');""",
        {"satu.isi": 1},
        also=("search_path = satu, dua",),
    ),
]


def make_case(server, case):
    """The database of this case on a real server. Returns its name."""
    tag = secrets.token_hex(3)
    name, owner, reader = f"kasus_{tag}", f"pemilik_{tag}", f"pembaca_{tag}"
    server.sql(f"CREATE ROLE {owner}")
    server.sql(f"CREATE ROLE {reader}")
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {owner} {case.create}")
    text = case.sql.replace("{owner}", owner).replace("{reader}", reader)
    environment = {
        "PATH": os.environ["PATH"],
        "PGPASSWORD": server.password,
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.superuser,
        "PGCLIENTENCODING": "UTF8",
        "PGOPTIONS": "-c allow_system_table_mods=on",
    }
    done = subprocess.run(
        [str(server.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", name],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    give_to(server, name, owner)
    for setting in case.also:
        server.sql(f"ALTER DATABASE {name} SET {setting}")
    return name


def give_to(server, name, owner):
    """Everything that the superuser made in this database becomes the owner's."""
    for (schema,) in server.sql(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')",
        name,
    ):
        server.sql(
            sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.Identifier(schema), sql.Identifier(owner)), name
        )
    objects = """
    SELECT format('ALTER %s %s OWNER TO %I', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass, '{0}')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind IN ('r', 'p', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND pg_get_userbyid(relowner) = 'postgres'
    UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, '{0}') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pg_get_userbyid(proowner) = 'postgres'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT format('ALTER DOMAIN %s OWNER TO %I', t.oid::regtype, '{0}') FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE typtype = 'd' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    """
    for (statement,) in server.sql(objects.format(owner), name):
        server.sql(statement, name)


def access_of(server):
    """The superuser, for a test's own dump."""
    login = Login(user=server.superuser, password=server.password)
    return Access(
        name="pg",
        address=server.host,
        port=server.port,
        maintenance_database="postgres",
        logins={"dump": login, "restore": login, "load": login},
        tools=server.bin,
    )


def dump_case(server, name):
    """Its archive in an open file, and its properties."""
    access = access_of(server)
    done = subprocess.run(
        [str(server.bin / "pg_dump"), "-Fc", "-d", name],
        env={**access.environment("dump"), "PGOPTIONS": ""},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return archive_file(done.stdout), read_properties(access, name)
