"""Before a restore: every reason why it would fail or lose something, each with what mends it. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.dump_checks import (
    check_tool,
    is_member,
    make_privilege,
    open_or_tell,
    read_flags,
)
from jagadata.adapters.postgres.extensions import EXTENSION
from jagadata.adapters.postgres.login_checks import check_loader, is_lender
from jagadata.adapters.postgres.properties import missing_roles
from jagadata.adapters.postgres.trial import try_properties
from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties

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
"""What stays behind or forbids a rename: query, what it is, what to do."""


class MissingRolesError(RefusedError):
    """Roles that have to be made first: the only fault with which the rest can still be tried."""


def check_restore(
    access: Access, system: str, name: str, properties: DatabaseProperties | None
) -> list[JagadataError]:
    """Every reason why a restore beside and a rename would fail or lose something."""
    if name == access.maintenance_database:
        return [
            RefusedError(
                f"Basis data '{name}' adalah basis data pemeliharaan server dan tidak dapat ditukar namanya.",
                "Pilih own_database lain di berkas kantor, misalnya 'jagadata'.",
            )
        ]
    connection, faults = open_or_tell(access, "", "restore")
    if connection is None:
        return faults
    user = sql.Identifier(access.login("restore").user).as_string()
    missing: list[str] = []
    with connection:
        try:
            faults += check_tool(access, "pg_restore", connection.info.server_version // 10000)
            faults += _check_rename(connection, name, access.login("restore").user)
            faults += check_loader(access, connection)
            if properties:
                missing = missing_roles(access, properties)
                faults += _check_parts(connection, properties)
            createdb, createrole = read_flags(connection, "rolcreatedb", "rolcreaterole")
            faults += _check_own_rights(connection, user, name, createdb=createdb)
            faults += _check_roles(connection, user, name, properties, missing, createrole=createrole)
            if properties:
                faults += _check_superuser_only(properties, extends="extend" in access.logins)
                if not [fault for fault in faults if not isinstance(fault, MissingRolesError)]:
                    faults += try_properties(access, system, properties, missing)
        except psycopg.Error as error:
            faults.append(access.explain(error))
        except JagadataError as error:
            faults.append(error)
    return faults


def _check_own_rights(
    connection: psycopg.Connection[Any], user: str, name: str, *, createdb: bool
) -> Iterator[JagadataError]:
    if not createdb:
        yield make_privilege(name, "membuat dan mengganti nama basis data", f"ALTER ROLE {user} CREATEDB;")
    for role, what in (
        ("pg_signal_backend", "mengakhiri sesi"),
        ("pg_read_all_stats", "melihat sesi yang masih terbuka"),
    ):
        if not is_member(connection, role):
            yield make_privilege(name, what, f"GRANT {role} TO {user};")


def _check_rename(connection: psycopg.Connection[Any], name: str, user: str) -> Iterator[JagadataError]:
    for query, what, hint in _FIXED:
        found = [str(row[0]) for row in connection.execute(query, (name,))]
        if found:
            yield RefusedError(
                f"Basis data '{name}' memiliki {what} yang tidak ikut pindah: {', '.join(found)}.", hint
            )
    try:
        cron = connection.execute("SELECT current_setting('cron.database_name', true)").fetchone()
    except psycopg.errors.InsufficientPrivilege:  # pg_cron is there, and shows its settings to few
        yield make_privilege(
            name,
            "melihat pengaturan pg_cron",
            f"GRANT pg_read_all_settings TO {sql.Identifier(user).as_string()};",
        )
        return
    if cron and cron[0] == name:
        yield RefusedError(
            f"Basis data '{name}' dipakai pg_cron (cron.database_name).",
            "Pindahkan pg_cron ke basis data lain lebih dahulu.",
        )


def _check_parts(
    connection: psycopg.Connection[Any], properties: DatabaseProperties
) -> Iterator[JagadataError]:
    """Extensions and tablespaces that the database needs and this server lacks."""
    available = {
        str(row[0]) for row in connection.execute("SELECT name FROM pg_catalog.pg_available_extensions")
    }
    lacking = sorted(name for name, _ in properties.extensions if name not in available)
    if lacking:
        yield RefusedError(
            f"Ekstensi yang dipakai '{properties.name}' belum terpasang di server: {', '.join(lacking)}.",
            "Pasang paketnya di server basis data (misalnya postgresql-contrib atau postgresql-VERSI-NAMA), lalu ulangi.",
        )
    for space in sorted({properties.tablespace, *properties.tablespaces} - {"pg_default"}):
        query = (
            "SELECT has_tablespace_privilege(oid, 'CREATE') FROM pg_catalog.pg_tablespace WHERE spcname = %s"
        )
        found = connection.execute(query, (space,)).fetchone()
        identifier = sql.Identifier(space).as_string()
        if found is None:
            yield RefusedError(
                f"Tablespace '{space}' yang dipakai '{properties.name}' tidak ada di server.",
                f"Buat folder milik PostgreSQL, lalu jalankan sebagai superuser: CREATE TABLESPACE {identifier} LOCATION 'FOLDER';",
            )
        elif not found[0]:
            owner = sql.Identifier(properties.owner).as_string()
            yield make_privilege(
                properties.name,
                f"memakai tablespace '{space}'",
                f"GRANT CREATE ON TABLESPACE {identifier} TO {owner};",
            )


def _check_roles(
    connection: psycopg.Connection[Any],
    user: str,
    name: str,
    properties: DatabaseProperties | None,
    missing: list[str],
    *,
    createrole: bool,
) -> Iterator[JagadataError]:
    """The restore login lends every owner, and acts for the database's owner and for whoever has settings of their own in it."""
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = %s", (name,)
    ).fetchone()
    acting = {str(found[0])} if found else set()
    owners = set(acting)
    if properties:
        acting |= {properties.owner} | {role for role, _, _ in properties.role_settings}
        owners |= acting | {str(role["name"]) for role in properties.roles if role["owns"]}
    if missing and not createrole:
        statements = [f"CREATE ROLE {sql.Identifier(role).as_string()} NOLOGIN;" for role in missing]
        statements += [
            f"GRANT {sql.Identifier(role).as_string()} TO {user} WITH ADMIN OPTION;"
            for role in missing
            if role in owners
        ]
        yield MissingRolesError(
            f"Hak kurang pada '{name}': membuat peran {', '.join(missing)}.",
            f"Jalankan sebagai superuser: {' '.join(statements)}",
        )
    superusers = {
        str(row[0]) for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper")
    }
    for owner in sorted(owners - set(missing)):
        identifier = sql.Identifier(owner).as_string()
        if owner in superusers:
            yield RefusedError(
                f"Basis data '{name}' milik superuser '{owner}' atau memuat pengaturan untuknya; login restore tidak boleh menjadi superuser.",
                f"Alihkan kepada peran aplikasi (ALTER DATABASE … OWNER TO, REASSIGN OWNED BY {identifier} TO …) sebelum back up berikutnya.",
            )
        elif not is_lender(connection, owner) or (owner in acting and not is_member(connection, owner)):
            yield make_privilege(
                name,
                f"bertindak sebagai pemilik '{owner}'",
                f"GRANT {identifier} TO {user} WITH ADMIN OPTION;",
            )


def _check_superuser_only(properties: DatabaseProperties, *, extends: bool) -> Iterator[JagadataError]:
    """`extends`: there is a login that makes extensions in an empty database."""
    groups: dict[str, list[str]] = {}
    for what, item in properties.superuser_only:
        if extends and what == EXTENSION:
            continue
        groups.setdefault(what, []).append(item)
    for what, items in groups.items():
        yield RefusedError(
            f"Basis data '{properties.name}' memuat yang hanya dapat dipulihkan superuser, {what}: {', '.join(items)}.",
            "Ekstensi: isi servers[].extensions di berkas kantor."
            if what == EXTENSION
            else "Alihkan ke pemilik aplikasi (ALTER … OWNER TO) atau hapus sebelum back up berikutnya.",
        )
