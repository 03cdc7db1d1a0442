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

SECRET = "rahasia server uji, tidak dipakai di tempat lain"
SYSTEM = "sisurat"


def office_of(systems):
    entry = SimpleNamespace(
        name="pg",
        maintenance_database="postgres",
        own_database="jagadata",
        dump=SimpleNamespace(user="jaga dump", password=None),
        restore=SimpleNamespace(user='jaga"restore', password=None),
    )
    found = [
        SimpleNamespace(id=system, server="pg", databases=databases) for system, databases in systems.items()
    ]
    return SimpleNamespace(server=lambda _name: entry, systems=found)


def grant(server, *databases, **systems):
    """Run what `jaga db prepare` prints, with psql as its user would; `databases` are of one system, others by keyword."""
    run_psql(server, render_roles_sql(office_of({SYSTEM: list(databases), **systems}), "pg", SECRET))


def run_psql(server, text, database="postgres"):
    environment = {
        **os.environ,
        "PGPASSWORD": server.password,
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.superuser,
    }
    done = subprocess.run(
        [str(server.bin / "psql"), "-X", "-q", "-d", database],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def connect(server, **changes):
    values = {
        "address": server.host,
        "port": server.port,
        "locks_before": "postgres",
        "system": SYSTEM,
        "secret": SECRET,
        "dump": Login(user="jaga dump", password=""),
        "restore": Login(user='jaga"restore', password=""),
        "tools": server.bin,
    }
    return PostgresServer("pg", **{**values, **changes})


def dump_to_bytes(adapter, name):
    buffer = io.BytesIO()

    def sink(dump):
        while data := dump.archive.read(65536):
            buffer.write(data)

    said = adapter.dump(name, sink)
    fd = archive_file(buffer.getvalue())
    with os.fdopen(fd, "rb") as file:
        proof = adapter.verify(file, said.parts, said.properties)
    assert proof.missing == []
    return SimpleNamespace(**vars(said), counts=proof.counts), buffer.getvalue()


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
