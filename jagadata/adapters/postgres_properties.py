"""What belongs to a database but not into its dump: read it, make an empty database like it, and finish that one."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.errors import JagadataError, NotFoundError, RefusedError
from jagadata.ports import DatabaseProperties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.adapters.postgres_access import Access

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
_LISTS = ("local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces")
"""Settings that hold a list of names: quoted one by one (as pg_dumpall does, GUC_LIST_QUOTE)."""

_DATABASE = """
SELECT to_jsonb(d), pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), t.spcname,
       shobj_description(d.oid, 'pg_database'), d.datacl IS NOT NULL
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
WHERE d.datname = %s
"""
_GRANTS = """
SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_database d, aclexplode(d.datacl) a WHERE d.datname = %s AND a.grantee <> d.datdba ORDER BY 1, 2
"""
_SETTINGS = """
SELECT CASE WHEN s.setrole = 0 THEN '' ELSE pg_get_userbyid(s.setrole) END, unnest(s.setconfig)
FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase WHERE d.datname = %s ORDER BY 1, 2
"""
_ROLES = """
SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls,
       r.rolconnlimit, bool_or(x.owns),
       ARRAY(SELECT pg_get_userbyid(m.roleid) FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid ORDER BY 1)
FROM pg_catalog.pg_roles r JOIN (
  SELECT s.refobjid AS oid, s.deptype = 'o' AS owns FROM pg_catalog.pg_shdepend s, pg_catalog.pg_database d
  WHERE d.datname = %(name)s AND s.refclassid = 'pg_catalog.pg_authid'::regclass
    AND (s.dbid = d.oid OR (s.dbid = 0 AND s.classid = 'pg_catalog.pg_database'::regclass AND s.objid = d.oid))
  UNION SELECT datdba, true FROM pg_catalog.pg_database WHERE datname = %(name)s
  UNION SELECT s.setrole, false FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
  WHERE d.datname = %(name)s) x ON x.oid = r.oid
WHERE r.rolname !~ '^pg_' GROUP BY r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
  r.rolreplication, r.rolbypassrls, r.rolconnlimit ORDER BY 1
"""
_ROLE_FIELDS = (
    "name",
    "super",
    "inherit",
    "createrole",
    "createdb",
    "login",
    "replication",
    "bypassrls",
    "limit",
    "owns",
    "member_of",
)


def read_properties(access: Access, name: str) -> DatabaseProperties:
    """Raises NotFoundError."""
    with access.connect(role="dump") as connection:
        found = connection.execute(_DATABASE, (name,)).fetchone()
        if found is None:
            raise NotFoundError(
                f"Basis data '{name}' tidak ada di server '{access.name}'.",
                "Periksa namanya di berkas kantor.",
            )
        row, owner, encoding, tablespace, comment, has_grants = found
        settings = [
            (role, *entry.split("=", 1)) for role, entry in connection.execute(_SETTINGS, (name,)).fetchall()
        ]
        return DatabaseProperties(
            name=name,
            owner=owner,
            encoding=encoding,
            locale_provider=_PROVIDERS[row["datlocprovider"]],
            collate=row["datcollate"],
            ctype=row["datctype"],
            locale=row.get("datlocale") or row.get("daticulocale"),
            icu_rules=row.get("daticurules"),
            tablespace=tablespace,
            connection_limit=row["datconnlimit"],
            comment=comment,
            grants=tuple(
                (grantee, privilege, grantable)
                for grantee, privilege, grantable in connection.execute(_GRANTS, (name,))
            ),
            public_revoked=has_grants,
            settings=tuple((key, value) for role, key, value in settings if not role),
            role_settings=tuple((role, key, value) for role, key, value in settings if role),
            roles=tuple(
                dict(zip(_ROLE_FIELDS, item, strict=True))
                for item in connection.execute(_ROLES, {"name": name})
            ),
        )


def missing_roles(access: Access, properties: DatabaseProperties) -> list[str]:
    """Roles that the database names and the server does not have."""
    wanted = {str(role["name"]) for role in properties.roles} | {properties.owner}
    with access.connect() as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    return sorted(wanted - known)


def create_side(access: Access, side: str, properties: DatabaseProperties) -> int:
    """An empty database like the one described; missing roles become NOLOGIN. Returns its OID."""
    with access.connect() as connection:
        _create_roles(connection, missing_roles(access, properties))
        try:
            connection.execute(_make_create(side, properties))
        except psycopg.Error as error:
            raise JagadataError(
                f"Basis data '{side}' tidak dapat dibuat di '{access.name}': {_first_line(error)}",
                f"Jalankan SQL dari `jaga db prepare {access.name}`, atau samakan encoding dan locale server.",
            ) from error
        found = connection.execute(
            "SELECT oid FROM pg_catalog.pg_database WHERE datname = %s", (side,)
        ).fetchone()
        oid: int = found[0] if found else 0
        return oid


def _make_create(side: str, properties: DatabaseProperties) -> sql.Composed:
    parts = [
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} OWNER {}").format(
            sql.Identifier(side), sql.Literal(properties.encoding), sql.Identifier(properties.owner)
        ),
        sql.SQL("LOCALE_PROVIDER {}").format(sql.SQL(properties.locale_provider)),
        sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(
            sql.Literal(properties.collate), sql.Literal(properties.ctype)
        ),
    ]
    if (
        properties.tablespace != "pg_default"
    ):  # naming the default asks for a privilege that leaving it out does not
        parts.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(properties.tablespace)))
    if properties.locale and properties.locale_provider in ("icu", "builtin"):
        word = "ICU_LOCALE" if properties.locale_provider == "icu" else "BUILTIN_LOCALE"
        parts.append(sql.SQL(word + " {}").format(sql.Literal(properties.locale)))
    if properties.icu_rules:
        parts.append(sql.SQL("ICU_RULES {}").format(sql.Literal(properties.icu_rules)))
    return sql.SQL(" ").join(parts)


def _create_roles(connection: psycopg.Connection[Any], missing: Sequence[str]) -> None:
    for role in missing:
        try:
            with connection.transaction():
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
                superuser = connection.execute(
                    "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
                ).fetchone()
                if not (superuser and superuser[0]):
                    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
        except psycopg.errors.DuplicateObject:
            continue
        except psycopg.errors.InsufficientPrivilege as error:
            statements = "; ".join(
                sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)).as_string() for name in missing
            )
            raise RefusedError(
                f"Peran {', '.join(missing)} tidak ada di server dan peran restore tidak boleh membuatnya.",
                f"Jalankan sebagai superuser: {statements};",
            ) from error


def finish_side(access: Access, side: str, properties: DatabaseProperties) -> None:
    """Grants, settings, role settings, connection limit, comment; then ANALYZE (pg_dump before 18 carries no statistics)."""
    name = sql.Identifier(side)
    statements: list[sql.Composed] = []
    if properties.public_revoked:
        statements.append(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for grantee, privilege, grantable in properties.grants:
        statements.append(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(privilege),
                name,
                sql.Identifier(grantee) if grantee else sql.SQL("PUBLIC"),
                sql.SQL(" WITH GRANT OPTION" if grantable else ""),
            )
        )
    statements += [
        sql.SQL("ALTER DATABASE {} SET {} TO {}").format(name, _setting(key), _value(key, value))
        for key, value in properties.settings
    ]
    for role, key, value in properties.role_settings:  # a role may set its own defaults; being one is enough
        own, setting = sql.Identifier(role), _setting(key)
        statements += [
            sql.SQL("SET ROLE {}").format(own),
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} TO {}").format(
                own, name, setting, _value(key, value)
            ),
            sql.Composed([sql.SQL("RESET ROLE")]),
        ]
    if properties.connection_limit >= 0:
        statements.append(
            sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(
                name, sql.Literal(properties.connection_limit)
            )
        )
    if properties.comment:
        statements.append(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(properties.comment))
        )
    with access.connect(side) as connection:
        for statement in [*statements, sql.Composed([sql.SQL("ANALYZE")])]:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                raise JagadataError(
                    f"Sifat basis data '{properties.name}' tidak dapat dipulihkan ({statement.as_string()[:120]}): {_first_line(error)}",
                    f"Jalankan SQL dari `jaga db prepare {access.name}`, lalu ulangi.",
                ) from error


def _setting(name: str) -> sql.Composed:
    return sql.SQL(".").join(sql.Identifier(part) for part in name.split("."))


def _value(name: str, value: str) -> sql.Composed:
    if name not in _LISTS:
        return sql.Composed([sql.Literal(value)])
    names = next(csv.reader([value], skipinitialspace=True), [])
    return sql.SQL(", ").join(sql.Literal(part) for part in names or [""])


def _first_line(error: psycopg.Error) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
