"""Whose rights reach too far: logins of ours, and owners that tie one system to another (docs/adr/0004)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jagadata.adapters.postgres.access import Access

_FLAGS = (
    "SELECT rolname, rolsuper, rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = ANY (%s) ORDER BY 1"
)
_OWNS = """
SELECT DISTINCT r.rolname, d.datname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
  OR r.oid IN (SELECT s.refobjid FROM pg_catalog.pg_shdepend s
               WHERE s.dbid = d.oid AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'o')
WHERE d.datname = ANY (%s) AND NOT r.rolsuper ORDER BY 1, 2
"""
_HELD = """
SELECT g.rolname FROM pg_catalog.pg_roles g
WHERE g.rolname = ANY (%s) AND pg_has_role(%s::name, g.oid, 'MEMBER') ORDER BY 1
"""
_MEMBERS = """
SELECT m.rolname, g.rolname FROM pg_catalog.pg_auth_members a
JOIN pg_catalog.pg_roles g ON g.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
WHERE g.rolname = ANY (%s) AND NOT m.rolsuper ORDER BY 1, 2
"""
_OPEN = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
               WHERE d.datname = current_database() AND a.grantee = 0)
"""


def check_loader(access: Access, connection: psycopg.Connection[Any]) -> Iterator[JagadataError]:
    """Whether a restore has its loading login; asked in the database of our own."""
    hint = f"Jalankan SQL dari `jaga db prepare {access.name}`."
    try:
        user = access.login("load").user
    except RefusedError as error:
        yield error
        return
    try:
        with connection.transaction():
            found = connection.execute("SELECT FROM jagadata.loader WHERE login = %s", (user,)).fetchone()
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.InsufficientPrivilege,
    ):
        found = None
    if found is None:
        yield RefusedError(f"Login pemuat '{user}' belum tercatat di server '{access.name}'.", hint)


def is_lender(connection: psycopg.Connection[Any], role: str) -> bool:
    """May make others members of it."""
    found = connection.execute(
        "SELECT pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') FROM pg_catalog.pg_roles WHERE rolname = %s",
        (role,),
    ).fetchone()
    return bool(found and found[0])


def check_logins(access: Access, neighbours: Mapping[str, str]) -> list[JagadataError]:
    """See ports.DataSource.check_logins. Asks catalogues only."""
    faults: list[JagadataError] = []
    if "load" not in access.logins:
        faults.append(
            RefusedError(
                f"Berkas kantor belum memuat rahasia server '{access.name}'; restore ditolak sampai itu diisi.",
                f"Pada servers '{access.name}': tambahkan `secret: env:JAGADATA_RAHASIA_PG` (isinya dari `openssl rand -base64 32`), "
                f"hapus dump.password dan restore.password, lalu jalankan SQL dari `jaga db prepare {access.name}`.",
            )
        )
    try:
        with access.session(role="restore") as connection:
            faults += _check_rights(access, connection, neighbours)
    except JagadataError as error:
        faults.append(error)
    return faults


def _check_rights(
    access: Access, connection: psycopg.Connection[Any], neighbours: Mapping[str, str]
) -> Iterator[JagadataError]:
    users = {login.user: role for role, login in access.logins.items() if role != "extend"}
    again = f"Jalankan SQL dari `jaga db prepare {access.name}`."
    for user, superuser, createrole in connection.execute(_FLAGS, (list(users),)).fetchall():
        name = sql.Identifier(user).as_string()
        if superuser:
            yield RefusedError(
                f"Login '{user}' adalah superuser: yang ditanam pemilik satu aplikasi dapat mengambil alih seluruh server.",
                f"Pakai login lain, atau jalankan sebagai superuser: ALTER ROLE {name} NOSUPERUSER; {again}",
            )
        if createrole and (users[user] != "restore" or connection.info.server_version < 160000):
            yield RefusedError(
                f"Login '{user}' memiliki CREATEROLE: pada versi server ini ia dapat mengambil hak peran mana pun.",
                f"Jalankan sebagai superuser: ALTER ROLE {name} NOCREATEROLE;",
            )
    owners: dict[str, str] = {}
    for owner, database in connection.execute(_OWNS, (list(neighbours),)).fetchall():
        owners.setdefault(owner, neighbours[database])
    for user, role in users.items():
        if role == "restore":
            continue
        held = (
            connection.execute(_HELD, (list(owners), user)).fetchall()
            if superuser_free(connection, user)
            else []
        )
        for (owner,) in held:
            yield RefusedError(
                f"Login '{user}' adalah anggota '{owner}', pemilik data sistem '{owners[owner]}'.",
                f"Jalankan sebagai superuser: REVOKE {sql.Identifier(owner).as_string()} FROM {sql.Identifier(user).as_string()};",
            )
    for member, user in connection.execute(_MEMBERS, (list(users),)).fetchall():
        yield RefusedError(
            f"Peran '{member}' dapat menjadi login '{user}'.",
            f"Jalankan sebagai superuser: REVOKE {sql.Identifier(user).as_string()} FROM {sql.Identifier(member).as_string()};",
        )
    found = connection.execute(_OPEN).fetchone()
    if found and found[0]:
        yield RefusedError(
            f"Basis data '{access.maintenance_database}' terbuka bagi semua login server (PUBLIC).", again
        )


def superuser_free(connection: psycopg.Connection[Any], user: str) -> bool:
    """A superuser is a member of every role; that is said once."""
    found = connection.execute(
        "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = %s", (user,)
    ).fetchone()
    return bool(found and not found[0])


def find_bridges(
    connection: psycopg.Connection[Any], name: str, neighbours: Mapping[str, str]
) -> Iterator[JagadataError]:
    """Roles that own something here and something of another system."""
    own = {str(owner) for owner, _ in connection.execute(_OWNS, ([name],)).fetchall()}
    shared: dict[str, set[str]] = {}
    for owner, database in connection.execute(_OWNS, (list(neighbours),)).fetchall():
        if owner in own:
            shared.setdefault(owner, set()).add(neighbours[database])
    for owner, systems in sorted(shared.items()):
        yield RefusedError(
            f"Peran '{owner}' memiliki objek di '{name}' dan di sistem lain ({', '.join(sorted(systems))}): "
            "yang ditanam di salah satunya menjangkau keduanya saat restore.",
            "Beri setiap sistem pemilik sendiri (ALTER … OWNER TO, REASSIGN OWNED BY … TO …).",
        )
