"""Before anything is touched: every reason why a dump or a restore would fail or lose something, each with what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from jagadata.adapters.postgres_properties import missing_roles
from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from jagadata.adapters.postgres_access import Access, Role
    from jagadata.ports import DatabaseProperties

_UNREADABLE_LARGE_OBJECTS = """
SELECT count(*) FROM pg_catalog.pg_largeobject_metadata m
WHERE NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (
  SELECT FROM aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
"""
_ROW_SECURITY = "SELECT count(*) FROM pg_catalog.pg_class WHERE relrowsecurity"
_FIXED = (
    (
        "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE database = %s",
        "slot replikasi logis",
        "Hapus atau pindahkan slot itu lebih dahulu (pg_drop_replication_slot).",
    ),
    (
        "SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = %s",
        "langganan (subscription)",
        "Hapus langganan itu lebih dahulu (DROP SUBSCRIPTION).",
    ),
    (
        "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = %s",
        "transaksi tertunda (prepared)",
        "Selesaikan dengan COMMIT PREPARED atau ROLLBACK PREPARED.",
    ),
)
_SUPERUSERS_OBJECTS = """
SELECT o.name FROM (
  SELECT n.nspname || '.' || c.relname AS name, c.relowner AS owner, c.oid, 'pg_catalog.pg_class'::regclass AS catalog
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL SELECT n.nspname || '.' || p.proname || '()', p.proowner, p.oid, 'pg_catalog.pg_proc'::regclass
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL SELECT nspname, nspowner, oid, 'pg_catalog.pg_namespace'::regclass
  FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')) o
JOIN pg_catalog.pg_roles r ON r.oid = o.owner AND r.rolsuper
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = o.catalog AND d.objid = o.oid AND d.deptype = 'e')
ORDER BY 1 LIMIT 6
"""
"""What belongs to a superuser (whom pg_shdepend does not count): only a superuser can give it back to them."""

"""What stays behind or forbids a rename: query, what it is, what to do."""


def check_tool(access: Access, program: str, major: int) -> Iterator[JagadataError]:
    """The client program must be of the server's major version."""
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


def _open(
    access: Access, database: str, role: Role
) -> tuple[psycopg.Connection[Any] | None, list[JagadataError]]:
    try:
        return access.connect(database, role), []
    except JagadataError as error:
        return None, [error]


def check_dump(access: Access, name: str) -> list[JagadataError]:
    """Every reason why a dump of this database would fail or be incomplete."""
    connection, faults = _open(access, name, "dump")
    if connection is None:
        return faults
    user = access.logins["dump"].user
    with connection:
        faults += check_tool(access, "pg_dump", connection.info.server_version // 10000)
        superuser, bypass = _flags(connection, "rolsuper", "rolbypassrls")
        if superuser:
            return faults
        grantee = sql.Identifier(user).as_string()
        if not _is_member(connection, "pg_read_all_data"):
            faults.append(_privilege(name, "membaca semua tabel", f"GRANT pg_read_all_data TO {grantee};"))
        secured = connection.execute(_ROW_SECURITY).fetchone()
        if secured and secured[0] and not bypass:
            faults.append(
                _privilege(
                    name, "membaca tabel dengan row level security", f"ALTER ROLE {grantee} BYPASSRLS;"
                )
            )
        large = connection.execute(_UNREADABLE_LARGE_OBJECTS).fetchone()
        if large and large[0]:
            faults.append(
                _privilege(
                    name,
                    f"membaca {large[0]} large object",
                    f"SQL large object dari `jaga db prepare {access.name}`",
                )
            )
    return faults


def check_restore(access: Access, name: str, properties: DatabaseProperties | None) -> list[JagadataError]:
    """Every reason why a restore beside and a rename would fail or lose something."""
    if name == access.maintenance_database:
        return [
            RefusedError(
                f"Basis data '{name}' adalah basis data pemeliharaan server dan tidak dapat ditukar namanya.",
                "Pilih maintenance_database lain di berkas kantor, misalnya 'postgres'.",
            )
        ]
    connection, faults = _open(access, "", "restore")
    if connection is None:
        return faults
    with connection:
        faults += check_tool(access, "pg_restore", connection.info.server_version // 10000)
        for query, what, hint in _FIXED:
            found = [str(row[0]) for row in connection.execute(query, (name,))]
            if found:
                faults.append(
                    RefusedError(
                        f"Basis data '{name}' memiliki {what} yang tidak ikut pindah: {', '.join(found)}.",
                        hint,
                    )
                )
        cron = connection.execute("SELECT current_setting('cron.database_name', true)").fetchone()
        if cron and cron[0] == name:
            faults.append(
                RefusedError(
                    f"Basis data '{name}' dipakai pg_cron (cron.database_name).",
                    "Pindahkan pg_cron ke basis data lain lebih dahulu.",
                )
            )
        superuser, createdb, createrole = _flags(connection, "rolsuper", "rolcreatedb", "rolcreaterole")
        if not superuser:
            faults += _restore_privileges(
                access, connection, name, properties, createdb=createdb, createrole=createrole
            )
    return faults


def _restore_privileges(
    access: Access,
    connection: psycopg.Connection[Any],
    name: str,
    properties: DatabaseProperties | None,
    *,
    createdb: bool,
    createrole: bool,
) -> Iterator[JagadataError]:
    grantee = sql.Identifier(access.logins["restore"].user).as_string()
    if not createdb:
        yield _privilege(name, "membuat dan mengganti nama basis data", f"ALTER ROLE {grantee} CREATEDB;")
    if not _is_member(connection, "pg_signal_backend"):
        yield _privilege(name, "mengakhiri sesi", f"GRANT pg_signal_backend TO {grantee};")
    missing = missing_roles(access, properties) if properties else []
    if missing and not createrole:
        statements = " ".join(
            sql.SQL("CREATE ROLE {} NOLOGIN;").format(sql.Identifier(role)).as_string() for role in missing
        )
        yield _privilege(name, f"membuat peran {', '.join(missing)}", statements)
    owners = (
        {str(role["name"]) for role in properties.roles if role["owns"]} | {properties.owner}
        if properties
        else set()
    )
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = %s", (name,)
    ).fetchone()
    owners |= {found[0]} if found else set()
    for owner in sorted(owners - set(missing)):
        if not _is_member(connection, owner):
            yield _privilege(
                name,
                f"bertindak sebagai pemilik '{owner}'",
                f"GRANT {sql.Identifier(owner).as_string()} TO {grantee};",
            )
    if found:
        yield from _superuser_only(access, name)
    for role in (
        sorted({role for role, _, _ in properties.role_settings} - owners - set(missing))
        if properties
        else ()
    ):
        if not _is_member(connection, role):
            statement = f"GRANT {sql.Identifier(role).as_string()} TO {grantee};"
            yield _privilege(name, f"memulihkan pengaturan peran '{role}'", statement)


def _superuser_only(access: Access, name: str) -> Iterator[JagadataError]:
    """Objects of the live database that only a superuser can make again."""
    connection, faults = _open(access, name, "dump")
    yield from faults
    if connection is None:
        return
    queries = (
        (
            (
                "SELECT e.extname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_available_extension_versions v "
                "ON v.name = e.extname AND v.version = e.extversion WHERE v.superuser AND NOT v.trusted AND e.extname <> 'plpgsql'"
            ),
            "ekstensi",
        ),
        ("SELECT evtname FROM pg_catalog.pg_event_trigger", "event trigger"),
        ("SELECT pubname FROM pg_catalog.pg_publication WHERE puballtables", "publikasi semua tabel"),
        (_SUPERUSERS_OBJECTS, "objek milik superuser"),
    )
    with connection:
        for query, what in queries:
            found = [str(row[0]) for row in connection.execute(query)]
            if found:
                yield RefusedError(
                    f"Basis data '{name}' memuat {what} yang hanya dapat dipulihkan superuser: {', '.join(found)}.",
                    "Alihkan ke pemilik aplikasi (ALTER … OWNER TO), hapus, atau pakai login superuser sebagai 'restore' untuk server ini.",
                )


def _flags(connection: psycopg.Connection[Any], *columns: str) -> tuple[bool, ...]:
    query = sql.SQL("SELECT {} FROM pg_catalog.pg_roles WHERE rolname = current_user").format(
        sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    found = connection.execute(query).fetchone()
    return tuple(bool(value) for value in found) if found else tuple(False for _ in columns)


def _is_member(connection: psycopg.Connection[Any], role: str) -> bool:
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


def _privilege(name: str, what: str, statement: str) -> JagadataError:
    return RefusedError(f"Hak kurang pada '{name}': {what}.", f"Jalankan sebagai superuser: {statement}")
