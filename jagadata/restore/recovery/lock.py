"""The system's lock: nothing is stopped yet, so whatever holds it and ends by itself is waited for."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from jagadata.errors import JagadataError
from jagadata.evidence.lines import write
from jagadata.restore.steps import PrepareNote
from jagadata.vault.lock import LOCK_TIMEOUT, wait_for_lock

if TYPE_CHECKING:
    from jagadata.evidence.journal import Journal
    from jagadata.ports.data_source import DataSource, Swap

__all__ = ["LOCK_TIMEOUT", "acquire_lock", "wait_for_lock"]

log = logging.getLogger(__name__)


def acquire_lock(
    server: DataSource, system: str, journal: Journal, stack: contextlib.ExitStack, *, timeout: float
) -> Swap:
    """Hold the system's lock as a restore until `stack` closes, once it is free. Raises BusyError, see `wait_for_lock`."""

    def take() -> Swap:
        return stack.enter_context(server.exclusive(system, restoring=True))

    def notify(text: str) -> None:
        """In the run's log, and in the journal: a run that notes nothing for a while counts as abandoned."""
        log.warning(text)
        with contextlib.suppress(JagadataError):  # a store that is away is reported when it is needed
            write(journal, PrepareNote(text=text))

    return wait_for_lock(take, notify, timeout=timeout)
