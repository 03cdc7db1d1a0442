"""What a machine that runs commands for us must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager


@dataclass(frozen=True, kw_only=True)
class Completed:
    """One command that ended on a host. `stderr` holds its last lines; secrets are masked in both."""

    argv: Sequence[str]
    code: int
    stdout: str
    stderr: str
    seconds: float


class Host(Protocol):
    """A machine that runs commands for us. Commands are argument lists; quoting is the adapter's business."""

    name: str

    def run(
        self, argv: Sequence[str], *, stdin: str = "", timeout: float = 30, check: bool = True
    ) -> Completed:
        """Run and wait; past `timeout` (s) the *remote* process is ended too. With `check`, a code other than 0 raises JagadataError.

        Raises UnreachableError when the host does not answer or its key is not the known one (RefusedError).
        """
        ...

    def forward(self, address: str, port: int) -> AbstractContextManager[int]:
        """A local port (127.0.0.1) that leads to `address:port` as the host sees it, ready when it is returned."""
        ...

    def close(self) -> None: ...
