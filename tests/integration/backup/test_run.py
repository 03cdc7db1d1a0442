"""SOP Back Up Data without Prefect: several systems, what fails beside what does not, and what step 2 proves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

import pytest
from click.testing import CliRunner

from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.cli import main
from jagadata.errors import NotFoundError, RefusedError
from jagadata.restore.planning import find_backup, load_properties
from jagadata.signoff.signers import Decision


def add_systems(office_lab, count):
    """More systems on the same server, each with one row that says whose it is."""
    names = [f"sistem-{number}-{token_hex(2)}" for number in range(count)]
    for name in names:
        office_lab.postgres.sql(f'CREATE DATABASE "{name}" OWNER {role_of(office_lab)}')
        office_lab.postgres.sql(
            f"SET ROLE {role_of(office_lab)}; CREATE SCHEMA a; CREATE TABLE a.milik AS SELECT '{name}'::text AS nama",
            name,
        )
        office_lab.postgres.sql(f'GRANT CONNECT ON DATABASE "{name}" TO jagadata_dump')
    first = "pg-utama"
    office_lab.change(
        lambda value: value["systems"].extend(
            {"id": name, "name": name, "owner": "OPD", "server": first, "data": [{"database": name}]}
            for name in names
        )
    )
    return names


def role_of(office_lab):
    return f"app_{office_lab.application.system.replace('-', '_')}"


def run_all(run):
    systems = run.open().systems
    for step in (run.dump, run.verify, run.name, run.secure):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(step, systems))
    return list(systems)


def test_six_systems_are_six_different_databases_and_nothing_is_dumped_again_after_the_sign_off(office_lab):
    names = add_systems(office_lab, 6)
    with office_lab.place() as place:
        run = BackupRun(place, "enam", BackupOrder(systems=names))
        assert run_all(run) == names
        assert run.failures() == []
        made = {name: run.journal.outcome("4", name)["backup"] for name in names}
        assert len(set(made.values())) == 6
        hashes = set()
        for name in names:
            backup = place.catalog(name).get(made[name])
            assert backup.manifest.data[0].rows == {"a.milik": 1}
            assert load_properties(place, backup, place.stores[0])[name]["name"] == name
            hashes.add(backup.manifest.data[0].archive.plain_sha256)
        assert len(hashes) == 6
        form = run.fill_form()
        assert [row.system for row in form.rows] == names
        run.review(Decision(answer="yes", signer="bambang", at=place.clock().isoformat()))
    with office_lab.place() as place:  # resumed on another worker
        again = BackupRun(place, "enam", BackupOrder(systems=names))
        run_all(again)
        assert {name: again.journal.outcome("4", name)["backup"] for name in names} == made
        assert len(place.catalog().backups) == 6
        assert {backup.review for backup in place.catalog().backups} == {"Diterima"}


def test_a_failing_system_stands_on_the_form_with_its_reason_and_the_others_go_on(office_lab):
    names = add_systems(office_lab, 2)
    office_lab.postgres.sql(f'DROP DATABASE "{names[0]}"')
    with office_lab.place() as place:
        run = BackupRun(place, "sebagian", BackupOrder(systems=names))
        run_all(run)
        assert len(run.failures()) == 1
        form = run.fill_form()
        assert [row.outcome for row in form.rows] == ["Gagal", "Berhasil"]
        assert "tidak ada" in form.rows[0].reason
        reviewed = run.review(
            Decision(answer="no", signer="bambang", note="ulangi", at=place.clock().isoformat())
        )
        assert reviewed.review == "Dikembalikan"
        with pytest.raises(NotFoundError, match="dikembalikan") as sent_back:  # only by explicit choice
            place.catalog(names[1]).newest(names[1])
        assert run.journal.outcome("4", names[1])["backup"] in sent_back.value.hint
        from jagadata.restore.request import RestoreRequest

        chosen = RestoreRequest(
            system=names[1],
            requester="x",
            unit="y",
            reason="z",
            backup=run.journal.outcome("4", names[1])["backup"],
        )
        assert find_backup(place, chosen).review == "Dikembalikan"


def test_a_store_that_is_away_is_named_where_a_backup_is_chosen(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        folder = place.office.path(place.office.stores[0].path)
    folder.rename(folder.with_name("lepas"))
    try:
        with office_lab.place() as place:
            impact = office_lab.received(place).impact
        shown = CliRunner().invoke(main, ["backups"], env={"JAGADATA_OFFICE": str(office_lab.path)})
    finally:
        folder.with_name("lepas").rename(folder)
    name = place.office.stores[0].name
    words = "tidak menjawab: hasil pemeriksaan Kasi mungkin belum terlihat"
    assert impact.remarks == (f"penyimpanan {name} {words}",)
    assert f"penyimpanan {name}: {words}" in shown.output


def test_an_expired_gate_never_turns_a_good_month_into_a_failed_one(office_lab):
    with office_lab.place() as place:
        run = office_lab.back_up(place)
        form = run.review(Decision(answer="expired", signer="", at=place.clock().isoformat()))
        assert form.rows[0].outcome == "Berhasil"
        assert form.review is None
        assert place.catalog(office_lab.application.system).newest(office_lab.application.system).review == ""


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"systems": ["tidak-ada"]}, "Sistem 'tidak-ada' tidak ada"),
        ({"period": "2999-01"}, "belum tiba"),
        ({"period": "Januari"}, "tidak dikenal"),
        ({"performer": "bambang"}, "tidak memegang peran"),
    ],
)
def test_bad_orders_are_refused_before_anything_is_dumped(office_lab, order, words):
    with office_lab.place() as place, pytest.raises((RefusedError, NotFoundError), match=words):
        BackupRun(place, "r", BackupOrder(**order)).open()


def test_a_past_period_is_caught_up_as_susulan_never_backdated(office_lab):
    with office_lab.place() as place:
        run = BackupRun(place, "s", BackupOrder(period="2026-01"))
        assert run.open().kind == "Susulan"


def test_the_performer_never_checks_the_form(office_lab):
    office_lab.change(lambda value: value["officials"][0]["duties"].append({"role": "kasi_aplikasi"}))
    with office_lab.place() as place:
        run = office_lab.back_up(place)
        assert [official.id for official in run.reviewers()] == ["bambang"]


def test_what_the_store_gives_back_is_what_step_2_judges(office_lab):
    with office_lab.place() as place:
        run = BackupRun(place, "rusak", BackupOrder())
        system = office_lab.application.system
        assert run.dump(system).ok
        path = next((office_lab.folder / "simpanan-utama").glob("systems/*/backups/*/data/*.dump.age.000"))
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-5])
        result = run.verify(system)
        assert not result.ok
        assert "tidak sesuai manifes" in result.failure.reason
        run.name(system)
        run.secure(system)
        assert place.catalog(system).backups == ()
        assert run.fill_form().rows[0].outcome == "Gagal"


def test_no_plaintext_and_no_secret_is_in_a_store_or_left_in_the_spool(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        office_lab.carry_out(office_lab.received(place))
    for folder in ("simpanan-utama", "simpanan-kedua"):
        for path in (office_lab.folder / folder).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert b"406.020/2026\t" not in content
                assert b"PGDMP" not in content
    assert not [path for path in office_lab.folder.iterdir() if path.is_file() and path.name != "office.yaml"]
