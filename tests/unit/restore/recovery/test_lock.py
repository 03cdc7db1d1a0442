"""A restore waits for what ends by itself, for so long and no longer; another restore it does not wait for."""

from __future__ import annotations

import pytest

from jagadata.errors import BusyError, RestoreRunningError
from jagadata.restore.recovery.lock import LOCK_TIMEOUT, wait_for_lock
from tests.lab.clock import Clock


def acquire_lock(*faults):
    """Take a lock that is refused with these in turn: (what was taken or the error, when, how often it was told)."""
    clock, left, told = Clock(), list(faults), []

    def take():
        if left:
            raise left.pop(0) if len(left) > 1 else left[0]
        return "lock"

    try:
        got = wait_for_lock(take, told.append, clock=clock, sleep=clock.sleep)
    except BusyError as error:
        return error, clock.now, told
    return got, clock.now, told


def test_a_free_lock_is_taken_without_a_word():
    assert acquire_lock() == ("lock", 0, [])


def test_another_restore_is_not_waited_for():
    error, at, told = acquire_lock(RestoreRunningError("Restore lain sedang berjalan."))
    assert (error.message, at, told) == ("Restore lain sedang berjalan.", 0, [])


def test_a_restore_that_takes_the_lock_after_a_backup_ends_the_wait():
    error, at, told = acquire_lock(
        BusyError("Back up."), BusyError("Back up."), RestoreRunningError("Restore.")
    )
    assert (error.message, at, told) == ("Restore.", 4, ["Menunggu: Back up."])


def test_a_backup_without_end_is_waited_for_half_an_hour_and_told_every_five_minutes():
    error, at, told = acquire_lock(BusyError("Back up sedang berjalan."))
    assert (error.message, at, len(told)) == ("Back up sedang berjalan.", LOCK_TIMEOUT, 6)
    assert "Sudah ditunggu selama 30 menit" in error.hint


@pytest.mark.parametrize("tries", [1, 100])
def test_the_lock_is_taken_once_the_backup_ended(tries):
    clock, left = Clock(), [BusyError("Back up.")] * tries

    def take():
        if left:
            raise left.pop()
        return "lock"

    assert wait_for_lock(take, lambda _text: None, clock=clock, sleep=clock.sleep) == "lock"
    assert clock.now == 2 * tries
