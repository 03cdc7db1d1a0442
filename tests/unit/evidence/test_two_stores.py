"""Records in two stores, either of which may be lost at any moment: nothing is lost with it, and work goes on."""

from __future__ import annotations

import pytest

from jagadata.errors import UnreachableError
from jagadata.evidence.journal import Journal
from jagadata.evidence.mirror import Backlog, copy_missing
from jagadata.evidence.numbers import claim_number
from jagadata.evidence.records import Records
from tests.lab.clock import Clock
from tests.lab.gone_store import GoneStore
from tests.lab.records import SEALS, SIGNER

KIND = "application/vnd.jagadata.test+json"
AT = "2026-11-15T10:00:00+07:00"
STEPS = range(5)


@pytest.fixture
def stores():
    made = [GoneStore("utama"), GoneStore("kedua")]
    for store in made:
        store.gone = False
    return made


def records(stores):
    """Of a worker that never waits before it asks a store again."""
    return Records(stores, SIGNER, SEALS, Backlog(clock=Clock()))


def numbers_of(stores, year=2026):
    return sorted(key for store in stores for key in store_keys(store, f"numbers/form/{year}/"))


def store_keys(store, prefix=""):
    return [stored.key for stored in store.list(prefix)]


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("at", STEPS)
def test_either_store_may_be_lost_at_each_step_and_the_run_goes_on(stores, lost, at):
    """Lost: away for one step, in which the other takes what is written; then back."""
    place = records(stores)
    journal = Journal(place, "run")
    claimed = []
    for step in STEPS:
        stores[lost].gone = step == at
        claimed.append(claim_number(place, "form", 2026, run=f"run-{step}", at=AT))
        journal.note(str(step), "done", langkah=step)
        place.write(f"forms/backup/{step}.json", KIND, {"at": AT, "step": step})
    stores[lost].gone = False
    assert journal.flush() == 0
    assert [int(number.removesuffix("-C")) for number in claimed] == [1, 2, 3, 4, 5]
    assert store_keys(stores[0]) == store_keys(stores[1])
    for alone in stores:  # whichever is lost for good afterwards
        assert [entry.step for entry in Journal(records([alone]), "run").entries] == [
            str(step) for step in STEPS
        ]
        assert claim_number(records([alone]), "form", 2026, run="later", at=AT) == "6"


@pytest.mark.parametrize("at", STEPS)
def test_a_primary_that_is_lost_for_good_and_replaced_by_an_empty_one_costs_nothing(stores, at):
    place = records(stores)
    for step in STEPS:
        if step == at:
            fresh = GoneStore("utama")
            fresh.gone = False
            place = records([fresh, stores[1]])
        claim_number(place, "form", 2026, run=f"run-{step}", at=AT)
        Journal(place, "run").note(str(step), "done")
    assert copy_missing(place.stores, SEALS) == []
    assert store_keys(place.stores[0]) == store_keys(place.stores[1])
    assert len(numbers_of(place.stores)) == 2 * len(STEPS)
    assert len(Journal(place, "run").entries) == len(STEPS)


def test_what_a_worker_that_died_left_in_one_store_is_copied_by_the_watch(stores):
    stores[1].gone = True
    Journal(records(stores), "run").note("1", "done")
    stores[1].gone = False
    assert copy_missing(stores, SEALS) == []
    stores[0].gone = True
    assert [entry.step for entry in Journal(records(stores), "run").entries] == ["1"]


def test_a_record_that_nobody_signed_is_named_and_not_copied(stores):
    stores[0].put("forms/backup/palsu.json", b"{}")
    stores[0].put("systems/simpeg/backups/x/data/db01.dump.age.000", b"bukan catatan")
    assert [problem.where for problem in copy_missing(stores, SEALS)] == ["forms/backup/palsu.json di utama"]
    assert store_keys(stores[1]) == []


def test_a_copy_that_was_damaged_gives_way_to_the_good_one(stores):
    place = records(stores)
    place.write("a/b.json", KIND, {"at": AT})
    stores[0].remove(stores[0].find("a/b.json"))
    stores[0].put("a/b.json", b"rusak")
    assert place.read("a/b.json", KIND).store == "kedua"


def test_nothing_is_known_of_a_store_that_is_silent_and_nothing_is_copied(stores):
    stores[1].gone = True
    with pytest.raises(UnreachableError):
        copy_missing(stores, SEALS)


def test_a_silent_store_is_not_asked_for_every_line(stores):
    clock = Clock()
    place = Records(stores, SIGNER, SEALS, Backlog(clock=clock))
    stores[1].gone = True
    place.write("a/1.json", KIND, {"at": AT})
    stores[1].gone = False
    place.write("a/2.json", KIND, {"at": AT})
    assert store_keys(stores[1]) == []
    clock.sleep(31)
    place.write("a/3.json", KIND, {"at": AT})
    assert store_keys(stores[1]) == ["a/1.json", "a/2.json", "a/3.json"]
