"""The SQL of the two database roles of least privilege, ready to paste (`jaga db prepare`). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jagadata.office.file import Office


def quote(name: str) -> str:
    """An SQL identifier (PostgreSQL 4.1.1)."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def render_roles_sql(office: Office, server_name: str) -> str:
    """SQL for one server, to be run by a superuser with psql; safe to run again. No password is in it: psql asks for each."""
    server = office.server(server_name)
    dump, restore = quote(server.dump.user), quote(server.restore.user)
    databases = [
        name for system in office.systems if system.server == server_name for name in system.databases
    ]
    lines = [
        f"-- Peran Jagadata pada server {server_name}. Jalankan sebagai superuser: psql -d {quote(server.maintenance_database)} -f BERKAS",
        "-- Aman dijalankan berulang kali. Sandi diminta oleh psql dan tidak tertulis di sini.",
        "\\set ON_ERROR_STOP on",
        "",
        "-- Peran dump: hanya membaca.",
        _create(server.dump.user),
        f"ALTER ROLE {dump} LOGIN BYPASSRLS;",
        f"GRANT pg_read_all_data, pg_read_all_settings, pg_read_all_stats TO {dump};",
        "",
        "-- Peran restore: membuat basis data di samping, menukar nama, mengakhiri sesi.",
        _create(server.restore.user),
        f"ALTER ROLE {restore} LOGIN CREATEDB;",
        f"GRANT pg_signal_backend, pg_read_all_settings, pg_read_all_stats TO {restore};",
        "",
        "-- Sandi (hapus tanda komentar sekali saja):",
        f"-- \\password {dump}",
        f"-- \\password {restore}",
        "--",
        "-- pg_hba.conf: nama basis data di samping selalu baru, jadi kolom basis data harus 'all':",
        f"-- host  all  {dump}     ALAMAT_WORKER/32  scram-sha-256",
        f"-- host  all  {restore}  ALAMAT_WORKER/32  scram-sha-256",
    ]
    for name in dict.fromkeys(databases):
        lines += _render_database(name, server.dump.user, server.restore.user)
    return "\n".join(lines) + "\n"


def _render_database(name: str, dump: str, restore: str) -> list[str]:
    """What one database needs; nothing while it is not there (a new server before its first restore)."""
    return [
        "",
        f"-- Basis data {name!r}: masuk sebagai peran dump, dan bertindak sebagai setiap pemilik objek.",
        f"SELECT EXISTS (SELECT FROM pg_database WHERE datname = {literal(name)}) AS jagadata_ada",
        "\\gset",
        "\\if :jagadata_ada",
        f"GRANT CONNECT ON DATABASE {quote(name)} TO {quote(dump)};",
        f"SELECT format('GRANT %I TO %I', r.rolname, {literal(restore)})",
        "  || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END",
        f"FROM pg_roles r WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND r.rolname <> {literal(restore)} AND (",
        f"  r.oid = (SELECT datdba FROM pg_database WHERE datname = {literal(name)})",
        "  OR r.oid IN (SELECT s.refobjid FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid",
        f"               WHERE d.datname = {literal(name)} AND s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o')",
        "  OR r.oid IN (SELECT s.setrole FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase",
        f"               WHERE d.datname = {literal(name)}))",
        "\\gexec",
        f"SELECT {_escaped(quote(_connection(name)))} AS jagadata_basis_data",
        "\\gset",
        "\\connect -reuse-previous=on :jagadata_basis_data",
        "-- Large object tidak tercakup pg_read_all_data, dan GRANT tidak berlaku bagi yang dibuat kemudian.",
        f"SELECT format('ALTER ROLE %I SET lo_compat_privileges = on', {literal(dump)})",
        "WHERE EXISTS (SELECT FROM pg_largeobject_metadata)",
        "\\gexec",
        "\\else",
        f"\\echo {_argument(f'Basis data {name!r} belum ada; jalankan lagi sesudah restore pertama.')}",
        "\\endif",
    ]


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
