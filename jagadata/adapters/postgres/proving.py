"""A backup restored for the test of it: into a throw-away server, by the same code and with the same rights as a real restore."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from jagadata.adapters.postgres.archive_file import LOADER, Archive, FullError
from jagadata.adapters.postgres.digests import list_tables, measure, read_sequences
from jagadata.adapters.postgres.extensions import EXTENSION
from jagadata.adapters.postgres.search_paths import find_paths
from jagadata.adapters.postgres.side import make_create
from jagadata.adapters.postgres.throwaway import find_binaries, find_major, size_megabytes, throw_away
from jagadata.adapters.postgres.tolerant_restore import TolerantRestore
from jagadata.errors import DamagedError, JagadataError, UntestedError
from jagadata.ports.proof import Restored

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from jagadata.adapters.postgres.access import Access
    from jagadata.adapters.postgres.archive_contents import ArchiveContents
    from jagadata.adapters.postgres.properties import DatabaseProperties
    from jagadata.adapters.postgres.throwaway import ThrowAway, Way
    from jagadata.ports.proof import Expected, Shortfall

LEAVING = ("file_fdw", "dblink", "postgres_fdw", "adminpack", "pg_cron", "http", "pg_net")
"""Extensions through which SQL leaves its database."""


def prove_archive(
    tools: Path | None,
    fd: int,
    properties: DatabaseProperties,
    *,
    loader: str,
    size: int,
    version: int = 0,
    jobs: int = 2,
    digests: bool = True,
    seconds: float = float("inf"),
    way: Way | None = None,
    watch: Callable[[], None] = lambda: None,
) -> Restored:
    """Restore the archive in `fd` into a server of its own, compare, and let it go.

    `loader`: the name of the login of a real restore, or code could tell the test from it. `size`: of the database, in bytes.
    `version`: major version of the source. `seconds`: after so long the test is given up.
    Raises UntestedError for whatever says nothing about the backup; DamagedError for an archive that can't be read.
    """
    _refuse_extensions(properties)
    major = find_major(find_binaries(tools))
    if version and major != version:
        raise UntestedError(
            f"program server di mesin worker versi {major}, sumbernya versi {version}",
            f"Pasang paket postgresql-{version} di mesin worker, dan tunjuk foldernya lewat servers[].tools.",
        )
    begun = time.monotonic()

    def pulse() -> None:
        watch()
        if time.monotonic() - begun > seconds:
            raise UntestedError(
                f"belum selesai setelah {seconds / 60:.0f} menit",
                "Perpanjang batas waktu uji di berkas kantor.",
            )

    with throw_away(tools, megabytes=size_megabytes(size), way=way) as server:
        restored = prove_in(server, fd, properties, loader=loader, jobs=jobs, digests=digests, watch=pulse)
    return replace(restored, seconds=time.monotonic() - begun)


def prove_in(
    server: ThrowAway,
    fd: int,
    properties: DatabaseProperties,
    *,
    loader: str,
    jobs: int = 2,
    digests: bool = True,
    watch: Callable[[], None] = lambda: None,
) -> Restored:
    """As `prove_archive`, in a server that runs already and has neither this database nor its roles."""
    access = make_database(server, properties, loader)
    archive = Archive(access, fd, properties.encoding)
    contents = archive.contents()
    try:
        return restore_and_measure(
            access, archive, properties.name, properties, contents, jobs=jobs, digests=digests, watch=watch
        )
    except FullError as error:
        raise UntestedError(f"memori yang disediakan tidak cukup ({error.message})") from error
    except UntestedError:
        raise
    except JagadataError as error:
        raise UntestedError(f"server uji berhenti atau menolak: {error.message}") from error


def restore_and_measure(
    access: Access,
    archive: Archive,
    database: str,
    properties: DatabaseProperties,
    contents: ArchiveContents,
    *,
    jobs: int,
    digests: bool = True,
    watch: Callable[[], None] = lambda: None,
) -> Restored:
    """The tolerant restore, statistics for the planner, and what is there afterwards."""
    shortfalls = TolerantRestore(
        access, archive, database, properties, contents, jobs=jobs, watch=watch
    ).run()
    with access.session(database, LOADER, patient=True) as connection:
        paths = find_paths(connection, properties)
        counts: dict[str, int] = {}
        found: dict[str, str] = {}
        for table, rows, digest in measure(
            connection, list_tables(connection), paths, digest=digests, watch=watch
        ):
            counts[table.label] = counts.get(table.label, 0) + rows
            found[table.label] = digest
        if contents.large_objects:
            counts["pg_largeobject"] = len(contents.large_objects)
        return Restored(
            shortfalls=shortfalls, counts=counts, digests=found, sequences=read_sequences(connection)
        )


def restore_whole(
    access: Access,
    fd: int,
    database: str,
    properties: DatabaseProperties,
    *,
    jobs: int,
    known: Collection[str] = (),
    watch: Callable[[], None] = lambda: None,
    heal: Callable[[], None] = lambda: None,
    done: Collection[str] = (),
) -> list[Shortfall]:
    """The tolerant restore of a real one. Raises DamagedError for what does not come back and was not approved, by name."""
    archive = Archive(access, fd, properties.encoding)
    shortfalls = TolerantRestore(
        access,
        archive,
        database,
        properties,
        archive.contents(),
        jobs=jobs,
        watch=watch,
        heal=heal,
        done=done,
    ).run()
    wrong = [one.what for one in shortfalls if one.weight == "never" or one.what not in known]
    if wrong:
        raise DamagedError(
            f"Hasil restore '{database}' tidak seperti semula pada {len(wrong)} hal: {'; '.join(wrong[:5])[:600]}.",
            "Data yang berjalan tidak disentuh. Uji back up ini dengan back up baru atau pilih back up lain; "
            "yang dikenal sejak uji disetujui bersama rencana.",
        )
    return shortfalls


def hold_to(
    access: Access,
    database: str,
    properties: DatabaseProperties,
    expected: Expected,
    *,
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Every row's text and every sequence as the test of the same archive found them. Raises DamagedError that names a table."""
    with access.session(database, LOADER, patient=True) as connection:
        paths = find_paths(connection, properties)
        tables = [one for one in list_tables(connection) if one.label in expected.digests]
        found = {table.label: digest for table, _, digest in measure(connection, tables, paths, watch=watch)}
        wrong = sorted(name for name, digest in expected.digests.items() if found.get(name) != digest)
        sequences = read_sequences(connection)
        wrong += sorted(
            name for name, value in expected.sequences.items() if sequences.get(name) != tuple(value)
        )
    if wrong:
        raise DamagedError(
            f"Isi hasil restore '{database}' berbeda dari yang terbukti saat back up pada {len(wrong)} tabel atau sekuens, "
            f"antara lain {wrong[0]}.",
            "Data yang berjalan tidak disentuh. Periksa server basis data, lalu ajukan kembali atau pilih back up lain.",
        )


def make_database(server: ThrowAway, properties: DatabaseProperties, loader: str) -> Access:
    """Roles that nobody logs in as, the empty database, and the loader, who may act for its owners. Returns the loader's access."""
    password = secrets.token_hex(24)
    roles = {str(role["name"]): role for role in properties.roles}
    names = {*roles, properties.owner, *(name for name, _, _ in properties.grants if name)}
    names |= {name for name, _, _ in properties.role_settings}
    owners = [
        name
        for name in sorted(names)
        if name == properties.owner
        or (name in roles and roles[name].get("owns") and not roles[name].get("super"))
    ]
    with server.owner.session(patient=True) as connection:
        for name in sorted(names - {loader}):
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN BYPASSRLS PASSWORD {}").format(
                sql.Identifier(loader), sql.Literal(password)
            )
        )
        for name, role in roles.items():
            for group in role.get("member_of", ()):
                if group in names and group != name:
                    _grant(connection, group, name)
        for owner in owners:
            if owner != loader:
                _grant(connection, owner, loader)
        try:
            version = connection.info.server_version
            connection.execute(make_create(properties.name, _without_tablespace(properties), version))
        except psycopg.Error as error:
            raise UntestedError(
                f"basis data uji tidak dapat dibuat: {str(error).splitlines()[0]}",
                "Pasang locale sumber di mesin worker (dpkg-reconfigure locales).",
            ) from error
        connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(properties.name))
        )
        connection.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(properties.name))
        )
        connection.execute(
            sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(
                sql.Identifier(properties.name), sql.Identifier(loader)
            )
        )
        _make_places(connection, properties)
    return server.for_login(loader, password)


def _grant(connection: psycopg.Connection[Any], group: str, member: str) -> None:
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(member)))


def _make_places(connection: psycopg.Connection[Any], properties: DatabaseProperties) -> None:
    """Tablespaces of tables, in the same memory (PostgreSQL 15 and newer make them in place)."""
    spaces = sorted({*properties.tablespaces} - {"pg_default"})
    for space in spaces:
        try:
            connection.execute("SET allow_in_place_tablespaces = on")
            connection.execute(sql.SQL("CREATE TABLESPACE {} LOCATION ''").format(sql.Identifier(space)))
            connection.execute(
                sql.SQL("GRANT CREATE ON TABLESPACE {} TO PUBLIC").format(sql.Identifier(space))
            )
        except psycopg.Error as error:
            raise UntestedError(f"tablespace '{space}' tidak dapat ditiru") from error


def _without_tablespace(properties: DatabaseProperties) -> DatabaseProperties:
    return replace(properties, tablespace="pg_default")


def _refuse_extensions(properties: DatabaseProperties) -> None:
    leaving = sorted(name for name, _ in properties.extensions if name in LEAVING or name.endswith("u"))
    if leaving:
        raise UntestedError(
            f"ekstensi {', '.join(leaving)} dapat keluar dari basis data dan tidak dipasang di server uji",
            "Pulihkan dengan tangan ke server lain untuk mengujinya (docs/format.md).",
        )
    asking = sorted(name for what, name in properties.superuser_only if what == EXTENSION)
    if asking:
        raise UntestedError(
            f"ekstensi {', '.join(asking)} hanya dapat dibuat superuser, dan server uji tidak memakainya",
            "Uji dengan restore bertujuan Uji pada server basis data (servers[].extensions).",
        )
