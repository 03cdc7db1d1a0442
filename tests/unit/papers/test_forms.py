import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagadata.backup.papers.form import BackupForm, BackupRow
from jagadata.errors import DamagedError
from jagadata.papers.values import BackupFile, Signature, format_nip, from_json, nip_warning, to_json
from jagadata.restore.papers.form import RestoreForm

AT = datetime(2026, 12, 1, 1, 2, 3, 456789, tzinfo=UTC)
ROW = BackupRow(
    system="simpeg",
    application="SIMPEG",
    started=AT,
    finished=AT,
    outcome="Berhasil",
    verification=("a", "b"),
    files=(BackupFile(name="x.age", size=5, sha256="00"),),
    hash_matches=False,
    retained_until=date(2027, 1, 1),
)
BACKUP = BackupForm(number="046/1", period="2026-11", rows=(ROW,), at=AT, reviewer=Signature(name="A", at=AT))
RESTORE = RestoreForm(
    number="046/2",
    at=AT,
    requester="Siti",
    rows=(("public.surat", 300, None),),
    off_seconds=1.25,
    remarks=("x",),
    personal_data=False,
)


@pytest.mark.parametrize("form", [BACKUP, RESTORE, BackupForm(number="", period="2026-11")])
def test_a_form_comes_back_from_json_as_it_was(form):
    text = json.dumps(to_json(form), allow_nan=False)
    assert from_json(type(form), json.loads(text)) == form


@given(st.text(), st.text(), st.datetimes(timezones=st.just(UTC)))
def test_whatever_people_type_comes_back(one, other, at):
    form = replace(RESTORE, requester=one, damage=other, at=at)
    assert from_json(RestoreForm, json.loads(json.dumps(to_json(form)))) == form


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"baru": 1}, "baru"),
        ({"at": "kemarin"}, "at"),
        ({"purpose": "Lain"}, "purpose"),
        ({"files": [{"size": 1}]}, "files.0.name"),
    ],
)
def test_a_record_that_this_version_cannot_read_is_refused_with_the_place(change, place):
    with pytest.raises(DamagedError, match=place):
        from_json(RestoreForm, {**to_json(RESTORE), **change})


def test_a_record_with_a_naive_time_is_refused():
    with pytest.raises(DamagedError):
        from_json(RestoreForm, {**to_json(RESTORE), "at": "2026-12-01T01:02:03"})


def test_a_form_with_a_naive_time_cannot_be_made():
    with pytest.raises(ValueError, match=r"RestoreForm\.at"):
        replace(RESTORE, at=datetime(2026, 1, 1))  # noqa: DTZ001 - the very thing under test


def test_a_duration_needs_both_ends():
    assert replace(ROW, finished=None).duration is None
    assert ROW.duration is not None


@pytest.mark.parametrize(
    ("nip", "printed"),
    [
        ("198609262015051001", "19860926 201505 1 001"),
        ("19860926 201505 1 001", "19860926 201505 1 001"),
        ("19700901992011002", "19700901992011002"),
        ("Non-ASN", "Non-ASN"),
        ("", "-"),
    ],
)
def test_nips_are_grouped_only_when_they_are_whole(nip, printed):
    assert format_nip(nip) == printed


def test_a_nip_of_17_digits_gets_a_warning_and_others_none():
    assert "17 angka" in nip_warning("19700901992011002")
    assert not any(map(nip_warning, ("198609262015051001", "Non-ASN", "")))
