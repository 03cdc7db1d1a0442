"""Streams between a store and a program: what the reader leaves unread is still judged."""

from __future__ import annotations

import pytest

from jagadata.errors import DamagedError
from jagadata.vault.stream import as_pipe


def test_damage_behind_what_the_reader_needed_is_still_found():
    def fill(target):
        for _ in range(40):
            target.write(b"x" * 100_000)
        raise DamagedError("nilai hash berbeda")

    with pytest.raises(DamagedError, match="hash"), as_pipe(fill) as source:
        assert source.read(10) == b"x" * 10
