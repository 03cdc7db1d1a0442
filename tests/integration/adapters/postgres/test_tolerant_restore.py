"""A restore brings back what there is, and names the rest: databases that a plain restore gives up on, on real servers."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from jagadata.adapters.postgres.proving import prove_in
from jagadata.adapters.postgres.throwaway import find_way, throw_away
from jagadata.lab.postgres import postgres_binaries
from jagadata.ports.proof import judge
from tests.lab.database import drop_databases
from tests.lab.restore_cases import CASES, dump_case, make_case

pytestmark = pytest.mark.skipif(not find_way(), reason="this machine allows no namespaces")


@pytest.fixture(scope="module")
def open_throw_away():
    """A throw-away server of these programs, kept until another's turn: there is one at a time."""
    with ExitStack() as stack:
        kept = {}

        def start(tools):
            if tools not in kept:
                stack.pop_all().close()
                kept.clear()
                kept[tools] = stack.enter_context(throw_away(tools, megabytes=1500, patience=0))
            return kept[tools]

        yield start


def prove(server, case, throw_away):
    name = make_case(server, case)
    try:
        fd, properties = dump_case(server, name)
        try:
            return prove_in(throw_away, fd, properties, loader=f"muat_{name}")
        finally:
            os.close(fd)
    finally:
        drop_databases(server, name)


def check(case, restored):
    found = [one.what for one in restored.shortfalls]
    assert len(found) == len(case.names), found
    for name, what in zip(case.names, found, strict=True):
        assert name in what
    assert judge(restored.shortfalls) == case.state
    assert restored.counts == case.rows
    assert all(restored.digests.get(table, "-") for table, rows in case.rows.items())


def major(server):
    return int(server.sql("SHOW server_version_num")[0][0]) // 10000


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_row_comes_back_and_what_does_not_is_named(any_postgres, case, open_throw_away):
    if not case.oldest <= major(any_postgres) <= case.newest:
        pytest.skip(f"PostgreSQL {major(any_postgres)} refuses to make it")
    check(case, prove(any_postgres, case, open_throw_away(any_postgres.bin)))


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_backup_of_an_older_server_comes_back_on_a_newer_one(debian_server, case, open_throw_away):
    check(case, prove(debian_server, case, open_throw_away(postgres_binaries())))
