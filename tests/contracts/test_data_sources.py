"""The contract of ports.DataSource: one suite for PostgreSQL of two major versions and for the source in memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import time
from dataclasses import replace

import psycopg
import pytest

from jagadata.errors import (
    BusyError,
    DamagedError,
    JagadataError,
    NotFoundError,
    RefusedError,
    RestoreRunningError,
    UnreachableError,
)
from jagadata.lab.memory_source import MemoryServer, MemorySource
from jagadata.ports.data_source import Pair
from tests.lab.database import archive_file, connect, drop_databases, grant


class MemoryLab:
    """What a test does to the source behind its back."""

    def __init__(self):
        self.server = MemoryServer()

    def source(self):
        return MemorySource(self.server)

    def make(self, name, rows):
        self.server.make(name, {"public.surat": [str(number) for number in range(rows)]})

    def add(self, name):
        self.server.sets[name].tables["public.surat"].append("baru")

    def lose(self, swap):
        swap.lose()

    @contextlib.contextmanager
    def session(self, name):
        self.server.sets[name].sessions.append("pemilik@lokal")
        yield

    def clean(self):
        pass


class PostgresLab:
    """The same on a real server."""

    def __init__(self, server):
        self.server = server
        self.token = secrets.token_hex(4)
        self.names = []
        grant(server)

    def source(self):
        return connect(self.server)

    def make(self, name, rows):
        self.names.append(name)
        self.server.sql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'x'")
        self.server.sql(f'CREATE DATABASE "{name}" OWNER "{name}"')
        self.server.sql(
            f"CREATE TABLE public.surat AS SELECT generate_series(1, {rows}) AS nomor;"
            f'ALTER TABLE public.surat OWNER TO "{name}"',
            name,
        )
        grant(self.server, name)

    def add(self, name):
        self.server.sql("INSERT INTO public.surat VALUES (0)", name)

    def lose(self, swap):
        self.server.sql(f"SELECT pg_terminate_backend({swap.connection.info.backend_pid})")

    @contextlib.contextmanager
    def session(self, name):
        with psycopg.connect(self.server.dsn(name, name, "x")):
            yield

    def clean(self):
        drop_databases(self.server, self.token)
        for name in self.names:
            self.server.sql(f'DROP ROLE "{name}"')


@pytest.fixture(
    params=[
        "memory",
        "postgres",
        pytest.param("debian_server", marks=pytest.mark.needs("postgresql")),
    ]
)
def keeper(request):
    keeper = MemoryLab() if request.param == "memory" else PostgresLab(request.getfixturevalue(request.param))
    yield keeper
    keeper.clean()


@pytest.fixture
def source(keeper):
    return keeper.source()


@pytest.fixture
def name(keeper):
    """A data set with three letters."""
    name = f"{getattr(keeper, 'token', '')}surat"
    keeper.make(name, 3)
    return name


def dump(source, name):
    """What a dump says, what it gave, and its bytes."""
    buffer, given = io.BytesIO(), []

    def sink(stream):
        given.append(stream)
        while data := stream.archive.read(4096):
            buffer.write(data)

    return source.dump(name, sink), given[0], buffer.getvalue()


def build(source, name, side):
    """A whole restore beside; its identity."""
    said, _, data = dump(source, name)
    identity = source.create(side, said.properties)
    fd = archive_file(data)
    try:
        source.build(side, fd, said.properties, jobs=1)
    finally:
        os.close(fd)
    with io_file(data) as file:
        assert source.prove(side, said.properties) == source.verify(file, said.parts, said.properties).counts
    return identity


def make_pair(source, name):
    """`name` and what was built beside it, ready to be exchanged."""
    return Pair(
        live=name,
        side=f"{name}_baru",
        kept=f"{name}_lama",
        side_identity=build(source, name, f"{name}_baru"),
        live_identity=source.look(name).identity,
    )


def exchange(source, *pairs, **options):
    with source.exclusive("s") as swap, swap.prepare(pairs, end_sessions=True, **options) as prepared:
        prepared.commit()


# --- what is there ------------------------------------------------------------------------------------------------


def test_a_data_set_is_seen_by_its_name_and_found_by_its_identity(keeper, source, name):
    seen = source.look(name)
    assert (seen.name, source.find(seen.identity)) == (name, name)
    assert keeper.source().look(name).identity == seen.identity  # whoever asks
    assert source.rows(name) == {"public.surat": 3}
    assert source.properties(name)["name"] == name
    with keeper.session(name):
        assert len(source.look(name).sessions) == 1
        assert source.end_sessions(name) == 1


def test_what_is_not_there_is_told(source, name):
    missing = f"{name}x"
    assert source.look(missing) is None
    assert source.find(f"{source.look(name).identity}0") is None  # as of another server
    for ask in (source.rows, source.properties):
        with pytest.raises(NotFoundError):
            ask(missing)
    assert source.check_dump(missing) != []


def test_a_source_says_what_it_is(source):
    facts = source.facts()
    assert facts.version in facts.words
    assert facts.system_identifier
    assert re.fullmatch(r"[a-z]+", source.kind)
    assert source.restore_speed > 0
    assert source.free_space() is None or source.free_space() > 0


# --- backing up ---------------------------------------------------------------------------------------------------


def test_a_dump_says_all_that_a_restore_needs(source, name):
    assert source.check_dump(name) == []
    said, given, data = dump(source, name)
    seen = source.look(name)
    assert (said.identity, list(said.parts)) == (seen.identity, ["public.surat"])
    assert said.size > 0
    assert said.tool
    assert given.codec in ("none", "zstd")
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)*", given.suffix)
    with io_file(data) as file:
        proof = source.verify(file, said.parts, said.properties)
    assert (proof.counts, proof.missing) == ({"public.surat": 3}, [])
    assert proof.words


def io_file(data):
    """A real file: an adapter may hand it to another program."""
    return os.fdopen(archive_file(data), "rb")


def test_properties_are_json_and_come_back_from_it(source, name):
    said, _, data = dump(source, name)
    read = json.loads(json.dumps(said.properties))
    side = f"{name}_baru"
    assert source.check_restore(name, read) == []
    assert source.missing_roles(read) == []
    source.create(side, read)
    with io_file(data) as file:
        counts = source.verify(file, said.parts, read).counts
        file.seek(0)
        source.build(side, file.fileno(), read, jobs=1)
    assert source.prove(side, read) == counts == {"public.surat": 3}


def test_nothing_of_what_is_not_there_reaches_the_sink(source, name):
    given = []
    with pytest.raises(NotFoundError):
        source.dump(f"{name}x", given.append)
    assert given == []


def test_what_the_sink_raises_ends_the_dump(source, name):
    def sink(_stream):
        raise UnreachableError("penyimpanan tidak menjawab", "ulangi")

    with pytest.raises(UnreachableError, match="penyimpanan"):
        source.dump(name, sink)
    assert list(dump(source, name)[0].parts) == ["public.surat"]


def test_a_dump_that_was_not_read_to_its_end_is_none(source, name):
    with pytest.raises(JagadataError, match="sampai akhir"):
        source.dump(name, lambda stream: stream.archive.read(10))


@pytest.mark.parametrize("part", [0, 0.3, 0.9])
def test_a_cut_archive_is_damaged(source, name, part):
    said, _, data = dump(source, name)
    with io_file(data[: int(part * len(data))]) as file, pytest.raises(DamagedError):
        source.verify(file, said.parts, said.properties)


def test_what_the_archive_lacks_is_named(source, name):
    said, _, data = dump(source, name)
    with io_file(data) as file:
        proof = source.verify(file, [*said.parts, "public.hilang"], said.properties)
    assert proof.missing == ["public.hilang"]


def test_properties_of_another_version_are_refused_before_anything_is_made(source, name):
    said, _, data = dump(source, name)
    strange, side = {**said.properties, "sifat baru": 1}, f"{name}_baru"
    with pytest.raises(DamagedError), io_file(data) as file:
        source.verify(file, said.parts, strange)
    with pytest.raises(DamagedError):
        source.create(side, strange)
    assert source.look(side) is None


# --- restoring ----------------------------------------------------------------------------------------------------


def test_what_is_built_beside_is_another_data_set_with_the_same_content(keeper, source, name):
    live, identity = source.look(name).identity, build(source, name, f"{name}_baru")
    assert identity != live
    assert source.find(identity) == f"{name}_baru"
    keeper.add(name)
    assert source.rows(f"{name}_baru") == {"public.surat": 3}
    assert source.rows(name) == {"public.surat": 4}


def test_nothing_is_built_over_what_is_there(source, name):
    identity = source.look(name).identity
    with pytest.raises(JagadataError):
        source.create(name, source.properties(name))
    assert source.look(name).identity == identity
    assert source.rows(name) == {"public.surat": 3}


@pytest.mark.parametrize("work", ["build", "prove"])
def test_whoever_watches_may_end_the_work(source, name, work):
    side = f"{name}_baru"
    said, _, data = dump(source, name)
    source.create(side, said.properties)

    def progress(_done):
        raise JagadataError("sakelar bekerja")

    with io_file(data) as file:
        if work == "prove":
            source.build(side, file.fileno(), said.properties, jobs=1)
            with contextlib.suppress(JagadataError):  # a count that is done at once is told to nobody
                source.prove(side, said.properties, progress=progress)
        else:
            with pytest.raises(JagadataError, match="sakelar"):
                source.build(side, file.fileno(), said.properties, jobs=1, progress=progress)
    source.forget(side, identity=source.look(side).identity)
    assert source.look(name) is not None


def test_an_exchange_gives_the_live_name_to_what_was_beside_and_keeps_the_old(source, name):
    pair = make_pair(source, name)
    assert source.ask([pair]) == "old"
    exchange(source, pair)
    assert source.ask([pair]) == "new"
    assert source.find(pair.side_identity) == name
    assert source.find(pair.live_identity) == pair.kept
    exchange(source, pair.reversed)
    assert source.ask([pair]) == "old"
    assert source.find(pair.side_identity) == pair.side


def test_where_there_is_no_live_one_it_is_one_rename(source, name):
    pair = replace(
        make_pair(source, name), live=f"{name}_hilang", kept=f"{name}_hilang_lama", live_identity=None
    )
    assert source.ask([pair]) == "old"
    exchange(source, pair)
    assert source.ask([pair]) == "new"
    assert source.look(pair.kept) is None
    with pytest.raises(ValueError, match="hilang"):
        _ = pair.reversed


def test_what_was_prepared_and_not_committed_never_happened(source, name):
    pair = make_pair(source, name)
    with source.exclusive("s") as swap, swap.prepare([pair], end_sessions=True):
        pass
    assert source.ask([pair]) == "old"
    with (
        pytest.raises(RuntimeError, match="bagian lain"),
        source.exclusive("s") as swap,
        swap.prepare([pair], end_sessions=True),
    ):
        raise RuntimeError("bagian lain gagal")
    assert source.ask([pair]) == "old"
    exchange(source, pair)  # and holds nothing up
    assert source.ask([pair]) == "new"


def test_nobody_sees_an_exchange_before_its_commit(keeper, source, name):
    pair, other = make_pair(source, name), keeper.source()
    with source.exclusive("s") as swap, swap.prepare([pair], end_sessions=True) as prepared:
        assert other.ask([pair]) == "old"
        prepared.commit()
        assert other.ask([pair]) == "new"


def test_whoever_looks_right_before_the_commit_may_stop_it(keeper, source, name):
    pair, asked = make_pair(source, name), []

    def look():
        asked.append(keeper.source().ask([pair]))
        raise RefusedError("sakelar bekerja", "ulangi")

    with (
        source.exclusive("s") as swap,
        swap.prepare([pair], end_sessions=True) as prepared,
        pytest.raises(RefusedError, match="sakelar"),
    ):
        prepared.commit(look)
    assert asked == ["old"]
    assert source.ask([pair]) == "old"


def test_whoever_stands_still_before_the_commit_wakes_up_to_nothing(source, name):
    pair = make_pair(source, name)
    with (
        source.exclusive("s") as swap,
        swap.prepare([pair], end_sessions=True, timeout=0.2) as prepared,
        pytest.raises(UnreachableError),
    ):
        prepared.commit(lambda: time.sleep(0.8))
    assert source.ask([pair]) == "old"


@pytest.mark.parametrize("wrong", ["live", "side", "gone", "there", "kept"])
def test_what_is_not_as_expected_is_never_exchanged(keeper, source, name, wrong):
    right = make_pair(source, name)
    if wrong == "kept":
        keeper.make(right.kept, 1)
    pair = {
        "live": replace(right, live_identity=f"{right.live_identity}0"),
        "side": replace(right, side_identity=right.live_identity),
        "gone": replace(right, live=f"{name}_hilang"),
        "there": replace(right, live_identity=None),
        "kept": right,
    }[wrong]
    with pytest.raises(RefusedError):
        exchange(source, pair)
    assert source.ask([right]) == "old"
    assert source.find(right.side_identity) == right.side


def test_several_data_sets_are_exchanged_at_once_or_not_at_all(keeper, source, name):
    second = f"{name}_arsip"
    keeper.make(second, 2)
    pairs = [make_pair(source, name), make_pair(source, second)]
    wrong = replace(pairs[1], live_identity=f"{pairs[1].live_identity}0")
    with pytest.raises(RefusedError):
        exchange(source, pairs[0], wrong)
    assert source.ask(pairs) == "old"
    exchange(source, *pairs)
    assert source.ask(pairs) == "new"
    exchange(source, pairs[0].reversed)
    assert source.ask(pairs) == "mixed"


def test_sessions_are_ended_or_named_as_the_office_chose(keeper, source, name):
    pair = make_pair(source, name)
    with keeper.session(name):
        with (
            pytest.raises(RefusedError, match="sesi"),
            source.exclusive("s") as swap,
            swap.prepare([pair], end_sessions=False),
        ):
            pass
        assert source.ask([pair]) == "old"
        exchange(source, pair)
    assert source.ask([pair]) == "new"


# --- the lock -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["dump", "restore"])
def test_a_system_is_held_by_one_and_tells_whether_it_is_a_restore(keeper, source, name, login):
    del name  # its logins are there
    for restoring, kind in ((False, BusyError), (True, RestoreRunningError)):
        with source.exclusive("s", login=login, restoring=restoring) as swap:
            assert swap.holds()
            with pytest.raises(BusyError, match="'s'") as told, keeper.source().exclusive("s"):
                pass
            assert type(told.value) is kind
            with keeper.source().exclusive("lain"):
                pass
    with keeper.source().exclusive("s"):
        pass


def test_a_lost_lock_exchanges_nothing(keeper, source, name):
    pair = make_pair(source, name)
    with source.exclusive("s") as swap:
        keeper.lose(swap)
        assert not swap.holds()
        with pytest.raises(UnreachableError), swap.prepare([pair], end_sessions=True):
            pass
    assert source.ask([pair]) == "old"


def test_a_lock_that_is_lost_between_the_two_exchanges_nothing(keeper, source, name):
    pair = make_pair(source, name)
    with source.exclusive("s") as swap, swap.prepare([pair], end_sessions=True) as prepared:
        keeper.lose(swap)
        with pytest.raises(UnreachableError):
            prepared.commit()
    assert source.ask([pair]) == "old"


# --- for good -----------------------------------------------------------------------------------------------------


def test_only_the_data_set_that_is_meant_is_forgotten(source, name):
    identity = build(source, name, f"{name}_baru")
    with pytest.raises(RefusedError, match="bukan lagi"):
        source.forget(name, identity=identity)
    source.forget(f"{name}_baru", identity=identity)
    assert (source.look(f"{name}_baru"), source.find(identity)) == (None, None)
    source.forget(f"{name}_baru", identity=identity)
    assert source.rows(name) == {"public.surat": 3}
