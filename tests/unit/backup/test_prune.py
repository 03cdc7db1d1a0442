"""Prune removes nothing while it can't see everything that may speak against it."""

from __future__ import annotations

import pytest

from jagadata.backup.prune import prune
from jagadata.evidence.records import Records
from jagadata.lab.memory_store import MemoryStore
from jagadata.stores import layout
from jagadata.vault.catalog import write_receipt
from jagadata.vault.manifest import MANIFEST_KIND, manifest_hash
from tests.lab.backups import backup
from tests.lab.gone_store import GoneStore
from tests.lab.small_office import NOW, Stores, make_place

OLD, NEW = "20250101t000000z-0000000000", "20261101t000000z-0000000000"


@pytest.fixture
def place(monkeypatch):
    """An old backup that the policy lets go, and a new one, each whole in both stores; `held` says that the old one is held."""
    first, second = GoneStore("utama"), MemoryStore("kedua")
    first.gone = False
    retention = {"keep_last": 1, "minimum_days": 1}
    with make_place(monkeypatch, Stores(first, second), retention=retention) as opened:
        for name, days in ((OLD, 600), (NEW, 14)):
            manifest = backup(name, days).manifest.model_dump(mode="json")
            stream = manifest["data"][0]["archive"]
            stream["objects"][0]["key"] = f"systems/simpeg/backups/{name}/data/db01.dump.age.000"
            envelope = opened.signer.seal(
                MANIFEST_KIND, {**manifest, "data": [{**manifest["data"][0], "properties": stream}]}
            )
            for store in (first, second):
                store.put(stream["objects"][0]["key"], b"x")
                store.put(layout.make_manifest_key("simpeg", name), envelope)
            if name == OLD:
                opened.old = (name, manifest_hash(envelope))
        yield opened


def hold(place):
    """In the first store only, as where a worker died before the second had its copy."""
    alone = Records(place.stores[:1], place.signer, place.seals)
    write_receipt(alone, ("simpeg", *place.old), "hold", NOW)


def test_what_is_outside_the_policy_goes(place):
    assert prune(place, dry_run=False, run="p").removed == (OLD,)


def test_a_hold_in_a_store_that_does_not_answer_still_holds(place):
    hold(place)
    first, second = place.stores
    first.gone = True
    report = prune(place, dry_run=False, run="p")
    assert report.removed == ()
    assert [problem.where for problem in report.problems] == ["utama"]
    assert list(second.list(f"systems/simpeg/backups/{OLD}/data/"))
    assert "tidak terbaca" in report.decisions[-1].reasons[0]


def test_a_hold_that_was_damaged_still_holds(place):
    hold(place)
    first = place.stores[0]
    stored = next(first.list(f"systems/simpeg/backups/{OLD}/receipts/"))
    first.remove(stored)
    first.put(stored.key, b"{}")
    report = prune(place, dry_run=False, run="p")
    assert report.removed == ()
    assert [problem.where for problem in report.problems] == [stored.key]


def test_a_hold_that_was_damaged_in_one_store_is_known_by_the_other_and_named(place):
    write_receipt(place.records, ("simpeg", *place.old), "hold", NOW)
    first = place.stores[0]
    stored = next(first.list(f"systems/simpeg/backups/{OLD}/receipts/"))
    first.remove(stored)
    first.put(stored.key, b"{}")
    report = prune(place, dry_run=False, run="p")
    assert report.removed == ()
    assert [problem.where for problem in report.problems] == [stored.key]
    assert "ditahan" in report.decisions[-1].reasons


def test_a_decision_of_the_kasi_outlives_the_store_that_it_was_written_to_first(place):
    write_receipt(place.records, ("simpeg", *place.old), "review", NOW, decision="Dikembalikan")
    place.stores[0].gone = True
    assert place.catalog().get(OLD).review == "Dikembalikan"
