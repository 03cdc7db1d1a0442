"""A clock without waiting."""

from __future__ import annotations


class Clock:
    """Time passes only by sleeping."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
