"""Kept databases: found by the server that made them and the name that it gave, and never dropped as what they are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from jagadata.errors import NotFoundError, RefusedError
from jagadata.lab.memory_store import MemoryStore
from jagadata.restore.kept import (
    KEPT_KIND,
    Kept,
    current_name_of,
    drop_kept,
    list_kept,
    newest_kept,
    record_kept,
)
from tests.lab.records import records

SERVER = "7000000000000000001"
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


@dataclass
class Server:
    """The names of a server's databases by their identity."""

    names: dict[str, str]
    identifier: str = SERVER
    name: str = "pg1"
    forgotten: list[str] = field(default_factory=list)

    def facts(self):
        return SimpleNamespace(system_identifier=self.identifier)

    def find(self, identity):
        return self.names.get(identity)

    def forget(self, name, *, identity):
        assert self.names.pop(identity) == name
        self.forgotten.append(identity)


@dataclass
class Place:
    server_: Server
    records: object
    office: object = field(default_factory=lambda: SimpleNamespace(systems=[SimpleNamespace(id="simpeg")]))
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Jakarta"))

    def clock(self):
        return NOW

    def server(self, _system):
        return self.server_


def identity(number):
    return f"oid:{number}@{SERVER}"


def keep(place, run, number, *, days=-1, system="simpeg", incident=False):
    one = Kept(
        system=system,
        run=run,
        name="simpeg",
        kept=f"simpeg__lama_{run}",
        identity=identity(number),
        system_identifier=SERVER,
        what="data lama",
        at=NOW + timedelta(minutes=number),
        until=NOW + timedelta(days=days),
        incident=incident,
    )
    record_kept(place, one)
    return one


@pytest.fixture
def place():
    """A restore kept 101 and a rollback brought it back, which kept 102; what a system of former days kept lies elsewhere."""
    place = Place(
        Server({identity(101): "simpeg", identity(102): "simpeg__lama_b"}), records(MemoryStore("utama"))
    )
    keep(place, "a", 101)
    keep(place, "b", 102)
    keep(place, "c", 103, system="lama")
    return place


def test_only_what_lies_beside_under_its_name_can_come_back(place):
    assert [current_name_of(place, one) for one in list_kept(place)] == ["in use", "beside", "other server"]
    assert [one.identity for one in newest_kept(place, "simpeg")] == [identity(102)]
    del place.server_.names[identity(102)]
    with pytest.raises(NotFoundError, match="Tidak ada data lama"):
        newest_kept(place, "simpeg")  # and not the live one


def test_on_another_server_the_same_number_is_another_database(place):
    place.server_.identifier = "7000000000000000002"
    place.server_.names = {identity(101): "absensi", identity(102): "simpeg__lama_b"}
    with pytest.raises(NotFoundError, match="Tidak ada data lama"):
        newest_kept(place, "simpeg")
    for one in list_kept(place, "simpeg"):
        with pytest.raises(RefusedError, match="bukan server tempat"):
            drop_kept(place, one, by="uji")


def test_what_is_live_again_is_not_dropped(place):
    live, beside = list_kept(place, "simpeg")
    with pytest.raises(RefusedError, match="kini bernama 'simpeg'"):
        drop_kept(place, live, by="uji")
    drop_kept(place, beside, by="uji")
    assert place.server_.forgotten == [identity(102)]


def test_evidence_stays_evidence_when_it_is_kept_a_second_time(place):
    keep(place, "d", 104, incident=True)
    again = keep(place, "e", 104)
    place.server_.names[identity(104)] = again.kept
    with pytest.raises(RefusedError, match="barang bukti"):
        drop_kept(place, again, by="uji")


def test_the_last_day_is_told_as_in_the_papers(place):
    with pytest.raises(RefusedError, match="disimpan sampai 30 November 2026"):
        drop_kept(place, keep(place, "f", 105, days=5), by="uji")


def write_as_before(place, run, number, **changes):
    """The record of a version that told databases by their number alone."""
    value = {
        "system": "simpeg",
        "run": run,
        "name": "simpeg",
        "kept": f"simpeg__lama_{run}",
        "oid": number,
        "system_identifier": SERVER,
        "what": "data lama",
        "incident": False,
        "at": NOW.isoformat(),
        "until": (NOW - timedelta(days=1)).isoformat(),
        **changes,
    }
    place.records.write(f"kept/simpeg/{run}-{number}.json", KEPT_KIND, value)


def test_what_a_former_version_kept_is_found_and_dropped_under_its_own_record():
    place = Place(Server({identity(201): "simpeg__lama_x"}), records(MemoryStore("utama")))
    write_as_before(place, "x", 201)
    [kept] = list_kept(place)
    assert kept.identity == identity(201)
    assert newest_kept(place, "simpeg") == [kept]
    drop_kept(place, kept, by="uji")
    assert "kept/simpeg/x-201.dropped.json" in list(place.records.keys("kept/"))
    assert [one.dropped for one in list_kept(place)] == [True]


def test_what_a_former_version_kept_is_not_kept_a_second_time():
    place = Place(Server({}), records(MemoryStore("utama")))
    write_as_before(place, "x", 201)
    keep(place, "x", 201)
    keep(place, "x", 202)
    keep(place, "x", 202)
    assert [one.identity for one in list_kept(place)] == [identity(201), identity(202)]


def test_evidence_that_a_former_version_kept_stays_evidence():
    place = Place(Server({identity(201): "simpeg__lama_y"}), records(MemoryStore("utama")))
    write_as_before(place, "x", 201, incident=True)
    with pytest.raises(RefusedError, match="barang bukti"):
        drop_kept(place, keep(place, "y", 201), by="uji")


def test_a_record_of_a_number_that_is_none_is_told_and_not_a_crash():
    place, problems = Place(Server({}), records(MemoryStore("utama"))), []
    write_as_before(place, "x", "201")
    assert list_kept(place, problems=problems) == []
    assert [one.where for one in problems] == ["kept/simpeg/x-201.json"]
