"""What belongs to a database but not into its dump, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jagadata.errors import DamagedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagadata.adapters.postgres.access import Access

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
_DATABASE = """
SELECT to_jsonb(d), pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), t.spcname,
       shobj_description(d.oid, 'pg_database')
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
WHERE d.datname = %s
"""
_GRANTS = """
SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = %s AND a.grantee <> d.datdba ORDER BY 1, 2
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


_EXTENSIONS = "SELECT extname, extversion FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"
_TABLESPACES = """
SELECT DISTINCT t.spcname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE t.spcname <> 'pg_global' ORDER BY 1
"""
_SUPERUSER_ONLY = (Path(__file__).parent / "superuser_only.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class DatabaseProperties:
    """What belongs to a database but not into its dump: needed to make it again as it was.

    `grants`, `settings`, `role_settings` are SQL-free values: grants as (grantee, privileges, grantable), settings as (name, value).
    """

    name: str
    owner: str
    encoding: str
    locale_provider: str  # libc, icu, builtin
    collate: str
    ctype: str
    locale: str | None = None  # ICU or builtin locale
    icu_rules: str | None = None
    tablespace: str = "pg_default"
    connection_limit: int = -1
    comment: str | None = None
    grants: Sequence[tuple[str, str, bool]] = ()
    public_revoked: bool = False  # grants are all that there are; False: written before, where nothing was ever granted or revoked
    settings: Sequence[tuple[str, str]] = ()
    role_settings: Sequence[tuple[str, str, str]] = ()  # role, name, value
    roles: Sequence[
        dict[str, Any]
    ] = ()  # every role named in the database, attributes and memberships, no passwords
    extensions: Sequence[tuple[str, str]] = ()  # name, version
    tablespaces: Sequence[str] = ()  # of tables and indexes that lie outside the database's own
    superuser_only: Sequence[tuple[str, str]] = ()  # what, name: what only a superuser can restore

    @property
    def owners(self) -> list[str]:
        """Whoever owns the database or anything in it, superusers aside."""
        return sorted({self.owner} | {str(role["name"]) for role in self.roles if _is_owner(role)})


def _is_owner(role: Mapping[str, Any]) -> bool:
    return bool(role["owns"]) and not role.get("super")


def parse_properties(value: Mapping[str, Any]) -> DatabaseProperties:
    """The properties that a back up holds. Raises DamagedError for what is none, or of another version."""
    try:
        return DatabaseProperties(**value)
    except TypeError as error:
        raise DamagedError(
            "Sifat basis data dalam back up ini tidak dapat dibaca, atau ditulis versi Jagadata lain.",
            "Pakai versi Jagadata yang membuat back up ini, atau pilih back up lain.",
        ) from error


def read_properties(access: Access, name: str) -> DatabaseProperties:
    """Raises NotFoundError."""
    with access.session(name, "dump") as connection:
        found = connection.execute(_DATABASE, (name,)).fetchone()
        if found is None:
            raise NotFoundError(
                f"Basis data '{name}' tidak ada di server '{access.name}'.",
                "Periksa namanya di berkas kantor.",
            )
        row, owner, encoding, tablespace, comment = found
        settings = [
            (role, *entry.split("=", 1)) for role, entry in connection.execute(_SETTINGS, (name,)).fetchall()
        ]
        return DatabaseProperties(
            name=name,
            owner=owner,
            encoding=encoding,
            locale_provider=PROVIDERS[row.get("datlocprovider", "c")],  # from version 15 on
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
            public_revoked=True,
            settings=tuple((key, value) for role, key, value in settings if not role),
            role_settings=tuple((role, key, value) for role, key, value in settings if role),
            roles=tuple(
                dict(zip(_ROLE_FIELDS, item, strict=True))
                for item in connection.execute(_ROLES, {"name": name})
            ),
            extensions=tuple(connection.execute(_EXTENSIONS).fetchall()),
            tablespaces=tuple(str(row[0]) for row in connection.execute(_TABLESPACES)),
            superuser_only=tuple(connection.execute(_SUPERUSER_ONLY).fetchall()),
        )


def missing_roles(access: Access, properties: DatabaseProperties) -> list[str]:
    """Roles that the database names and the server does not have."""
    wanted = {str(role["name"]) for role in properties.roles} | {properties.owner}
    with access.session() as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    return sorted(wanted - known)
