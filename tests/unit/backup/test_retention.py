"""Retention explains itself: each case is a list of backups and what becomes of them."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from jagadata.backup.retention import apply_policy
from jagadata.office.policy import RetentionPolicy
from tests.lab.backups import NOW, backup

RETURNED = {"kind": "review", "data": {"decision": "Dikembalikan"}}
HELD = {"kind": "hold"}
RELEASED = {"kind": "release"}
PRUNED = {"kind": "prune"}
LOCKED = {"kind": "lock", "data": {"until": (NOW + timedelta(days=9)).isoformat()}}


def decide(backups, **policy):
    return {
        one.backup.id: ("simpan" if one.keep else "hapus", "; ".join(one.reasons))
        for one in apply_policy(
            backups, RetentionPolicy(**{"keep_last": 2, "minimum_days": 30, **policy}), NOW
        )
    }


def test_the_last_ones_stay_and_older_ones_go_with_the_rule_that_allows_it():
    found = decide([backup(f"b{days}", days) for days in (40, 80, 120, 160)])
    assert found["b40"] == ("simpan", "back up terverifikasi terbaru sistem ini; termasuk 2 back up terakhir")
    assert found["b80"] == ("simpan", "termasuk 2 back up terakhir")
    assert found["b120"] == ("hapus", "di luar 2 back up terakhir dan lebih dari 30 hari")
    assert found["b160"][0] == "hapus"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (backup("x", 20), "belum 30 hari"),
        (backup("x", 200, HELD), "ditahan"),
        (backup("x", 200, LOCKED), "terkunci sampai 24 November 2026"),
    ],
)
def test_young_held_and_locked_ones_never_go(one, reason):
    found = decide([backup("n1", 1), backup("n2", 2), one])
    assert found["x"][0] == "simpan"
    assert reason in found["x"][1]


def test_days_are_told_on_the_office_s_clock():
    one = backup("x", 14.25)  # 31 October 18.00 UTC: 1 November in the office
    now = NOW.astimezone(ZoneInfo("Asia/Jakarta"))
    (decision,) = apply_policy([one], RetentionPolicy(minimum_days=30), now)
    assert "belum 30 hari (sampai 1 Desember 2026)" in decision.reasons


def test_a_hold_of_the_office_file_holds_and_a_released_one_does_not():
    assert decide([backup("n1", 1), backup("n2", 2), backup("x", 200)], holds=["x"])["x"][0] == "simpan"
    assert decide([backup("n1", 1), backup("n2", 2), backup("x", 200, HELD, RELEASED)])["x"][0] == "hapus"


def test_returned_ones_do_not_count_as_the_last_and_never_take_the_newest_good_one_with_them():
    found = decide([backup("r1", 40, RETURNED), backup("r2", 50, RETURNED), backup("good", 400)], keep_last=1)
    assert found["good"][0] == "simpan"
    assert found["r1"] == ("hapus", "dikembalikan oleh pemeriksa dan lebih dari 30 hari")


def test_each_system_keeps_its_own_and_pruned_ones_are_left_out():
    found = decide([backup("a", 400), backup("b", 500, system="sippd"), backup("p", 600, PRUNED)])
    assert {name: what for name, (what, _) in found.items()} == {"a": "simpan", "b": "simpan"}


def test_nothing_is_decided_by_names():
    assert (
        decide([backup("20990101t000000z-x", 400), backup("y", 40), backup("z", 41)])["20990101t000000z-x"][0]
        == "hapus"
    )
