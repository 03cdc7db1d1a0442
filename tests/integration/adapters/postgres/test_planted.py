"""What an application's owner planted in a database, in backup, test and production: it reaches nothing of another system."""

from __future__ import annotations

import os
import threading
import time

import psycopg
import pytest

from jagadata.errors import JagadataError
from jagadata.ports.data_source import Pair
from tests.lab.database import archive_file, connect, dump_to_bytes, exchange, grant
from tests.lab.planted import plant, read_log, read_state, uproot

OURS = {"jaga dump", 'jaga"restore'}
LOADER = "jagadata_muat_alfa"


@pytest.fixture
def planted(any_postgres):
    uproot(any_postgres)
    plant(any_postgres)
    grant(any_postgres, **SYSTEMS)
    yield any_postgres
    uproot(any_postgres)


SYSTEMS = {"alfa": ["alfa"], "beta": ["beta"]}


def connect_alfa(server, **changes):
    return connect(server, system="alfa", neighbours={"beta": "beta"}, **changes)


def build(adapter, properties, data, side):
    identity = adapter.create(side, properties)
    fd = archive_file(data)
    try:
        adapter.build(side, fd, properties, jobs=2)
    finally:
        os.close(fd)
    return identity, adapter.prove(side, properties)


def test_planted_code_reaches_nothing_of_another_system(planted):
    adapter, before = connect_alfa(planted), read_state(planted)
    begin = len((planted.folder / "log").read_text(encoding="utf-8", errors="replace"))
    with psycopg.connect(planted.dsn("beta", "app_beta", "sandi-app_beta"), autocommit=True) as beta:
        beta.execute("LISTEN bocor")
        assert adapter.check_dump("alfa") == []
        result, data = dump_to_bytes(adapter, "alfa")
        assert read_log(planted, begin).ran == set()  # a backup runs nothing of it
        assert adapter.check_restore("alfa", result.properties) == []
        assert adapter.bridges("alfa") == []
        assert adapter.rows("alfa") == result.counts  # the gate
        assert read_state(planted) == before
        identity, counts = build(adapter, result.properties, data, "alfa_uji")  # Uji
        assert counts == result.counts
        adapter.forget("alfa_uji", identity=identity)
        assert read_state(planted) == before
        identity, counts = build(adapter, result.properties, data, "alfa_baru")  # production
        assert counts == result.counts
        pair = Pair(
            live="alfa",
            side="alfa_baru",
            kept="alfa_lama",
            side_identity=identity,
            live_identity=adapter.look("alfa").identity,
        )
        with adapter.exclusive("alfa") as swap:
            exchange(swap, [pair])
        assert adapter.rows("alfa") == adapter.rows("alfa_lama") == result.counts
        assert beta.execute("SELECT 1").fetchone() == (1,)  # nobody ended its session
        assert list(beta.notifies(timeout=0.1)) == []
    told = read_log(planted, begin)
    assert {place for place, _, _ in told.ran} >= {
        "check",
        "domain",
        "turunan",
        "indeks",
        "rencana1",
        "rencana2",
    }
    assert {user for _, user, _ in told.ran} == {LOADER}
    assert not {
        what for _, _, what in told.worked if "beta" in what or "pg_authid" in what or "PROGRAM" in what
    }
    assert read_state(planted) == before
    assert planted.sql(f"SELECT count(*) FROM pg_auth_members WHERE member = '{LOADER}'::regrole") == [(0,)]
    owned = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = '{}'::regrole"
    assert planted.sql(owned.format(LOADER)) == [(0,)]
    assert adapter.check_logins() == []


@pytest.mark.parametrize("harm", ["library", "password", "nologin"])
def test_a_loader_that_was_spoiled_is_healed_without_a_superuser(planted, harm):
    adapter = connect_alfa(planted)
    text = {
        "library": f"ALTER ROLE {LOADER} SET local_preload_libraries = 'tidak_ada'; ALTER ROLE {LOADER} IN DATABASE alfa SET role = 'app_alfa'",
        "password": f"ALTER ROLE {LOADER} PASSWORD 'milik-penyerang'",
        "nologin": f"ALTER ROLE {LOADER} NOLOGIN VALID UNTIL '2020-01-01' CONNECTION LIMIT 0",
    }[harm]
    planted.sql(text)
    assert adapter.rows("alfa")["public.surat"] == 500
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(planted.dsn("alfa", LOADER, "milik-penyerang"))


def test_what_a_dead_run_left_to_the_loader_is_taken_back_by_the_next_holder_of_the_lock(planted):
    adapter = connect_alfa(planted)
    orchestrator = adapter.access.connect()
    orchestrator.execute(f"GRANT app_alfa TO {LOADER}")
    orchestrator.close()
    members = f"SELECT count(*) FROM pg_auth_members WHERE member = '{LOADER}'::regrole"
    assert planted.sql(members) == [(1,)]
    with adapter.exclusive("alfa"):
        assert planted.sql(members) == [(0,)]


def test_two_that_lend_at_once_do_not_take_it_from_each_other(planted):
    one, two = connect_alfa(planted), connect_alfa(planted)
    members = f"SELECT count(*) FROM pg_auth_members WHERE member = '{LOADER}'::regrole"
    with one.loader.lend(["app_alfa"]):
        with two.loader.lend(["app_alfa"]):
            pass
        assert planted.sql(members) == [(1,)]
    assert planted.sql(members) == [(0,)]


@pytest.mark.parametrize("work", ["rows", "build"])
def test_code_that_sleeps_for_ever_ends_within_the_limit_and_its_table_is_named(planted, work):
    code = (
        "CREATE FUNCTION public.tidur(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN "
        "IF session_user = 'jagadata_muat_alfa' THEN LOOP BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END IF; "
        "RETURN i; END $$;"
    )
    where = {
        "rows": "CREATE TABLE z_tidur (a int); CREATE INDEX ON z_tidur (a) WHERE public.tidur(1) = 1;",
        "build": "CREATE TABLE z_tidur (a int CHECK (public.tidur(a) = a)); INSERT INTO z_tidur VALUES (1);",
    }[work]
    adapter = connect_alfa(planted, max_minutes=0.1)
    with psycopg.connect(planted.dsn("alfa", "app_alfa", "sandi-app_alfa"), autocommit=True) as connection:
        connection.execute(code + where)
    if work == "rows":
        with pytest.raises(JagadataError, match=r"batas 0.1 menit.*z_tidur"):
            adapter.rows("alfa")
    else:
        result, data = dump_to_bytes(adapter, "alfa")
        with pytest.raises(JagadataError, match=r"batas 0.1 menit.*z_tidur"):
            build(adapter, result.properties, data, "alfa_baru")
    assert planted.sql(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{LOADER}'") == [(0,)]
    assert planted.sql(f"SELECT count(*) FROM pg_auth_members WHERE member = '{LOADER}'::regrole") == [(0,)]


def test_a_count_holds_a_handful_of_locks_however_many_tables_there_are(planted):
    tables = "; ".join(
        f"CREATE TABLE b{i} (id int PRIMARY KEY, a int, b int); CREATE INDEX ON b{i} (a); CREATE INDEX ON b{i} (b); ALTER TABLE b{i} OWNER TO app_beta"
        for i in range(400)
    )
    planted.sql(tables, "beta")
    adapter, over, most = connect(planted, system="beta", neighbours={"alfa": "alfa"}), threading.Event(), [0]

    def watch():
        with psycopg.connect(planted.dsn(), autocommit=True) as connection:
            query = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = 'beta' AND l.locktype = 'relation'"
            while not over.is_set():
                most[0] = max(most[0], connection.execute(query).fetchone()[0])
                time.sleep(0.005)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        assert len(adapter.rows("beta")) == 401
    finally:
        over.set()
        thread.join()
    assert 0 < most[0] < 40


def told(faults):
    return " ".join(f"{fault.message} {fault.hint}" for fault in faults)


def test_rights_that_reach_too_far_are_told_by_name_with_the_sql_that_mends_them(planted):
    adapter = connect_alfa(planted)
    assert adapter.check_logins() == []
    for harm, mend, name in (
        (f"GRANT app_beta TO {LOADER}", f"REVOKE app_beta FROM {LOADER}", "'app_beta'"),
        (f"GRANT {LOADER} TO app_alfa", f"REVOKE {LOADER} FROM app_alfa", "'app_alfa'"),
        (f"ALTER ROLE {LOADER} CREATEROLE", f"ALTER ROLE {LOADER} NOCREATEROLE", LOADER),
        ('ALTER ROLE "jaga dump" SUPERUSER', 'ALTER ROLE "jaga dump" NOSUPERUSER', "'jaga dump'"),
        (
            'ALTER ROLE "jaga""restore" SUPERUSER',
            'ALTER ROLE "jaga""restore" NOSUPERUSER',
            "'jaga\"restore'",
        ),
        (
            "GRANT CONNECT ON DATABASE jagadata TO PUBLIC",
            "REVOKE CONNECT ON DATABASE jagadata FROM PUBLIC",
            "PUBLIC",
        ),
    ):
        planted.sql(harm)
        assert name in told(adapter.check_logins())
        planted.sql(mend)
        assert adapter.check_logins() == []
    planted.sql('ALTER ROLE "jaga""restore" CREATEROLE')
    assert ("CREATEROLE" in told(adapter.check_logins())) == (adapter.facts().version < "16")
    planted.sql('ALTER ROLE "jaga""restore" NOCREATEROLE')


def test_a_role_that_owns_things_in_two_systems_is_named_and_backups_go_on(planted):
    adapter = connect_alfa(planted)
    planted.sql("CREATE TABLE pinjaman (a int); ALTER TABLE pinjaman OWNER TO app_alfa_dua", "beta")
    (bridge,) = adapter.bridges("alfa")
    assert "'app_alfa_dua'" in bridge.message
    assert "beta" in bridge.message
    assert adapter.check_dump("alfa") == []
    result, _ = dump_to_bytes(adapter, "alfa")
    assert adapter.check_restore("alfa", result.properties) == []
