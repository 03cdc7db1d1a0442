"""A PostgreSQL server as Jagadata sees it in tests: the two roles that `jaga db prepare` prints, dumps in memory, clean-up."""

from __future__ import annotations

import io
import os
import subprocess
from types import SimpleNamespace

from psycopg import sql

from jagadata.adapters.postgres.access import Login
from jagadata.adapters.postgres.roles import render_roles_sql
from jagadata.adapters.postgres.server import PostgresServer
from jagadata.ports.data_source import Pair


def office_of(server, databases):
    entry = SimpleNamespace(
        name="pg",
        maintenance_database="postgres",
        dump=SimpleNamespace(user="jaga dump"),
        restore=SimpleNamespace(user='jaga"restore'),
    )
    system = SimpleNamespace(server="pg", databases=databases)
    return SimpleNamespace(server=lambda _name: entry, systems=[system])


def grant(server, *databases):
    """Run what `jaga db prepare` prints, with psql as its user would."""
    text = render_roles_sql(office_of(server, list(databases)), "pg")
    environment = {
        **os.environ,
        "PGPASSWORD": server.password,
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.superuser,
    }
    done = subprocess.run(
        [str(server.bin / "psql"), "-X", "-q", "-d", "postgres"],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    server.sql("ALTER ROLE \"jaga dump\" PASSWORD 'd'")
    server.sql('ALTER ROLE "jaga""restore" PASSWORD \'r\'')


def connect(server, **changes):
    values = {
        "address": server.host,
        "port": server.port,
        "maintenance_database": "postgres",
        "dump": Login(user="jaga dump", password="d"),
        "restore": Login(user='jaga"restore', password="r"),
        "tools": server.bin,
    }
    return PostgresServer("pg", **{**values, **changes})


def dump_to_bytes(adapter, name):
    buffer = io.BytesIO()

    def sink(dump):
        while data := dump.archive.read(65536):
            buffer.write(data)

    return adapter.dump(name, sink), buffer.getvalue()


def archive_file(data):
    fd = os.memfd_create("archive")
    os.write(fd, data)
    os.lseek(fd, 0, 0)
    return fd


def restore_beside(adapter, name, side="samping"):
    result, data = dump_to_bytes(adapter, name)
    identity = adapter.create(side, result.properties)
    fd = archive_file(data)
    adapter.build(side, fd, result.properties, jobs=2)
    os.close(fd)
    adapter.prove(side, result.properties)
    return result, identity


def swap_names(adapter, name, identity, *, live=None, end_sessions=True, **options):
    """Put 'samping' in place of this database, which becomes 'lama'; `live`: the identity that it is held to."""
    pair = Pair(
        live=name,
        side="samping",
        kept="lama",
        side_identity=identity,
        live_identity=live or adapter.look(name).identity,
    )
    with adapter.exclusive("sisurat") as swap:
        exchange(swap, [pair], end_sessions=end_sessions, **options)
    return pair


def exchange(swap, pairs, *, end_sessions=True, before_commit=lambda: None, timeout=60):
    with swap.prepare(pairs, end_sessions=end_sessions, timeout=timeout) as prepared:
        prepared.commit(before_commit)


def drop_databases(server, *prefixes):
    """Drop every database whose name starts so, subscriptions and slots aside."""
    for (name,) in server.sql("SELECT datname FROM pg_database WHERE NOT datistemplate"):
        if name.startswith(prefixes):
            server.sql(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
