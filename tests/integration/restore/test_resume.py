"""A restore that died is gone on with, never repeated blindly; what it left is found, explained and cleaned."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from jagadata.cli import main
from jagadata.connections import open_workplace
from jagadata.errors import RefusedError
from jagadata.restore.kept import list_kept
from jagadata.restore.recovery.swap import make_names
from jagadata.restore.run import RestoreRun
from jagadata.upkeep.sweep import sweep
from tests.lab.office import die_after


@pytest.fixture
def died(office_lab):
    """A damaged application whose restore died after these steps; returns the run."""

    def make(*steps):
        with office_lab.place() as place:
            office_lab.back_up(place)
            office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
            return die_after(office_lab, place, *steps)

    return make


def jaga(office_lab, *arguments, **options):
    return CliRunner().invoke(
        main, arguments, env={"JAGADATA_OFFICE": str(office_lab.path)}, catch_exceptions=False, **options
    )


@pytest.mark.parametrize(
    "steps", [(), ("prepare",), ("prepare", "stop"), ("prepare", "stop", "restore")], ids=len
)
def test_a_run_goes_on_at_its_first_unfinished_step(office_lab, died, steps):
    run = died(*steps)
    with office_lab.place() as place:
        assert sweep(place, dry_run=True, by="uji").problems == ()
    if "restore" not in steps:  # begun by the dead attempt; the line that says so was lost with it
        system = office_lab.application.system
        side, owner = make_names(run, system)[0], f"app_{system.replace('-', '_')}"
        office_lab.postgres.sql(f'CREATE DATABASE "{side}" OWNER {owner}')
    result = jaga(office_lab, "resume", run, "--yes")
    assert result.exit_code == 0, result.output
    assert office_lab.letters() == 200
    assert office_lab.is_up()
    with office_lab.place() as place:
        journal = RestoreRun(place, run).journal
        swaps = [entry for entry in journal.entries if (entry.step, entry.event) == ("swap", "done")]
        assert len(swaps) == 1
        assert place.services(office_lab.application.system).switch().state == "disarmed"
        kept = list_kept(place, office_lab.application.system)
        assert [one.what for one in kept] == ["data lama"]
        assert [one.name for one in sweep(place, dry_run=True, by="uji").found] == [kept[0].kept]
    again = jaga(office_lab, "resume", run, "--yes")
    assert again.exit_code == 0, again.output
    assert [message["to"] for message in office_lab.mail.messages()] == ["dewi@example.id"]


def test_a_stop_that_the_switch_ended_is_not_swapped_into(office_lab, died):
    """The services ran again in between: the run stops them anew, under a new token, before it swaps."""
    run = died("prepare", "stop")
    with office_lab.place() as place:
        control = place.services(office_lab.application.system)
        token = control.switch().token
        control.start()
        control.disarm(token)
    result = jaga(office_lab, "resume", run, "--yes")
    assert result.exit_code == 0, result.output
    assert office_lab.letters() == 200
    with office_lab.place() as place:
        tokens = [
            entry.data["token"]
            for entry in place.journal(run).entries
            if (entry.step, entry.event) == ("2", "begin")
        ]
        assert tokens == [token, f"{run}-2"]


@pytest.mark.whole
def test_a_run_that_may_not_go_on_any_more_starts_what_it_had_stopped(office_lab, died):
    run = died("prepare", "stop")
    assert not office_lab.is_up()
    office_lab.change(lambda value: value["systems"][0].update(downtime="minimal"))
    result = jaga(office_lab, "resume", run, "--yes")
    assert (result.exit_code, "Rencana restore berubah" in result.stderr) == (1, True), result.output
    assert office_lab.is_up()
    with office_lab.place() as place:
        assert place.services(office_lab.application.system).switch().state == "disarmed"


def test_what_is_unknown_refused_or_unapproved_is_not_resumed(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        waiting = RestoreRun(place, "menunggu-1", office_lab.request())
        waiting.receive()
        closed = office_lab.received(place, "tertutup-1")
        closed.close("alurnya dibatalkan, dan pemohonnya diberi tahu")
        with pytest.raises(RefusedError, match="sudah ditutup"):
            closed.recovery()
    assert jaga(office_lab, "resume", "tidak-ada", "--yes").exit_code == 5
    result = jaga(office_lab, "resume", "menunggu-1", "--yes")
    assert (result.exit_code, "belum disetujui" in result.stderr) == (3, True)
    assert office_lab.is_up()


def test_a_backup_that_died_is_gone_on_with_and_nothing_is_dumped_twice(office_lab):
    from jagadata.backup.run import BackupOrder, BackupRun

    system = office_lab.application.system
    with office_lab.place() as place:
        run = BackupRun(place, "mati-1", BackupOrder())
        run.open()
        run.dump(system)
    result = jaga(office_lab, "resume", "mati-1")
    assert result.exit_code == 0, result.output
    with office_lab.place() as place:
        backups = place.catalog(system).backups
        assert [backup.manifest.run for backup in backups] == ["mati-1"]
        begun = [
            entry for entry in place.journal("mati-1").entries if (entry.step, entry.event) == ("1", "begin")
        ]
        assert len(begun) == 1


def test_the_sweep_explains_everything_and_cleans_only_what_nobody_can_miss(office_lab, died):
    system = office_lab.application.system
    run = died("prepare", "stop")
    with office_lab.place() as place:  # a side database of the dead run, as a restore in step 3 leaves it
        journal = place.journal(run)
        side = RestoreRun(place, run)
        recovery = side.recovery().__enter__()
        recovery.prepare()
        recovery.stop()
        recovery.build()
        name = recovery.sides[0].side
        recovery.vanish()
        del journal
    (office_lab.folder / "simpanan-utama/systems" / system / "backups/x/data").mkdir(parents=True)
    orphan = office_lab.folder / "simpanan-utama/systems" / system / "backups/x/data/db01.dump.age.000"
    orphan.write_bytes(b"setengah jadi")
    user_made = f"{system}__baru_milik_orang"
    office_lab.postgres.sql(f'CREATE DATABASE "{user_made}"')
    later = open_workplace(office_lab.place().office, clock=lambda: _now() + timedelta(days=8))
    with later:
        before = {backup.id for backup in later.catalog().backups}
        report = sweep(later, dry_run=True, by="uji")
        assert {one.name for one in report.found} == {
            run,
            name,
            orphan.relative_to(office_lab.folder / "simpanan-utama").as_posix(),
        }
        assert report.cleaned == ()
        assert name in office_lab.databases()
        report = sweep(later, dry_run=False, by="uji")
        assert len(report.cleaned) == 3, report
        assert not orphan.exists()
        assert name not in office_lab.databases()
        assert {system, user_made} <= office_lab.databases()
        assert {backup.id for backup in later.catalog().backups} == before
        assert sweep(later, dry_run=True, by="uji").found == ()
    office_lab.postgres.sql(f'DROP DATABASE "{user_made}"')


def test_old_data_that_nobody_wrote_down_is_recorded_never_dropped(office_lab, died):
    run = died("prepare", "stop", "restore")
    with office_lab.place() as place:
        report = sweep(place, dry_run=False, by="uji")
        assert report.found[0].action == "dicatat sebagai basis data simpanan"
        kept = list_kept(place, office_lab.application.system)
        assert [(one.run, one.what) for one in kept] == [(run, "data lama")]
        assert kept[0].kept in office_lab.databases()
        assert office_lab.postgres.sql("SELECT count(*) FROM aplikasi.surat", kept[0].kept) == [(5,)]


def test_a_request_that_nobody_ended_is_ended_by_the_sweep_and_its_requester_told(office_lab, died):
    """As `jaga restore` in a terminal that was closed: Prefect knows nothing of it."""
    run = died("prepare", "stop")
    with office_lab.place() as place:
        assert [
            one.name for one in sweep(place, dry_run=False, by="uji").found
        ] == []  # may still be gone on with
        with open_workplace(place.office, clock=lambda: _now() + timedelta(days=2)) as later:
            report = sweep(later, dry_run=True, by="uji")
            assert [one.name for one in report.found] == [run]
            assert office_lab.mail.messages() == []
            assert sweep(later, dry_run=False, by="uji").problems == ()
            assert RestoreRun(later, run).status == "Gagal"
            assert sweep(later, dry_run=True, by="uji").found == ()
    assert office_lab.is_up()
    assert [message["to"] for message in office_lab.mail.messages()] == ["dewi@example.id"]


def test_what_a_living_run_uses_is_left_alone(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        restore = office_lab.received(place)
        with restore.recovery() as recovery:
            recovery.prepare()
            recovery.stop()
            recovery.build()
            with office_lab.place() as other:
                assert sweep(other, dry_run=False, by="uji").found == ()
            recovery.restore()
            recovery.start()
        assert restore.result.status == "Selesai"


def _now():
    from jagadata.evidence.journal import now

    return now()
