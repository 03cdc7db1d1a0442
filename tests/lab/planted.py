"""A database whose owner planted code wherever PostgreSQL runs any, and that tells in the server's log where it ran as whom."""

from __future__ import annotations

import re
from types import SimpleNamespace

import psycopg

ATTEMPTS = (
    "RESET ROLE",
    "SET ROLE app_beta",
    "SET SESSION AUTHORIZATION app_beta",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER ROLE app_beta PASSWORD ''x''",
    "ALTER ROLE jagadata_muat_beta PASSWORD ''x''",
    "ALTER ROLE \"jaga\"\"restore\" PASSWORD ''x''",
    "ALTER ROLE \"jaga dump\" PASSWORD ''x''",
    "ALTER ROLE CURRENT_USER PASSWORD ''x''",
    "ALTER ROLE SESSION_USER PASSWORD ''x''",
    "ALTER ROLE SESSION_USER SET local_preload_libraries = ''x''",
    "ALTER ROLE SESSION_USER SET default_transaction_read_only = on",
    "ALTER ROLE SESSION_USER IN DATABASE alfa SET role = ''app_alfa''",
    "ALTER ROLE SESSION_USER CREATEDB",
    "ALTER DATABASE beta RENAME TO beta_x",
    "ALTER DATABASE beta SET work_mem = ''1MB''",
    "ALTER DATABASE beta CONNECTION LIMIT 0",
    "DROP DATABASE beta",
    "CREATE ROLE orang_dalam",
    "GRANT app_beta TO app_alfa",
    "GRANT pg_read_all_data TO app_alfa",
    "GRANT pg_execute_server_program TO app_alfa",
    "COPY (SELECT 1) TO PROGRAM ''id''",
    "SELECT pg_read_file(''postgresql.conf'')",
    "SELECT count(*) FROM pg_authid",
    "SELECT jagadata.heal_loader(''app_beta'', ''x'')",
    "ALTER SYSTEM SET work_mem = ''1MB''",
    "CREATE FUNCTION public.tinggal() RETURNS int LANGUAGE sql AS ''SELECT 1''",
    "SELECT pg_notify(''bocor'', string_agg(rolpassword, '','')) FROM pg_authid",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN (''app_beta'', ''postgres'', ''jaga\"restore'')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = session_user AND pid <> pg_backend_pid()",
    "ALTER DATABASE alfa SET local_preload_libraries = ''x''",
    "SELECT set_config(''search_path'', ''jebakan, pg_catalog'', false)",
    "SELECT set_config(''default_transaction_read_only'', ''off'', false)",
    "SELECT set_config(''row_security'', ''on'', false)",
)
_CODE = """
CREATE FUNCTION public.tanam(tempat text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE perintah text;
BEGIN
  IF session_user IN ('app_alfa', 'app_alfa_dua', 'postgres') THEN RETURN true; END IF;
  RAISE WARNING 'TANAM|%|%|%', tempat, session_user, current_user;
  IF current_setting('tanam.' || tempat, true) = 'ya' THEN RETURN true; END IF;
  PERFORM set_config('tanam.' || tempat, 'ya', false);
  FOREACH perintah IN ARRAY ARRAY['ATTEMPTS'] LOOP
    BEGIN
      EXECUTE perintah;
      RAISE WARNING 'BISA|%|%|%', tempat, session_user, perintah;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  RETURN true;
END $$;
CREATE FUNCTION public.tanam_angka(tempat text, i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM public.tanam(tempat); RETURN i; END $$;
CREATE SCHEMA jebakan;
CREATE FUNCTION jebakan.count(integer) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint';
CREATE TABLE a_rencana1 (a int); INSERT INTO a_rencana1 VALUES (1);
CREATE INDEX ON a_rencana1 (a) WHERE public.tanam_angka('rencana1', 1) = 1;
CREATE TABLE a_rencana2 (a int); INSERT INTO a_rencana2 VALUES (1);
CREATE INDEX ON a_rencana2 (a) WHERE public.tanam_angka('rencana2', 1) = 1;
CREATE TABLE t_check (a int CHECK (public.tanam('check'))); INSERT INTO t_check VALUES (1);
CREATE DOMAIN dom AS int CHECK (public.tanam('domain'));
CREATE TABLE t_dom (a dom PRIMARY KEY); INSERT INTO t_dom VALUES (1);
CREATE TABLE t_anak (a int REFERENCES t_dom (a)); INSERT INTO t_anak VALUES (1);
CREATE TABLE t_gen (a int, b int GENERATED ALWAYS AS (public.tanam_angka('turunan', a)) STORED); INSERT INTO t_gen VALUES (1);
CREATE TABLE t_def (a int, b boolean DEFAULT public.tanam('bawaan')); INSERT INTO t_def VALUES (1);
CREATE TABLE t_idx (a int); INSERT INTO t_idx VALUES (1);
CREATE INDEX ON t_idx (public.tanam_angka('indeks', a));
CREATE STATISTICS st ON (public.tanam_angka('statistik', a)), a FROM t_idx;
CREATE MATERIALIZED VIEW mv AS SELECT public.tanam('tampilan_isi') AS a;
CREATE VIEW v AS SELECT public.tanam('tampilan') AS a;
CREATE FUNCTION pemicu() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.tanam('pemicu'); RETURN new; END $$;
CREATE TABLE t_trg (a int); INSERT INTO t_trg VALUES (1);
CREATE TRIGGER x BEFORE INSERT ON t_trg FOR EACH ROW EXECUTE FUNCTION pemicu(); ALTER TABLE t_trg ENABLE ALWAYS TRIGGER x;
CREATE TABLE t_part (a int, b int) PARTITION BY RANGE (public.tanam_angka('partisi', a));
CREATE TABLE t_part1 PARTITION OF t_part FOR VALUES FROM (0) TO (100); INSERT INTO t_part VALUES (1, 1);
CREATE FUNCTION pinjam() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$ SELECT public.tanam('pemilik') $$;
CREATE TABLE t_secdef (a int CHECK (pinjam())); INSERT INTO t_secdef VALUES (1);
CREATE TABLE t_pol (a int); INSERT INTO t_pol VALUES (1); ALTER TABLE t_pol ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY pp ON t_pol USING (public.tanam('kebijakan'));
CREATE FUNCTION teks(t_idx) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.tanam('cast'); RETURN ''; END $$;
CREATE CAST (t_idx AS text) WITH FUNCTION teks(t_idx) AS IMPLICIT;
CREATE TABLE surat (id int PRIMARY KEY, isi text); INSERT INTO surat SELECT i, 'P' || i FROM generate_series(1, 500) i;
SELECT lo_from_bytea(70002, 'isi satu');
"""
ROLES = ("app_alfa", "app_alfa_dua", "app_beta")
_STATE = """
SELECT 'peran', rolname, rolsuper::text || rolcreaterole || rolcreatedb || rolcanlogin || rolbypassrls || coalesce(rolpassword, '')
FROM pg_authid WHERE rolname NOT IN ('jagadata_muat_alfa', 'app_alfa', 'app_alfa_dua')
UNION ALL SELECT 'anggota', pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members
UNION ALL SELECT 'basis data', datname, pg_get_userbyid(datdba) || datconnlimit || coalesce(datacl::text, '') FROM pg_database WHERE datname NOT LIKE 'alfa%'
UNION ALL SELECT 'pengaturan', pg_get_userbyid(setrole), setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = 'beta'
ORDER BY 1, 2, 3
"""


def plant(server):
    """Systems alfa (planted) and beta (to be left alone), on a server that has neither."""
    for role in ROLES:
        server.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'sandi-{role}'")
    server.sql("CREATE DATABASE alfa OWNER app_alfa")
    server.sql("CREATE DATABASE beta OWNER app_beta")
    server.sql("REVOKE CONNECT ON DATABASE beta FROM PUBLIC")
    code = _CODE.replace("'ATTEMPTS'", ", ".join(f"'{one}'" for one in ATTEMPTS))
    with psycopg.connect(server.dsn("alfa", "app_alfa", "sandi-app_alfa"), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS public")
        connection.execute(code)
    server.sql("CREATE SCHEMA dua AUTHORIZATION app_alfa_dua", "alfa")
    server.sql(
        "SET ROLE app_alfa_dua; CREATE TABLE dua.t AS SELECT i FROM generate_series(1, 100) i; RESET ROLE",
        "alfa",
    )
    server.sql(
        "SET ROLE app_beta; CREATE TABLE public.rahasia AS SELECT i, 'rahasia ' || i AS isi FROM generate_series(1, 50) i; RESET ROLE",
        "beta",
    )


def read_state(server):
    """What code of alfa must not change: every role but its own loader, every membership, every other database."""
    return [*server.sql(_STATE), *server.sql("SELECT * FROM public.rahasia ORDER BY 1", "beta")]


def read_log(server, begin=0):
    """What the planted code told: (place, session_user, current_user) of each run, and (place, session_user, statement) that worked."""
    text = (server.folder / "log").read_text(encoding="utf-8", errors="replace")[begin:]
    ran = re.findall(r"TANAM\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)", text)
    worked = re.findall(r"BISA\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)", text)
    return SimpleNamespace(ran=set(ran), worked=set(worked))


def uproot(server):
    for (name,) in server.sql("SELECT datname FROM pg_database WHERE datname ~ '^(alfa|beta)'"):
        server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    for role in ROLES:
        server.sql(f"DROP ROLE IF EXISTS {role}")
