"""Whose a backup is, where it is found, and what is said of one that can't be chosen by itself."""

from __future__ import annotations

import pytest
import yaml

from jagadata.backup.prune import prune
from jagadata.backup.review import record_review
from jagadata.errors import NotFoundError, OfficeFileError, RefusedError
from jagadata.office.file import parse_office
from jagadata.restore.planning import find_backup, prove_backup
from jagadata.restore.request import RestoreRequest
from jagadata.upkeep.doctor import _strangers
from tests.lab.memory_office import MemoryOffice, back_up
from tests.lab.small_office import OFFICE, make_place


def request(system, backup=""):
    return RestoreRequest(
        system=system,
        requester="Dewi",
        unit="BKPSDM",
        reason="hilang",
        damage="hilang",
        email="d@example.id",
        backup=backup,
    )


def rename(raw, *formerly):
    raw["systems"][0] |= {"id": "kepegawaian", "formerly": list(formerly)}


@pytest.fixture
def office():
    return MemoryOffice()


def test_a_renamed_system_keeps_its_backups(monkeypatch, office):
    with make_place(monkeypatch, office) as place:
        made = back_up(place)
    with make_place(monkeypatch, office, change=lambda raw: rename(raw, "simpeg")) as place:
        assert find_backup(place, request("kepegawaian")).id == made
        assert find_backup(place, request("kepegawaian", made)).id == made
        assert prove_backup(place, place.catalog().get(made))
        assert [backup.id for backup in place.catalog("kepegawaian").backups] == [made]
        assert [state for state, _finding, _action in _strangers(place)] == ["OK"]
        newer = back_up(place, "r2")
        assert {backup.id for backup in place.catalog("kepegawaian").of("kepegawaian")} == {made, newer}


def test_retention_counts_a_renamed_system_once(monkeypatch, office):
    with make_place(monkeypatch, office) as place:
        made = [back_up(place, f"r{number}") for number in range(3)]
    retention = {"keep_last": 2, "minimum_days": 1}
    with make_place(
        monkeypatch, office, change=lambda raw: rename(raw, "simpeg"), retention=retention
    ) as place:
        newer = back_up(place, "r9")
        counted = {
            one.backup.id
            for one in prune(place, dry_run=True, run="p").decisions
            if "termasuk 2 back up terakhir" in one.reasons
        }
        assert len(counted) == 2
        assert counted <= {*made, newer}


def test_doctor_tells_of_a_system_that_only_the_store_knows(monkeypatch, office):
    with make_place(monkeypatch, office) as place:
        back_up(place)
    with make_place(monkeypatch, office, change=rename) as place:
        [(_state, finding, action)] = _strangers(place)
        assert "1 back up sistem 'simpeg'" in finding
        assert "formerly: [simpeg]" in action
        with pytest.raises(NotFoundError):
            find_backup(place, request("kepegawaian"))


def test_an_earlier_id_belongs_to_one_system(tmp_path):
    raw = yaml.safe_load(yaml.safe_dump(OFFICE))
    raw["systems"].append(
        {**raw["systems"][0], "id": "arsip", "data": [{"database": "arsip"}], "services": []}
    )
    raw["systems"][0]["formerly"] = ["arsip", "lama"]
    raw["systems"][1]["formerly"] = ["lama"]
    with pytest.raises(OfficeFileError) as refused:
        parse_office(yaml.safe_dump(raw), folder=tmp_path)
    assert "systems[0].formerly[0]: 'arsip' sudah menjadi id sistem 'arsip'" in str(refused.value)
    assert "systems[1].formerly[0]: 'lama' sudah menjadi id sistem 'simpeg'" in str(refused.value)


def test_a_backup_that_was_sent_back_is_named_with_how_to_choose_it(monkeypatch, office):
    with make_place(monkeypatch, office) as place:
        made = back_up(place)
        record_review(
            place,
            "simpeg",
            made,
            decision="Dikembalikan",
            reviewer={"id": "b", "name": "B"},
            note="",
            run="r1",
        )
        with pytest.raises(NotFoundError, match=f"'{made}' .* dikembalikan") as refused:
            find_backup(place, request("simpeg"))
        assert f"isi '{made}'" in refused.value.hint
        assert find_backup(place, request("simpeg", made)).id == made


class WithoutSecret(MemoryOffice):
    """Its first store's secret is not on this worker."""

    def store(self, entry):
        if entry.name == "utama":
            raise RefusedError("Rahasia 'env:KUNCI' tidak ada.", "Isi KUNCI.")
        return super().store(entry)


def test_the_second_store_is_read_where_the_first_has_no_secret(monkeypatch, office):
    with make_place(monkeypatch, office) as place:
        made = back_up(place)
    bare = WithoutSecret()
    bare.stores, bare.memory = office.stores, office.memory
    with make_place(monkeypatch, bare) as place:
        catalog = place.catalog()
        assert [(backup.id, backup.stores) for backup in catalog.backups] == [(made, ("kedua",))]
        assert catalog.silent == ("utama",)
        assert "Rahasia 'env:KUNCI' tidak ada." in catalog.problems[0].what
        assert prove_backup(place, catalog.get(made))[0].name == "kedua"
