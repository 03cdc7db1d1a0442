"""What steps 2 to 4 came to is said in one way, by a run that carried them out and by one that ends a dead run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from jagadata.errors import BusyError, JagadataError, SwitchFiredError
from jagadata.restore.recovery.result import Course, make_result
from jagadata.restore.steps import Restored, RestoreResult, Started, Stopped

OFF = datetime(2026, 11, 25, 3, tzinfo=UTC)
ON = OFF + timedelta(seconds=93.44)
COURSE = Course(
    fetched_from="utama",
    off_at=OFF,
    stopped=Stopped(proof=("web: berhenti",), sessions=("app@10.0.0.1",), off_at=OFF),
    restored=Restored(restored_from=OFF, restored_until=ON, swap_seconds=0.1, rows={"simpeg": 7}, tables=2),
    started=Started(on_at=ON, answers=("web: HTTP 200",)),
    kept=("simpeg__lama",),
    kept_days=14,
)


def test_the_time_off_is_measured_from_the_stop_to_the_answer():
    result = make_result(COURSE, failed=False)
    assert (result.status, result.reason, result.downtime_seconds) == ("Selesai", "", 93.4)
    assert (result.rows, result.tables, result.kept, result.kept_days) == (
        {"simpeg": 7},
        2,
        ("simpeg__lama",),
        14,
    )


def test_a_helper_that_did_not_start_is_a_note_of_a_restore_that_is_done():
    started = Started(
        on_at=ON, answers=("web: HTTP 200",), notes=("layanan pembantu 'antrean' tidak berjalan",)
    )
    result = make_result(replace(COURSE, started=started), failed=False)
    assert result.status == "Selesai"
    assert result.reason == "Selesai dengan catatan: layanan pembantu 'antrean' tidak berjalan."


def test_what_disturbed_a_restore_that_succeeded_is_an_action_and_no_reason():
    result = make_result(COURSE, failed=False, error=JagadataError("Jaringan putus.", "Tunggu."))
    assert (result.reason, result.actions) == ("", ("sempat terganggu: Jaringan putus. Tunggu.",))


def test_only_what_was_refused_before_anything_stopped_has_an_exit_code():
    busy = BusyError("Restore lain sedang berjalan.")
    assert make_result(Course(), failed=True, error=busy).exit_code == busy.exit_code
    assert make_result(COURSE, failed=True, error=busy).exit_code is None


def test_a_switch_that_fired_is_said():
    assert make_result(COURSE, failed=True, error=SwitchFiredError("Sakelar bekerja.")).fired
    assert not make_result(COURSE, failed=True, error=JagadataError("Lain.")).fired


def test_a_result_comes_back_from_its_line_as_it_was():
    for result in (make_result(COURSE, failed=False), make_result(Course(), failed=True, reason="terhenti")):
        assert RestoreResult.from_json(result.to_json()) == result
    assert "off_at" not in make_result(Course(), failed=True).to_json()
