"""A throw-away server is private, leaves nothing, and says why there is none."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from jagadata.adapters.postgres.proving import prove_archive, prove_in
from jagadata.adapters.postgres.throwaway import PROGRAM, find_binaries, find_way, throw_away
from jagadata.adapters.postgres.throwaway_program import available_megabytes
from jagadata.errors import UntestedError
from jagadata.lab.postgres import postgres_binaries
from jagadata.ports.proof import judge
from tests.lab.database import drop_databases
from tests.lab.restore_cases import Case, dump_case, make_case

needs_namespaces = pytest.mark.skipif(not find_way(), reason="this machine allows no namespaces")

MARK = "RAHASIA-YANG-TIDAK-BOLEH-TERTINGGAL"
HOLD = """
import sys
from pathlib import Path
from jagadata.adapters.postgres.throwaway import throw_away
with throw_away(Path(sys.argv[1]), megabytes=700) as server:
    with server.owner.session() as connection:
        connection.execute("CREATE TABLE public.rahasia AS SELECT repeat(%s, 100) AS isi FROM generate_series(1, 1000)", (sys.argv[2],))
        connection.execute("CHECKPOINT")
        data = connection.execute("SHOW data_directory").fetchone()[0]
    print(server.owner.address, data, flush=True)
    sys.stdin.read()
"""


@needs_namespaces
def test_a_throw_away_server_has_no_network_and_its_data_is_seen_by_nobody_else():
    with throw_away(postgres_binaries(), megabytes=700) as server:
        assert Path(server.owner.address).stat().st_mode & 0o777 == 0o700
        with server.owner.session() as connection:
            data = Path(connection.execute("SHOW data_directory").fetchone()[0])
            connection.execute("CREATE TABLE public.hasil (t text)")
            with pytest.raises(psycopg.Error):
                connection.execute("COPY public.hasil FROM PROGRAM 'cat < /dev/tcp/127.0.0.1/22'")
            connection.execute("COPY public.hasil FROM PROGRAM 'tail -n +3 /proc/self/net/dev | cut -d: -f1'")
            devices = {row[0].strip() for row in connection.execute("SELECT t FROM public.hasil")}
            assert devices <= {"lo"}
        assert not data.exists()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(
                host=server.owner.address, dbname="postgres", user="jagadata_uji", password="lain"
            )
    assert not Path(server.owner.address).exists()


@needs_namespaces
def test_after_kill_9_no_server_runs_and_nothing_of_the_data_is_on_a_disk():
    command = [sys.executable, "-c", HOLD, str(postgres_binaries()), MARK]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        address, data = process.stdout.readline().decode().split()
        process.send_signal(signal.SIGKILL)
        process.wait()
        end = time.monotonic() + 30
        while time.monotonic() < end and _answers(address):
            time.sleep(0.1)
        assert not _answers(address)
        process.stdin.close()
    room = Path(data).parent
    assert list(room.iterdir()) == []
    for leftover in (room, *Path(address).iterdir(), Path(address), room.parent):
        with contextlib.suppress(OSError):
            leftover.unlink() if not leftover.is_dir() else leftover.rmdir()


def _answers(address):
    try:
        psycopg.connect(host=address, dbname="postgres", user="jagadata_uji", password="x", connect_timeout=2)
    except psycopg.OperationalError as error:
        return "authentication failed" in str(error)
    return True


@needs_namespaces
def test_a_database_larger_than_the_memory_is_told_before_anything_starts():
    with (
        pytest.raises(UntestedError, match="memori mesin worker tidak cukup"),
        throw_away(postgres_binaries(), megabytes=available_megabytes() + 100_000),
    ):
        pass


@needs_namespaces
def test_memory_that_fills_says_nothing_about_the_backup(postgres):
    case = Case(
        "besar", "CREATE TABLE besar AS SELECT i, md5(i::text) FROM generate_series(1, 400000) i;", {}
    )
    name = make_case(postgres, case)
    fd, properties = dump_case(postgres, name)
    try:
        with (
            throw_away(postgres_binaries(), megabytes=75) as server,
            pytest.raises(UntestedError, match=r"memori|berhenti"),
        ):
            prove_in(server, fd, properties, loader="muat_besar", watch=lambda: None)
    finally:
        os.close(fd)
        drop_databases(postgres, name)


def test_a_machine_without_namespaces_and_unit_says_so(tmp_path):
    with (
        pytest.raises(UntestedError, match="tidak mengizinkan ruang nama"),
        throw_away(postgres_binaries(), megabytes=700, way=""),
    ):
        pass
    assert find_way(tmp_path / "tiada.socket") in ("ruang nama", "")


def test_client_programs_alone_are_not_enough(tmp_path):
    (tmp_path / "pg_restore").write_text("#!/bin/sh\n")
    (tmp_path / "pg_restore").chmod(0o755)
    with pytest.raises(UntestedError, match="initdb"):
        find_binaries(tmp_path)


@needs_namespaces
def test_a_second_test_waits_for_the_first_and_then_says_so():
    with (
        throw_away(postgres_binaries(), megabytes=700),
        pytest.raises(UntestedError, match="uji lain"),
        throw_away(postgres_binaries(), megabytes=700, patience=0),
    ):
        pass


@contextlib.contextmanager
def served(folder, room, sockets):
    """The program as the unit starts it: a connection is its standard input and output."""
    path = folder / "jagadata-uji.socket"
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    python = "/usr/bin/python3" if os.geteuid() == 0 else sys.executable

    def serve(server):
        connection, _ = server.accept()
        with connection:
            program = [*drop, python, "-I", str(PROGRAM), str(room), str(sockets)]
            subprocess.run(program, stdin=connection, stdout=connection, check=False)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield path
        thread.join(60)
        assert not thread.is_alive()


def test_the_unit_speaks_the_same_way_and_ends_with_the_connection(lab):
    folder = lab / "uji"
    room, sockets = folder / "ruang", folder / "soket"
    for one in (folder, room, sockets):
        one.mkdir(mode=0o755)
    if os.geteuid() == 0:
        for one in (room, sockets):
            os.chown(one, 65534, 65534)
    with served(folder, room, sockets) as path:
        assert find_way(path) == "unit"
        with (
            throw_away(postgres_binaries(), megabytes=300, unit=path) as server,
            server.owner.session() as connection,
        ):
            assert server.way == "unit"
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not list(sockets.glob(".s.PGSQL.*[0-9]"))


@needs_namespaces
def test_a_planted_function_that_never_ends_is_given_up(postgres):
    case = Case(
        "tidur",
        """CREATE FUNCTION tidur(a int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
          IF session_user NOT IN ('postgres') THEN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END IF;
          RETURN true; END $$;
        CREATE TABLE t(a int CHECK (tidur(a))); INSERT INTO t VALUES (1);""",
        {},
    )
    name = make_case(postgres, case)
    fd, properties = dump_case(postgres, name)
    begun = time.monotonic()
    try:
        with pytest.raises(UntestedError, match="belum selesai setelah"):
            prove_archive(postgres_binaries(), fd, properties, loader="muat_tidur", size=2**20, seconds=8)
    finally:
        os.close(fd)
        drop_databases(postgres, name)
    assert time.monotonic() - begun < 90


@needs_namespaces
def test_planted_code_changes_no_digest_of_another_table(postgres):
    """A constant index predicate runs while a query on its table is planned, in our own session."""
    planted = """
        CREATE SCHEMA jahat; CREATE FUNCTION jahat.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
        CREATE FUNCTION ambil() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
          PERFORM set_config('search_path', 'jahat, pg_catalog', false), set_config('extra_float_digits', '-15', false),
                  set_config('row_security', 'on', false), set_config('datestyle', 'German', false); RETURN true; END $$;
        CREATE FUNCTION ambil_im() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.ambil(); END $$;
        CREATE TABLE a(x int); CREATE INDEX ON a(x) WHERE public.ambil_im();"""
    table = "CREATE TABLE b(x float8, d date); INSERT INTO b SELECT 1.0 / i, '2026-11-01'::date + i FROM generate_series(1, 50) i;"
    digests = []
    with throw_away(postgres_binaries(), megabytes=900) as server:
        for text in (table, planted + table):
            name = make_case(postgres, Case("planted", text, {}))
            fd, properties = dump_case(postgres, name)
            try:
                restored = prove_in(server, fd, properties, loader=f"muat_{name}")
            finally:
                os.close(fd)
                drop_databases(postgres, name)
            assert judge(restored.shortfalls) == "terbukti"
            digests.append(restored.digests["public.b"])
    assert digests[0] == digests[1]
