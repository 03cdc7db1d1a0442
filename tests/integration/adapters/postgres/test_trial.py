"""Before a restore the server itself is asked whether it can make the database again."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

import psycopg
import pytest

from jagadata.adapters.postgres.properties import parse_properties
from jagadata.adapters.postgres.side import finish_side
from jagadata.adapters.postgres.trial import make_trial_name
from jagadata.errors import JagadataError
from tests.lab.database import connect, drop_databases, grant

SETTABLE = "SELECT name FROM pg_settings WHERE context IN ('user', 'superuser', 'backend', 'superuser-backend') ORDER BY 1"


@pytest.fixture
def name(any_postgres):
    name = f"coba{secrets.token_hex(3)}"
    any_postgres.sql(f"CREATE ROLE o{name}")
    any_postgres.sql(f"CREATE DATABASE {name} OWNER o{name}")
    grant(any_postgres, name)
    yield name
    drop_databases(any_postgres, name)
    any_postgres.sql(f"DROP ROLE o{name}")


def set_everything(server, statement):
    """Every setting that takes its present value; how many."""
    done = 0
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for (setting,) in connection.execute(SETTABLE).fetchall():
            try:
                connection.execute(f'{statement} SET "{setting}" FROM CURRENT')
                done += 1
            except psycopg.Error:
                continue
    return done


def test_the_check_and_the_server_agree_on_every_setting(any_postgres, name):
    adapter, server = connect(any_postgres), any_postgres
    assert set_everything(server, f"ALTER DATABASE {name}") > 100
    assert set_everything(server, f"ALTER ROLE o{name} IN DATABASE {name}") > 100
    properties = parse_properties(adapter.properties(name))
    faults = [fault.message for fault in adapter.check_restore(name, vars(properties))]
    told = [match[1] for fault in faults for match in [re.search(r"engaturan '(.*?)'", fault)] if match]
    assert len(told) == len(faults)
    refused = []
    adapter.create(f"{name}x", vars(properties))
    for one in [
        *(replace(properties, settings=(pair,), role_settings=()) for pair in properties.settings),
        *(replace(properties, settings=(), role_settings=(three,)) for three in properties.role_settings),
    ]:
        try:
            finish_side(adapter.access, f"{name}x", one)
        except JagadataError:
            refused += [(one.settings or one.role_settings)[0][-2]]
    assert sorted(told) == sorted(refused)
    assert {"TimeZone", "DateStyle", "IntervalStyle", "search_path"} <= {
        key for key, _ in properties.settings
    } - set(told)
    assert "log_min_messages" in told


@pytest.mark.parametrize(
    "change",
    [
        {"collate": "xx_YY.UTF-8", "ctype": "xx_YY.UTF-8"},
        {"encoding": "LATIN1", "collate": "C.UTF-8", "ctype": "C.UTF-8"},
        {"locale_provider": "icu", "locale": "id", "icu_rules": "&a < < <"},
        {"tablespace": "tidak_ada"},
    ],
)
def test_a_database_that_the_server_cannot_make_is_told_before_anything_stops(any_postgres, name, change):
    adapter = connect(any_postgres)
    properties = {**adapter.properties(name), **change}
    assert adapter.check_restore(name, properties)
    with pytest.raises(JagadataError):
        adapter.create(f"{name}x", properties)
    assert adapter.look(f"{name}x") is None


def test_nothing_of_the_trial_stays_also_where_an_earlier_one_died(any_postgres, name):
    adapter = connect(any_postgres)
    properties = adapter.properties(name)
    before = any_postgres.sql("SELECT datname FROM pg_database ORDER BY 1")
    assert adapter.check_restore(name, properties) == []
    assert any_postgres.sql("SELECT datname FROM pg_database ORDER BY 1") == before
    any_postgres.sql(f'CREATE DATABASE "{make_trial_name("sisurat")}" OWNER "jaga""restore"')
    assert adapter.check_restore(name, properties) == []
    assert any_postgres.sql("SELECT datname FROM pg_database ORDER BY 1") == before
