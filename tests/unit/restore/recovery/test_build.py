"""What stands still is ended by name, and what only takes its time is waited for."""

import subprocess
import tempfile
import threading

import pytest

from jagadata.adapters.postgres.dump import _DumpOutput, _SilentError
from jagadata.adapters.postgres.proof import count_and_analyze
from jagadata.errors import JagadataError
from jagadata.office.policy import RestorePolicy
from jagadata.restore.recovery.build import SideBuilder


class SlowWork:
    """A count and an ANALYZE that last until `go_on` is set, or their sessions are ended."""

    def __init__(self):
        self.go_on = threading.Event()
        self.ended = threading.Event()

    def count(self):
        while not self.go_on.wait(0.01):
            if self.ended.is_set():
                raise JagadataError("sesi diakhiri")
        return {"public.surat": 200}

    def prove(self, _side, _properties, *, expected, progress):
        """As the source of a builder."""
        assert expected is None
        return count_and_analyze(self.count, self.count, lambda: progress(0), self.ended.set)


def make_builder(server, progress, **policy):
    return SideBuilder(
        server=server,
        journal=None,
        policy=RestorePolicy(**policy),
        minutes_planned=0,
        progress=progress,
    )


def test_the_switch_is_renewed_while_rows_are_counted():
    server, calls = SlowWork(), []

    def progress(done):
        calls.append(done)
        if len(calls) == 2:
            server.go_on.set()

    assert make_builder(server, progress)._count("samping", {}) == {"public.surat": 200}
    assert calls[:2] == [0, 0]


def test_a_count_that_stands_still_is_ended_by_name():
    server = SlowWork()
    builder = make_builder(server, lambda _done: None, switch_minutes=0.001)
    with pytest.raises(JagadataError, match="Penghitungan hasil restore tidak maju lagi"):
        builder._count("samping", {})
    assert server.ended.is_set()


def test_a_dump_that_gives_nothing_is_ended_by_name():
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(["sleep", "100"], stdout=subprocess.PIPE)
        with process, pytest.raises(_SilentError, match="pg_dump basis data 'simpeg' tidak memberi data"):
            _DumpOutput(process, errors, "simpeg", silence=0.1).begin()
        assert process.returncode == -9
