"""A worker with several age identities: each backup is opened with the one that it was made for, and a missing one is named."""

from __future__ import annotations

from datetime import date

import pytest

from jagadata.cli.verify import check_copies
from jagadata.errors import DamagedError, RefusedError
from jagadata.evidence.keys import make_keys
from jagadata.office.machines import Keys
from jagadata.restore.planning import load_properties, prove_backup
from jagadata.upkeep.doctor import _keys, _openable
from jagadata.vault.verification import read_properties
from tests.lab.memory_office import MemoryOffice, back_up
from tests.lab.small_office import KEYS, make_place

NEW = make_keys()
OLD = [
    {"key": KEYS.recipient, "note": "kantor 2025", "until": date(2026, 11, 14)},
    {"key": KEYS.recovery_recipient, "note": "pemulihan 2025", "until": date(2026, 11, 14)},
]
PRESENT = [
    {"key": NEW.recipient, "note": "kantor 2026"},
    {"key": NEW.recovery_recipient, "note": "pemulihan"},
]


def rotate(*identities):
    """The office file after the rotation of docs/disaster.md; the worker holds these identities."""

    def change(raw):
        del raw["keys"]["identity"]
        raw["keys"] |= {"identities": list(identities), "recipients": [*OLD, *PRESENT]}

    return change


@pytest.fixture
def office(monkeypatch):
    """An office with a backup made before its keys were changed."""
    monkeypatch.setenv("JAGADATA_IDENTITAS_BARU", NEW.identity)
    connections = MemoryOffice()
    with make_place(monkeypatch, connections) as place:
        connections.backup = back_up(place)
    return connections


@pytest.fixture
def open_rotated(monkeypatch, office):
    return lambda *identities: make_place(monkeypatch, office, change=rotate(*identities))


def test_both_identities_open_the_backups_of_their_time(open_rotated, office):
    with open_rotated("env:JAGADATA_IDENTITAS_BARU", "env:JAGADATA_IDENTITAS") as place:
        old = place.catalog().get(office.backup)
        store, means = prove_backup(place, old)
        assert "seluruh isi dapat didekripsi" in means
        assert load_properties(place, old, store)
        made = back_up(place, "r2")
        new = place.catalog().get(made)
        assert new.manifest.recipients == [NEW.recipient, NEW.recovery_recipient]
        assert prove_backup(place, new)[1] == means
        assert [state for state, _finding, _action in [*_keys(place), *_openable(place)]] == ["OK", "OK"]


def test_the_identity_that_is_missing_is_named_by_its_note_and_days(open_rotated, office):
    with open_rotated("env:JAGADATA_IDENTITAS_BARU") as place:
        old = place.catalog().get(office.backup)
        with pytest.raises(
            RefusedError, match=r"kantor 2025 .*sampai 14 November 2026.* atau pemulihan 2025"
        ):
            prove_backup(place, old)
        [(state, finding, action)] = _openable(place)
        assert (state, "1 dari 1 back up tidak dapat dibuka" in finding) == ("MASALAH", True)
        assert "kantor 2025" in finding
        assert "keys.identities" in action


def test_verify_says_that_it_did_not_examine_what_it_has_no_key_for(open_rotated, office):
    with open_rotated("env:JAGADATA_IDENTITAS_BARU") as place:
        checked = check_copies(place, [("simpeg", lambda: place.catalog().get(office.backup))])
    assert [(row[1], row[2]) for row in checked.rows] == [
        ("utama", "TIDAK DIPERIKSA"),
        ("kedua", "TIDAK DIPERIKSA"),
    ]
    assert "kantor 2025" in checked.rows[0][3]
    assert checked.damaged == []
    assert isinstance(checked.unread[0], RefusedError)


def test_an_identity_that_cannot_be_read_hides_none_of_the_others(open_rotated, office):
    with open_rotated("env:TIDAK_ADA", "env:JAGADATA_IDENTITAS_BARU", "env:JAGADATA_IDENTITAS") as place:
        assert prove_backup(place, place.catalog().get(office.backup))
        assert [(state, "TIDAK_ADA" in finding) for state, finding, _action in _keys(place)] == [
            ("MASALAH", True)
        ]


def test_a_worker_without_the_key_of_today_refuses_before_it_dumps(open_rotated):
    with open_rotated("env:JAGADATA_IDENTITAS") as place, pytest.raises(AssertionError, match="kantor 2026"):
        back_up(place, "r2")


def test_what_is_whole_is_not_called_damaged_for_want_of_a_key(open_rotated, office):
    with open_rotated("env:JAGADATA_IDENTITAS_BARU") as place:
        old = place.catalog().get(office.backup)
        data, store = old.manifest.data[0], place.stores[0]
        with pytest.raises(RefusedError, match="utuh"):
            read_properties(store, data, old.versions_in(store.name), place.identities())
        [entry] = data.properties.objects
        store.remove(store.find(entry.key))
        store.put(entry.key, b"x" * entry.size)
        with pytest.raises(DamagedError, match="tidak sesuai manifes"):
            read_properties(store, data, old.versions_in(store.name), place.identities())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"identity": "env:SATU"}, ["env:SATU"]),
        ({"identity": "env:SATU", "identities": ["env:DUA"]}, ["env:SATU", "env:DUA"]),
        ({"identities": ["env:DUA", "env:TIGA"]}, ["env:DUA", "env:TIGA"]),
        ({"identity": None}, []),
        ({}, []),
    ],
)
def test_the_one_identity_of_earlier_office_files_is_the_first_of_the_list(written, read):
    keys = {"signing": "env:A", "signers": [{"key": KEYS.signing_public}], "recipients": PRESENT}
    assert Keys.model_validate({**keys, **written}).identities == read
