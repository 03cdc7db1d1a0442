"""What step 2 proved of a backup is what a restore of it is held to: named at the gate, swapped in only if it was named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jagadata.adapters.postgres.throwaway import find_way
from jagadata.restore.planning import find_backup
from jagadata.vault.manifest import MANIFEST_KIND

pytestmark = pytest.mark.skipif(not find_way(), reason="this machine allows no namespaces")

ORPHAN = """
CREATE TABLE aplikasi.lampiran (id int PRIMARY KEY, surat int);
INSERT INTO aplikasi.lampiran VALUES (1, NULL), (2, 999999);
ALTER TABLE aplikasi.lampiran ADD CONSTRAINT lampiran_surat FOREIGN KEY (surat) REFERENCES aplikasi.surat (id) NOT VALID;
UPDATE pg_constraint SET convalidated = true WHERE conname = 'lampiran_surat';
"""
"""A foreign key that says it holds, and does not."""


@pytest.fixture
def office_lab(office_lab):
    def restore_in_step_2(value):
        value["policy"]["backup"]["verify"] = "restore"

    office_lab.change(restore_in_step_2)
    return office_lab


def own_all(office_lab):
    owner = office_lab.postgres.sql(
        f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{office_lab.application.database}'"
    )[0][0]
    office_lab.sql(f'ALTER TABLE aplikasi.lampiran OWNER TO "{owner}"')


def test_a_whole_backup_is_proven_and_its_restore_holds_the_same_contents(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        backup = place.catalog(office_lab.application.system).backups[0]
        (entry,) = backup.manifest.data
        assert (backup.manifest.state, backup.manifest.format) == ("terbukti", 2), entry.proof
        assert set(entry.proof.digests) == {name for name in entry.rows if name != "pg_largeobject"}
        office_lab.sql("DELETE FROM aplikasi.surat")
        restore = office_lab.received(place)
        assert "status back up: terbukti" in restore.received.means
        assert office_lab.carry_out(restore).status == "Selesai"
        assert office_lab.letters() == 200


def test_what_a_restore_can_not_make_again_is_named_the_same_day_and_restored_once_approved(office_lab):
    office_lab.sql(ORPHAN)
    own_all(office_lab)
    with office_lab.place() as place:
        form = office_lab.back_up(place).fill_form()
        backup = place.catalog(office_lab.application.system).backups[0]
        assert backup.manifest.state == "terbukti dengan catatan"
        assert "lampiran_surat" in form.rows[0].obstacles
        assert form.rows[0].outcome == "Berhasil"
        office_lab.sql("DELETE FROM aplikasi.surat")
        restore = office_lab.received(place)
        assert any("lampiran_surat" in one for one in restore.received.means)
        result = office_lab.carry_out(restore)
        assert result.status == "Selesai", result
        assert office_lab.letters() == 200
        assert office_lab.sql("SELECT count(*) FROM aplikasi.lampiran") == [(2,)]
        assert office_lab.sql("SELECT convalidated FROM pg_constraint WHERE conname = 'lampiran_surat'") == [
            (False,)
        ]


def test_what_nobody_named_before_ends_the_restore_with_the_old_data_live(office_lab):
    def read_only(value):
        value["policy"] = {**value.get("policy", {}), "backup": {"verify": "read"}}

    office_lab.change(read_only)
    office_lab.sql(ORPHAN)
    own_all(office_lab)
    with office_lab.place() as place:
        office_lab.back_up(place)
        backup = place.catalog(office_lab.application.system).backups[0]
        assert backup.manifest.state == "terbaca"
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 150")
        restore = office_lab.received(place)
        assert any("belum diuji" in one for one in restore.received.means)
        result = office_lab.carry_out(restore)
        assert result.status != "Selesai"
        assert "lampiran_surat" in result.reason
        assert office_lab.letters() == 150
        assert office_lab.is_up()


def test_a_backup_of_format_1_is_read_as_it_was_written_and_restored(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        system = office_lab.application.system
        manifest = place.catalog(system).backups[0].manifest
        value = {**manifest.model_dump(mode="json"), "format": 1}
        for entry in value["data"]:
            del entry["proof"]
            entry["oid"] = int(entry.pop("identity").removeprefix("oid:").partition("@")[0])
        envelope = place.signer.seal(MANIFEST_KIND, value)
        for path in office_lab.folder.glob(f"simpanan-*/systems/{system}/backups/*/manifest.json"):
            path.chmod(0o600)
            path.write_bytes(envelope)
        backup = place.catalog(system).backups[0]
        assert (backup.manifest.format, backup.manifest.state) == (1, "terbaca")
        assert backup.manifest.data[0].identity == manifest.data[0].identity
        office_lab.sql("DELETE FROM aplikasi.surat")
        assert office_lab.carry_out(office_lab.received(place)).status == "Selesai"
        assert office_lab.letters() == 200


def test_a_backup_whose_test_failed_is_not_the_default_while_there_is_another(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place, run="run-baik")
        good = place.catalog(office_lab.application.system).backups[0]
        office_lab.sql(
            "CREATE TABLE aplikasi.kembar (id int PRIMARY KEY); INSERT INTO aplikasi.kembar VALUES (1);"
            "UPDATE pg_index SET indisunique = false, indisready = false, indisvalid = false, indislive = false WHERE indexrelid = 'aplikasi.kembar_pkey'::regclass"
        )
        office_lab.sql("INSERT INTO aplikasi.kembar VALUES (1)")
        office_lab.sql(
            "UPDATE pg_index SET indisunique = true, indisready = true, indisvalid = true, indislive = true WHERE indexrelid = 'aplikasi.kembar_pkey'::regclass"
        )
        owner = office_lab.postgres.sql(
            f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{office_lab.application.database}'"
        )[0][0]
        office_lab.sql(f'ALTER TABLE aplikasi.kembar OWNER TO "{owner}"')
        run = office_lab.back_up(place, run="run-kembar")
        assert run.failures() == []
        newest = place.catalog(office_lab.application.system).backups[0]
        assert newest.manifest.state == "gagal diuji"
        request = office_lab.request()
        assert find_backup(place, request).id == good.id
        assert find_backup(place, replace(request, backup=newest.id)).id == newest.id
