"""Whether a database can be made again as it was: the server is asked, with an empty one that is gone afterwards."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.dump_checks import make_privilege
from jagadata.adapters.postgres.locks import hash_key
from jagadata.adapters.postgres.side import make_create, make_grants, make_settings, run_as
from jagadata.errors import JagadataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.properties import DatabaseProperties


def make_trial_name(system: str) -> str:
    """One a system, so that what a dead check left is found by the next."""
    return f"jagadata_coba_{hashlib.sha256(system.encode()).hexdigest()[:12]}"


def try_properties(
    access: Access, system: str, properties: DatabaseProperties, missing: Sequence[str]
) -> list[JagadataError]:
    """What the server refuses of these properties, each with what mends it. `missing`: roles that are still to be made."""
    name = make_trial_name(system)
    here = _without(properties, missing)
    with access.session(patient=True) as connection:
        connection.execute("SELECT pg_catalog.pg_advisory_lock(%s)", (hash_key(f"jagadata-coba:{system}"),))
        with _trial(access, connection, name, here) as fault:
            if fault:
                return [fault]
            return [
                *_try_settings(access, connection, name, properties, missing),
                *_try(connection, make_grants(name, here), here),
            ]


def _without(properties: DatabaseProperties, missing: Sequence[str]) -> DatabaseProperties:
    """The same without the roles that are not there yet."""
    return replace(
        properties,
        owner="" if properties.owner in missing else properties.owner,
        grants=[grant for grant in properties.grants if grant[0] not in missing],
        connection_limit=-1,
    )


@contextlib.contextmanager
def _trial(
    access: Access, connection: psycopg.Connection[Any], name: str, properties: DatabaseProperties
) -> Iterator[JagadataError | None]:
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    owner = properties.owner or access.login("restore").user
    connection.execute(drop)
    try:
        try:
            connection.execute(
                make_create(name, replace(properties, owner=owner), connection.info.server_version)
            )
            fault = None
        except JagadataError as error:
            fault = error
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            fault = RefusedError(
                f"Server '{access.name}' tidak dapat membuat basis data seperti '{properties.name}': {str(error).splitlines()[0]}",
                "Pasang locale, encoding, atau tablespace yang sama di server itu (misalnya `locale-gen`), lalu ulangi.",
            )
        yield fault
    finally:
        with contextlib.suppress(psycopg.Error):
            connection.execute(drop)


def _try_settings(
    access: Access,
    connection: psycopg.Connection[Any],
    name: str,
    properties: DatabaseProperties,
    missing: Sequence[str],
) -> Iterator[JagadataError]:
    user = access.login("restore").user
    wanted = [(None, key, value) for key, value in properties.settings]
    for role, key, value in [*wanted, *properties.role_settings]:
        plain = replace(properties, settings=((key, value),), role_settings=(), comment=None)
        own = replace(properties, settings=(), role_settings=((role or "", key, value),), comment=None)
        try:
            for statement in make_settings(name, plain if role is None or role in missing else own):
                connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            yield _explain_right(properties, key, role, user, missing)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            yield RefusedError(
                f"Pengaturan '{key}' pada '{properties.name}' ditolak server '{access.name}': {str(error).splitlines()[0]}",
                "Pasang yang dipakai pengaturan itu di server, atau hapus pengaturannya (ALTER DATABASE … RESET …) sebelum back up berikutnya.",
            )
        finally:
            run_as(connection, None)


def _explain_right(
    properties: DatabaseProperties, key: str, role: str | None, user: str, missing: Sequence[str]
) -> JagadataError:
    grantee = sql.Identifier(role or user).as_string()
    made = (
        f"CREATE ROLE {grantee} NOLOGIN; GRANT {grantee} TO {sql.Identifier(user).as_string()} WITH ADMIN OPTION; "
        if role in missing
        else ""
    )
    parameter = sql.SQL(".").join(map(sql.Identifier, key.split("."))).as_string()
    return make_privilege(
        properties.name,
        f"memulihkan pengaturan '{key}'",
        f"{made}GRANT SET ON PARAMETER {parameter} TO {grantee};",
    )


def _try(
    connection: psycopg.Connection[Any], statements: Sequence[sql.Composed], properties: DatabaseProperties
) -> Iterator[JagadataError]:
    for statement in statements:
        try:
            connection.execute(statement)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            yield RefusedError(
                f"Hak basis data '{properties.name}' ditolak server: {str(error).splitlines()[0]}",
                "Buat peran yang disebut, atau cabut haknya sebelum back up berikutnya.",
            )
