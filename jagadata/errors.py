"""Every error that Jagadata raises on purpose: what went wrong and where, and what to do next (both in Indonesian)."""

from __future__ import annotations


class JagadataError(Exception):
    """A fault told to a person: `message` names operation, object and place; `hint` is a full sentence with the next action.

    `transient` is set by the adapter that saw the fault where trying again may help (a refused connection, HTTP 503).
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "", *, transient: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.transient = transient

    def __str__(self) -> str:
        return f"{self.message}\nPETUNJUK: {self.hint}" if self.hint else self.message


class OfficeFileError(JagadataError):
    """The office file has faults; all of them are in the message."""

    exit_code = 2


class RefusedError(JagadataError):
    """Refused before anything was stopped, changed or deleted."""

    exit_code = 3


class UnconfinedError(RefusedError):
    """A file from outside was not read, because this machine can't shut off the process that would read it."""


class UnreachableError(JagadataError):
    """A host, database, store or mail server that did not answer."""

    exit_code = 4


class AlreadyExistsError(JagadataError):
    """The key is taken: nothing in a store is ever overwritten."""


class NotFoundError(JagadataError):
    """No such object, backup, system or run."""

    exit_code = 5


class DamagedError(JagadataError):
    """Bytes that are not what was signed: wrong hash, wrong signature, truncated, undecryptable."""

    exit_code = 6


class BusyError(JagadataError):
    """Another backup or restore of this system is under way."""

    exit_code = 7


class RestoreRunningError(BusyError):
    """It is a restore, as the server says: nobody waits for its end, what it leaves is another database."""


class SwitchFiredError(JagadataError):
    """The dead-man's switch started the services meanwhile (or the host was rebooted): no swap may follow."""


class UntestedError(JagadataError):
    """What could not be tested, and why: the words go behind "belum diuji, karena". Never a fault of the backup itself."""
