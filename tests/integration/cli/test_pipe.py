"""`jaga` as a program of its own, between others."""

from __future__ import annotations

import subprocess
import sys


def test_a_pipe_that_closes_early_is_no_error(office_lab):
    system = office_lab.application.system
    command = f"{sys.executable} -m jagadata.cli host prepare aplikasi-{system} | head -1"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        env={"JAGADATA_OFFICE": str(office_lab.path), "PATH": "/usr/bin:/bin"},
    )
    assert (done.stdout, done.stderr) == ("#!/bin/sh\n", "")
