"""What must be done is tried again: as long as a host is away, and three times otherwise."""

from __future__ import annotations

import pytest

from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.restore.recovery.retry import retry_until
from tests.lab.clock import Clock

AWAY = UnreachableError("host tidak menjawab", transient=True)


def attempt(*faults, seconds=60):
    """Try an act that raises these in turn, and then succeeds; how often it was called, and when it was over."""
    clock, left, calls = Clock(), list(faults), []

    def act():
        calls.append(clock.now)
        if left:
            raise left.pop(0)

    try:
        retry_until(act, seconds=seconds, clock=clock, sleep=clock.sleep)
    except JagadataError as error:
        return len(calls), clock.now, error
    return len(calls), clock.now, None


def test_a_host_that_is_away_for_a_while_is_waited_for():
    assert attempt(*[AWAY] * 8) == (9, 27.5, None)


def test_a_host_that_stays_away_is_given_up_after_that_time():
    calls, when, error = attempt(*[AWAY] * 1000)
    assert (when, error) == (60, AWAY)
    assert calls < 20


def test_what_will_not_pass_is_tried_three_times_without_a_pause():
    refused = RefusedError("layanan tidak dapat dijalankan")
    assert attempt(*[refused] * 9) == (3, 0, refused)
    assert attempt(refused, refused) == (3, 0, None)


@pytest.mark.parametrize("seconds", [0, -1])
def test_without_time_it_is_still_tried_three_times(seconds):
    assert attempt(*[AWAY] * 9, seconds=seconds) == (3, 0, AWAY)
