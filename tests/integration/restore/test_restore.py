"""Backup and restore of a real application without Prefect: what holds on success, and on every way it can fail."""

from __future__ import annotations

import contextlib
import json
import shutil
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.connections import open_workplace
from jagadata.demo.office import grant
from jagadata.errors import JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.lab.postgres import start_postgres
from jagadata.restore.kept import current_name_of, drop_kept, list_kept, newest_kept
from jagadata.restore.letters import inform_requester
from jagadata.restore.papers.minutes import make_minutes_sheet
from jagadata.restore.papers.sheet import make_restore_sheet
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision


def test_a_damaged_application_comes_back_with_its_rows_and_the_old_data_stays(office_lab):
    with office_lab.place() as place:
        backup = office_lab.back_up(place)
        assert backup.failures() == []
        office_lab.sql("DELETE FROM aplikasi.surat")
        assert office_lab.letters() == 0
        restore = office_lab.received(place)
        result = office_lab.carry_out(restore)
        assert result.status == "Selesai", result
        assert office_lab.letters() == 200
        assert 0 < result.downtime_seconds < 60
        assert set(result.kept) <= office_lab.databases()
        inform_requester(restore)
        restore.acknowledge(answer="Diterima pemohon", recorded_by="Agus", how="telepon")
        form = restore.form()
        assert (form.status, form.acknowledged, form.approval) == (
            "Selesai",
            "Diterima pemohon",
            "Menyetujui",
        )
        (queue, letters) = form.rows  # how many the queue had is the moment's
        assert (queue[0], queue[1] == queue[2]) == ("aplikasi.antrean", True)
        assert letters == ("aplikasi.surat", 200, 200)
        for sheet in (
            make_restore_sheet(form),
            make_minutes_sheet(form, number="005/1", at=place.clock(), tz=place.timezone),
        ):
            (table,) = [part.table for section in sheet.sections for part in section.parts if part.table]
            assert table.rows[1] == ("aplikasi.surat", "200", "200", "Ya")
        assert "identitas penanda tangan belum dibuktikan" in form.approver.remark
        assert [message["to"] for message in office_lab.mail.messages()] == ["dewi@example.id"]
        assert any(part.get_filename() for part in office_lab.mail.messages()[0].iter_attachments())


def test_a_restore_test_stops_nothing_touches_nothing_and_leaves_a_database_with_a_last_day(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 100")
        before = office_lab.postgres.sql(
            f"SELECT oid FROM pg_database WHERE datname = '{office_lab.application.database}'"
        )
        result = office_lab.carry_out(office_lab.received(place, purpose="Uji"))
        assert result.status == "Selesai"
        assert result.off_at is None
        assert office_lab.letters() == 100
        assert (
            office_lab.postgres.sql(
                f"SELECT oid FROM pg_database WHERE datname = '{office_lab.application.database}'"
            )
            == before
        )
        kept = list_kept(place)
        assert [one.what for one in kept] == ["hasil uji"]
        assert kept[0].kept in office_lab.databases()


def test_a_rollback_gives_the_old_data_its_name_back_and_drops_nothing(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 50")
        assert office_lab.carry_out(office_lab.received(place, "11111111-a")).status == "Selesai"
        assert office_lab.letters() == 200
        count = len(office_lab.databases())
        result = office_lab.carry_out(office_lab.received(place, "22222222-b", rollback=True))
        assert result.status == "Selesai"
        assert office_lab.letters() == 50
        assert len(office_lab.databases()) == count
        again = office_lab.received(place, "33333333-c", rollback=True)
        (kept,) = newest_kept(place, office_lab.application.system)
        other = replace(kept, system_identifier="1")  # an OID of another server names nothing here
        assert current_name_of(place, other) == "other server"
    office_lab.change(lambda value: value["systems"][0]["services"].pop())
    with office_lab.place() as place:
        result = office_lab.carry_out(RestoreRun(place, again.run))
        assert "Rencana restore berubah sejak disetujui (urutan layanan" in result.reason
        assert result.off_at is None
        assert office_lab.letters() == 50


def test_minimal_downtime_restores_beside_before_anything_stops(office_lab):
    office_lab.change(lambda value: value["policy"].update(restore={"downtime": "minimal"}))
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat")
        restore = office_lab.received(place)
        result = office_lab.carry_out(restore)
        assert result.status == "Selesai"
        assert result.restored_until < result.off_at
        assert office_lab.letters() == 200


def test_a_probe_that_fails_gives_the_old_data_back_and_starts_the_service(office_lab):
    with office_lab.place() as place:
        office_lab.sql(
            "ALTER TABLE aplikasi.surat RENAME TO surat_lama"
        )  # this backup does not carry the application
        office_lab.back_up(place)
        office_lab.sql("ALTER TABLE aplikasi.surat_lama RENAME TO surat")
        office_lab.change(lambda value: value["systems"][0]["services"][0]["probe"].update(timeout=3))
    with office_lab.place() as place:
        restore = office_lab.received(place)
        result = office_lab.carry_out(restore)
        assert result.status == "Gagal"
        assert result.swapped_back, (result.reason, result.actions)
        assert office_lab.is_up()
        assert office_lab.letters() == 200
        assert restore.status == "Gagal"
        inform_requester(restore)
        assert "gagal" in office_lab.mail.messages()[-1]["subject"]


@pytest.mark.parametrize("step", ["prepare", "stop", "restore", "start"])
def test_an_error_at_any_step_ends_with_the_service_running_and_the_data_whole(office_lab, step):
    class CutOffError(Exception):
        pass

    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 10")
        restore = office_lab.received(place)
        with pytest.raises(CutOffError), restore.recovery() as recovery:
            for name in ("prepare", "stop", "restore", "start"):
                getattr(recovery, name)()
                if name == step:
                    raise CutOffError
        assert office_lab.is_up()
        assert office_lab.letters() == (10 if step in ("prepare", "stop") else 200)
        assert place.services(office_lab.application.system).switch().state != "armed"


def test_a_run_that_goes_on_after_a_crash_past_the_swap_only_starts_the_service(office_lab):
    class CrashError(BaseException):
        pass

    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat")
        restore = office_lab.received(place)
        recovery = restore.recovery().__enter__()
        recovery.prepare()
        recovery.stop()
        recovery.restore()
        recovery.vanish()  # as if the process had died here: nothing is made safe, the lock is gone
    assert not office_lab.is_up()
    with office_lab.place() as place:
        again = RestoreRun(place, restore.run)
        result = office_lab.carry_out(again)
        assert result.status == "Selesai", result
        assert office_lab.letters() == 200


def test_a_swap_whose_answer_was_lost_is_reported_as_what_it_was(office_lab):
    class Lost:
        """The names are exchanged; then the server is silent for longer than anybody waits."""

        def __init__(self, swap):
            self.inner = swap

        @contextlib.contextmanager
        def prepare(self, pairs, **options):
            with self.inner.prepare(pairs, **options) as prepared:
                yield prepared
            raise UnreachableError("Koneksi terputus saat menukar nama.", "Ulangi.", transient=True)

    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat")
        restore = office_lab.received(place)
        with restore.recovery() as recovery:
            recovery.prepare()
            recovery.stop()
            recovery.lock = Lost(recovery.lock)
            recovery.restore()
        assert (restore.status, office_lab.letters()) == ("Selesai", 200), restore.result
        assert "sempat terganggu" in " ".join(restore.result.actions)
        assert [one.what for one in list_kept(place)] == ["data lama"]


def test_an_approval_holds_for_one_exact_plan(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place)
    office_lab.change(lambda value: value["systems"][0]["services"].pop())
    with office_lab.place() as place:
        result = office_lab.carry_out(RestoreRun(place, restore.run))
        assert result.status == "Gagal"
        assert "Rencana restore berubah" in result.reason
        assert result.off_at is None
        assert office_lab.is_up()


def as_a_former_version(restore):
    """The same run in the journal of a version that told databases by number: its request, plan and approval."""
    old = replace(restore.plan, format=1)
    assert "databases" in old.to_json()
    again = RestoreRun(restore.place, f"{restore.run}-lama")
    for entry in restore.journal.entries:
        data = entry.data
        if "plan" in data:
            given = data["plan"]
            data = {**data, "plan": old.hash if given == restore.plan.hash else old.to_json()}
        if "hash" in data:
            data = {**data, "hash": old.hash}
        again.journal.note(entry.step, entry.event, entry.subject, **data)
    return again


@pytest.mark.parametrize("changed", [False, True])
def test_what_was_approved_before_the_upgrade_still_holds_for_exactly_that_plan(office_lab, changed):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = as_a_former_version(office_lab.received(place))
        office_lab.sql("DELETE FROM aplikasi.surat")
    if changed:
        office_lab.change(lambda value: value["systems"][0]["services"].pop())
    with office_lab.place() as place:
        result = office_lab.carry_out(RestoreRun(place, restore.run))
        assert (result.status, office_lab.letters()) == (("Gagal", 0) if changed else ("Selesai", 200))
        assert ("Rencana restore berubah" in result.reason) is changed


def test_a_newer_backup_meanwhile_does_not_change_the_plan(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place, "b1")
        restore = office_lab.received(place)
        office_lab.sql("DELETE FROM aplikasi.surat")
        office_lab.back_up(place, "b2")
        assert office_lab.carry_out(restore).status == "Selesai"
        assert office_lab.letters() == 200


def test_more_changed_rows_than_the_approver_was_shown_refuse(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place)
        office_lab.sql(
            "INSERT INTO aplikasi.surat (nomor, perihal, tanggal) SELECT 'x', 'y', now() FROM generate_series(1, 3000)"
        )
        result = office_lab.carry_out(restore)
        assert result.status == "Gagal"
        assert "melewati batas" in result.reason
        assert office_lab.letters() == 3200


def test_the_requester_never_approves_and_a_stranger_neither(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = RestoreRun(
            place, "run-x", office_lab.request(requester="rina kartika", nip="198001012006042003")
        )
        with pytest.raises(RefusedError, match="pemohon"):
            restore.receive()
        restore = RestoreRun(place, "run-y", office_lab.request())
        restore.receive()
        for stranger in ("bambang", "tidak-ada"):
            decision = Decision(answer="yes", signer=stranger, at=place.clock().isoformat())
            with pytest.raises(RefusedError, match="tidak berwenang"):
                restore.decide(decision, restore.plan.hash)
        with pytest.raises(RefusedError, match="belum disetujui"):
            restore.recovery()
        with pytest.raises(RefusedError, match="rencana lain"):
            restore.decide(Decision(answer="yes", signer="rina", at=place.clock().isoformat()), "0" * 64)


def test_two_restores_of_one_system_never_run_together(office_lab):
    with office_lab.place() as place, office_lab.place() as other:
        office_lab.back_up(place)
        first, second = office_lab.received(place, "aaaaaaaa-1"), office_lab.received(other, "bbbbbbbb-2")
        with first.recovery() as recovery:
            recovery.prepare()
            assert office_lab.carry_out(second).status == "Gagal"
            assert "sedang berjalan" in second.result.reason
            impatient = BackupRun(other, "b-meanwhile", BackupOrder())
            impatient.lock_timeout = 0.5  # else it waits for the restore's end
            impatient.make_backups()
            outcome = impatient.journal.outcome("1", office_lab.application.system)
            assert not outcome["ok"]
            assert "sedang berjalan" in outcome["reason"]
            recovery.stop()
            recovery.restore()
            recovery.start()
        assert first.result.status == "Selesai", first.result.reason


def test_what_only_a_superuser_could_give_back_is_refused_before_the_gate(office_lab):
    with office_lab.place() as place:
        office_lab.sql("CREATE TABLE aplikasi.milik_postgres (x int)")
        office_lab.back_up(place)
        with pytest.raises(RefusedError, match=r"aplikasi\.milik_postgres"):
            RestoreRun(place, "r-super", office_lab.request()).receive()


def test_no_backup_an_unknown_one_and_an_unknown_system_are_refused_before_anything(office_lab):
    with office_lab.place() as place:
        with pytest.raises(NotFoundError, match="Belum ada back up"):
            RestoreRun(place, "r1", office_lab.request()).receive()
        with pytest.raises(NotFoundError, match="tidak ada"):
            RestoreRun(place, "r2", office_lab.request(backup="20200101t000000z-tidakada")).receive()
        with pytest.raises(NotFoundError, match="Sistem"):
            RestoreRun(place, "r3", office_lab.request(system="lain")).receive()
        assert office_lab.is_up()


def damage_object(folder, harm):
    path = next(folder.glob("systems/*/backups/*/data/*.dump.age.000"))
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 1
    elif harm == "cut":
        data = data[: len(data) * 2 // 3]
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.mark.parametrize("harm", ["flip", "cut"])
def test_a_damaged_copy_is_passed_over_for_the_good_one_and_two_damaged_ones_refuse(office_lab, harm):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat")
        damage_object(office_lab.folder / "simpanan-utama", harm)
        restore = office_lab.received(place, "cccccccc-1")
        assert "salinan lain tidak dapat dipakai" in " ".join(restore.journal.outcome("1")["means"])
        damage_object(office_lab.folder / "simpanan-kedua", harm)
        with pytest.raises(JagadataError, match=r"tidak sesuai manifes|tidak dapat didekripsi"):
            RestoreRun(place, "dddddddd-2", office_lab.request()).receive()
        assert office_lab.is_up()


@pytest.mark.parametrize("where", ["payload", "sig"])
def test_a_forged_manifest_is_no_backup(office_lab, where):
    with office_lab.place() as place:
        office_lab.back_up(place)
        for folder in ("simpanan-utama", "simpanan-kedua"):
            path = next((office_lab.folder / folder).glob("systems/*/backups/*/manifest.json"))
            value = json.loads(path.read_bytes())
            holder = value if where == "payload" else value["signatures"][0]
            text = bytearray(b64decode(holder[where]))
            text[len(text) // 2] ^= 1
            holder[where] = b64encode(text).decode()
            path.write_text(json.dumps(value))
        catalog = place.catalog(office_lab.application.system)
        assert not catalog.backups
        assert len(catalog.problems) == 2


def test_an_unmounted_store_falls_back_to_the_second_and_none_refuses(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat")
        shutil.move(office_lab.folder / "simpanan-utama", office_lab.folder / "pergi")
        assert office_lab.carry_out(office_lab.received(place)).status == "Selesai"
        assert office_lab.letters() == 200
        shutil.move(office_lab.folder / "simpanan-kedua", office_lab.folder / "pergi2")
    with open_workplace(place.office) as place, pytest.raises(JagadataError, match="tidak terpasang"):
        RestoreRun(place, "r9", office_lab.request()).receive()


def test_too_little_spool_or_database_space_says_how_much_is_missing(office_lab, monkeypatch):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place, "eeeeeeee-1")
    office_lab.change(lambda value: value["servers"][0].update(data_host=None, free_space_gib=0.001))
    told = r"'pg-utama' kurang \d+,\d+ GiB \(perlu \d+,\d+ GiB\)\."
    with office_lab.place() as place, pytest.raises(RefusedError, match=told):
        RestoreRun(place, "ffffffff-2", office_lab.request()).receive()
    del restore


def test_a_strange_host_and_services_that_it_does_not_know_are_refused_before_the_gate(office_lab):
    office_lab.change(lambda value: value["servers"][0].update(data_host=None, free_space_gib=10))
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place, "11110000-a")
    text = office_lab.path.read_text(encoding="utf-8")
    stranger = office_lab.folder / "known_hosts"
    stranger.touch()
    office_lab.change(lambda value: value["hosts"][0].update(known_hosts=str(stranger)))
    with office_lab.place() as place, pytest.raises(RefusedError, match="belum dikenal"):
        RestoreRun(place, "22220000-b", office_lab.request()).receive()
    with office_lab.place() as place:  # it changed after the approval
        result = office_lab.carry_out(RestoreRun(place, restore.run))
        assert (result.status, result.off_at is not None) == ("Gagal", False), result
    office_lab.path.write_text(text, encoding="utf-8")
    office_lab.change(lambda value: value["systems"][0]["services"][1].update(unit="antrian"))
    with office_lab.place() as place, pytest.raises(RefusedError, match=r"'antrian' di host .*not-found"):
        RestoreRun(place, "33330000-c", office_lab.request()).receive()
    assert office_lab.is_up()


def test_services_that_do_not_stop_are_started_again_and_nothing_is_swapped(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 7")
        restore = office_lab.received(place)
        with restore.recovery() as recovery:
            recovery.prepare()
            recovery.stop()
            office_lab.application.supervisor.control("start", "web")  # somebody else starts it meanwhile
            recovery.restore()
            recovery.start()
        assert restore.result.status == "Gagal"
        assert "masih berjalan" in restore.result.reason
        assert office_lab.letters() == 7
        assert office_lab.is_up()


def test_kept_databases_are_dropped_only_when_their_day_has_come_and_never_after_an_incident(office_lab):
    with office_lab.place() as place:
        backup = office_lab.back_up(place)
        made = backup.journal.outcome("4", office_lab.application.system)["backup"]
        office_lab.carry_out(office_lab.received(place, "11112222-a"))
        office_lab.carry_out(office_lab.received(place, "33334444-b", cyber_incident=True, backup=made))
        ordinary, evidence = list_kept(place)
        with pytest.raises(RefusedError, match="disimpan sampai"):
            drop_kept(place, ordinary, by="uji")
        later = open_workplace(place.office, clock=lambda: datetime.now(UTC) + timedelta(days=400))
        with later:
            with pytest.raises(RefusedError, match="barang bukti"):
                drop_kept(later, evidence, by="uji")
            drop_kept(later, ordinary, by="uji")
            assert ordinary.kept not in office_lab.databases()
            assert evidence.kept in office_lab.databases()
            assert [one.dropped for one in list_kept(later)] == [True, False]


def test_an_incident_without_a_chosen_point_is_refused(office_lab):
    with pytest.raises(RefusedError, match="Titik pemulihan wajib"):
        office_lab.request(cyber_incident=True)


def test_a_session_in_the_way_is_listed_and_refused_where_the_policy_says_so(office_lab):
    office_lab.change(lambda value: value["policy"].update(restore={"sessions": "refuse"}))
    with office_lab.place() as place:
        office_lab.back_up(place)
        with psycopg.connect(office_lab.postgres.dsn(office_lab.application.database)):
            restore = office_lab.received(place)
            assert any("postgres@" in session for session in restore.impact.sessions)
            result = office_lab.carry_out(restore)
        assert result.status == "Gagal"
        assert "Masih ada sesi" in result.reason
        assert office_lab.is_up()
    office_lab.change(lambda value: value["policy"].update(restore={"sessions": "end"}))
    with (
        office_lab.place() as place,
        psycopg.connect(office_lab.postgres.dsn(office_lab.application.database)),
    ):
        result = office_lab.carry_out(office_lab.received(place, "99999999-superuser"))
        assert "Sesi superuser" in result.reason
        assert result.restored_from is None  # told before the service is off for as long as a restore takes
        assert office_lab.is_up()


def test_disaster_an_empty_server_and_an_empty_home_get_the_application_back(
    office_lab, lab, ssh_server, tmp_path
):
    """Only office.yaml, keys and the store are left; the database server is new."""

    with office_lab.place() as place:
        office_lab.back_up(place)
    dsn = office_lab.application
    with start_postgres(lab / "pg-baru") as fresh:
        role = f"app_{dsn.system.replace('-', '_')}"
        office_lab.change(
            lambda value: value["servers"][0].update(port=fresh.port, data_host=None, free_space_gib=10)
        )
        grant(fresh, office_lab.path)  # what `jaga db prepare` prints works on an empty server too
        office_lab.change(
            lambda value: value["systems"][0].update(services=[])
        )  # the application still points at the old server
        with office_lab.place() as place:
            with pytest.raises(RefusedError, match="peran") as refused:
                office_lab.received(place, "aaaaaaaa-1")
            fresh.sql(refused.value.hint.partition("superuser: ")[2])  # the SQL that the refusal prints
            restore = office_lab.received(place, "bbbbbbbb-2")
            assert restore.impact.live_size is None
            result = office_lab.carry_out(restore)
            assert result.status == "Selesai", result
            assert fresh.sql("SELECT count(*) FROM aplikasi.surat", dsn.database) == [(200,)]
            assert fresh.sql(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'") == [(False,)]
