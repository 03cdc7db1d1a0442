"""Kept databases: found by the server that made them and the name that it gave, and never dropped as what they are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from jagadata.errors import NotFoundError, RefusedError
from jagadata.lab.memory_store import MemoryStore
from jagadata.restore.kept import Kept, current_name_of, drop_kept, list_kept, newest_kept, record_kept
from tests.unit.evidence.test_records import records

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


@dataclass
class Server:
    """The names of a database server by OID."""

    names: dict[int, str]
    identifier: str = "7000000000000000001"
    name: str = "pg1"
    dropped: list[int] = field(default_factory=list)

    def facts(self):
        return SimpleNamespace(system_identifier=self.identifier)

    def find_oid(self, oid):
        return self.names.get(oid)

    def drop(self, name, *, oid):
        assert self.names.pop(oid) == name
        self.dropped.append(oid)


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


def keep(place, run, oid, *, days=-1, system="simpeg", incident=False):
    one = Kept(
        system=system,
        run=run,
        name="simpeg",
        kept=f"simpeg__lama_{run}",
        oid=oid,
        system_identifier="7000000000000000001",
        what="data lama",
        at=NOW + timedelta(minutes=oid),
        until=NOW + timedelta(days=days),
        incident=incident,
    )
    record_kept(place, one)
    return one


@pytest.fixture
def place():
    """A restore kept 101 and a rollback brought it back, which kept 102; what a system of former days kept lies elsewhere."""
    place = Place(Server({101: "simpeg", 102: "simpeg__lama_b"}), records(MemoryStore("utama")))
    keep(place, "a", 101)
    keep(place, "b", 102)
    keep(place, "c", 103, system="lama")
    return place


def test_only_what_lies_beside_under_its_name_can_come_back(place):
    assert [current_name_of(place, one) for one in list_kept(place)] == ["in use", "beside", "other server"]
    assert [one.oid for one in newest_kept(place, "simpeg")] == [102]
    del place.server_.names[102]
    with pytest.raises(NotFoundError, match="Tidak ada data lama"):
        newest_kept(place, "simpeg")  # and not the live one


def test_on_another_server_the_same_number_is_another_database(place):
    place.server_.identifier = "7000000000000000002"
    place.server_.names = {101: "absensi", 102: "simpeg__lama_b"}
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
    assert place.server_.dropped == [102]


def test_evidence_stays_evidence_when_it_is_kept_a_second_time(place):
    keep(place, "d", 104, incident=True)
    again = keep(place, "e", 104)
    place.server_.names[104] = again.kept
    with pytest.raises(RefusedError, match="barang bukti"):
        drop_kept(place, again, by="uji")


def test_the_last_day_is_told_as_in_the_papers(place):
    with pytest.raises(RefusedError, match="disimpan sampai 30 November 2026"):
        drop_kept(place, keep(place, "f", 105, days=5), by="uji")
