"""Plans and requests come back from journals, also from those of former versions, with the hash that was approved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jagadata.errors import RefusedError
from jagadata.evidence.envelope import canonical_json, digest
from jagadata.restore.planning import refuse_changed
from jagadata.restore.request import PlannedDataSet, parse_plan

OLD = {
    "request": {"system": "simpeg", "requester": "Dewi", "unit": "BKPSDM", "reason": "hilang"},
    "backup": "20261101t180003z-4f0c9a1b2d",
    "manifest": "0" * 64,
    "system_identifier": "7301",
    "databases": [
        {"name": "simpeg", "oid": 16384, "side": "", "side_oid": None},
        {"name": "arsip", "oid": None, "side": "arsip__lama_x", "side_oid": 16390},
    ],
    "mode": "sop",
    "services": ["app1/web.service"],
    "office_entry": "0" * 64,
}
"""As a version wrote it that told databases by their number alone; its request had every field, like that of `told`."""


@pytest.fixture
def told():
    """The plan's JSON with the whole request, as it stands in an old journal."""
    return parse_plan(OLD).to_json()


def test_a_plan_of_a_former_version_keeps_its_json_and_the_hash_that_was_approved(told):
    assert {**told, "request": OLD["request"]} == OLD | {"services": ("app1/web.service",)}
    plan = parse_plan(told)
    assert plan.hash == digest(canonical_json(told))
    assert plan.hash == "7f2c257b799e7e7e6af6e97a70cfaeaf80fea1de9da2fde98743847d17bf48d4"
    assert plan.data == (
        PlannedDataSet(name="simpeg", identity="oid:16384@7301"),
        PlannedDataSet(name="arsip", identity=None, side="arsip__lama_x", side_identity="oid:16390@7301"),
    )


def test_a_waiting_approval_of_a_former_version_holds_for_the_same_plan(told):
    old = parse_plan(told)
    refuse_changed(old, replace(old, format=2))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"data": (PlannedDataSet(name="simpeg", identity="oid:16385@7301"),)}, "basis data yang berjalan"),
        ({"system_identifier": "7302"}, "server basis data"),
        ({"mode": "minimal"}, "cara penghentian"),
    ],
)
def test_and_for_no_other(told, change, word):
    old = parse_plan(told)
    with pytest.raises(RefusedError, match=word):
        refuse_changed(old, replace(old, format=2, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"databases": [{"name": "simpeg", "oid": "16384"}]},
        {"databases": [{"name": "simpeg", "oid": True}]},
        {"databases": [{"name": "simpeg", "identity": "dir:1"}]},
        {"databases": [{"name": "simpeg"}]},
        {"format": 3},
    ],
)
def test_a_plan_that_no_version_wrote_is_refused_in_words(told, change):
    with pytest.raises(RefusedError, match="ditulis versi Jagadata lain"):
        parse_plan({**told, **change})
