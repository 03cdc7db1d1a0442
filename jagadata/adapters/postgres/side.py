"""The database beside the live one: made empty like it, and finished with what its dump does not carry."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.identity import read_identities
from jagadata.adapters.postgres.properties import PROVIDERS, missing_roles
from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties

_LISTS = ("local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces")
"""Settings that hold a list of names: quoted one by one (as pg_dumpall does, GUC_LIST_QUOTE)."""

_PRIVILEGES = ("CREATE", "CONNECT", "TEMPORARY")


def create_side(
    access: Access, side: str, properties: DatabaseProperties, *, owner: str | None = None
) -> str:
    """An empty database like the one described; missing roles become NOLOGIN. Returns its identity.

    `owner`: whose it is for now.
    """
    with access.session(patient=True) as connection:
        _create_roles(connection, missing_roles(access, properties), properties)
        name = sql.Identifier(side)
        try:
            described = replace(properties, owner=owner or properties.owner)
            connection.execute(make_create(side, described, connection.info.server_version))
            # Nobody else may get in before it is whole: not while PUBLIC still could, and not afterwards.
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        except psycopg.Error as error:
            raise JagadataError(
                f"Basis data '{side}' tidak dapat dibuat di '{access.name}': {_first_line(error)}",
                f"Jalankan SQL dari `jaga db prepare {access.name}`, atau samakan encoding dan locale server.",
            ) from error
        return read_identities(connection, [side])[side]


def make_create(side: str, properties: DatabaseProperties, server_version: int) -> sql.Composed:
    """CREATE DATABASE with all that can't be changed afterwards. Raises RefusedError for a locale provider that nobody knows."""
    odd = {privilege for _, privilege, _ in properties.grants} - set(_PRIVILEGES)
    if properties.locale_provider not in PROVIDERS.values() or odd:
        raise RefusedError(
            f"Sifat basis data '{properties.name}' tidak dikenal: {properties.locale_provider} {' '.join(odd)}".strip()
            + ".",
            "Pakai versi Jagadata yang membuat back up ini.",
        )
    parts = [
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false ENCODING {} OWNER {}").format(
            sql.Identifier(side), sql.Literal(properties.encoding), sql.Identifier(properties.owner)
        ),
        sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(
            sql.Literal(properties.collate), sql.Literal(properties.ctype)
        ),
    ]
    if server_version >= 150000:
        parts.append(sql.SQL("LOCALE_PROVIDER {}").format(sql.SQL(properties.locale_provider)))
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


def _create_roles(
    connection: psycopg.Connection[Any], missing: Sequence[str], properties: DatabaseProperties
) -> None:
    """NOLOGIN, members of one another as they were; the restore role becomes a member too, so that it can act for them."""
    groups = {str(role["name"]): role.get("member_of", ()) for role in properties.roles}
    statements = [sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)) for role in missing]
    statements += [
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(role))
        for role in missing
        for group in groups.get(role, ())
        if group in missing
    ]
    superuser = connection.execute(
        "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
    ).fetchone()
    if not (superuser and superuser[0]):
        statements += [sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)) for role in missing]
    try:
        with connection.transaction():
            for statement in statements if missing else ():
                connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"Peran {', '.join(missing)} tidak ada di server dan peran restore tidak boleh membuatnya.",
            f"Jalankan sebagai superuser: {'; '.join(one.as_string() for one in statements[: len(missing)])};",
        ) from error
    except psycopg.errors.DuplicateObject as error:
        raise JagadataError(
            "Peran yang hilang sedang dibuat pihak lain.", "Ulangi.", transient=True
        ) from error


def finish_side(access: Access, side: str, properties: DatabaseProperties) -> None:
    """Settings, role settings, comment, from the maintenance database; who gets in is `open_side`."""
    _execute_all(access, make_settings(side, properties), properties)


def make_settings(side: str, properties: DatabaseProperties) -> list[sql.Composed]:
    name = sql.Identifier(side)
    statements = [
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
    if properties.comment:
        statements.append(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(properties.comment))
        )
    return statements


def run_as(connection: psycopg.Connection[Any], role: str | None) -> None:
    """Act as this role, or as the login itself again."""
    statement = sql.SQL("SET ROLE {}").format(sql.Identifier(role)) if role else sql.SQL("RESET ROLE")
    connection.execute(statement)


def open_side(access: Access, side: str, properties: DatabaseProperties) -> None:
    """Grants and the connection limit: they may shut us out too, so nothing of ours connects after it."""
    _execute_all(access, make_grants(side, properties), properties)


def make_grants(side: str, properties: DatabaseProperties) -> list[sql.Composed]:
    name = sql.Identifier(side)
    statements = [
        sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
            sql.SQL(privilege),
            name,
            sql.Identifier(grantee) if grantee else sql.SQL("PUBLIC"),
            sql.SQL(" WITH GRANT OPTION" if grantable else ""),
        )
        for grantee, privilege, grantable in properties.grants
    ]
    if not properties.public_revoked:  # as a database is made: nobody ever granted or revoked anything
        statements.append(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO PUBLIC").format(name))
    if properties.connection_limit >= 0:
        statements.append(
            sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(
                name, sql.Literal(properties.connection_limit)
            )
        )
    return statements


def _execute_all(access: Access, statements: Sequence[sql.Composed], properties: DatabaseProperties) -> None:
    with access.session(patient=True) as connection:
        for statement in statements:
            _set(access, connection, statement, properties)


def _set(
    access: Access,
    connection: psycopg.Connection[Any],
    statement: sql.Composed,
    properties: DatabaseProperties,
) -> None:
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
