"""Artifacts in the Prefect UI. All of it fails soft: between stop and start nothing may wait for Prefect."""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from jagadata.text.formats import format_bytes, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

log = logging.getLogger("jagadata.artifacts")


def _softly(what: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - an artifact must never stop a restore
        log.warning("Artefak %s tidak dapat ditulis: %s", what, type(error).__name__)
        return None


def make_key(*parts: str) -> str:
    """A key as Prefect takes it: lowercase letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def markdown(key: str, text: str, description: str) -> None:
    _softly(key, lambda: create_markdown_artifact(markdown=text, key=key, description=description))


def table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    _softly(key, lambda: create_table_artifact(table=rows, key=key, description=description))


class Progress:
    """Bytes done of about so many, as a progress artifact that is updated from a thread of its own, at most every 2 s."""

    def __init__(self, key: str, total: int, title: str) -> None:
        self.total = max(total, 1)
        self.title = title
        self.done = 0
        self.whole = True  # False: what is watched failed without an error; then it never shows 100 %
        self._started = time.monotonic()
        self._end = threading.Event()
        self._id: UUID | None = _softly(
            key, lambda: create_progress_artifact(0.0, key=key, description=title)
        )
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def __call__(self, done: int) -> None:
        self.done += done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._end.set()
        self._thread.join(5)
        if kind is None and self.whole:
            self._write(100.0)

    def _run(self) -> None:
        while not self._end.wait(2):
            self._write(min(99.0, 100 * self.done / self.total))

    def _write(self, percent: float) -> None:
        artifact, seconds = self._id, time.monotonic() - self._started
        if artifact is None:
            return
        rate = self.done / max(seconds, 0.001)
        rest = max(0.0, (self.total - self.done) / rate) if rate and percent < 100 else 0.0
        text = f"{self.title}: {format_bytes(self.done)}, {format_bytes(int(rate))}/detik"
        text += f", sisa sekitar {format_duration(round(rest))}" if rest >= 1 else ""
        _softly(
            "kemajuan",
            lambda: update_progress_artifact(artifact_id=artifact, progress=percent, description=text),
        )
