"""The SQL that makes a server ready (`jaga db prepare`): logins, a database of our own, and what heals a login. Pure.

Whose code runs as whom: docs/adr/0004. The SQL is run by a superuser in databases where applications' owners may have put
functions, so it never looks a name up anywhere but in pg_catalog (CVE-2018-1058).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.adapters.postgres.loader import make_loader_name
from jagadata.adapters.postgres.passwords import make_verifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.office.file import Office
    from jagadata.office.machines import ServerEntry

HAND_OVERS = 12
"""How many databases one run of the SQL hands over; a further run goes on with the rest."""
_SAFE = "SET search_path = pg_catalog, pg_temp;"
_MARK = "Jagadata: kunci dan peran"


def quote(name: str) -> str:
    """An SQL identifier (PostgreSQL 4.1.1)."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def render_roles_sql(office: Office, server_name: str, secret: str = "") -> str:
    """SQL for one server, to be run by a superuser with psql; safe to run again. Of passwords it holds what the server keeps only.

    Without the server's secret no loading login gets a password, so that only backups work. Raises RefusedError for a weak secret.
    """
    server = office.server(server_name)
    systems = {one.id: list(one.databases) for one in office.systems if one.server == server_name}
    loaders = {system: make_loader_name(system) for system in systems}
    parts = [
        _render_head(server),
        _render_logins(server, list(loaders.values()), secret),
        _render_own_database(server, loaders),
        _render_owners(server, systems, loaders),
        *(_render_database(name, server.dump.user) for names in systems.values() for name in names),
        _render_hand_over([server.restore.user, *loaders.values()]),
    ]
    return "\n".join(parts) + "\n"


def _render_head(server: ServerEntry) -> str:
    maintenance = quote(server.maintenance_database)
    logins = ", ".join(map(literal, (server.dump.user, server.restore.user)))
    return f"""-- Peran Jagadata pada server {server.name}. Jalankan sebagai superuser: psql -d {maintenance} -f BERKAS
-- Aman dijalankan berulang kali, dan dijalankan lagi setelah aplikasi, pemilik, atau basis data bertambah.
-- Sandi tidak tertulis di sini; yang tertulis adalah pembanding SCRAM yang disimpan server.
\\set ON_ERROR_STOP on
{_SAFE}
DO $jagadata$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolsuper AND rolname IN ({logins})) THEN
    RAISE EXCEPTION 'Login dump atau restore pada berkas kantor adalah superuser; pakai nama lain (servers[].dump, servers[].restore).';
  END IF;
END $jagadata$;
"""


def _render_logins(server: ServerEntry, loaders: Sequence[str], secret: str) -> str:
    dump, restore = quote(server.dump.user), quote(server.restore.user)
    lines = [
        "-- Login back up: menjalankan pg_dump dan bertanya kepada katalog.",
        _create(server.dump.user),
        f"ALTER ROLE {dump} RESET ALL;",
        f"ALTER ROLE {dump} LOGIN NOCREATEDB NOCREATEROLE BYPASSRLS{_password(server.dump.user, secret, own=bool(server.dump.password))};",
        f"ALTER ROLE {dump} SET lo_compat_privileges = on;  -- large object tidak tercakup pg_read_all_data",
        f"GRANT pg_read_all_data, pg_read_all_settings, pg_read_all_stats TO {dump};",
        "",
        "-- Login restore: membuat basis data di samping dan menukar nama; masuk ke basis data Jagadata sendiri saja.",
        _create(server.restore.user),
        f"ALTER ROLE {restore} RESET ALL;",
        f"ALTER ROLE {restore} LOGIN CREATEDB NOBYPASSRLS{_password(server.restore.user, secret, own=bool(server.restore.password))};",
        "SELECT format('ALTER ROLE %I NOCREATEROLE', " + literal(server.restore.user) + ")",
        "WHERE current_setting('server_version_num')::int < 160000\n\\gexec",
        f"GRANT pg_signal_backend, pg_read_all_settings, pg_read_all_stats TO {restore};",
        "",
        "-- Login pemuat, satu per sistem: anggota pemilik sistemnya, hanya selama satu penghitungan, uji, atau restore.",
    ]
    for loader in loaders:
        lines += [
            _create(loader),
            f"ALTER ROLE {quote(loader)} RESET ALL;",
            f"ALTER ROLE {quote(loader)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS{_password(loader, secret)};",
        ]
    lines += [
        "",
        "-- pg_hba.conf: nama basis data di samping selalu baru, jadi kolom basis data harus 'all':",
        *(
            f"-- host  all  {login}  ALAMAT_WORKER/32  scram-sha-256"
            for login in (dump, restore, *map(quote, loaders))
        ),
    ]
    unset = [one for one in (server.dump, server.restore) if one.password]
    if unset:
        lines += ["-- Sandi yang tertulis tersendiri di berkas kantor (sekali saja):"]
        lines += [f"-- \\password {quote(one.user)}" for one in unset]
    return "\n".join([*lines, ""])


def _password(login: str, secret: str, *, own: bool = False) -> str:
    return f" PASSWORD {literal(make_verifier(secret, login))}" if secret and not own else ""


def _render_own_database(server: ServerEntry, loaders: dict[str, str]) -> str:
    """A database for locks and swaps: nobody but our logins gets in, so nobody else can hold our locks or put code there."""
    own, dump, restore = server.own_database, quote(server.dump.user), quote(server.restore.user)
    rows = ", ".join(f"({literal(login)}, {literal(system)})" for system, login in loaders.items())
    fill = f"INSERT INTO jagadata.loader VALUES {rows};" if rows else ""
    return f"""-- Basis data Jagadata sendiri: kunci dan pertukaran nama.
DO $jagadata$ BEGIN
  IF EXISTS (SELECT FROM pg_database WHERE datname = {literal(own)} AND shobj_description(oid, 'pg_database') IS DISTINCT FROM {literal(_MARK)}) THEN
    RAISE EXCEPTION 'Basis data % sudah ada dan bukan milik Jagadata; isi servers[].own_database dengan nama lain.', {literal(own)};
  END IF;
END $jagadata$;
SELECT format('CREATE DATABASE %I TEMPLATE template0', {literal(own)}) WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {literal(own)})
\\gexec
COMMENT ON DATABASE {quote(own)} IS {literal(_MARK)};
REVOKE ALL ON DATABASE {quote(own)} FROM PUBLIC;
GRANT CONNECT ON DATABASE {quote(own)} TO {dump}, {restore};
SELECT {_escaped(quote(_connection(own)))} AS jagadata_basis_data
\\gset
\\connect -reuse-previous=on :jagadata_basis_data
{_SAFE}
BEGIN;
CREATE SCHEMA IF NOT EXISTS jagadata;
REVOKE ALL ON SCHEMA jagadata FROM PUBLIC;
GRANT USAGE ON SCHEMA jagadata TO {restore};
CREATE TABLE IF NOT EXISTS jagadata.loader (login name PRIMARY KEY, system text NOT NULL);
REVOKE ALL ON jagadata.loader FROM PUBLIC;
GRANT SELECT ON jagadata.loader TO {restore};
DELETE FROM jagadata.loader;
{fill}
CREATE OR REPLACE FUNCTION jagadata.heal_loader(wanted name, verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $jagadata$
DECLARE one record;
BEGIN
  IF NOT EXISTS (SELECT FROM jagadata.loader l JOIN pg_roles r ON r.rolname = l.login WHERE l.login = wanted AND NOT r.rolsuper) THEN
    RAISE EXCEPTION 'login % tidak tercatat sebagai login pemuat', wanted USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF verifier !~ '^SCRAM-SHA-256\\$[0-9]+:[A-Za-z0-9+/=]+\\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN
    RAISE EXCEPTION 'pembanding sandi tidak dikenal' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_authid WHERE rolname = wanted AND rolpassword = verifier AND rolcanlogin AND rolbypassrls
      AND NOT (rolcreatedb OR rolcreaterole OR rolreplication) AND rolconnlimit = -1
      AND coalesce(rolvaliduntil, 'infinity') = 'infinity') THEN
    EXECUTE format('ALTER ROLE %I LOGIN NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS CONNECTION LIMIT -1 PASSWORD %L VALID UNTIL %L', wanted, verifier, 'infinity');
  END IF;
  IF EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = wanted AND s.setdatabase = 0) THEN
    EXECUTE format('ALTER ROLE %I RESET ALL', wanted);
  END IF;
  FOR one IN SELECT d.datname FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
      JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = wanted LOOP
    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', wanted, one.datname);
  END LOOP;
  FOR one IN SELECT pg_get_userbyid(m.member) AS member, pg_get_userbyid(m.grantor) AS grantor FROM pg_auth_members m
      JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname = wanted LOOP
    EXECUTE format('REVOKE %I FROM %I GRANTED BY %I CASCADE', wanted, one.member, one.grantor);
  END LOOP;
END $jagadata$;
REVOKE ALL ON FUNCTION jagadata.heal_loader(name, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jagadata.heal_loader(name, text) TO {restore};
COMMIT;
"""


def _render_owners(server: ServerEntry, systems: dict[str, list[str]], loaders: dict[str, str]) -> str:
    """The orchestrating login may lend each owner to that system's loader; what either has beyond that is taken back."""
    restore = literal(server.restore.user)
    databases = [name for names in systems.values() for name in names]
    ours = ", ".join(map(literal, (server.dump.user, server.restore.user, *loaders.values())))
    members = ", ".join(map(literal, (server.restore.user, *loaders.values())))
    return f"""-- Pemilik basis data dan objeknya: login restore boleh meminjamkannya kepada login pemuat.
CREATE TEMP TABLE jagadata_pemilik AS
SELECT r.oid, r.rolname FROM pg_roles r WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND r.rolname NOT IN ({ours}) AND (
  r.oid IN (SELECT datdba FROM pg_database WHERE datname = ANY ({_array(databases)}))
  OR r.oid IN (SELECT s.refobjid FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
               WHERE d.datname = ANY ({_array(databases)}) AND s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o')
  OR r.oid IN (SELECT s.setrole FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
               WHERE d.datname = ANY ({_array(databases)})));
SELECT format('REVOKE %I FROM %I GRANTED BY %I CASCADE', g.rolname, m.rolname, pg_get_userbyid(a.grantor))
FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE m.rolname IN ({members}) AND g.rolname !~ '^pg_'
  AND (m.rolname <> {restore} OR NOT a.admin_option AND g.oid NOT IN (SELECT oid FROM pg_temp.jagadata_pemilik)
    AND NOT EXISTS (SELECT FROM pg_database WHERE datdba = g.oid))
\\gexec
SELECT format('GRANT %I TO %I', rolname, {restore})
  || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE, ADMIN TRUE' ELSE ' WITH ADMIN OPTION' END
FROM pg_temp.jagadata_pemilik
\\gexec
DROP TABLE pg_temp.jagadata_pemilik;
"""


def _array(names: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, names))}]::name[]"


def _render_database(name: str, dump: str) -> str:
    """What one database needs; nothing while it is not there (a new server before its first restore)."""
    return f"""SELECT EXISTS (SELECT FROM pg_database WHERE datname = {literal(name)}) AS jagadata_ada
\\gset
\\if :jagadata_ada
GRANT CONNECT ON DATABASE {quote(name)} TO {quote(dump)};
\\else
\\echo {_argument(f"Basis data {name!r} belum ada; jalankan lagi sesudah restore pertama.")}
\\endif
"""


def _render_hand_over(logins: Sequence[str]) -> str:
    """What belongs to one of our logins in a live, kept or side database goes to that database's owner.

    An earlier release left it, or code that ran as the login. Databases that the login owns are no part of that: `REASSIGN OWNED`
    would give them away too, so another has them meanwhile.
    """
    ours = ", ".join(map(literal, logins))
    found = f"""FROM pg_database d JOIN pg_shdepend s ON s.dbid = d.oid JOIN pg_roles r ON r.oid = s.refobjid
  JOIN pg_roles o ON o.oid = d.datdba
WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND r.rolname IN ({ours})
  AND NOT o.rolsuper AND o.rolname NOT IN ({ours}) AND d.datallowconn"""
    lines = [
        "-- Yang menjadi milik login Jagadata di basis data aplikasi diserahkan kepada pemilik basis datanya."
    ]
    step = f"""SELECT coalesce((SELECT {_CONNECTION_OF} {found} ORDER BY d.datname LIMIT 1), '') AS jagadata_basis_data
\\gset
SELECT :'jagadata_basis_data' <> '' AS jagadata_ada
\\gset
\\if :jagadata_ada
\\connect -reuse-previous=on :jagadata_basis_data
{_SAFE}
DO $jagadata$
DECLARE one record; held record;
BEGIN
  FOR one IN SELECT DISTINCT r.rolname, o.rolname AS owner {found} AND d.datname = current_database() LOOP
    CREATE TEMP TABLE jagadata_tetap ON COMMIT DROP AS
      SELECT datname FROM pg_database WHERE datdba = (SELECT oid FROM pg_roles WHERE rolname = one.rolname);
    FOR held IN SELECT datname FROM pg_temp.jagadata_tetap LOOP
      EXECUTE format('ALTER DATABASE %I OWNER TO CURRENT_USER', held.datname);
    END LOOP;
    EXECUTE format('REASSIGN OWNED BY %I TO %I', one.rolname, one.owner);
    FOR held IN SELECT datname FROM pg_temp.jagadata_tetap LOOP
      EXECUTE format('ALTER DATABASE %I OWNER TO %I', held.datname, one.rolname);
    END LOOP;
    DROP TABLE pg_temp.jagadata_tetap;
  END LOOP;
END $jagadata$;
\\endif"""
    lines += [step] * HAND_OVERS
    lines += [
        f"SELECT EXISTS (SELECT {found}) AS jagadata_ada",
        "\\gset",
        "\\if :jagadata_ada",
        "\\echo Masih ada yang harus diserahkan; jalankan SQL ini sekali lagi.",
        "\\endif",
    ]
    return "\n".join(lines)


_CONNECTION_OF = (
    r"""'"dbname=''' || replace(replace(replace(d.datname, '\', '\\'), '''', '\'''), '"', '""') || '''"'"""
)
"""The connection string of pg_database's `d`, as `_connection` and `quote` make it."""


def _connection(name: str) -> str:
    """A connection string: psql would take a bare name with '=' in it for one (libpq, 34.1.1.1), and strips double quotes."""
    return "dbname='" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _argument(text: str) -> str:
    """One argument of a command of psql: single quotes, C-like escapes inside (psql, Meta-Commands)."""
    return _escaped(text).removeprefix("E")


def _escaped(text: str) -> str:
    """An SQL string on one line (PostgreSQL 4.1.2.2)."""
    text = (
        text.replace("\\", "\\\\")
        .replace("'", "''")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t")
    )
    return f"E'{text}'"


def _create(user: str) -> str:
    return f"SELECT format('CREATE ROLE %I', {literal(user)}) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(user)})\n\\gexec"
