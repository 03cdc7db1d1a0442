"""The PostgreSQL adapter on real servers of two major versions, with the least privileges that `jaga db prepare` prints."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import sql

from jagadata.adapters.postgres.access import Login
from jagadata.adapters.postgres.archive import read_archive
from jagadata.adapters.postgres.properties import parse_properties
from jagadata.adapters.postgres.side import finish_side, open_side
from jagadata.errors import (
    BusyError,
    DamagedError,
    JagadataError,
    NotFoundError,
    RefusedError,
    RestoreRunningError,
    UnreachableError,
)
from jagadata.ports.data_source import Pair
from tests.lab.database import (
    archive_file,
    connect,
    drop_databases,
    dump_to_bytes,
    exchange,
    grant,
    restore_beside,
    swap_names,
)
from tests.lab.imap import make_trusted

ODD = 'Si "surat" \'24\n=x://é'


@pytest.fixture
def application(any_postgres):
    """A database with an odd name and what makes restores hard: owner, settings, grants, large objects, row security, partitions."""
    server, name = any_postgres, f"{ODD}{secrets.token_hex(3)}"
    owner, reader = f"pemilik {secrets.token_hex(3)}", f"pembaca{secrets.token_hex(3)}"
    identifier = sql.Identifier(name)
    server.sql(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(owner)))
    server.sql(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(reader)))
    server.sql(
        sql.SQL(
            "CREATE DATABASE {} OWNER {} TEMPLATE template0 "
            + ("" if server.bin.parts[1] != "usr" else "LOCALE_PROVIDER icu ICU_LOCALE 'id' ")
            + "LOCALE 'C.UTF-8'"
        ).format(identifier, sql.Identifier(owner))
    )
    server.sql(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))
    server.sql(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(identifier, sql.Identifier(reader)))
    server.sql(sql.SQL("ALTER DATABASE {} SET search_path TO 'aplikasi', 'public'").format(identifier))
    server.sql(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 40").format(identifier))
    server.sql(sql.SQL("COMMENT ON DATABASE {} IS 'milik ''BKPSDM'''").format(identifier))
    with psycopg.connect(server.dsn(name, user=owner, password="x"), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA aplikasi")
        role_setting = sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path TO aplikasi, public")
        connection.execute(role_setting.format(sql.Identifier(owner), identifier))
        connection.execute("CREATE TABLE aplikasi.surat (id int PRIMARY KEY, isi text)")
        connection.execute(
            "INSERT INTO aplikasi.surat SELECT i, repeat('x', 50) || i FROM generate_series(1, 500) i"
        )
        connection.execute('CREATE TABLE aplikasi."Tabel ""aneh""" (x int) PARTITION BY RANGE (x)')
        connection.execute(
            'CREATE TABLE aplikasi.bagian PARTITION OF aplikasi."Tabel ""aneh""" FOR VALUES FROM (0) TO (100)'
        )
        connection.execute("INSERT INTO aplikasi.bagian SELECT generate_series(0, 9)")
        connection.execute("ALTER TABLE aplikasi.surat ENABLE ROW LEVEL SECURITY")
        connection.execute("CREATE POLICY p ON aplikasi.surat USING (id < 10)")
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA aplikasi TO {0}").format(sql.Identifier(reader)))
        connection.execute(sql.SQL("GRANT SELECT ON aplikasi.surat TO {0}").format(sql.Identifier(reader)))
        connection.execute("SELECT lo_from_bytea(0, 'besar')")
    grant(server, name)
    yield SimpleNamespace(server=server, name=name, owner=owner, reader=reader)
    drop_databases(server, "Si ", "samping", "lama")


def test_the_printed_roles_are_enough_to_dump_restore_and_swap_with_everything_as_it_was(application):
    adapter, name, server = connect(application.server), application.name, application.server
    assert adapter.check_dump(name) == []
    before = adapter.properties(name)
    assert adapter.check_restore(name, before) == []
    result, side = restore_beside(adapter, name)
    assert result.counts == {"aplikasi.bagian": 10, "aplikasi.surat": 500, "pg_largeobject": 1}
    assert adapter.rows("samping") == result.counts
    live, begun = adapter.look(name).identity, time.monotonic()
    pair = swap_names(adapter, name, side)
    assert time.monotonic() - begun < 5
    assert adapter.look(name).identity == side
    assert adapter.find(live) == "lama"
    after = adapter.properties(name)
    assert after == before
    owners = server.sql(
        "SELECT relname, relowner::regrole::text, relrowsecurity FROM pg_class WHERE relname IN ('surat', 'bagian') ORDER BY 1",
        name,
    )
    assert [owner.strip('"') for _, owner, _ in owners] == [application.owner] * 2
    assert [security for _, _, security in owners] == [False, True]
    assert server.sql("SELECT count(*) FROM pg_policies", name) == [(1,)]
    assert server.sql(
        sql.SQL("SELECT has_table_privilege({}, 'aplikasi.surat', 'SELECT')").format(
            sql.Literal(application.reader)
        ),
        name,
    ) == [(True,)]
    with adapter.exclusive("sisurat") as swap:
        exchange(swap, [pair.reversed])
    assert adapter.look(name).identity == live


@pytest.mark.parametrize("limit", [0, 1])
def test_a_database_that_lets_nobody_in_is_finished_counted_and_analyzed_all_the_same(application, limit):
    adapter, server = connect(application.server), application.server
    result, data = dump_to_bytes(adapter, application.name)
    properties = {**result.properties, "connection_limit": limit}
    adapter.create("samping", properties)
    adapter.build("samping", archive_file(data), properties, jobs=2)
    with psycopg.connect(server.dsn("samping")):  # somebody else is in it
        assert adapter.prove("samping", properties) == result.counts
    assert server.sql("SELECT datconnlimit FROM pg_database WHERE datname = 'samping'") == [(limit,)]


def test_twelve_reconnecting_clients_do_not_hold_up_the_swap(application):
    adapter, name = connect(application.server), application.name
    _result, side = restore_beside(adapter, name)
    end, seen, gaps = threading.Event(), [], []

    def client():
        last = time.monotonic()
        while not end.is_set():
            try:
                with psycopg.connect(application.server.dsn(name, application.owner, "x")) as connection:
                    count = connection.execute("SELECT count(*) FROM aplikasi.surat").fetchone()[0]
                seen.append(count)
                gaps.append(time.monotonic() - last)
                last = time.monotonic()
            except psycopg.Error:
                time.sleep(0.005)

    threads = [threading.Thread(target=client) for _ in range(12)]
    for thread in threads:
        thread.start()
    try:
        swap_names(adapter, name, side)
        time.sleep(0.3)
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert set(seen) == {500}
    assert adapter.look(name).identity == side


def test_sessions_that_must_not_be_ended_are_named_and_nothing_is_swapped(application):
    adapter, name = connect(application.server), application.name
    _, side = restore_beside(adapter, name)
    live = adapter.look(name).identity
    with (
        psycopg.connect(application.server.dsn(name, application.owner, "x")),
        pytest.raises(RefusedError, match=r"masih ada sesi.*pemilik"),
    ):
        swap_names(adapter, name, side, end_sessions=False)
    assert adapter.look(name).identity == live


def test_a_database_that_is_not_the_expected_one_is_never_swapped(application):
    adapter, name = connect(application.server), application.name
    _, side = restore_beside(adapter, name)
    live = adapter.look(name).identity
    for other in (f"{live}0", f"oid:1@{live.partition('@')[2]}"):
        with pytest.raises(RefusedError, match="bukan lagi yang diharapkan"):
            swap_names(adapter, name, side, live=other)
    assert adapter.look(name).identity == live


def test_a_lost_lock_connection_swaps_nothing(application):
    adapter, name = connect(application.server), application.name
    _, side = restore_beside(adapter, name)
    live = adapter.look(name).identity
    pair = Pair(live=name, side="samping", kept="lama", side_identity=side, live_identity=live)
    with adapter.exclusive("sisurat") as swap:
        application.server.sql(f"SELECT pg_terminate_backend({swap.connection.info.backend_pid})")
        with pytest.raises(UnreachableError, match="Kunci sistem"):
            exchange(swap, [pair])
    assert adapter.look(name).identity == live


def test_the_lock_of_a_system_is_held_once_and_names_its_holder(any_postgres):
    grant(any_postgres)
    adapter = connect(any_postgres)
    with adapter.exclusive("sisurat") as swap, adapter.exclusive("lain"):
        assert swap.holds()
        with (
            pytest.raises(BusyError, match=r"sisurat.*proses \d+"),
            adapter.exclusive("sisurat", login="dump"),
        ):
            pass


@pytest.mark.parametrize("login", ["dump", "restore"])
def test_the_server_says_whether_a_restore_holds_the_lock_whatever_the_logins_are_called(any_postgres, login):
    grant(any_postgres)
    adapter = connect(any_postgres)
    for restoring in (False, True):
        with (
            adapter.exclusive("sisurat", login=login, restoring=restoring),
            pytest.raises(BusyError, match=r"sisurat.*proses \d+") as told,
            adapter.exclusive("sisurat", restoring=True),
        ):
            pass
        assert isinstance(told.value, RestoreRunningError) == restoring


def test_a_dump_that_dies_never_looks_whole(application):
    adapter, server = connect(application.server), application.server

    def sink(dump):
        dump.archive.read(10)
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jagadata' AND query ILIKE '%COPY%' OR application_name = 'pg_dump'"
        )
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'jaga dump'")
        while dump.archive.read(10):
            pass

    server.sql(
        "INSERT INTO aplikasi.surat SELECT i, md5(i::text) || md5((i + 1)::text) FROM generate_series(1000, 90000) i",
        application.name,
    )
    with pytest.raises((JagadataError, psycopg.Error)):
        adapter.dump(application.name, sink)


def test_nobody_gets_between_the_snapshot_and_the_dump(application):
    adapter, server, name = connect(application.server), application.server, application.name
    filling = "CREATE TABLE aplikasi.aa AS SELECT md5(x::text) || md5((x + 1)::text) FROM generate_series(1, 300000) x"
    server.sql(filling, name)  # more than pg_dump can give away unread
    server.sql("CREATE TABLE aplikasi.zz AS SELECT generate_series(1, 7) AS x", name)

    def sink(dump):
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("TRUNCATE aplikasi.zz")
        while dump.archive.read(65536):
            pass

    with psycopg.connect(server.dsn(name), autocommit=True, options="-c lock_timeout=100ms") as other:
        assert "aplikasi.zz" in adapter.dump(name, sink).parts


def test_an_application_that_makes_and_drops_tables_all_the_time_is_dumped_whole_and_not_held_up(application):
    adapter, server, name = connect(application.server), application.server, application.name
    done, waits, faults = threading.Event(), [0.0], []

    def work(number):
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            while not done.is_set():
                for text in (
                    "CREATE TABLE {} (id serial PRIMARY KEY)",
                    "INSERT INTO {} VALUES (1)",
                    "DROP TABLE {}",
                ):
                    begun = time.monotonic()
                    try:
                        connection.execute(
                            sql.SQL(text).format(sql.Identifier("aplikasi", f"kerja {number}"))
                        )
                    except psycopg.Error as error:
                        faults.append(error)
                    waits.append(time.monotonic() - begun)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        result, _ = restore_beside(adapter, name)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert adapter.rows("samping") == result.counts
    assert result.counts["aplikasi.surat"] == 500
    assert (faults, max(waits) < 5) == ([], True)


def test_a_dump_that_meets_a_locked_table_lets_go_and_begins_anew(application):
    adapter, server, name = connect(application.server), application.server, application.name
    with psycopg.connect(server.dsn(name)) as other:
        other.execute("LOCK TABLE aplikasi.surat IN ACCESS EXCLUSIVE MODE")
        timer = threading.Timer(1.5, other.rollback)
        timer.start()
        result, _ = dump_to_bytes(adapter, name)
        timer.join()
    assert result.counts["aplikasi.surat"] == 500


def test_a_server_that_limits_transactions_is_still_dumped_restored_and_counted(postgres):
    name = f"batas{secrets.token_hex(3)}"
    postgres.sql(f"CREATE ROLE o{name}")
    postgres.sql(f"CREATE DATABASE {name} OWNER o{name}")
    postgres.sql("CREATE TABLE t AS SELECT i, repeat('x', 200) AS isi FROM generate_series(1, 50000) i", name)
    postgres.sql(f"ALTER TABLE t OWNER TO o{name}", name)
    grant(postgres, name)
    adapter = connect(postgres)
    try:
        for login in ("jaga dump", 'jaga"restore', "jagadata_muat_sisurat"):
            setting = sql.SQL("ALTER ROLE {} SET transaction_timeout = '20ms'")
            postgres.sql(setting.format(sql.Identifier(login)))
        result, _ = restore_beside(adapter, name, side=f"{name}x")
        assert adapter.rows(f"{name}x") == result.counts == {"public.t": 50000}
    finally:
        for login in ("jaga dump", 'jaga"restore'):
            postgres.sql(sql.SQL("ALTER ROLE {} RESET transaction_timeout").format(sql.Identifier(login)))
        drop_databases(postgres, name)


@pytest.mark.parametrize(("encoding", "table"), [("LATIN1", "Café"), ("WIN1252", "€"), ("KOI8R", "Я")])
def test_names_in_another_encoding_are_found_in_the_archive(postgres, encoding, table):
    name = f"sandi{secrets.token_hex(3)}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    postgres.sql(f'CREATE TABLE "{table}" AS SELECT 1 AS x', name)
    grant(postgres, name)
    adapter = connect(postgres)
    result, data = dump_to_bytes(adapter, name)
    with os.fdopen(archive_file(data), "rb") as file:
        found = read_archive(adapter.access, file, result.properties["encoding"])
    assert found == result.counts == {f"public.{table}": 1}
    drop_databases(postgres, name)


def test_a_name_that_is_no_text_is_told_and_not_a_crash(postgres):
    name = f"ascii{secrets.token_hex(3)}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    postgres.sql(
        r"""DO $$BEGIN EXECUTE convert_from('\x435245415445205441424c4520e920287820696e7429', 'SQL_ASCII'); END$$""",
        name,
    )
    grant(postgres, name)
    with pytest.raises(RefusedError, match="SQL_ASCII"):
        dump_to_bytes(connect(postgres), name)
    drop_databases(postgres, name)


@pytest.mark.parametrize("harm", ["cut", "head", "empty"])
def test_a_damaged_archive_is_found_by_reading_it(application, harm):
    adapter = connect(application.server)
    result, data = dump_to_bytes(adapter, application.name)
    place = len(data) * 2 // 3
    damaged = {
        "cut": data[:place],
        "head": b"x" + data[1:],  # a flipped bit inside is for the hashes to find
        "empty": b"",
    }[harm]
    with pytest.raises(DamagedError), os.fdopen(archive_file(damaged), "rb") as file:
        adapter.verify(file, result.parts, result.properties)


def test_a_whole_archive_tells_which_tables_it_lacks(application):
    adapter = connect(application.server)
    result, data = dump_to_bytes(adapter, application.name)
    for parts, missing in (
        (result.parts, []),
        ([*result.parts, "aplikasi.hilang"], ["aplikasi.hilang"]),
    ):
        with os.fdopen(archive_file(data), "rb") as file:
            assert adapter.verify(file, parts, result.properties).missing == missing


def test_each_missing_privilege_is_told_with_the_sql_that_mends_it(any_postgres):
    name, owner = f"Si {secrets.token_hex(3)}", f"o{secrets.token_hex(3)}"
    any_postgres.sql("DROP ROLE IF EXISTS lemah")
    any_postgres.sql("CREATE ROLE lemah LOGIN PASSWORD 'l'")
    any_postgres.sql(f"CREATE ROLE {owner}")
    any_postgres.sql(f'CREATE DATABASE "{name}" OWNER {owner}')
    any_postgres.sql(
        "CREATE TABLE t (x int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; SELECT lo_from_bytea(0, 'x')", name
    )
    grant(any_postgres)
    any_postgres.sql("GRANT CONNECT ON DATABASE jagadata TO lemah")
    weak = Login(user="lemah", password="l")
    adapter = connect(any_postgres, dump=weak, restore=weak)
    told = " ".join(fault.hint for fault in adapter.check_dump(name))
    assert 'GRANT pg_read_all_data TO "lemah"' in told
    assert 'ALTER ROLE "lemah" BYPASSRLS' in told
    assert 'ALTER ROLE "lemah" SET lo_compat_privileges = on' in told
    told = " ".join(fault.hint for fault in adapter.check_restore(name, adapter.properties(name)))
    assert 'ALTER ROLE "lemah" CREATEDB' in told
    assert f'GRANT "{owner}" TO "lemah"' in told
    assert "pg_signal_backend" in told
    any_postgres.sql(f'DROP DATABASE "{name}"')


def test_settings_that_only_superusers_may_make_are_told_before_anything_stops(application):
    adapter, server, name = connect(application.server), application.server, application.name
    database, owner = sql.Identifier(name), sql.Identifier(application.owner)
    server.sql(sql.SQL("ALTER DATABASE {} SET app.kunci TO 'a=b'").format(database))
    server.sql(
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET log_min_messages TO 'error'").format(owner, database)
    )
    properties = adapter.properties(name)
    faults = adapter.check_restore(name, properties)
    assert [fault.message.rpartition("pengaturan ")[2] for fault in faults] == [
        "'app.kunci'.",
        "'log_min_messages'.",
    ]
    for fault in faults:
        server.sql(fault.hint.partition("superuser: ")[2])
    assert adapter.check_restore(name, properties) == []
    adapter.create("samping", properties)
    finish_side(adapter.access, "samping", parse_properties(properties))
    open_side(adapter.access, "samping", parse_properties(properties))
    after = adapter.properties("samping")
    for kind in ("settings", "role_settings"):
        assert after[kind] == properties[kind]


def test_what_a_rename_cannot_move_is_refused_by_name(application):
    adapter, server, name = connect(application.server), application.server, application.name
    properties = adapter.properties(name)
    server.sql("SELECT pg_create_logical_replication_slot('slot_uji', 'pgoutput')", name)
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE tunda (x int)")
        connection.execute("PREPARE TRANSACTION 'tunda_uji'")
    server.sql(
        "CREATE SUBSCRIPTION langganan_uji CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)",
        name,
    )
    try:
        told = " ".join(fault.message for fault in adapter.check_restore(name, properties))
        assert "slot_uji" in told
        assert "tunda_uji" in told
        assert "langganan_uji" in told
    finally:
        server.sql("ALTER SUBSCRIPTION langganan_uji SET (slot_name = NONE)", name)
        server.sql("DROP SUBSCRIPTION langganan_uji", name)
        server.sql("ROLLBACK PREPARED 'tunda_uji'", name)
        server.sql("SELECT pg_drop_replication_slot('slot_uji')")


@pytest.mark.needs("postgresql")
def test_tools_of_another_major_version_are_refused_with_the_package_to_install(postgres, debian_server):
    grant(postgres)
    adapter = connect(postgres, tools=debian_server.bin)
    messages = [fault for fault in adapter.check_dump("postgres") if "versi" in fault.message]
    assert messages
    assert "postgresql-client-17" in messages[0].hint


def test_roles_that_are_gone_are_made_without_login_when_allowed(application):
    adapter, server = connect(application.server), application.server
    server.sql('ALTER ROLE "jaga""restore" CREATEROLE')
    result, _ = dump_to_bytes(adapter, application.name)
    gone = f"hilang{secrets.token_hex(3)}"
    properties = {
        **result.properties,
        "grants": ((gone, "CONNECT", False),),
        "roles": (*result.properties["roles"], {"name": gone, "owns": False}),
    }
    assert adapter.missing_roles(properties) == [gone]
    adapter.create("samping", properties)
    open_side(adapter.access, "samping", parse_properties(properties))
    server.sql('ALTER ROLE "jaga""restore" NOCREATEROLE')
    assert server.sql(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{gone}'") == [(False,)]
    weak = connect(application.server)
    with pytest.raises(RefusedError, match="CREATE ROLE"):
        weak.create("samping2", {**properties, "roles": ({"name": gone + "x", "owns": False},)})


def test_unreachable_wrong_password_and_unknown_database_are_told_apart(any_postgres):
    grant(any_postgres)
    with pytest.raises(UnreachableError, match="tidak menjawab"):
        connect(any_postgres, port=1).facts()
    with pytest.raises(RefusedError, match="menolak login") as caught:
        connect(any_postgres, dump=Login(user="jaga dump", password="salah-sekali")).facts()
    assert "salah-sekali" not in str(caught.value)
    with pytest.raises(NotFoundError, match="tidak ada"):
        connect(any_postgres).rows("tidak-ada")
    assert connect(any_postgres).look("tidak-ada") is None


def test_a_far_server_is_believed_only_by_a_certificate_for_its_address(application, tmp_path):
    server, data = application.server, application.server.folder / "data"
    for folder in ("benar", "palsu"):
        make_trusted(tmp_path / folder)
    ours = {"ca": tmp_path / "benar" / "cert.pem"}
    with pytest.raises(RefusedError, match="TLS"):  # it speaks none at all
        connect(server, **ours).facts()
    for name, part in (("server.crt", "cert.pem"), ("server.key", "key.pem")):
        shutil.copy(tmp_path / "benar" / part, data / name)
        (data / name).chmod(0o600)
        os.chown(data / name, data.stat().st_uid, data.stat().st_gid)
    server.sql("ALTER SYSTEM SET ssl = on")
    try:
        server.sql("SELECT pg_reload_conf()")
        while server.sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(False,)]:
            time.sleep(0.05)
        adapter = connect(server, **ours)
        result, _ = restore_beside(adapter, application.name)  # pg_dump and pg_restore too
        assert adapter.rows("samping") == result.counts
        for wrong in ({"ca": tmp_path / "palsu" / "cert.pem"}, {**ours, "address": "localhost"}):
            with pytest.raises(RefusedError, match="TLS"):
                connect(server, **wrong).facts()
    finally:
        server.sql("ALTER SYSTEM RESET ssl")
        server.sql("SELECT pg_reload_conf()")


def test_a_database_is_dropped_only_by_its_oid(application):
    adapter = connect(application.server)
    result, _ = dump_to_bytes(adapter, application.name)
    identity = adapter.create("samping", result.properties)
    with pytest.raises(RefusedError, match="bukan lagi"):
        adapter.forget("samping", identity=f"{identity}0")
    adapter.forget("samping", identity=identity)
    adapter.forget("samping", identity=identity)
    assert adapter.look("samping") is None


def test_free_space_is_measured_in_the_data_directory(any_postgres):
    grant(any_postgres)
    asked = []

    def measure(folder):
        asked.append(Path(folder).name)
        return 5

    assert connect(any_postgres, measure_free_space=measure).free_space() == 5
    assert asked == ["data"]
