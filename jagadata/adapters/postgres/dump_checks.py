"""Before a dump: every reason why it would fail or be incomplete, each with what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.adapters.postgres.access import Access, Role

_UNREADABLE_LARGE_OBJECTS = """
SELECT count(*) FROM pg_catalog.pg_largeobject_metadata m
WHERE current_setting('lo_compat_privileges') <> 'on' AND NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (
  SELECT FROM aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
"""
_ROW_SECURITY = "SELECT count(*) FROM pg_catalog.pg_class WHERE relrowsecurity"
_USER_MAPPINGS = "SELECT count(*) FROM pg_catalog.pg_user_mappings WHERE umoptions IS NULL"
OLDEST = 14
"""The first version with pg_read_all_data."""


def check_tool(access: Access, program: str, major: int) -> Iterator[JagadataError]:
    """The client program must be of the server's major version, and that one known."""
    if major < OLDEST:
        yield RefusedError(
            f"Server '{access.name}' memakai PostgreSQL versi {major}; yang didukung mulai versi {OLDEST}.",
            "Naikkan versi server (pg_upgrade); versi itu pun tidak lagi diperbaiki pembuatnya.",
        )
        return
    try:
        version = access.tool_version(program)
    except JagadataError as error:
        yield error
        return
    if int(version.partition(".")[0]) != major:
        yield RefusedError(
            f"{program} versi {version} tidak cocok dengan server '{access.name}' versi {major}.",
            f"Pasang paket postgresql-client-{major} dan tunjuk foldernya lewat servers[].tools (/usr/lib/postgresql/{major}/bin).",
        )


def open_or_tell(
    access: Access, database: str, role: Role
) -> tuple[psycopg.Connection[Any] | None, list[JagadataError]]:
    try:
        return access.connect(database, role), []
    except JagadataError as error:
        return None, [error]


def check_dump(access: Access, name: str) -> list[JagadataError]:
    """Every reason why a dump of this database would fail or be incomplete."""
    connection, faults = open_or_tell(access, name, "dump")
    if connection is None:
        return faults
    with connection:
        try:
            faults += check_tool(access, "pg_dump", connection.info.server_version // 10000)
            faults += _check_privileges(connection, access.logins["dump"].user, name)
        except psycopg.Error as error:
            faults.append(access.explain(error))
    return faults


def _check_privileges(connection: psycopg.Connection[Any], user: str, name: str) -> Iterator[JagadataError]:
    superuser, bypass = read_flags(connection, "rolsuper", "rolbypassrls")
    if superuser:
        return
    grantee = sql.Identifier(user).as_string()
    if not is_member(connection, "pg_read_all_data"):
        yield (make_privilege(name, "membaca semua tabel", f"GRANT pg_read_all_data TO {grantee};"))
    secured = connection.execute(_ROW_SECURITY).fetchone()
    if secured and secured[0] and not bypass:
        yield (
            make_privilege(
                name, "membaca tabel dengan row level security", f"ALTER ROLE {grantee} BYPASSRLS;"
            )
        )
    mappings = connection.execute(_USER_MAPPINGS).fetchone()
    if mappings and mappings[0]:
        yield (
            RefusedError(
                f"Basis data '{name}' memuat {mappings[0]} user mapping (foreign data); isinya hanya terbaca superuser.",
                "Hapus user mapping itu; sandi ke server asing dibuat kembali sesudah restore (CREATE USER MAPPING).",
            )
        )
    large = connection.execute(_UNREADABLE_LARGE_OBJECTS).fetchone()
    if large and large[0]:
        yield (
            make_privilege(
                name,
                f"membaca {large[0]} large object",
                f"ALTER ROLE {grantee} SET lo_compat_privileges = on;",
            )
        )


def read_flags(connection: psycopg.Connection[Any], *columns: str) -> tuple[bool, ...]:
    query = sql.SQL("SELECT {} FROM pg_catalog.pg_roles WHERE rolname = current_user").format(
        sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    found = connection.execute(query).fetchone()
    return tuple(bool(value) for value in found) if found else tuple(False for _ in columns)


def is_member(connection: psycopg.Connection[Any], role: str) -> bool:
    """May act with the role's privileges, and from 16 on become it (SET)."""
    found = connection.execute(
        "SELECT pg_has_role(current_user, oid, 'USAGE') FROM pg_catalog.pg_roles WHERE rolname = %s", (role,)
    ).fetchone()
    if not (found and found[0]):
        return False
    if connection.info.server_version < 160000 or role.startswith("pg_"):
        return True
    found = connection.execute("SELECT pg_has_role(current_user, %s::name, 'SET')", (role,)).fetchone()
    return bool(found and found[0])


def make_privilege(name: str, what: str, statement: str) -> JagadataError:
    return RefusedError(f"Hak kurang pada '{name}': {what}.", f"Jalankan sebagai superuser: {statement}")
